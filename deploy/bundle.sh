#!/usr/bin/env bash
# bundle.sh [PACKAGES [FILE]]: one file for a machine without internet: the packages of the folder PACKAGES
# (build/package; make package), the rules, the documentation, checksums and a signature. The same bytes every time.
#   KEY=FILE      signs the checksums: an ed25519 key of ssh-keygen, whose signatures repeat
#   MMDB="FILE…"  place databases to take along
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
packages=$(cd "${1:-$here/build/package}" && pwd)
version=$(basename "$(find "$packages" -name '*_amd64.deb')" | cut -d_ -f2)
name=brandmelder-${version%-1}-offline
out=$(realpath -m "${2:-$packages/$name.tar}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/rules"
cd "$work/$name"
cp "$packages"/brandmelder*.deb "$packages"/brandmelder*.rpm .
cp "$here"/rules/*.yml "$here/rules/README.md" rules
cp -r "$here/docs" .
for file in ${MMDB:-}; do install -D "$file" "places/$(basename "$file")"; done
cat >README <<'END'
Is this what was made? `signers` holds the maker's public key: compare it with the one that you got another way.

  ssh-keygen -Y verify -f signers -I brandmelder -n brandmelder -s SHA256SUMS.sig <SHA256SUMS && sha256sum -c --quiet SHA256SUMS

Then: sudo dpkg -i brandmelder_*_amd64.deb, or sudo rpm -i brandmelder-*.x86_64.rpm; docs/install.md goes on from there.
The rules are those that the program has inside; rules_dir takes a folder of your own. Place databases go where the
configuration's geo section says.
END
find . -type f | LC_ALL=C sort | xargs sha256sum >"$work/sums"
mv "$work/sums" SHA256SUMS
if [ -n "${KEY:-}" ]; then
  ssh-keygen -q -Y sign -f "$KEY" -n brandmelder SHA256SUMS
  echo "brandmelder $(ssh-keygen -y -f "$KEY" | cut -d' ' -f1,2)" >signers
else
  echo "bundle: without KEY= it is not signed" >&2
fi
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w --mtime="@${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 1767225600)}" -cf "$out" "$name"
echo "$out"
