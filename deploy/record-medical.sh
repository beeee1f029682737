#!/bin/bash
# record-medical.sh: records an image archive and a message bus at work and under attack (root, iproute2, tcpdump,
# zstd, dcmtk, python3), in network namespaces of its own. Patients are made up; their names carry the canary.
set -eu
canary=Qz7CanaryBird
out=${1:-sensor/testdata/medical}
dir=$(mktemp -d)
client=bm-med-c server=bm-med-s
pids=()
end() { kill "${pids[@]}" 2>/dev/null || true; ip netns del $client 2>/dev/null || true; ip netns del $server 2>/dev/null || true; rm -rf "$dir"; }
trap end EXIT
ip netns add $client; ip netns add $server
ip link add bm-med0 netns $client type veth peer name bm-med0 netns $server
for n in $client $server; do ip -n $n link set lo up; ip -n $n link set bm-med0 up; done
ip -n $client addr add 10.77.0.2/24 dev bm-med0; ip -n $client addr add 10.77.0.66/24 dev bm-med0
ip -n $server addr add 10.77.0.1/24 dev bm-med0
c() { ip netns exec $client "$@"; }
s() { ip netns exec $server "$@"; }

# Four studies of a made-up patient, without a picture worth the name.
for i in 1 2 3 4; do
  cat >"$dir/i.dump" <<D
(0008,0016) UI 1.2.840.10008.5.1.4.1.1.7
(0008,0018) UI 1.2.3.4.$i.1.1
(0008,0020) DA 20260101
(0008,0060) CS OT
(0010,0010) PN $canary^Anna
(0010,0020) LO $canary$i
(0020,000d) UI 1.2.3.4.$i
(0020,000e) UI 1.2.3.4.$i.1
(0028,0002) US 1
(0028,0004) CS MONOCHROME2
(0028,0010) US 2
(0028,0011) US 2
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
(7fe0,0010) OB 00\\01\\02\\03
D
  dump2dcm -q "$dir/i.dump" "$dir/i$i.dcm"
done
mkdir "$dir/db" "$dir/in"
cat >"$dir/qr.cfg" <<D
NetworkTCPPort = 11112
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
ws1 = (WS1, 10.77.0.2, 11113)
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
PACS $dir/db RW (200, 1024mb) ANY
AETable END
D
ip netns exec $server dcmqrscp -q -c "$dir/qr.cfg" & pids+=($!)
ip netns exec $client storescp -q -aet WS1 -od "$dir/in" 11113 & pids+=($!)
cat >"$dir/bus.py" <<'P'
import re, socket
l = socket.create_server(("10.77.0.1", 2575))
while True:
    c, _ = l.accept()
    while b := c.recv(65536):
        c.sendall(b"\x0bMSH|^~\\&|BUS|HOSPITAL|ADT|WARD|20260101||ACK|9|P|2.5\rMSA|AA|9\r\x1c\r" * b.count(b"\x1c"))
P
cat >"$dir/say.py" <<'P'
import socket, sys
_, source, sender, canary, n = sys.argv
c = socket.create_connection(("10.77.0.1", 2575), source_address=(source, 0))
for i in range(int(n)):
    c.sendall(f"\x0bMSH|^~\\&|{sender}|WARD|BUS|HOSPITAL|20260101||ADT^A08|{i}|P|2.5\rPID|1||{canary}{i}||{canary}^Anna||19500101|F\r\x1c\r".encode())
    c.recv(4096)
P
ip netns exec $server python3 "$dir/bus.py" & pids+=($!)
sleep 1

# record NAME: what the function NAME does becomes NAME.pcap.zst.
record() {
  ip netns exec $server tcpdump -q -U -i bm-med0 -w "$dir/$1.pcap" ip 2>/dev/null & local dump=$!
  sleep 1; "$1"; sleep 1; kill $dump; wait $dump 2>/dev/null || true
  zstd -q -f -19 "$dir/$1.pcap" -o "$out/$1.pcap.zst"
}
move() { c movescu -q -aet WS1 -aec PACS -aem WS1 -S -k 0008,0052=STUDY -k "0020,000d=1.2.3.4.$1" 10.77.0.1 11112 || true; }
work() {
  c echoscu -q -aet WS1 -aec PACS 10.77.0.1 11112
  c storescu -q -aet WS1 -aec PACS 10.77.0.1 11112 "$dir"/i?.dcm
  c findscu -q -aet WS1 -aec PACS -S -k 0008,0052=STUDY -k "0010,0010=$canary*" -k 0020,000d 10.77.0.1 11112 >/dev/null
  move 1; move 2
  c python3 "$dir/say.py" 10.77.0.2 ADT $canary 20
}
bulk() { for i in $(seq 110); do move $((i % 4 + 1)); done; }
guess() { for t in ARCHIVE ARCHIV STORE STORESCP MAIN RIS IMPAX ORTHANC DCM4CHEE CONQUEST; do c echoscu -q -aet ANY-SCU -aec $t 10.77.0.1 11112 2>/dev/null || true; done; }
sender() { c python3 "$dir/say.py" 10.77.0.66 ROGUE $canary 3; }
for what in work bulk guess sender; do record $what; done
ls -l "$out"
