# lab.sh: a small hospital of namespaces on one bridge, with real servers; read by eval-tools.sh, which has made a
# mount namespace of its own and set $dir, $here and $py. `at HOST COMMAND…` runs a command on a host.
#   gw .1 router, DNS and time   dc .10 Samba AD   files .20   web .21   mail .22   db .23   lin .24   dev .30
#   pc1-pc3 .51-.53 people       adm .60 administrator          att .66 the intruder        out 203.0.113.10-19
declare -A addr=([gw]=1 [dc]=10 [files]=20 [web]=21 [mail]=22 [db]=23 [lin]=24 [dev]=30 [pc1]=51 [pc2]=52 [pc3]=53 [adm]=60 [att]=66)
net=10.66.0 id=$$
at() { local host=$1; shift; ip netns exec "bt-$host-$id" "$@"; }
bg() { local host=$1; shift; ip netns exec "bt-$host-$id" "$@" >>"$dir/log.$host" 2>&1 & }

quiet() { # HOST INTERFACE: packets as on a wire, not larger
  at "$1" ethtool -K "$2" tso off gso off gro off tx off >/dev/null 2>&1 || at "$1" ip link set "$2" gso_max_segs 1 gso_max_size 1514
}

wires() {
  local host
  for host in sw out "${!addr[@]}"; do
    ip netns add "bt-$host-$id"
    at "$host" ip link set lo up
    mkdir -p "/etc/netns/bt-$host-$id"
    printf 'nameserver %s.1\nsearch lab.example\n' $net >"/etc/netns/bt-$host-$id/resolv.conf"
  done
  printf 'nameserver %s.10\nsearch lab.example\n' $net >"/etc/netns/bt-dc-$id/resolv.conf"
  at sw ip link add lan type bridge
  at sw ip link set lan up
  for host in "${!addr[@]}"; do
    ip -n "bt-$host-$id" link add eth0 type veth peer name "v$host" netns "bt-sw-$id"
    at sw ip link set "v$host" master lan up
    at "$host" ip addr add "$net.${addr[$host]}/24" broadcast + dev eth0
    at "$host" ip link set eth0 up
    quiet "$host" eth0
    quiet sw "v$host"
    [ "$host" = gw ] || at "$host" ip route add default via $net.1
  done
  ip -n "bt-out-$id" link add eth0 type veth peer name wan netns "bt-gw-$id"
  for n in $(seq 10 19); do at out ip addr add "203.0.113.$n/24" dev eth0; done
  at gw ip addr add 203.0.113.1/24 dev wan
  at out ip link set eth0 up
  at gw ip link set wan up
  quiet out eth0; quiet gw wan
  at out ip route add default via 203.0.113.1
  at gw sysctl -qw net.ipv4.ip_forward=1
}

people() { # users of the Unix servers, in copies of the files that only they see
  cp /etc/passwd /etc/shadow /etc/group "$dir"
  echo "evelien:x:61234:61234::$dir/home:/bin/bash" >>"$dir/passwd"
  echo "evelien:$(openssl passwd -6 Zomer2026):19000:0:99999:7:::" >>"$dir/shadow"
  echo "evelien:x:61234:" >>"$dir/group"
  mkdir -p "$dir/home"
  chown 61234:61234 "$dir/home"
  local f
  mount -t tmpfs none /run/samba
  for f in passwd shadow group; do mount --bind "$dir/$f" "/etc/$f"; done
}

keys() { # a certificate authority with a leaf for the sites outside, a self-signed certificate, a key for SSH
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/O=Trust Services/CN=Trust Root" -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=www.vendor.example -keyout "$dir/key.pem" -out "$dir/leaf.csr" 2>/dev/null
  printf 'subjectAltName=DNS:*.vendor.example,DNS:*.news.example,DNS:*.lab.example' >"$dir/san"
  openssl x509 -req -in "$dir/leaf.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 90 -extfile "$dir/san" -out "$dir/cert.pem" 2>/dev/null
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost -keyout "$dir/own.key" -out "$dir/own.pem" 2>/dev/null
  cat "$dir/own.key" "$dir/own.pem" >"$dir/own.both"
  ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
  ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
}

. "$here/servers.sh"
