#!/usr/bin/env bash
# bench-wire.sh CAPTURE…: what the whole line costs on a cable, all detectors on, by XDP and by a ring, beside Suricata 7
# by AF_PACKET (all logs, no rules) on the same packets at the same pace, in turns. CPU is that of the receiving process
# and of the kernel's thread that takes the packets in, from the first packet to 2 s behind the last, with what both take
# when idle. The end of the cable has an XDP program in each case, one that passes all where it is not ours: a veth turns
# each of these packets into what XDP wants, which a card does not. Root; tcpreplay, ethtool, suricata.
#   PPS=20000     packets a second: slow enough that nobody drops, or the row says so
#   ROUNDS=3      of which the medians count
#   WAYS="xdp ring suricata"
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in tcpreplay suricata capinfos ethtool clang; do
  command -v $tool >/dev/null || { echo "bench-wire: no $tool: apt-get install tcpreplay tshark ethtool clang; apt-get install -t bookworm-backports suricata"; exit 2; }
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

# pass puts an XDP program on the cable's end that lets all pass.
pass() {
  echo '__attribute__((section("xdp.frags"), used)) int answer(void *frame) { return 2; }' | clang -O2 -target bpf -c -x c -o "$out/pass.o" -
  within ip link set right xdp obj "$out/pass.o" sec xdp.frags
}

# thread gives the packets that come in a thread of the kernel's, on processor 1 as the receiver.
thread() {
  within sh -c 'echo 1 >/sys/class/net/right/threaded'
  threads=$({ grep -l "^napi/right-" /proc/[0-9]*/comm 2>/dev/null || true; } | cut -d/ -f3) # processes end meanwhile
  for t in $threads; do taskset -pc 1 "$t" >/dev/null; done
}
# spent is what these threads have used, ms.
spent() { for t in $threads; do cat "/proc/$t/schedstat"; done | awk '{ s += $1 } END { printf "%.0f", s / 1e6 }'; }

# listen starts a receiver and waits until it listens.
listen() {
  case $1 in
  suricata)
    (exec taskset -c 1 ip netns exec "$ns" suricata -c deploy/bench-suricata.yaml -S /dev/null -l "$out/run" --runmode workers --af-packet=right \
      --set af-packet.0.interface=right --set af-packet.0.threads=1 --set af-packet.0.cluster-id=99 \
      --set af-packet.0.cluster-type=cluster_flow --set af-packet.0.tpacket-v3=yes \
      --set af-packet.0.ring-size=2000 --set af-packet.0.block-size=1048576 >"$out/run/said" 2>&1) &
    ;;
  *)
    echo "state_dir: $out/run/state" >"$out/run/c.yaml" # every document goes to the journal, as in a run
    (exec taskset -c 1 ip netns exec "$ns" "$program" run --capture-only --mirror right --capture "$1" -c "$out/run/c.yaml" >"$out/run/said" 2>&1) &
    ;;
  esac
  receiver=$!
  for _ in $(seq 100); do
    grep -qE "Engine started|packets, " "$out/run/said" && return
    sleep 0.2
  done
  cat "$out/run/said"
  exit 1
}
# used is what the receiver has used, ms.
used() { awk '{ print ($14 + $15) * 10 }' "/proc/$receiver/stat"; }
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# once sends a capture to one way and writes what that took: ms of the process and of the kernel, packets dropped.
once() {
  cable
  rm -rf "$out"/run && mkdir "$out/run"
  [ "$1" = xdp ] || pass
  listen "$1"
  thread
  sleep 2
  local process kernel
  process=$(used) kernel=$(spent)
  taskset -c 0 ip netns exec "$ns" tcpreplay -q --preload-pcap --timer=nano --pps="${PPS:-20000}" -i left "$capture" >/dev/null 2>&1
  sleep 2
  process=$(($(used) - process)) kernel=$(($(spent) - kernel))
  kill -TERM "$receiver"
  wait "$receiver" || true
  receiver=
  local dropped
  dropped=$(grep -hoE "[0-9]+ dropped \+|drops: [0-9]+" "$out"/run/said "$out"/run/suricata.log 2>/dev/null | tail -1 | tr -dc 0-9 || true)
  echo "$process $kernel ${dropped:-?}" >>"$out/took.$1"
}

for capture in "$@"; do
  read -r bits packets < <(capinfos -Mc -d "$capture" | awk -F: '/Number of packets/ { n = $2 } /Data size/ { b = $2 + 0 } END { print 8 * b, n + 0 }')
  echo "$(basename "$capture"): $packets packets, $((bits / 8000000)) MB, ${PPS:-20000} a second"
  rm -f "$out"/took.*
  for _ in $(seq "${ROUNDS:-3}"); do
    for way in ${WAYS:-xdp ring suricata}; do once "$way"; done
  done
  for way in ${WAYS:-xdp ring suricata}; do
    cpu=$(awk '{ print $1 + $2 }' "$out/took.$way" | median)
    awk -v way="$way" -v cpu="$cpu" -v bits="$bits" '
      { each = each sprintf(" %.2f + %.2f", $1 / 1000, $2 / 1000); dropped = dropped " " $3 }
      END { printf "  %-9s median %.2f s of CPU, %.2f Gbit/s a core; process + kernel:%s; dropped:%s\n", way, cpu / 1000, bits / cpu / 1e6, each, dropped }' "$out/took.$way"
  done
done
