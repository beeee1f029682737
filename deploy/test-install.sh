#!/usr/bin/env bash
# test-install.sh: the package in a root with real systemd and no network: installed, configured, run, an alert from
# traffic on a veth, hung, killed, upgraded, taken back, removed and purged, then the same with rpm, each step checked.
# Says what it did and how long it took. KILLS=20 is how often the sensor is killed, WATCHDOG=9 its
# WatchdogSec while it hangs (WATCHDOG= the unit's own 24), WITHIN=6s how long a version that hangs is given.
# Needs root and: apt-get install mmdebstrap systemd-container tcpreplay zstd
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in mmdebstrap systemd-nspawn tcpreplay zstd; do
  command -v "$tool" >/dev/null || { echo "test-install: no $tool: apt-get install mmdebstrap systemd-container tcpreplay zstd"; exit 1; }
done
work=$(mktemp -d)
root=$work/root-$$
box() { deploy/systemd-root.sh enter "$root" "$@"; }
# What a step started beside the root ends with it.
helpers=()
end() {
  fsfreeze -u "$root/var/lib/brandmelder" 2>/dev/null || true
  [ ${#helpers[@]} = 0 ] || kill "${helpers[@]}" 2>/dev/null || true
  deploy/systemd-root.sh stop "$root" >/dev/null 2>&1 || true
  umount "$root/var/lib/brandmelder" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap end EXIT
fail() { echo "test-install: FAILED: $*"; box journalctl --no-pager -n 30 -u brandmelder -u brandmelder-ship || true; exit 1; }
step() { echo "$((SECONDS - began)) s: $*"; }
# want COMMAND… repeats it for up to 20 s.
want() {
  for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  fail "never came true: $*"
}
owner() { box stat -c %U:%G:%a "$1"; }
pid() { box systemctl show -P MainPID "$1"; }
# outside is the number that a process of the root has on this machine.
outside() { grep -lE "^NSpid:.*[[:space:]]$1\$" $(grep -l "container-$(basename "$root")" /proc/[0-9]*/cgroup 2>/dev/null | sed 's/cgroup$/status/') 2>/dev/null | cut -d/ -f3; }

began=$SECONDS
# PACKAGES=FOLDER has them in old and new from another time.
packages=${PACKAGES:-$work}
if [ -z "${PACKAGES:-}" ]; then
  ARCHES=amd64 VERSION=1.0.0 deploy/package.sh "$work/old" >/dev/null
  ARCHES=amd64 VERSION=1.1.0 deploy/package.sh "$work/new" >/dev/null
fi
step "two versions of the package are built"
# ROOT=FOLDER is a root of systemd-root.sh that was made before; it is copied.
if [ -n "${ROOT:-}" ]; then cp -a "$ROOT" "$root"; else INCLUDE=rpm deploy/systemd-root.sh create "$root"; fi
step "a Debian root is made"
cp "$packages"/old/*.deb "$root/root/old.deb"
cp "$packages"/new/*.deb "$root/root/new.deb"
cp "$packages"/old/*.rpm "$root/root/old.rpm"
cp "$packages"/new/*.rpm "$root/root/new.rpm"
zstd -qd sensor/drill/recording.pcap.zst -o "$work/recording.pcap"
# The state lies on a disk of its own, which can be made to stall.
truncate -s 256M "$work/disk"
mkfs.ext4 -q "$work/disk"
mkdir -p "$root/var/lib/brandmelder"
mount -o loop "$work/disk" "$root/var/lib/brandmelder"
began=$SECONDS
deploy/systemd-root.sh start "$root"
box ip link add span0 type veth peer name mirror0
box ip link set span0 up
box ip link set mirror0 up
step "systemd is up, with a mirror port and nothing else"

# beside, before a program of this machine, runs it in the root's network.
beside=(nsenter -t "$(pgrep -P "$(cat "$root.pid")" -x systemd)" -n)
# send plays the recorded intrusion onto the mirror port.
send() { "${beside[@]}" tcpreplay -q -i span0 --pps=2000 "$work/recording.pcap" >/dev/null 2>&1; }
# status is the whole document, however well the sensor sees at this moment.
status() { box brandmelder status --json || [ $? -le 2 ]; }
alerts() { box brandmelder alerts list --json | wc -l; }

source deploy/install_steps.sh
source deploy/install_faults.sh
source deploy/install_upgrade.sh
source deploy/install_room.sh
source deploy/install_removal.sh
step "all of it works"
