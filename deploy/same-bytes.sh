#!/bin/sh
# same-bytes.sh FOLDER: every capture gives the same documents twice and at 1, 2, 4 and 8 packet shards, and
# its accounting adds up.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
files=0 bad=0
for f in $(find "$1" -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' | sort); do
  files=$((files + 1))
  for n in 1 1 2 4 8; do
    bin/brandmelder replay --shards "$n" --output ndjson --out "$out/docs" "$f" 2>"$out/account"
    sum=$(sha256sum <"$out/docs")
    if grep -q WRONG "$out/account" || [ "${first:=$sum}" != "$sum" ]; then
      echo "at $n shards, other documents or a wrong sum: $f"; bad=$((bad + 1))
    fi
  done
  first=
done
echo "$files captures, $bad differences"
[ "$bad" = 0 ] && [ "$files" -gt 0 ]
