#!/bin/sh
# elephants.sh OUT.pcap: records seven large transfers between two network namespaces, one after the other: HTTP
# down and up, TLS down and up, SMB3 read (signed) and write (encrypted), scp. Root; nothing is installed.
#   SIZE=BYTES of each transfer, 120 MB without
set -eu
out=$(realpath "${1:?elephants.sh OUT.pcap}")
size=${SIZE:-125829120}
missing=
for program in ip tcpdump python3 openssl curl smbd smbclient pdbedit sshd ssh-keygen scp; do
  command -v $program >/dev/null || [ -x /usr/sbin/$program ] || missing="$missing $program"
done
[ -z "$missing" ] || { echo "elephants: not here:$missing (Debian: iproute2 tcpdump python3 openssl curl samba smbclient openssh-server)"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "elephants: needs root, for network namespaces"; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d /tmp/elephants.XXXXXX)
chmod 755 "$dir"
server=ele-server-$$ client=ele-client-$$
on_server() { ip netns exec "$server" "$@"; }
on_client() { ip netns exec "$client" "$@"; }
finish() {
  for ns in $server $client; do
    ip netns pids $ns 2>/dev/null | xargs -r kill 2>/dev/null || true
  done
  sleep 1
  ip netns del $server 2>/dev/null || true
  ip netns del $client 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
trap "exit 1" INT TERM

ip netns add $server
ip netns add $client
ip -n $server link add wire type veth peer name wire netns $client
ip -n $server addr add 192.0.2.1/24 dev wire
ip -n $client addr add 192.0.2.2/24 dev wire
for ns in $server $client; do
  ip -n $ns link set lo up
  ip -n $ns link set wire up
  # segments as they stand on a cable, not as a card would be handed them
  ip netns exec $ns ethtool -K wire tso off gso off gro off tx off >/dev/null 2>&1 ||
    ip -n $ns link set wire gso_max_segs 1 gso_max_size 1514 2>/dev/null || true
done

mkdir "$dir/files" "$dir/samba"
head -c "$size" /dev/urandom >"$dir/files/elephant"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=files.example.org \
  -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
for port in 80 443; do
  on_server python3 "$here/elephants_http.py" "$dir" $port &
done

cat >"$dir/smb.conf" <<END
[global]
  interfaces = 192.0.2.1
  bind interfaces only = yes
  smb ports = 445
  server min protocol = SMB3
  server signing = mandatory
  disable spoolss = yes
  private dir = $dir/samba
  state directory = $dir/samba
  cache directory = $dir/samba
  lock directory = $dir/samba
  pid directory = $dir/samba
  ncalrpc dir = $dir/samba/ncalrpc
  log file = $dir/samba/log
[files]
  path = $dir/files
  read only = no
END
printf 'elephant\nelephant\n' | pdbedit -s "$dir/smb.conf" -a -t root >/dev/null 2>&1
setsid ip netns exec "$server" smbd -F -s "$dir/smb.conf" --no-process-group >/dev/null 2>&1 &

ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
mkdir -p /run/sshd
on_server "$(command -v sshd)" -D -e -f /dev/null -h "$dir/host" -p 22 -o ListenAddress=192.0.2.1 -o StrictModes=no \
  -o PermitRootLogin=yes -o AuthorizedKeysFile="$dir/user.pub" -o UsePAM=no -o "Subsystem=sftp internal-sftp" 2>/dev/null &

on_client tcpdump -q -i wire -s 0 -B 65536 -w "$out" 2>"$dir/tcpdump" &
dump=$!
sleep 2

smb() { on_client smbclient "//192.0.2.1/files" -s "$dir/smb.conf" -U root%elephant -m SMB3 "$@" >/dev/null 2>&1; }
step() { echo "elephants: $1"; shift; "$@" || { echo "elephants: failed: $*"; exit 1; }; }
get() { on_client curl -sk --retry 30 --retry-connrefused --retry-delay 1 -o /dev/null "$@"; }
step "HTTP down" get http://192.0.2.1/elephant
step "HTTP up" get -H Expect: -T "$dir/files/elephant" http://192.0.2.1/up
step "TLS 1.2 down" get --tls-max 1.2 https://192.0.2.1/elephant
step "TLS 1.3 up" get -H Expect: -T "$dir/files/elephant" https://192.0.2.1/up
up=
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  smb -c ls && up=1 && break || sleep 1
done
[ "$up" ] || { echo "elephants: samba does not answer; see testparm -s"; exit 1; }
step "SMB3 signed, read" smb --client-protection=sign -c 'get elephant /dev/null'
step "SMB3 encrypted, written" smb --client-protection=encrypt -c "put $dir/files/elephant up"
step "scp" on_client scp -q -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
  "$dir/files/elephant" root@192.0.2.1:"$dir/copy"
sleep 1
kill $dump
wait $dump || true
cat "$dir/tcpdump"
ls -l "$out"
