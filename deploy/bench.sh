#!/bin/sh
# bench.sh: a replay with all parsers, detectors and events, beside Suricata 7 with all its logs and no rules,
# on the same packets in the same run; the median of RUNS runs of each, in turn. Then what each stage adds.
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
fail() { echo "bench: $*"; exit 2; }
command -v suricata >/dev/null || fail "no suricata: apt-get install -t bookworm-backports suricata"
[ -x bin/brandmelder ] || fail "no bin/brandmelder: make build"

[ -e "$mix" ] || "$here/mix.sh" "$mix" 2000000

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
echo "CPU time of each stage of the line:"
BRANDMELDER_MIX=$(realpath "$mix") ${GO:-go} test -run '^$' -bench Stages -benchtime 1x ./sensor/pipeline | grep ns/packet
