#!/bin/sh
# bench.sh: a replay with all parsers, detectors and events, beside Suricata 7 with all its logs and no rules,
# on the same packets in the same run; the median of RUNS runs of each, in turn.
#   MIX=FILE            a capture to measure, or, where it is not there, to make
#   POOL=FOLDER         captures to make the mix of
#   MKMIX=FOLDER        the program that mixes them: addresses rewritten, spread over 300 s
# Suricata is not installed by this: on Debian 12 it is apt-get install -t bookworm-backports suricata.
set -eu
here=$(dirname "$0")
runs=${RUNS:-3}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mix=${MIX:-$out/mix.pcap}
# What a mixed office network carries, in percent of the packets.
shares=tls=30,http=14,dns=12,smb=9,ad=6,quic=6,ssh=3,db=3,ics=3,infra=3,tcp-other=3,rdp=2,mail=2,udp-other=1.5,ftp=1,voip=1,icmp=0.5

fail() { echo "bench: $*"; exit 2; }
command -v suricata >/dev/null || fail "no suricata: apt-get install -t bookworm-backports suricata"
[ -x bin/brandmelder ] || fail "no bin/brandmelder: make build"

if [ ! -e "$mix" ]; then
  [ -d "${POOL:-}" ] || fail "no mix and no captures to make one of: MIX= or POOL="
  [ -d "${MKMIX:-}" ] || fail "no program to make the mix with: MKMIX="
  case $mix in /*) ;; *) mix=$PWD/$mix ;; esac
  mkdir "$out/pool"
  n=0
  find "$(realpath "$POOL")" -type f \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' \) | sort | while read -r f; do
    n=$((n + 1))
    ln -s "$f" "$out/pool/$(printf %05d $n)"
  done
  cp -r "$MKMIX" "$out/mkmix" # a copy: building it writes beside it
  (cd "$out/mkmix" && chmod -R u+w . && ${GO:-go} run . -pool "$out/pool" -out "$mix" -n 2000000 -win 300 -seed 7 -maxpk 6000 -shares "$shares")
fi

cat "$mix" >/dev/null # into the page cache
set --
for name in tls.ja3-fingerprints quic.ja3-fingerprints ssh.hassh pgsql.enabled modbus.enabled dnp3.enabled enip.enabled; do
  set -- "$@" --set "app-layer.protocols.$name=yes"
done
mkdir "$out/suricata"
for run in $(seq "$runs"); do
  python3 "$here/bench_time.py" "$out/ours.times" bin/brandmelder replay --output ndjson --out "$out/ours.ndjson" "$mix"
  rm -f "$out"/suricata/*
  python3 "$here/bench_time.py" "$out/suricata.times" suricata -r "$mix" -S /dev/null -c "$here/bench-suricata.yaml" \
    --runmode single -l "$out/suricata" "$@"
done
python3 "$here/bench_counts.py" "$mix" "$out/ours.times" "$out/ours.ndjson" "$out/suricata.times" "$out/suricata/eve.json"
