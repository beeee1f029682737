# From installation to the first alert, and what the two services may do. test-install.sh sources this.

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
step "set up and started"

echo "-- tune and run"
settings='# edited by hand
mirror: [mirror0]
capture: ring
rules_dir: /etc/brandmelder/rules
outputs: [{name: webhook, url: "http://127.0.0.1:8080/", headers_file: hook, per_minute: 0}]
'
configure() { printf "%s${1:-}" "$settings" >"$root/etc/brandmelder/brandmelder.yaml"; }
configure
# One of the rules is switched off.
cp -r rules "$root/etc/brandmelder/rules"
rm "$root"/etc/brandmelder/rules/*.go "$(find "$root/etc/brandmelder/rules" -name '*.yml' | LC_ALL=C sort | head -1)"
printf 'Authorization: Bearer from-a-credential\n' >"$root/etc/brandmelder/hook"
chmod 600 "$root/etc/brandmelder/hook"
box mkdir -p /etc/systemd/system/brandmelder-ship.service.d
printf '[Service]\nLoadCredential=hook:/etc/brandmelder/hook\n' >"$root/etc/systemd/system/brandmelder-ship.service.d/local.conf"
"${beside[@]}" python3 deploy/hook.py 8080 "$work/hooked" &
helpers+=($!)
box systemctl enable brandmelder brandmelder-ship 2>/dev/null && box systemctl restart brandmelder brandmelder-ship || fail "it does not start"
want box sh -c 'journalctl -u brandmelder | grep -q "watching mirror0"'
step "runs as $(box stat -c %U "/proc/$(pid brandmelder)") and $(box stat -c %U "/proc/$(pid brandmelder-ship)")"

echo "-- alert"
send
want box sh -c 'brandmelder alerts list | grep -q login-bruteforce'
count=$(alerts)
want grep -q 'Bearer from-a-credential .*login-bruteforce' "$work/hooked"
step "$count alerts from traffic on a veth, and with a secret from a credential at a webhook"

echo "-- what it must not be able to do"
main=$(pid brandmelder)
for unit in brandmelder brandmelder-ship; do
  rights=$(box sh -c "cat /proc/$(pid $unit)/task/*/status" | awk '/^CapEff/ { print $2 }' | sort -u)
  [ "$rights" = 0000000000000000 ] || fail "threads of $unit have the rights $rights"
  box nsenter -t "$(pid $unit)" -m -- sh -c 'touch /etc/written' 2>/dev/null && fail "$unit may write in /etc"
  [ "$(box systemctl show -P ProtectSystem $unit)" = strict ] || fail "$unit: ProtectSystem is not in force"
  exposure=$(box systemd-analyze security $unit | awk '/Overall exposure/ { print $(NF - 2) }')
  awk -v x="$exposure" 'BEGIN { exit !(x + 0 <= 2.0) }' || fail "systemd-analyze security says $exposure of $unit"
  step "$unit: CapEff 0 on all threads, systemd-analyze security $exposure"
done
rights=$(status | sed 's/.*"rights":"\([^"]*\)".*/\1/')
[ "$rights" = "none; confined to its directories" ] || fail "what is left to the capture process: $rights"
families=$(box systemctl show -P RestrictAddressFamilies brandmelder)
case $families in *INET* | "" | ~*) fail "address families: $families" ;; esac
answer=$(python3 deploy/thread.py "$(outside "$main")" socket)
[ "$answer" = -1 ] || fail "socket(AF_INET) in the capture process gives $answer, not -1 (EPERM)"
step "capture is confined to its directories by Landlock, and gets EPERM for socket(AF_INET)"

echo "-- reload is all or nothing"
configure 'zoness: []\n'
box systemctl reload brandmelder
want box sh -c 'journalctl -u brandmelder | grep -q "what was in force stays: /etc/brandmelder/brandmelder.yaml:6:1"'
configure 'retention: {journal_gb: 1}\n'
box systemctl reload brandmelder
[ "$(pid brandmelder)" = "$main" ] || fail "a reload is a restart"
step "a mistake in the file changes nothing, and is named"
