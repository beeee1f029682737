#!/bin/sh
# four-alerts.sh SECONDS [RUNS]: runs the main job and fails unless all four kinds of alerts came from the
# exercise's interface, with traffic that began after the binary, and the accounting adds up.
set -eu
for n in $(seq "${2:-1}"); do
  out=$(mktemp) state=$(mktemp -d)
  began=$(date +%s)
  XDG_STATE_HOME=$state bin/brandmelder run --for "$1s" >"$out" 2>&1 || { cat "$out"; exit 1; }
  for words in "logins at" "data in DNS" "sent 210 MB" "at regular times"; do
    grep "ALERT on bm-drill0.*$words" "$out" | head -1 | cut -c1-100 || true
    grep -q "ALERT on bm-drill0.*$words" "$out" || { cat "$out"; echo "no alert with: $words"; exit 1; }
  done
  first=$(grep -m1 "ALERT on bm-drill0" "$out" | cut -c1-8)
  took=$(( $(date -d "$first" +%s) - began ))
  grep -q WRONG "$out" && { grep WRONG "$out"; exit 1; }
  echo "run $n: first alert $took s after the start"
  [ "$took" -le 60 ] || { echo "that is more than 60 s"; exit 1; }
  rm -rf "$out" "$state"
done
