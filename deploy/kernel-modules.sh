#!/usr/bin/env bash
# kernel-modules.sh KERNEL FOLDER MODULE…   puts modules of a kernel (a folder of kernel-get.sh), with what they need,
# into a folder as 101.ko, 102.ko …, in the order in which they load; uncompressed, since busybox cannot read the others.
# What is built in is left out. Needs: kmod, zstd, xz-utils.
set -euo pipefail
kernel=$1 folder=$2
shift 2
tree=$(dirname "$(find "$kernel" -path '*lib/modules/*/kernel' -type d | head -1)")
mkdir -p "$folder"
n=100
declare -A loaded
for module in "$@"; do
  line=$(grep -m1 -E "/${module//_/[_-]}\.ko(\.xz|\.zst)?:" "$tree/modules.dep" || true)
  [ -n "$line" ] || continue
  for file in $(tr ' ' '\n' <<<"${line#*:}" | tac) "${line%%:*}"; do
    [ -z "${loaded[$file]:-}" ] || continue
    loaded[$file]=1
    n=$((n + 1))
    case $file in
      *.xz) xz -dc "$tree/$file" ;;
      *.zst) zstd -qdc "$tree/$file" ;;
      *) cat "$tree/$file" ;;
    esac >"$folder/$n.ko"
  done
done
