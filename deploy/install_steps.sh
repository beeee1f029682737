# The steps of test-install.sh, which sources this.

echo "-- install"
box dpkg -i /root/old.deb >"$work/install.txt" 2>&1 || fail "$(cat "$work/install.txt")"
grep -q "sudo brandmelder setup" "$work/install.txt" || fail "the installation does not say what to do next"
[ "$(box systemctl is-enabled brandmelder || true)" = disabled ] || fail "enabled before it is configured"
[ "$(box systemctl is-active brandmelder || true)" = inactive ] || fail "started before it is configured"
[ "$(owner /etc/brandmelder/brandmelder.yaml)" = root:brandmelder:640 ] || fail "the configuration is $(owner /etc/brandmelder/brandmelder.yaml)"
box test -f /usr/share/man/man8/brandmelder.8.gz || fail "no manual page"
step "installed without a network, not started"

echo "-- setup, check and run"
touch "$work/sending"
while [ -e "$work/sending" ]; do send; done &
box brandmelder setup --yes --for 3s >"$work/setup.txt" 2>&1 || fail "$(cat "$work/setup.txt")"
tail -1 "$work/setup.txt" | grep -q '^mirror0: .* two-way, 0 drops; not seen: ' || fail "the verdict: $(cat "$work/setup.txt")"
grep -q '^mirror: \[mirror0\]$' "$root/etc/brandmelder/brandmelder.yaml" || fail "$(cat "$root/etc/brandmelder/brandmelder.yaml")"
[ "$(wc -l <"$root/etc/brandmelder/brandmelder.yaml")" -le 10 ] || fail "more than ten lines"
[ "$(owner /etc/brandmelder/brandmelder.yaml)" = root:brandmelder:640 ] || fail "setup leaves the configuration as $(owner /etc/brandmelder/brandmelder.yaml)"
box brandmelder setup --yes --for 0s >"$work/again.txt" 2>&1 && fail "a second setup overwrites the file"
grep -q "filled in already" "$work/again.txt" || fail "$(cat "$work/again.txt")"
box brandmelder check --json --for 3s >"$work/check.json" || [ $? = 1 ] || fail "$(cat "$work/check.json")"
rm "$work/sending"
wait $!
grep -qE '"check": "mirror-(oneway|quiet|vlan)"' "$work/check.json" && fail "$(cat "$work/check.json")"
next=$(sed -n 's/^next: sudo //p' "$work/setup.txt")
box sh -c "$next" 2>/dev/null || fail "it does not start by: $next"
want box sh -c 'journalctl -u brandmelder | grep -q "watching mirror0"'
step "runs as $(box stat -c %U "/proc/$(pid brandmelder)")"

echo "-- alert"
send
want box sh -c 'brandmelder alerts list | grep -q login-bruteforce'
count=$(alerts)
step "$count alerts from traffic on a veth"

echo "-- what it must not be able to do"
main=$(pid brandmelder)
box nsenter -t "$main" -m -- sh -c 'touch /etc/written' 2>/dev/null && fail "it may write in /etc"
[ "$(box systemctl show -P ProtectSystem brandmelder)" = strict ] || fail "ProtectSystem is not in force"
families=$(box systemctl show -P RestrictAddressFamilies brandmelder)
case $families in *INET* | "" | ~*) fail "address families: $families" ;; esac
exposure=$(box systemd-analyze security brandmelder | awk '/Overall exposure/ { print $(NF - 2) }')
awk -v x="$exposure" 'BEGIN { exit !(x + 0 <= 2.0) }' || fail "systemd-analyze security says $exposure"
step "systemd-analyze security: $exposure"

echo "-- reload is all or nothing"
box sh -c 'printf "mirror: [mirror0]\nzoness: []\n" >/etc/brandmelder/brandmelder.yaml'
box systemctl reload brandmelder
want box sh -c 'journalctl -u brandmelder | grep -q "what was in force stays: /etc/brandmelder/brandmelder.yaml:2:1"'
box sh -c 'printf "# edited by hand\nmirror: [mirror0]\nretention: {journal_gb: 1}\n" >/etc/brandmelder/brandmelder.yaml'
box systemctl reload brandmelder
[ "$(pid brandmelder)" = "$main" ] || fail "a reload is a restart"
step "a mistake in the file changes nothing, and is named"

echo "-- upgrade and back"
box mkdir -p /etc/systemd/system/brandmelder.service.d
box sh -c 'printf "[Service]\nNice=5\n" >/etc/systemd/system/brandmelder.service.d/local.conf'
box brandmelder suppress add --owner ann --reason "planned test" --expiry 24h --family dga >/dev/null
box brandmelder suppress add --owner ann --reason "scanner" --expiry 24h --family scan >/dev/null
before=$(box sh -c 'cat /etc/brandmelder/brandmelder.yaml /etc/systemd/system/brandmelder.service.d/local.conf; brandmelder suppress list' | sha256sum)
for version in new:1.1.0 old:1.0.0; do
  box dpkg --force-confdef --force-confold --force-downgrade -i "/root/${version%%:*}.deb" >"$work/upgrade.txt" 2>&1 || fail "$(cat "$work/upgrade.txt")"
  want box sh -c "brandmelder version | grep -q ${version##*:}"
  want box systemctl is-active brandmelder
  want box sh -c "journalctl -u brandmelder -n 100 | grep -q 'brandmelder ${version##*:}'"
  [ "$(box sh -c 'cat /etc/brandmelder/brandmelder.yaml /etc/systemd/system/brandmelder.service.d/local.conf; brandmelder suppress list' | sha256sum)" = "$before" ] || fail "${version##*:} changed what was set"
  [ "$(alerts)" -ge "$count" ] || fail "${version##*:} shows $(alerts) alerts instead of $count: $(box brandmelder alerts list 2>&1 | head -5)"
  step "${version##*:} runs, with the file, the drop-in, two suppressions and all alerts"
done

echo "-- kill"
for _ in 1 2 3; do
  want box sh -c '[ $(systemctl show -P MainPID brandmelder) -gt 0 ]' # kill -9 0 would end this script too
  old=$(pid brandmelder)
  box sh -c "kill -9 $old"
  want box sh -c "[ \$(systemctl show -P MainPID brandmelder) -gt 0 ] && [ \$(systemctl show -P MainPID brandmelder) != $old ]"
done
want box sh -c 'brandmelder alerts list | grep -q login-bruteforce'
step "killed three times, back each time"

echo "-- remove and purge"
box dpkg -r brandmelder >/dev/null 2>&1
box test -d /var/lib/brandmelder/journal || fail "removal deleted the state"
box test -f /etc/brandmelder/brandmelder.yaml || fail "removal deleted the configuration"
box dpkg -P brandmelder >/dev/null 2>&1
box sh -c 'ls -d /var/lib/brandmelder /etc/brandmelder 2>/dev/null' && fail "purge left something"
step "removal keeps state and configuration, purge deletes both"
