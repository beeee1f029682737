#!/usr/bin/env bash
# kernel-get.sh SUITE FOLDER   the newest cloud kernel of a Debian suite, unpacked and not installed: the image and its
# modules. apt reads the suite into a folder of its own, so that the machine's own sources stay as they are.
# A kernel that is there already is kept. Needs: apt, dpkg-deb, kmod.
set -euo pipefail
suite=$1 folder=$(realpath -m "$2")
[ -e "$folder/whole" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 'debian/$')
echo "deb $mirror $suite main" >"$work/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::PreferencesParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
apt update
cd "$work/debs"
# The package of that name only names the newest one; from 7.x on image and modules are packages of their own.
wanted=linux-image-cloud-amd64
for _ in 1 2 3; do
  for package in $wanted; do apt download "$package"; done
  wanted=$(for deb in *.deb; do dpkg-deb -f "$deb" Depends; done | grep -oE 'linux-(image|binary|modules)-[0-9][^ ,]*' | sort -u |
    while read -r name; do ls "$name"_*.deb >/dev/null 2>&1 || echo "$name"; done)
  [ -n "$wanted" ] || break
done
for deb in *.deb; do dpkg-deb -x "$deb" "$work/tree"; done
modules=$(find "$work/tree" -path '*lib/modules/*/kernel' -type d -printf '%h\n' | head -1)
[ -n "$modules" ] || { echo "kernel-get: no modules in $(ls)"; exit 1; }
depmod -b "$(realpath "$modules/../../..")" "$(basename "$modules")"
find "$work/tree" -name 'vmlinuz*' -type f | grep -q . || { echo "kernel-get: no image in $(ls)"; exit 1; }
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
mv "$work/tree" "$folder"
touch "$folder/whole"
