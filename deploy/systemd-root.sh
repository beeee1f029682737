#!/usr/bin/env bash
# systemd-root.sh VERB FOLDER …: a Debian root with real systemd as process 1, in a container with its own network.
#   create FOLDER [RELEASE]   a new root (bookworm); INCLUDE=a,b more packages
#   start FOLDER              boots it; returns when it is up
#   enter FOLDER COMMAND…     runs a command in it
#   stop FOLDER               powers it off
# Needs root and: apt-get install mmdebstrap systemd-container
set -euo pipefail
verb=$1 root=$(realpath -m "$2")
shift 2
name=$(basename "$root") pidfile=$root.pid

first() { pgrep -P "$(cat "$pidfile")" -x systemd; } # process 1 of the container, as seen from here
inside() { nsenter -t "$(first)" -a --wdns=/ -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# group is where cgroup v2 is, which need not be /sys/fs/cgroup.
group() { echo "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/container-$name"; }

boot() {
  mkdir -p "$(group)"
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
  (
    echo $BASHPID >"$(group)/cgroup.procs"
    exec systemd-nspawn -q -D "$root" --boot --register=no --keep-unit --private-network --capability=all --link-journal=no \
      --system-call-filter='bpf perf_event_open @privileged @raw-io landlock_create_ruleset landlock_add_rule landlock_restrict_self' --bind-ro=/sys/kernel/btf </dev/null >"$root.log" 2>&1
  ) &
  echo $! >"$pidfile"
  disown
  local state=""
  for _ in $(seq 300); do
    state=$(inside systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) return ;; esac
    sleep 0.1
  done
  echo "systemd-root: not up after 30 s: ${state:-no answer}"
  tail -5 "$root.log"
  return 1
}

halt() {
  inside systemctl poweroff 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$(cat "$pidfile")" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$(cat "$pidfile")" 2>/dev/null || true
  find "$(group)" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

case $verb in
create)
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 'debian/$')
  mmdebstrap -q --variant=apt --include=systemd,systemd-sysv,dbus,iproute2${INCLUDE:+,$INCLUDE} "${1:-bookworm}" "$root" "$mirror"
  rm -f "$root/etc/machine-id"
  echo "$name" >"$root/etc/hostname"
  ;;
start) boot ;;
enter) inside "$@" ;;
stop) halt ;;
*) echo "systemd-root: $verb is not create, start, enter or stop"; exit 2 ;;
esac
