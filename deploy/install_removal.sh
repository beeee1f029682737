# Removal and purge, and the same package with rpm and its own scriptlets. test-install.sh sources this.

echo "-- remove and purge"
remove_deb() { box dpkg "$1" brandmelder >"$work/removal.txt" 2>&1 || fail "dpkg $1: $(cat "$work/removal.txt")"; }
box systemctl stop brandmelder
box brandmelder status >"$work/down.txt" && fail "status exits 0 while nobody watches"
[ $? = 2 ] && grep -q 'DOWN.*ended in order' "$work/down.txt" || fail "status: $(head -2 "$work/down.txt")"
remove_deb -r
box test -d /var/lib/brandmelder/journal || fail "removal deleted the state"
box test -f /etc/brandmelder/brandmelder.yaml || fail "removal deleted the configuration"
box test -d /usr/lib/brandmelder && fail "removal left the version before"
remove_deb -P
left=$(box sh -c 'find /var/lib/brandmelder* -mindepth 1; ls -d /etc/brandmelder' 2>/dev/null || true)
[ -z "$left" ] || fail "purge left $left"
box rm -rf /etc/systemd/system/brandmelder.service.d /etc/systemd/system/brandmelder-ship.service.d
step "removal keeps state and configuration, purge deletes both, and empties a state that is a disk"

echo "-- rpm"
rpm() { box rpm --nodeps --noplugins "$@" >"$work/rpm.txt" 2>&1 || fail "rpm $*: $(cat "$work/rpm.txt")"; }
rpm -i /root/old.rpm
grep -q "sudo brandmelder setup" "$work/rpm.txt" || fail "the installation does not say what to do next"
[ "$(box systemctl is-active brandmelder || true)" = inactive ] || fail "started before it is configured"
settings='# by hand
mirror: [mirror0]
'
configure
box systemctl enable --now brandmelder 2>/dev/null || fail "it does not start"
runs 1.0.0
send
want box sh -c 'brandmelder alerts list | grep -q login-bruteforce'
all=$(list) before=$(box sha256sum /etc/brandmelder/brandmelder.yaml)
for version in -U:new:1.1.0 "-U --oldpackage:old:1.0.0"; do
  IFS=: read -r how file number <<<"$version"
  rpm $how "/root/$file.rpm"
  grep -q "$number works" "$work/rpm.txt" || fail "not judged: $(cat "$work/rpm.txt")"
  runs "$number"
  [ "$(box sha256sum /etc/brandmelder/brandmelder.yaml)" = "$before" ] || fail "$number changed the configuration"
  [ -z "$(gone "$all" "$(list)")" ] || fail "$number: alerts are gone"
done
rpm -e brandmelder
[ "$(box systemctl is-active brandmelder || true)" = inactive ] || fail "it runs on after it was erased"
box sh -c 'test -d /var/lib/brandmelder/journal && cat /etc/brandmelder/brandmelder.yaml*' | grep -q "by hand" || fail "erasing deleted state or configuration"
box test -e /usr/bin/brandmelder && fail "erasing left the program"
step "rpm: installed, upgraded, taken back and erased with its own scriptlets; configuration and state are kept"
