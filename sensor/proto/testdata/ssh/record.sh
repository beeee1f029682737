#!/bin/sh
# Records the dialogues of this folder from real OpenSSH and libssh (hydra) in a
# network namespace of its own. Needs root, openssh-server,
# hydra, tcpdump and tshark. Keys, user and passwords are made here and thrown away.
# Each TCP segment becomes one line: '>' client, '<' server, then hex.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
ns=brandmelder-ssh
good=$(head -c 9 /dev/urandom | base64 | tr -dc a-z0-9A-Z)
ip netns add $ns
ip netns exec $ns ip link set lo up
useradd -m -s /bin/sh bmlab
echo "bmlab:$good" | chpasswd
cleanup() {
	kill "$sshd" "$dump" 2>/dev/null || true
	userdel -r bmlab 2>/dev/null || true
	ip netns del $ns
	rm -rf "$tmp"
}
trap cleanup EXIT
ssh-keygen -q -t ed25519 -N '' -f "$tmp/host"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/user"
mkdir -p /run/sshd ~bmlab/.ssh
cp "$tmp/user.pub" ~bmlab/.ssh/authorized_keys
chown -R bmlab ~bmlab/.ssh
chmod 700 ~bmlab/.ssh
cat >"$tmp/config" <<END
HostKey $tmp/host
PidFile $tmp/pid
UsePAM no
StrictModes no
PasswordAuthentication yes
PermitEmptyPasswords no
Ciphers chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr,aes128-cbc
MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha1,umac-64-etm@openssh.com
END
ip netns exec $ns /usr/sbin/sshd -D -f "$tmp/config" &
sshd=$!
ip netns exec $ns tcpdump -q -U -i lo -w "$tmp/all.pcap" tcp port 22 2>/dev/null &
dump=$!
sleep 1
# The n-th call answers with the n-th word of the plan.
cat >"$tmp/askpass" <<END
#!/bin/sh
n=\$(cat "$tmp/n"); echo \$((n + 1)) >"$tmp/n"
echo "\$PLAN" | cut -d' ' -f\$n
END
chmod +x "$tmp/askpass"
dial() { # name cipher mac methods plan
	echo "$1" >>"$tmp/names"
	echo 1 >"$tmp/n"
	PLAN="$5" SSH_ASKPASS="$tmp/askpass" SSH_ASKPASS_REQUIRE=force \
		ip netns exec $ns ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o IdentitiesOnly=yes -o IdentityFile="$tmp/user" -o NumberOfPasswordPrompts=3 -o LogLevel=ERROR \
		-o PreferredAuthentications="$4" -o Ciphers="$2" -o MACs="$3" bmlab@127.0.0.1 true </dev/null 2>/dev/null || true
}
while read -r name cipher mac; do
	dial "$name-password" "$cipher" "$mac" password "$good"
	dial "$name-key" "$cipher" "$mac" publickey x
	dial "$name-second" "$cipher" "$mac" password "wrong1 $good"
	dial "$name-failed" "$cipher" "$mac" password "wrong1 wrong2 wrong3"
done <<END
chacha20 chacha20-poly1305@openssh.com hmac-sha1
aes128gcm aes128-gcm@openssh.com hmac-sha1
aes256gcm aes256-gcm@openssh.com hmac-sha1
aes128ctr-sha256etm aes128-ctr hmac-sha2-256-etm@openssh.com
aes256ctr-sha512 aes256-ctr hmac-sha2-512
aes128cbc-sha1 aes128-cbc hmac-sha1
aes128ctr-umac64etm aes128-ctr umac-64-etm@openssh.com
END
printf 'guess1\nguess22\n%s\n' "$good" >"$tmp/words"
ip netns exec $ns hydra -q -I -t 1 -l bmlab -P "$tmp/words" ssh://127.0.0.1 >/dev/null 2>&1 || true
sleep 1
kill "$dump"; sleep 1
i=0
streams=$(tshark -r "$tmp/all.pcap" -T fields -e tcp.stream | sort -n | uniq | tail -1)
while [ $i -le "$streams" ]; do
	name=$(sed -n "$((i + 1))p" "$tmp/names")
	[ $i != 28 ] || name=hydra-probe # asks for the methods only
	[ -n "$name" ] || name=hydra-guessed
	case $name in # these serve the tests over all protocols too
	aes128ctr-sha256etm-failed | aes256gcm-key) name=hit-$name ;;
	esac
	tshark -r "$tmp/all.pcap" -Y "tcp.stream==$i && tcp.len>0" -T fields -e tcp.srcport -e tcp.payload |
		awk '{ print ($1 == 22 ? "<" : ">") " " $2 }' | head -60 >"$out/$name.hex"
	i=$((i + 1))
done
