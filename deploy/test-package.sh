#!/usr/bin/env bash
# test-package.sh: the packages of this source are built twice, the second time from a copy elsewhere, and are the
# same to the byte, and so is the offline bundle, which its own README verifies; lintian finds no error.
# ARCHES="amd64" for one architecture.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v lintian >/dev/null || { echo "test-package: no lintian: apt-get install lintian"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VERSION=1.0.0 SOURCE_DATE_EPOCH=1767225600
deploy/package.sh "$work/here" >/dev/null
mkdir -p "$work/elsewhere/source"
tar -c --exclude=./.git --exclude=./bin --exclude=./build . | tar -x -C "$work/elsewhere/source"
(cd "$work/elsewhere/source" && deploy/package.sh "$work/there" >/dev/null)
diff "$work/here/SHA256SUMS" "$work/there/SHA256SUMS" || { echo "test-package: another directory gives other bytes"; exit 1; }
ssh-keygen -q -t ed25519 -N "" -f "$work/key"
for n in 1 2; do KEY=$work/key deploy/bundle.sh "$work/here" "$work/$n.tar" >/dev/null; done
cmp "$work/1.tar" "$work/2.tar" || { echo "test-package: the bundle differs the second time"; exit 1; }
mkdir "$work/bundle" && tar -C "$work/bundle" --strip-components=1 -xf "$work/1.tar"
verify() (cd "$work/bundle" && bash -ec "$(sed -n 's/^  //p' README)") >/dev/null 2>&1
verify || { echo "test-package: the bundle's own README does not verify it"; exit 1; }
echo >>"$work/bundle/rules/README.md"
verify && { echo "test-package: a changed bundle is not noticed"; exit 1; }
lintian --fail-on error --allow-root "$work"/here/*.deb || { echo "test-package: lintian finds errors"; exit 1; }
echo "test-package: $(wc -l <"$work/here/SHA256SUMS") packages, twice the same bytes, lintian finds no error"
