#!/usr/bin/env bash
# test-machine.sh [SUITE…]   the package on a booted machine with real systemd and the cloud kernels of Debian suites
# (bookworm, 6.1, and bookworm-backports, 6.12), each emulated: installed, set up, run, an alert from traffic on a veth,
# without rights, ended by its memory limit and back, removed and purged (machine_steps.sh). A machine that does not boot
# fails. KERNELS=folder keeps the kernels (build/kernels), ROOT=folder is a root that was made before, DEB=file a package.
# Needs root and: apt-get install mmdebstrap systemd-container e2fsprogs, and what kernel-run.sh needs
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in mmdebstrap:mmdebstrap mke2fs:e2fsprogs qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod zstd:zstd xz:xz-utils; do
  command -v "${tool%%:*}" >/dev/null || { echo "test-machine: no ${tool%%:*}: apt-get install ${tool##*:} (qemu from bookworm-backports)"; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
if [ -z "${DEB:-}" ]; then
  ARCHES=amd64 deploy/package.sh "$work/package" >/dev/null
  DEB=$(echo "$work"/package/*.deb)
fi
cp "$DEB" "$work/brandmelder.deb"
if [ -z "${ROOT:-}" ]; then
  ROOT=$work/root
  INCLUDE=tcpreplay deploy/systemd-root.sh create "$ROOT"
fi
zstd -qd sensor/drill/recording.pcap.zst -o "$work/recording.pcap"
failed=0
for suite in ${*:-bookworm bookworm-backports}; do
  deploy/kernel-get.sh "$suite" "${KERNELS:-build/kernels}/$suite"
  began=$SECONDS
  deploy/machine-run.sh "${KERNELS:-build/kernels}/$suite" "$ROOT" deploy/machine_steps.sh "$work/brandmelder.deb" "$work/recording.pcap" &&
    echo "test-machine: $suite works, $((SECONDS - began)) s" || { echo "test-machine: $suite: exit $?"; failed=1; }
done
exit $failed
