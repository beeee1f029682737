#!/usr/bin/env bash
# machine-run.sh KERNEL ROOT SCRIPT FILE…   boots a Debian root with real systemd (a folder of systemd-root.sh) in an
# emulated machine with another kernel (a folder of kernel-get.sh), and runs a bash script in it as root, in /root beside
# the files, once the machine is up. The root itself is not changed, and the machine has no network but its own.
# Exit status: that of the script; 124 when the time is over, 125 when the machine ended or never came up without a word.
#   MEM=1536 (MiB)  TIMEOUT=300 (s)
# Needs root for reading ROOT, and what kernel-run.sh needs, and e2fsprogs.
set -euo pipefail
kernel=$1 root=$2 script=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
first=$work/first # what the machine has in its memory, to reach its disk
mkdir -p "$first"/{bin,proc,sys,dev,disk,root}
"$(dirname "$0")/kernel-modules.sh" "$kernel" "$first/modules" virtio_pci virtio_blk ext4 virtio_rng autofs4 veth af_packet sch_ingress cls_bpf
cp "$(command -v busybox)" "$first/bin/busybox"
ln -s busybox "$first/bin/sh"
cp "$script" "$first/root/machine.sh"
cp "$@" "$first/root/"
cat >"$first/machine.service" <<'U'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
WorkingDirectory=/root
Environment=HOME=/root DEBIAN_FRONTEND=noninteractive
ExecStart=-/bin/bash machine.sh
ExecStopPost=/bin/sh -c 'echo "machine ends with $$EXIT_STATUS"; sleep 1; systemctl poweroff -ff'
U
cat >"$first/init" <<'I'
#!/bin/sh
export PATH=/bin
for tool in mount insmod cp ln mkdir switch_root poweroff; do ln -s busybox /bin/$tool 2>/dev/null || /bin/busybox ln -s busybox /bin/$tool; done
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in /modules/*.ko; do insmod "$m" || echo "cannot load $m"; done
mount -t ext4 /dev/vda /disk || { echo "no disk"; poweroff -f; }
cp /root/* /disk/root/
units=/disk/etc/systemd/system
mkdir -p $units/graphical.target.wants
cp /machine.service $units/
ln -sf ../machine.service $units/graphical.target.wants/machine.service
ln -sf /dev/null $units/serial-getty@ttyS0.service
for d in proc sys dev; do mount --move /$d /disk/$d; done
exec switch_root /disk /lib/systemd/systemd
I
chmod 755 "$first/init"
(cd "$first" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$work/initrd"
truncate -s "$(($(du -sm "$root" | cut -f1) + 400))M" "$work/disk"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$work/disk"
set +e
timeout "${TIMEOUT:-300}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m "${MEM:-1536}" -smp 2 -nodefaults -no-user-config -display none \
  -no-reboot -serial stdio -device virtio-rng-pci -drive "file=$work/disk,format=raw,if=virtio" \
  -kernel "$(find "$kernel" -name 'vmlinuz*' -type f | head -1)" -initrd "$work/initrd" \
  -append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off systemd.show_status=0 systemd.firstboot=off systemd.unified_cgroup_hierarchy=1" </dev/null | tr -d '\r' | tee "$work/log"
[ "${PIPESTATUS[0]}" != 124 ] || exit 124
status=$(sed -n 's/^machine ends with \([0-9]*\)$/\1/p' "$work/log" | tail -1)
exit "${status:-125}"
