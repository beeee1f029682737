#!/usr/bin/env bash
# test-kernels.sh [SUITE…]   the root tests of capture on the cloud kernels of Debian suites, each in an emulated machine.
# Without names: all that are known to work. Nothing is timed. KERNELS=folder keeps the kernels (build/kernels).
set -euo pipefail
cd "$(dirname "$0")/.."
here=${KERNELS:-build/kernels}
suites=${*:-bullseye bookworm bookworm-backports trixie-backports}
for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod zstd:zstd xz:xz-utils; do
  command -v "${tool%%:*}" >/dev/null || { echo "test-kernels: no ${tool%%:*}: apt-get install ${tool##*:} (qemu from bookworm-backports)"; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for room in bpf sensor/capture sensor/check sensor/iface sensor/rights; do
  CGO_ENABLED=0 ${GO:-go} test -c -trimpath -ldflags "-s -w" -o "$work/${room##*/}.test" "./$room"
done
# What is fed from files, or measured in time, is for the machine itself.
echo "-test.run Fanout|MapsNeedRight" >"$work/bpf.test.args"
echo "-test.short -test.run AThousandFlows|RingFollows|RingTells|RingsLook|RingRefuses|MirrorAgrees" >"$work/capture.test.args"
# Only here may the clock be set.
echo "-test.run ClockOfThisMachine" >"$work/check.test.args"
failed=0
for suite in $suites; do
  deploy/kernel-get.sh "$suite" "$here/$suite"
  deploy/kernel-run.sh "$here/$suite" "$work"/*.test || { echo "test-kernels: $suite: exit $?"; failed=1; }
done
exit $failed
