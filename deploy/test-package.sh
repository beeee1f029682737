#!/usr/bin/env bash
# test-package.sh: the packages of this source are built twice, the second time from a copy elsewhere, and are the
# same to the byte; lintian finds no error. ARCHES="amd64" for one architecture.
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
lintian --fail-on error --allow-root "$work"/here/*.deb || { echo "test-package: lintian finds errors"; exit 1; }
echo "test-package: $(wc -l <"$work/here/SHA256SUMS") packages, twice the same bytes, lintian finds no error"
