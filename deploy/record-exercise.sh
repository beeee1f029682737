#!/bin/sh
# record-exercise.sh: records the exercise for machines on which it cannot play (root, tcpdump, zstd). The large
# transfer is cut to its headers; DNS and HTTP are short enough to be whole.
set -eu
state=$(mktemp -d)
out=$state/exercise.pcap
(sleep 1; exec tcpdump -q -i bm-drill0 -s 400 --time-stamp-precision=nano -w "$out" ip 2>/dev/null) &
dump=$!
XDG_STATE_HOME=$state bin/brandmelder run --for 38s >/dev/null
sleep 1
kill "$dump" 2>/dev/null || true
wait "$dump" 2>/dev/null || true
zstd -q -f -19 "$out" -o sensor/drill/recording.pcap.zst
rm -rf "$state"
ls -l sensor/drill/recording.pcap.zst
