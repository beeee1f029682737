#!/usr/bin/env bash
# test-package.sh: the packages of this source are built twice, the second time in a clone elsewhere, and are the
# same to the byte; lintian finds no error. ARCHES="amd64" for one architecture.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v lintian >/dev/null || { echo "test-package: no lintian: apt-get install lintian"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git diff --quiet HEAD || { echo "test-package: uncommitted changes: a clone would lack them"; exit 1; }
deploy/package.sh "$work/here" >/dev/null
git clone -q . "$work/elsewhere/clone"
(cd "$work/elsewhere/clone" && deploy/package.sh "$work/there" >/dev/null)
diff "$work/here/SHA256SUMS" "$work/there/SHA256SUMS" || { echo "test-package: another directory gives other bytes"; exit 1; }
lintian --fail-on error --allow-root "$work"/here/*.deb || { echo "test-package: lintian finds errors"; exit 1; }
echo "test-package: $(wc -l <"$work/here/SHA256SUMS") packages, twice the same bytes, lintian finds no error"
