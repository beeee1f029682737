#!/bin/bash
# eval-logins-real.sh: counts the logins at real servers. OpenSSH, Dovecot (POP3 and IMAP), OpenLDAP and Samba run
# in a network namespace of their own, with users that exist there alone; deploy/eval_logins_real.py tries a known
# number of wrong and right passwords, several to a connection; the recording is replayed, and the logins counted
# are compared with those made. Needs root; packages that are missing are installed, without starting anything.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "eval-logins-real: needs root, for network namespaces"; exit 2; }
export PATH=/usr/sbin:/sbin:$PATH

missing=()
for pair in sshd:openssh-server ssh:openssh-client dovecot:dovecot-imapd dovecot:dovecot-pop3d slapd:slapd smbd:samba smbclient:smbclient tcpdump:tcpdump; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  rule=/usr/sbin/policy-rc.d # keeps the packages from starting their servers here
  [ -e $rule ] || { printf '#!/bin/sh\nexit 101\n' >$rule; chmod +x $rule; trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null
  trap - EXIT
  rm -f $rule
fi

work=$(mktemp -d)
chmod 755 "$work"
servers=bm-logins-s clients=bm-logins-c
finish() {
  for space in $servers $clients; do
    ip netns pids $space 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns del $space 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
ip netns add $servers
ip netns add $clients
ip link add wire netns $servers type veth peer name wire netns $clients
for end in "$servers 10.77.0.1" "$clients 10.77.0.2"; do
  set -- $end
  ip -n "$1" address add "$2/24" dev wire
  ip -n "$1" link set wire up
  ip -n "$1" link set lo up
  ip netns exec "$1" ethtool -K wire tx off tso off gso off gro off >/dev/null 2>&1 || true
done

# The users of the servers: in copies of the files that only they see.
cp /etc/passwd /etc/shadow /etc/group "$work"
echo "evelien:x:61234:61234::$work:/bin/sh" >>"$work/passwd"
echo "evelien:$(openssl passwd -6 right):19000:0:99999:7:::" >>"$work/shadow"
echo "evelien:x:61234:" >>"$work/group"

ssh-keygen -q -t ed25519 -N '' -f "$work/key"
printf 'Port 22\nHostKey %s/key\nUsePAM no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nPidFile none\nMaxStartups 100\n' "$work" >"$work/sshd.conf"
mkdir -p "$work/dovecot" "$work/ldap" "$work/samba" "$work/mail"
echo 'evelien:{PLAIN}right:61234:61234::'"$work/mail" >"$work/mailusers"
cat >"$work/dovecot.conf" <<CONF
base_dir = $work/dovecot
log_path = $work/dovecot.log
protocols = imap pop3
listen = 10.77.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:$work/mail
mail_max_userip_connections = 100
passdb {
  driver = passwd-file
  args = $work/mailusers
}
userdb {
  driver = passwd-file
  args = $work/mailusers
}
CONF
cat >"$work/slapd.conf" <<CONF
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $work/slapd.pid
database mdb
suffix "dc=hospital,dc=example"
rootdn "cn=evelien,dc=hospital,dc=example"
rootpw right
directory $work/ldap
CONF
cat >"$work/smb.conf" <<CONF
[global]
  security = user
  server role = standalone server
  disable netbios = yes
  smb ports = 445
  private dir = $work/samba
  state directory = $work/samba
  cache directory = $work/samba
  lock directory = $work/samba
  pid directory = $work/samba
  ncalrpc dir = $work/samba/rpc
  log file = $work/smb.log
  load printers = no
  printing = bsd
  passdb backend = tdbsam:$work/samba/passdb.tdb
[files]
  path = $work/mail
  read only = no
CONF
chown -R 61234:61234 "$work/mail"

ip netns exec $servers unshare --mount --propagation private bash -euc '
  for f in passwd shadow group; do mount --bind "$1/$f" "/etc/$f"; done
  mkdir -p /run/sshd
  printf "right\nright\n" | smbpasswd -s -a -c "$1/smb.conf" evelien >/dev/null
  "$(command -v sshd)" -f "$1/sshd.conf" -E "$1/sshd.log"
  dovecot -c "$1/dovecot.conf"
  slapd -h ldap://10.77.0.1 -f "$1/slapd.conf"
  smbd -D -s "$1/smb.conf"
' servers "$work"
ip netns exec $clients tcpdump -q -U -i wire -w "$work/logins.pcap" 2>/dev/null &
for _ in $(seq 50); do [ -s "$work/logins.pcap" ] && break; sleep 0.1; done
for port in 22 110 143 389 445; do
  for _ in $(seq 100); do ip netns exec $clients bash -c "exec 3<>/dev/tcp/10.77.0.1/$port" 2>/dev/null && break; sleep 0.1; done
done
ip netns exec $clients python3 deploy/eval_logins_real.py make "$work" >"$work/made.json"
sleep 1
ip netns pids $clients | xargs -r kill -INT
wait
bin/brandmelder replay --output ndjson --out "$work/documents.ndjson" "$work/logins.pcap" 2>/dev/null
python3 deploy/eval_logins_real.py compare "$work"
