#!/usr/bin/env bash
# kernel-run.sh KERNEL BINARY…   runs static test binaries, one after the other, as root in an emulated machine with
# another kernel (a folder of kernel-get.sh). No disk, no network and no root are needed here: the machine has the
# kernel, and in its memory busybox, the modules and the binaries. What stands in BINARY.args are its arguments.
# Exit status: that of the first binary that failed; 124 when the time is over, 125 when the machine ended without a word.
#   MEM=512 (MiB)  TIMEOUT=300 (s)
# Needs qemu-system-x86 10 or newer (7.2 breaks 6.12 in every other boot), busybox-static, cpio, kmod, zstd, xz-utils.
set -euo pipefail
kernel=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
image=$(find "$kernel" -name 'vmlinuz*' -type f | head -1)
mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,etc,tests}
cp "$(command -v busybox)" "$root/bin/busybox"
for name in sh mount insmod poweroff ip cat grep ls mkdir dmesg; do ln -s busybox "$root/bin/$name"; done

"$(dirname "$0")/kernel-modules.sh" "$kernel" "$root/modules" veth dummy bridge macvlan 8021q sch_ingress cls_bpf af_packet virtio_pci virtio_rng

for binary in "$@"; do
  cp "$binary" "$root/tests/"
  [ ! -e "$binary.args" ] || cp "$binary.args" "$root/tests/"
done
cat >"$root/init" <<'I'
#!/bin/sh
export PATH=/bin HOME=/tmp TMPDIR=/tmp CI=true BRANDMELDER_OWN_MACHINE=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
for m in /modules/*.ko; do insmod "$m" || echo "cannot load $m"; done
ip link set lo up
cd /tmp
status=0
for t in /tests/*.test; do
  echo "== $(cat /proc/sys/kernel/osrelease) ${t##*/}"
  mkdir -p "/tmp/${t##*/}.d" && cd "/tmp/${t##*/}.d"
  "$t" $(cat "$t.args" 2>/dev/null) || { code=$?; [ $status != 0 ] || status=$code; }
done
dmesg | grep -E 'WARNING:|BUG:|Oops' && echo "the kernel complained" && [ $status = 0 ] && status=1
echo "machine ends with $status"
poweroff -f
I
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$work/initrd"
set +e
timeout "${TIMEOUT:-300}" qemu-system-x86_64 -accel tcg -cpu max -m "${MEM:-768}" -smp 2 -nodefaults -no-user-config -display none \
  -no-reboot -serial stdio -device virtio-rng-pci -kernel "$image" -initrd "$work/initrd" \
  -append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off" </dev/null | tr -d '\r' | tee "$work/log"
[ "${PIPESTATUS[0]}" != 124 ] || exit 124
status=$(sed -n 's/^machine ends with \([0-9]*\)$/\1/p' "$work/log" | tail -1)
exit "${status:-125}"
