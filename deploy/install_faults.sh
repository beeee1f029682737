# What hangs, stalls or dies, and comes back. test-install.sh sources this.

# again PID waits until another process than that one is active.
again() { want box sh -c "[ \$(systemctl is-active brandmelder) = active ] && [ \$(systemctl show -P MainPID brandmelder) != $1 ]"; }
# bitten SINCE WHAT fails if the watchdog says nothing about that within 30 s.
bitten() {
  while [ "$(date +%s)" -le $(($1 + 30)) ]; do
    box journalctl -u brandmelder --since "@$1" -o cat | grep -q "watchdog: $2" && return
    sleep 0.2
  done
  fail "30 s without a word of the watchdog about $2"
}

# watchdog SECONDS sets WatchdogSec from the next start on; without SECONDS it is the unit's own.
watchdog() {
  local file=$root/etc/systemd/system/brandmelder.service.d/watchdog.conf
  rm -f "$file"
  if [ -n "$1" ]; then mkdir -p "$(dirname "$file")" && printf '[Service]\nWatchdogSec=%s\n' "$1" >"$file"; fi
  box systemctl daemon-reload
}
[ "$(box systemctl show -P WatchdogUSec brandmelder)" = 24s ] || fail "the unit's own watchdog is another"
watchdog "${WATCHDOG-9}"
box systemctl restart brandmelder || fail "it did not start again"

echo "-- a worker that hangs"
main=$(pid brandmelder) now=$(date +%s)
python3 deploy/thread.py "$(outside "$main")" hold 60 &
helpers+=($!)
bitten "$now" "capture 0 or detection"
again "$main"
step "one thread held: noticed and back after $(($(date +%s) - now)) s"

echo "-- a disk that stalls"
main=$(pid brandmelder) now=$(date +%s)
fsfreeze -f "$root/var/lib/brandmelder"
send
bitten "$now" "the journal or its disk"
took=$(($(date +%s) - now))
fsfreeze -u "$root/var/lib/brandmelder"
again "$main"
step "the disk of the state frozen: noticed after $took s, back once it thawed"

watchdog ""

echo "-- kill -9"
# learned are the detectors that keep what they learned and since when; list are the alerts, by the beginning of their ids.
learned() { status | python3 -c 'import json, sys; print(*sorted(l["detector"] for l in json.load(sys.stdin)["detectors"]["lessons"] if not l.get("again") and l.get("saved", "") > "2000"), sep="\n")'; }
list() { box brandmelder alerts list --limit 1000 | awk '/^[^ ]/ { print $1 }' | sort; }
gone() { comm -23 <(echo "$1") <(echo "$2") | tr '\n' ' '; }
all=$(list) keeps=$(learned)
[ -n "$keeps" ] || fail "nothing is learned"
(while :; do send; done) &
player=$!
helpers+=("$player")
for _ in $(seq "${KILLS:-20}"); do
  again 0 # one that is on its way back has no number, and to kill 0 is to kill this script
  main=$(pid brandmelder)
  [ "$main" -gt 0 ] || fail "it has no process though it was active"
  died=$(awk '{ print int($1 * 1000) }' /proc/uptime)
  box sh -c "kill -9 $main"
  again "$main"
  echo $(($(box systemctl show -P ActiveEnterTimestampMonotonic brandmelder) / 1000 - died))
done | sort -n >"$work/blind"
kill "$player" && wait "$player" 2>/dev/null || true
blind=$(awk '{ all[NR] = $1 } END { print all[int(NR * .99 + .999)] }' "$work/blind")
[ "$blind" -le 5000 ] || fail "blind for $blind ms at the 99th percentile"
[ -z "$(gone "$keeps" "$(learned)")" ] || fail "no longer learned: $(gone "$keeps" "$(learned)")"
[ -z "$(gone "$all" "$(list)")" ] || fail "alerts are lost: $(gone "$all" "$(list)")"
twice=$(box brandmelder alerts list --limit 1000 | awk '/^[^ ]/ { $1 = $2 = $3 = $4 = ""; print }' | sort | uniq -d)
[ -z "$twice" ] || fail "the same alert is there again: $twice"
box brandmelder journal verify >"$work/verify.txt" || fail "the journal: $(cat "$work/verify.txt")"
step "killed ${KILLS:-20} times: blind for at most $blind ms at the 99th percentile, journal, alerts and what was learned are whole"
