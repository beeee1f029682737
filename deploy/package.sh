#!/usr/bin/env bash
# package.sh [FOLDER]: deb and rpm for amd64 and arm64, in FOLDER (build/package without one). The same source
# gives the same bytes in any directory: nothing in them is older or newer than the source.
#   VERSION=1.2.3 SOURCE_DATE_EPOCH=…   without them those of the newest commit
#   ARCHES="amd64"                      only these
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
out=$(mkdir -p "${1:-build/package}" && cd "${1:-build/package}" && pwd)
go=${GO:-go}
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)} # without git 2026-01-01
when=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
# version is the tag v1.2.3 of this commit, or one that sorts before the first release.
version() {
  local tag
  if tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null); then echo "${tag#v}"; return; fi
  echo "0.1.0~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M%S).$(git rev-parse --short=8 HEAD 2>/dev/null || echo unknown)"
}
version=${VERSION:-$(version)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # ARCH FILE
  CGO_ENABLED=0 GOOS=linux GOARCH=$1 "$go" build -buildvcs=false -trimpath -ldflags "-s -w -buildid= -X main.version=$version" -o "$2" ./sensor
}

# licences are the texts that come with every module of the binary.
licences() {
  "$go" list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./sensor | sort -u |
    while read -r path release dir; do
      echo "==== $path $release"
      find "$dir" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' \) | LC_ALL=C sort | while read -r file; do cat "$file"; done
    done
}

# stage lays out the files of a package.
stage() { # ARCH
  local root=$work/$1 doc
  doc=$root/usr/share/doc/brandmelder
  install -d "$root/usr/bin" "$doc" "$root/etc/brandmelder"
  build "$1" "$root/usr/bin/brandmelder"
  install -Dm644 "$work/manual/brandmelder.8" "$root/usr/share/man/man8/brandmelder.8"
  install -Dm644 "$work/manual/brandmelder.yaml.5" "$root/usr/share/man/man5/brandmelder.yaml.5"
  install -Dm644 "$work/manual/brandmelder.bash" "$root/usr/share/bash-completion/completions/brandmelder"
  install -Dm644 "$work/manual/_brandmelder" "$root/usr/share/zsh/vendor-completions/_brandmelder"
  install -Dm644 "$work/manual/brandmelder.fish" "$root/usr/share/fish/vendor_completions.d/brandmelder.fish"
  install -Dm644 deploy/package/sysusers.conf "$root/usr/lib/sysusers.d/brandmelder.conf"
  install -Dm644 deploy/package/tmpfiles.conf "$root/usr/lib/tmpfiles.d/brandmelder.conf"
  for unit in deploy/systemd/*.service; do install -Dm644 "$unit" "$root/usr/lib/systemd/system/$(basename "$unit")"; done
  install -m644 "$work/manual/brandmelder.spdx.json" deploy/brandmelder.yaml deploy/prometheus-alerts.yml "$doc"
  install -m644 deploy/package/copyright "$doc/copyright"
  cp "$work/licences" "$doc/third-party-licences"
  install -Dm644 deploy/package/lintian-overrides "$root/usr/share/lintian/overrides/brandmelder"
  install -m640 deploy/package/brandmelder.yaml "$root/etc/brandmelder/brandmelder.yaml"
  printf 'brandmelder (%s-1) stable; urgency=medium\n\n  * Built from this version of the source.\n\n -- The Brandmelder authors <security@brandmelder.example>  %s\n' \
    "$version" "$(LC_ALL=C date -u -R -d "$when")" >"$doc/changelog.Debian"
  gzip -9n "$doc/third-party-licences" "$doc/changelog.Debian" "$root"/usr/share/man/man?/*
  find "$root" -exec touch -h -d "$when" {} +
}

GOBIN=$work GOFLAGS= "$go" install "$nfpm"
build "$("$go" env GOHOSTARCH)" "$work/brandmelder"
"$work/brandmelder" manual "$work/manual"
licences >"$work/licences"
for arch in ${ARCHES:-amd64 arm64}; do
  stage "$arch"
  sed -e "s|@ARCH@|$arch|; s|@VERSION@|$version|; s|@MTIME@|$when|; s|@STAGE@|$work/$arch|" deploy/package/nfpm.yaml >"$work/$arch.yaml"
  for kind in deb rpm; do
    "$work/nfpm" package --config "$work/$arch.yaml" --packager "$kind" --target "$out" >/dev/null
  done
done
cd "$out"
LC_ALL=C sha256sum brandmelder*.deb brandmelder*.rpm | tee SHA256SUMS
