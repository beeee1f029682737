#!/bin/sh
# eval.sh CAPTURES LABELS SCORER [EXPLAIN]: the scorer over labelled captures, which are not part of this
# project, and a table by category and by laboratory. The report is left in build/eval/.
set -eu
captures=$1 labels=$2 scorer=$3 explain=${4:-}
for f in "$captures" "$labels" "$scorer"; do
  [ -e "$f" ] || { echo "eval: $f is not there: say where with CAPTURES=, LABELS= and SCORE="; exit 2; }
done
out=build/eval
mkdir -p "$out/alerts"
python3 "$scorer" --labels "$labels" --captures "$captures" --jobs 2 --json "$out/score.json" --keep "$out/alerts" \
  --run 'bin/brandmelder replay --alerts-only --output ndjson --out {out} {pcap}' | tee "$out/score.txt"
python3 deploy/laboratories.py "$labels" "$out/score.json"
[ -z "$explain" ] || python3 deploy/explain.py "$labels" "$captures" "$out/score.json" "$out/alerts"
