#!/bin/sh
# eval-loo.sh CAPTURES LABELS SCORER: leave one laboratory out. What is set by looking at captures, the points of
# a channel, and the beacon's score beside it, is chosen anew without each laboratory and then scored on it. The
# table is left in build/eval-loo/.
set -eu
captures=$1 labels=$2 scorer=$3
out=build/eval-loo
mkdir -p "$out"
run() { # NAME DETECTOR SETTING
  printf 'detectors:\n  %s:\n    %s\n' "$2" "$3" >"$out/$1.yaml"
  python3 "$scorer" --labels "$labels" --captures "$captures" --jobs 2 --json "$out/$1.json" \
    --run "bin/brandmelder replay --config $(pwd)/$out/$1.yaml --alerts-only --output ndjson --out {out} {pcap}" >"$out/$1.txt"
}
for points in 3 4 5 6 7; do run "c2-channel_$points" c2-channel "points: $points"; done
for score in 3.3 3.8 4.3 5.0 6.0; do run "beacon_$score" beacon "score: $score"; done
python3 deploy/leave_one_out.py "$labels" "$out" | tee "$out/table.txt"
