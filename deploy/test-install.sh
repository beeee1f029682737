#!/usr/bin/env bash
# test-install.sh: the package in a root with real systemd and no network: installed, configured, run, an alert from
# traffic on a veth, upgraded, taken back, removed and purged, each step checked. Says what it did and how long it took.
# Needs root and: apt-get install mmdebstrap systemd-container tcpreplay zstd
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in mmdebstrap systemd-nspawn tcpreplay zstd; do
  command -v "$tool" >/dev/null || { echo "test-install: no $tool: apt-get install mmdebstrap systemd-container tcpreplay zstd"; exit 1; }
done
work=$(mktemp -d)
root=$work/root
box() { deploy/systemd-root.sh enter "$root" "$@"; }
trap 'deploy/systemd-root.sh stop "$root" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
fail() { echo "test-install: FAILED: $*"; box journalctl --no-pager -n 30 -u brandmelder -u brandmelder-ship || true; exit 1; }
step() { echo "$((SECONDS - began)) s: $*"; }
# want COMMAND… repeats it for up to 20 s.
want() {
  for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  fail "never came true: $*"
}
owner() { box stat -c %U:%G:%a "$1"; }
pid() { box systemctl show -P MainPID "$1"; }

began=$SECONDS
ARCHES=amd64 VERSION=1.0.0 deploy/package.sh "$work/old" >/dev/null
ARCHES=amd64 VERSION=1.1.0 deploy/package.sh "$work/new" >/dev/null
step "two versions of the package are built"
# ROOT=FOLDER is a root of systemd-root.sh that was made before; it is copied.
if [ -n "${ROOT:-}" ]; then cp -a "$ROOT" "$root"; else deploy/systemd-root.sh create "$root"; fi
step "a Debian root is made"
cp "$work"/old/*.deb "$root/root/old.deb"
cp "$work"/new/*.deb "$root/root/new.deb"
zstd -qd sensor/drill/recording.pcap.zst -o "$work/recording.pcap"
began=$SECONDS
deploy/systemd-root.sh start "$root"
box ip link add span0 type veth peer name mirror0
box ip link set span0 up
box ip link set mirror0 up
step "systemd is up, with a mirror port and nothing else"

# send plays the recorded intrusion onto the mirror port.
send() { nsenter -t "$(pgrep -P "$(cat "$root.pid")" -x systemd)" -n tcpreplay -q -i span0 --pps=2000 "$work/recording.pcap" >/dev/null 2>&1; }
alerts() { box brandmelder alerts list --json | wc -l; }

source deploy/install_steps.sh
step "all of it works"
