# A tuned installation there and back, and newer versions that do not work. test-install.sh sources this.

# set_here is all that was set by hand, and what follows from it.
set_here() {
  box sh -c 'cat /etc/brandmelder/brandmelder.yaml /etc/systemd/system/brandmelder.service.d/local.conf
    brandmelder suppress list; brandmelder rules list'
}
# install_deb FILE [PATIENCE] does what unattended upgrades do.
install_deb() {
  box env ${2:+BRANDMELDER_UPGRADE_WITHIN=$2} dpkg --force-confdef --force-confold --force-downgrade -i "/root/$1" >"$work/upgrade.txt" 2>&1 || fail "$(cat "$work/upgrade.txt")"
}
# runs VERSION waits until that version does.
runs() { want box sh -c "brandmelder version | grep -q '$1' && brandmelder status --json | grep -q '\"up\":true,\"run\":{\"pid\":[0-9]*,\"version\":\"$1\"'"; }
# untouched WHAT checks that nothing is lost by it.
untouched() {
  [ "$(set_here | sha256sum)" = "$before" ] || fail "$1 changed what was set"
  [ -z "$(gone "$keeps" "$(learned)")" ] || fail "$1: no longer learned: $(gone "$keeps" "$(learned)")"
  [ -z "$(gone "$all" "$(list)")" ] || fail "$1: alerts are gone: $(gone "$all" "$(list)")"
}

echo "-- upgrade and back"
box mkdir -p /etc/systemd/system/brandmelder.service.d
printf '[Service]\nNice=5\n' >"$root/etc/systemd/system/brandmelder.service.d/local.conf"
box brandmelder suppress add --owner ann --reason "planned test" --expiry 24h --family dga >/dev/null
box brandmelder suppress add --owner ann --reason "scanner" --expiry 24h --family scan >/dev/null
sed -i '/^metrics:/d' "$root/usr/share/doc/brandmelder/brandmelder.yaml" # as if this key were new in the next
before=$(set_here | sha256sum) all=$(list) keeps=$(learned)
for version in new:1.1.0 old:1.0.0; do
  install_deb "${version%%:*}.deb"
  grep -q "${version##*:} works" "$work/upgrade.txt" || fail "not judged: $(cat "$work/upgrade.txt")"
  runs "${version##*:}"
  untouched "${version##*:}"
  fresh=$(box brandmelder check --json --for 0 | grep -c '"what": "since the upgrade.*: metrics"' || true)
  case $version:$fresh in new:*:1 | old:*:0) ;; *) fail "$version: check names $fresh new keys" ;; esac
  step "${version##*:} works, with the file, two drop-ins, two suppressions, the rule switched off, all alerts and what was learned"
done

# broken VERSION CASES makes a package whose program is another in those cases of its arguments.
broken() {
  rm -rf "$root/root/broken"
  box dpkg-deb -R /root/old.deb /root/broken
  sed -i "s/^Version: .*/Version: $1-1/" "$root/root/broken/DEBIAN/control"
  mv "$root/root/broken/usr/bin/brandmelder" "$root/root/broken/usr/bin/brandmelder.real"
  printf '#!/bin/sh\ncase "$1 $2" in\n%s\nesac\nexec /usr/bin/brandmelder.real "$@"\n' "$2" >"$root/root/broken/usr/bin/brandmelder"
  chmod 755 "$root/root/broken/usr/bin/brandmelder"
  box dpkg-deb -b -Znone /root/broken "/root/$1.deb" >/dev/null
}

echo "-- newer versions that do not work"
main=$(pid brandmelder)
broken 2.0.0 '"upgrade check") echo "brandmelder.yaml:2:1: mirror is no longer a key"; exit 2 ;;'
install_deb 2.0.0.deb
[ "$(pid brandmelder)" = "$main" ] || fail "a version that cannot read the configuration ended the one that runs"
untouched 2.0.0
status | grep -q 'came back.*mirror is no longer a key' || fail "status does not say why: $(box brandmelder status)"
step "a version that cannot read the configuration was not started, and why is said"
broken 3.0.0 '"run "*) exec sleep 1000 ;;'
install_deb 3.0.0.deb "${WITHIN:-6s}"
grep -q "does not work here.*capture does not answer" "$work/upgrade.txt" || fail "not said: $(cat "$work/upgrade.txt")"
runs 1.0.0
untouched 3.0.0
status | grep -q 'came back' || fail "status does not say it: $(box brandmelder status)"
send
want box sh -c 'brandmelder status --json | grep -qE "\"interfaces\":\[[^]]*\],\"seen\":[1-9]"'
step "a version that hangs was given ${WITHIN:-6s}, and 1.0.0 came back by itself"
