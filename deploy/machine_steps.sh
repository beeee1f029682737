# What the package does on a booted machine: machine-run.sh runs this inside, beside brandmelder.deb and recording.pcap.
# With the memory of a real cgroup it shows too that the unit's limit ends the sensor and nothing else.
set -euo pipefail
began=$SECONDS
fail() { echo "FAILED: $*"; journalctl --no-pager -o cat -n 30 -u brandmelder || true; exit 1; }
step() { echo "$((SECONDS - began)) s: $*"; }
# want COMMAND… repeats it for up to 60 s.
want() {
  for _ in $(seq 120); do "$@" >/dev/null 2>&1 && return; sleep 0.5; done
  fail "never came true: $*"
}
send() { tcpreplay -q -i span0 --pps=2000 recording.pcap >/dev/null 2>&1; }
pid() { systemctl show -P MainPID "$1"; }
active() { [ "$(systemctl is-active "$1")" = active ]; }

[ "$(cat /proc/1/comm)" = systemd ] || fail "process 1 is $(cat /proc/1/comm)"
grep -qw memory /sys/fs/cgroup/cgroup.controllers || fail "no memory controller"
ip link add span0 type veth peer name mirror0
ip link set span0 up
ip link set mirror0 up
step "Linux $(uname -r), $(systemctl --version | head -1)"

dpkg -i brandmelder.deb >install.txt 2>&1 || fail "$(cat install.txt)"
[ "$(systemctl is-active brandmelder || true)" = inactive ] || fail "started before it is configured"
touch sending
while [ -e sending ]; do send; done &
brandmelder setup --yes --for 5s >setup.txt 2>&1 || fail "$(cat setup.txt)"
rm sending
wait $!
tail -1 setup.txt | grep -q '^mirror0: .* 0 drops; not seen: ' || fail "the verdict: $(cat setup.txt)"
step "installed and set up: $(tail -1 setup.txt)"

$(sed -n 's/^next: sudo //p' setup.txt) 2>/dev/null || fail "it does not start"
want sh -c 'journalctl -o cat -u brandmelder | grep "watching mirror0"'
way=$(journalctl -o cat -u brandmelder | grep "watching mirror0" | tail -1)
send
want sh -c 'brandmelder alerts list | grep login-bruteforce'
step "$way: $(brandmelder alerts list --json | wc -l) alerts from traffic on a veth"

rights=$(cat "/proc/$(pid brandmelder)"/task/*/status | awk '/^CapEff/ { print $2 }' | sort -u)
[ "$rights" = 0000000000000000 ] || fail "threads have the rights $rights"
brandmelder status --json >status.json || true
left=$(sed 's/.*"rights":"\([^"]*\)".*/\1/' status.json)
[ "$left" = "none; confined to its directories" ] || fail "what is left: $left"
nsenter -t "$(pid brandmelder)" -m -- sh -c 'touch /etc/written' 2>/dev/null && fail "it may write in /etc"
exposure=$(systemd-analyze security brandmelder | awk '/Overall exposure/ { print $(NF - 2) }')
step "CapEff 0 on all threads, $left, systemd-analyze security $exposure"

systemd-run -q --unit=neighbour sleep 1000
main=$(pid brandmelder) neighbour=$(pid neighbour)
[ "$(cat /sys/fs/cgroup/system.slice/brandmelder.service/memory.max)" = $((4 << 30)) ] || fail "the unit's own limit is not in force"
used=$(cat /sys/fs/cgroup/system.slice/brandmelder.service/memory.current)
systemctl set-property --runtime brandmelder MemoryMax=24M
want sh -c "journalctl -o cat -u brandmelder | grep -q \"Failed with result 'oom-kill'\""
systemctl set-property --runtime brandmelder MemoryMax=4G
want sh -c "systemctl is-active brandmelder && [ \$(systemctl show -P MainPID brandmelder) != $main ]"
[ "$(pid neighbour)" = "$neighbour" ] && active neighbour || fail "the limit ended its neighbour too"
send
want sh -c 'brandmelder status --json | grep -qE "\"interfaces\":\[[^]]*\],\"seen\":[1-9]"'
step "with MemoryMax below the $((used >> 20)) MiB in use the kernel ended the sensor and nothing else, and it came back"

dpkg -r brandmelder >removal.txt 2>&1 || fail "$(cat removal.txt)"
[ -d /var/lib/brandmelder/journal ] && [ -f /etc/brandmelder/brandmelder.yaml ] || fail "removal deleted state or configuration"
dpkg -P brandmelder >removal.txt 2>&1 || fail "$(cat removal.txt)"
left=$(ls -d /var/lib/brandmelder* /etc/brandmelder 2>/dev/null || true)
[ -z "$left" ] || fail "purge left $left"
dmesg | grep -E 'WARNING:|BUG:|Oops' && fail "the kernel complained"
step "removed, purged; all of it works"
