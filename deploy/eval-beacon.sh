#!/bin/sh
# eval-beacon.sh CAPTURES: beacons and chance simulated, and the real calls in CAPTURES/benign where there
# are any, scored by our detector, the formulas of RITA v5 and the plain coefficient of variation. The report
# is left in build/eval-beacon/. QUICK=1 simulates a tenth.
set -eu
captures=$1 out=build/eval-beacon
rm -rf "$out/calls" && mkdir -p "$out/calls"
for f in "$captures"/benign/*; do
  [ -e "$f" ] || { echo "no captures in $captures/benign: only simulated calls are measured"; break; }
  bin/brandmelder replay --output ndjson --out - "$f" 2>"$out/replay.txt" |
    { grep -E '"action":"flow-end"|"dataset":"brandmelder.http"' || true; } >"$out/calls/$(basename "$f").ndjson"
done
status=0
BRANDMELDER_EVAL=$(pwd)/$out "${GO:-go}" test -count=1 -timeout 60m -v ./sensor/detect -run '^TestBeaconEval$' || status=$?
cat "$out/report.txt"
exit $status
