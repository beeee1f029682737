#!/bin/sh
# mix.sh FILE PACKETS: makes a capture of so many packets in 300 s, of what a mixed office network carries.
#   POOL=FOLDER   captures to make it of
#   MKMIX=FOLDER  the program that mixes them: addresses rewritten
set -eu
# In percent of the packets.
shares=tls=30,http=14,dns=12,smb=9,ad=6,quic=6,ssh=3,db=3,ics=3,infra=3,tcp-other=3,rdp=2,mail=2,udp-other=1.5,ftp=1,voip=1,icmp=0.5
fail() { echo "mix: $*"; exit 2; }
[ -d "${POOL:-}" ] || fail "no captures to make a mix of: POOL="
[ -d "${MKMIX:-}" ] || fail "no program to make the mix with: MKMIX="
mkdir -p "$(dirname "$1")"
mix=$(realpath "$1")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/pool"
n=0
find "$(realpath "$POOL")" -type f \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' \) | sort | while read -r f; do
  n=$((n + 1))
  ln -s "$f" "$work/pool/$(printf %05d $n)"
done
cp -r "$MKMIX" "$work/mkmix" # a copy: building it writes beside it
(cd "$work/mkmix" && chmod -R u+w . && ${GO:-go} run . -pool "$work/pool" -out "$mix" -n "$2" -win 300 -seed 7 -maxpk 6000 -shares "$shares")
