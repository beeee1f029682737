#!/bin/bash
# fresh-root.sh [RUNS]: the README's two commands where nothing else is: a new Debian 12 with make, certificates
# and this machine's Go toolchain, no compiler and no git; then as a plain user, and as root in a clone that
# another user owns. Needs root, mmdebstrap and a Debian mirror; modules come from where GOPROXY says. Building
# and tests have this machine's network, runs have one of their own with a default route to nowhere.
#   BASE=FILE.tar  the new Debian as a file: made where it is not there, so that the next time is shorter
#   LIMIT=300      seconds that the cold build may take, for a machine that is busy with other things
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10}
work=$(mktemp -d)
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT
GOROOT=$(go env GOROOT)
export root GOROOT
unset GOFLAGS XDG_STATE_HOME CI

# inside runs shell text in the root, in namespaces that end with it. NET=own is a network of its own, AS=care a
# plain user.
inside() {
  local own=()
  [ "${NET:-}" = own ] && own=(--net)
  NET=${NET:-} AS=${AS:-root} unshare --mount --pid --fork --kill-child "${own[@]}" bash -euc '
    mount --bind "$GOROOT" "$root/usr/local/go"
    mount -o remount,bind,ro "$root/usr/local/go"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
    if [ "$NET" = own ]; then
      ip link set lo up
      ip link add lan type veth peer name wall
      ip link set wall up
      ip link set lan up
      ip address add 192.0.2.10/24 dev lan
      ip route add default via 192.0.2.1
    fi
    export PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin GOCACHE=/go/build GOMODCACHE=/go/mod
    case $AS in
      root) HOME=/root exec chroot "$root" sh -euc "$1" ;;
      *) HOME=/home/$AS exec chroot --userspec="$AS:$AS" "$root" sh -euc "$1" ;;
    esac' inside "$1"
}

echo "== a new root"
base=${BASE:-$work/base.tar}
[ -e "$base" ] || mmdebstrap --quiet --variant=minbase --include=make,ca-certificates bookworm "$base"
mkdir "$root"
tar -xf "$base" -C "$root"
mkdir -p "$root/usr/local/go" "$root/go"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
# A site's own authority is trusted in the root as it is here.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
git -c advice.detachedHead=false clone -q . "$root/src"

echo "== cold: make build"
SECONDS=0
TIMEFORMAT='built in %R s, with %U + %S s of processor time'
time inside 'cd /src && make build'
[ "$SECONDS" -le "${LIMIT:-300}" ] || { echo "that is more than ${LIMIT:-300} s"; exit 1; }

echo "== make run, $runs times"
NET=own inside "cd /src && deploy/four-alerts.sh 45 $runs"

echo "== make test"
TIMEFORMAT='tested in %R s, with %U + %S s of processor time'
time inside 'cd /src && make test'

echo "== as a plain user, in a clone of their own"
chroot "$root" useradd --create-home care
git -c advice.detachedHead=false clone -q . "$root/home/care/brandmelder"
chroot "$root" chown -R care:care /home/care /go
NET=own AS=care inside 'cd && cd brandmelder && make run ARGS="--for 45s"' | tee "$work/user"
for words in 'type: sudo ' 'replaying the recording' 'logins at' 'at regular times' 'sent 2[01][0-9] MB' 'data in DNS'; do
  grep -q "$words" "$work/user" || { echo "a plain user is not told: $words"; exit 1; }
done

echo "== as root, with git, in a clone that the user owns"
inside 'apt-get -qq update && apt-get -qq install -y --no-install-recommends git >/dev/null 2>&1'
NET=own inside 'cd /home/care/brandmelder && deploy/four-alerts.sh 45 1 && bin/brandmelder version'
echo "all of it works"
