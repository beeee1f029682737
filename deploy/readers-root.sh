#!/usr/bin/env bash
# readers-root.sh CASE FOLDER: a machine for somebody who knows nothing but the installed package: a root with real
# systemd, Brandmelder set up in it, and a mirror port with traffic. CASE is healthy, one-way (the switch mirrors one
# direction) or wrong-name (the configuration names another interface); nothing inside says which.
# FOLDER.enter [COMMAND…] is the way in; the machine ends with this script (Ctrl-C).
#   DEB=FILE    the package, built where there is none    ROOT=FOLDER   a root of systemd-root.sh to copy
# Needs root and: apt-get install mmdebstrap systemd-container tcpreplay zstd python3
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in healthy | one-way | wrong-name) ;; *) echo "readers-root: healthy, one-way or wrong-name, and a folder"; exit 2 ;; esac
root=$(realpath -m "${2:?a folder that tells nothing about the case: it is the name of the machine}")
player=
box() { deploy/systemd-root.sh enter "$root" "$@"; }
end() {
  [ -z "$player" ] || kill "$player" 2>/dev/null || true
  deploy/systemd-root.sh stop "$root" >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work" "$root" "$root".{enter,pid,log}
}
[ ! -e "$root" ] || { echo "readers-root: $root is there already"; exit 2; }
work=$(mktemp -d)
trap end EXIT
trap exit INT TERM

if [ -n "${ROOT:-}" ]; then cp -a "$ROOT" "$root"; else INCLUDE=man-db,less,procps,nano deploy/systemd-root.sh create "$root"; fi
basename "$root" >"$root/etc/hostname"
[ -n "${DEB:-}" ] || { ARCHES=amd64 deploy/package.sh "$work" >/dev/null && DEB=$(ls "$work"/*.deb); }
cp "$DEB" "$root/root/brandmelder.deb"
cat >"$root/root/README" <<'R'
This machine is the sensor of a care institution. A port of the switch is said to mirror the network to its interface
enp3s0. A colleague installed Brandmelder and set it up. Does it watch what it should? If not: what is wrong, what is
lost by it, and what mends it, on this machine or elsewhere? You have the program (brandmelder --help, man brandmelder,
/usr/share/doc/brandmelder) and the rights of root.
R
recording=$work/recording.pcap
zstd -qd sensor/testdata/medical/bulk.pcap.zst -o "$recording"
if [ "$1" = one-way ]; then
  python3 deploy/tools/faults.py "$recording" lower "$work/lower.pcap"
  recording=$work/lower.pcap
fi

deploy/systemd-root.sh start "$root"
# The switch: the other end of the port, in a network of its own.
unshare --net bash -c 'while :; do tcpreplay -q -i switch --pps=100 "$0" || { ip link set switch mtu 9000 up; sleep .2; }; done' "$recording" >/dev/null 2>&1 &
player=$!
box ip link add enp3s0 type veth peer name switch
nsenter -t "$(pgrep -P "$(cat "$root.pid")" -x systemd)" -n ip link set switch netns "$player"
box ip link set enp3s0 mtu 9000 up
box dpkg -i /root/brandmelder.deb >/dev/null
box brandmelder setup --yes --mirror enp3s0 >/dev/null
[ "$1" != wrong-name ] || sed -i 's/enp3s0/enp2s0/' "$root/etc/brandmelder/brandmelder.yaml"
box systemctl enable --now brandmelder 2>/dev/null || true
printf '#!/bin/sh\n[ $# -gt 0 ] || set -- bash\nexec %q enter %q "$@"\n' "$PWD/deploy/systemd-root.sh" "$root" >"$root.enter"
chmod 755 "$root.enter"
echo "$(basename "$root") is up, with /root/README in it. In: $root.enter, or $root.enter sh -c 'COMMAND'"
wait "$player"
