#!/usr/bin/env bash
# bench-wire.sh CAPTURE…: what the whole line costs on a cable, all detectors on, by each way to capture, beside Suricata 7
# by AF_PACKET (all logs, no rules) on the same packets at the same pace. CPU time is that of the receiving process and of
# the kernel on its way to it: what the sender takes more than when nobody listens, less what the process takes when idle. Root; tcpreplay, ethtool, suricata.
#   PPS=20000   packets a second: slow enough that nobody drops, or the row says so
#   FIRST="chrt -r 1"   goes before sender and receivers, on a machine with other work
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in tcpreplay suricata capinfos; do
  command -v $tool >/dev/null || { echo "bench-wire: no $tool: apt-get install tcpreplay tshark; apt-get install -t bookworm-backports suricata"; exit 2; }
done
program=$(realpath bin/brandmelder)
out=$(mktemp -d)
ns=bench-wire-$$
receiver=
finish() {
  [ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true
  ip netns del "$ns" 2>/dev/null || true
  rm -rf "$out"
}
trap finish EXIT
within() { ip netns exec "$ns" "$@"; }

# cable makes a new one: what a receiver left on the old is gone with it.
cable() {
  ip netns del "$ns" 2>/dev/null || true
  ip netns add "$ns"
  within sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  within ip link add left mtu 65535 type veth peer name right mtu 65535
  within ip link set left up
  within ip link set right up promisc on
  for end in left right; do within ethtool -K $end gro off tx off rx off rxvlan off txvlan off >/dev/null 2>&1 || true; done
}

# listen starts a receiver and waits until it listens.
listen() {
  case $1 in
  suricata)
    (exec ${FIRST:-} ip netns exec "$ns" suricata -c deploy/bench-suricata.yaml -S /dev/null -l "$out" --runmode workers --af-packet=right \
      --set af-packet.0.interface=right --set af-packet.0.threads=1 --set af-packet.0.cluster-id=99 \
      --set af-packet.0.cluster-type=cluster_flow --set af-packet.0.tpacket-v3=yes \
      --set af-packet.0.ring-size=2000 --set af-packet.0.block-size=1048576 >"$out/said" 2>&1) &
    ;;
  *)
    echo "state_dir: $out/state" >"$out/c.yaml" # every document goes to the journal, as in a run
    (exec ${FIRST:-} ip netns exec "$ns" "$program" run --capture-only --mirror right --capture "$1" -c "$out/c.yaml" >"$out/said" 2>&1) &
    ;;
  esac
  receiver=$!
  for _ in $(seq 100); do
    grep -qE "Engine started|packets, " "$out/said" && return
    sleep 0.2
  done
  cat "$out/said"
  exit 1
}
ticks() { awk '{ print ($14 + $15) }' "/proc/$1/stat"; }

for capture in "$@"; do
  bits=$(capinfos -Mc -d "$capture" | awk -F: '/Number of packets/ { n = $2 } /Data size/ { b = $2 + 0 } END { print 8 * b, n + 0 }')
  echo "$(basename "$capture"): ${bits#* } packets, $(awk "BEGIN { printf \"%.0f\", ${bits% *} / 8e6 }") MB"
  for way in ${WAYS:-nobody xdp filter ring suricata}; do
    cable
    rm -rf "$out"/*
    [ $way = nobody ] || { listen $way; sleep 1; was=$(ticks $receiver); sleep 4; before=$(ticks $receiver); }
    began=$(date +%s%N)
    python3 deploy/bench_time.py "$out/sender" taskset -c 0 ${FIRST:-} ip netns exec "$ns" tcpreplay -q --preload-pcap --timer=nano --pps="${PPS:-20000}" -i left "$capture"
    sleep 2
    sender=$(cut -d' ' -f1 "$out/sender")
    if [ $way = nobody ]; then alone=$sender; continue; fi
    idle=$(awk "BEGIN { print ($before - $was) / 4 }") # ticks a second
    used=$(awk "BEGIN { u = $(ticks $receiver) - $before - $idle * ($(date +%s%N) - $began) / 1e9; print u < 1 ? 1 : u }")
    kill -TERM $receiver
    wait $receiver || true
    receiver=
    dropped=$(grep -oE "[0-9]+ dropped by the kernel|drops: [0-9]+" "$out/said" "$out"/suricata.log 2>/dev/null | tail -1 | grep -oE "[0-9]+ d|: [0-9]+$" | tr -dc 0-9 || true)
    awk -v way=$way -v idle="$idle" -v user="$used" -v sender="$sender" -v alone="$alone" -v bits="${bits% *}" -v dropped="${dropped:-?}" 'BEGIN {
      kernel = sender - alone; if (kernel < 0) kernel = 0
      cpu = user / 100 + kernel
      printf "  %-9s %.2f s of CPU (%.2f in the process, %.2f before it; idle it takes %.0f %% of a core): %.2f Gbit/s a core, %s dropped\n", way, cpu, user / 100, kernel, idle, bits / cpu / 1e9, dropped }'
  done
done
