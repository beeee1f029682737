package craft

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var (
	ann, bob   = NewHost("192.0.2.1"), NewHost("192.0.2.2")
	ann6, bob6 = NewHost("2001:db8::1"), NewHost("2001:db8::2")
)

// read names the layers of a frame as another decoder sees them, and what that
// decoder would have written in the checksums' place.
func read(t *testing.T, data []byte) (gopacket.Packet, string) {
	t.Helper()
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
	var names []string
	var net gopacket.NetworkLayer
	for _, l := range p.Layers() {
		names = append(names, l.LayerType().String())
		if n, ok := l.(gopacket.NetworkLayer); ok {
			net = n
		}
		verify(t, l, net)
	}
	return p, strings.Join(names, " ")
}

func verify(t *testing.T, l gopacket.Layer, net gopacket.NetworkLayer) {
	t.Helper()
	s, ok := l.(gopacket.SerializableLayer)
	if !ok {
		return
	}
	switch l := l.(type) {
	case *layers.TCP:
		l.SetNetworkLayerForChecksum(net)
	case *layers.UDP:
		if l.Checksum == 0 {
			return
		}
		l.SetNetworkLayerForChecksum(net)
	case *layers.ICMPv6:
		l.SetNetworkLayerForChecksum(net)
	case *layers.IPv4, *layers.ICMPv4:
	default:
		return
	}
	b := gopacket.NewSerializeBuffer()
	payload, _ := b.AppendBytes(len(l.LayerPayload()))
	copy(payload, l.LayerPayload())
	if err := s.SerializeTo(b, gopacket.SerializeOptions{ComputeChecksums: true}); err != nil {
		t.Fatalf("%s: %v", l.LayerType(), err)
	}
	want := append(bytes.Clone(l.LayerContents()), l.LayerPayload()...)
	if diff := cmp.Diff(b.Bytes(), want); diff != "" {
		t.Errorf("%s differs from what gopacket writes: %s", l.LayerType(), diff)
	}
}

func TestLayers(t *testing.T) {
	tcp := func(a, b Host) []byte {
		return IP(a.IP, b.IP, 6, TCP{SrcPort: 1, DstPort: 2, Flags: SYN, Options: []byte{2, 4, 5, 180}}.Bytes(a.IP, b.IP, []byte("hello")))
	}
	inner := Frame(ann, bob, tcp(ann, bob))
	datagram := []byte{200, 1, 200, 2, 0, 9, 0, 0, 'x'} // without a checksum
	cases := []struct {
		name, want string
		frame      []byte
	}{
		{"tcp", "Ethernet IPv4 TCP Payload", inner},
		{"tcp6", "Ethernet IPv6 TCP Payload", Frame(ann6, bob6, tcp(ann6, bob6))},
		{"tags", "Ethernet Dot1Q Dot1Q IPv4 TCP Payload", Frame(ann, bob, tcp(ann, bob), ServiceVLAN(7), VLAN(9))},
		{"arp", "Ethernet ARP", ARP(1, ann, bob)},
		{"options", "Ethernet IPv4 UDP Payload", Frame(ann, bob, IPv4{Src: ann.IP, Dst: bob.IP, Proto: 17, Options: []byte{1, 1, 1}}.Bytes(datagram))},
		{"extensions", "Ethernet IPv6 IPv6HopByHop IPv6Destination UDP Payload", Frame(ann6, bob6,
			IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 17, Extensions: []Extension{{0, []byte{1, 4, 0, 0, 0, 0}}, {60, []byte{1, 4, 0, 0, 0, 0}}}}.Bytes(datagram))},
		{"echo", "Ethernet IPv4 ICMPv4 Payload", Frame(ann, bob, Echo(ann.IP, bob.IP, false, 1, 2, []byte("ping")))},
		{"echo6", "Ethernet IPv6 ICMPv6 ICMPv6Echo", Frame(ann6, bob6, Echo(ann6.IP, bob6.IP, true, 1, 2, nil))},
		{"unreachable", "Ethernet IPv4 ICMPv4 Payload", Frame(bob, ann, Unreachable(bob.IP, ann.IP, 3, tcp(ann, bob)))},
		{"vxlan", "Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP Payload", Frame(ann, bob, VXLAN(ann.IP, bob.IP, 42, inner))},
		{"geneve", "Ethernet IPv4 UDP Geneve Ethernet IPv4 TCP Payload", Frame(ann, bob, GENEVE(ann.IP, bob.IP, 42, make([]byte, 8), inner))},
		{"gre", "Ethernet IPv4 GRE IPv4 TCP Payload", Frame(ann, bob, GRE(ann.IP, bob.IP, 5, tcp(ann, bob)))},
		{"gretap", "Ethernet IPv4 GRE Ethernet IPv4 TCP Payload", Frame(ann, bob, GREEthernet(ann.IP, bob.IP, 0, inner))},
		{"erspan", "Ethernet IPv4 GRE ERSPAN Type II Ethernet IPv4 TCP Payload", Frame(ann, bob, ERSPAN(ann.IP, bob.IP, 3, 9, inner))},
		{"ipip", "Ethernet IPv4 IPv4 TCP Payload", Frame(ann, bob, InIP(ann.IP, bob.IP, tcp(ann, bob)))},
		{"6in4", "Ethernet IPv4 IPv6 TCP Payload", Frame(ann, bob, InIP(ann.IP, bob.IP, tcp(ann6, bob6)))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, got := read(t, c.frame); got != c.want {
				t.Errorf("layers %s, want %s", got, c.want)
			}
		})
	}
}

func TestFragmentsJoin(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 100)
	four := IPv4{Src: ann.IP, Dst: bob.IP, Proto: 17, ID: 7}.Fragments(payload, 3)
	six := IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 17}.Fragments(7, payload, 3)
	for i, f := range four {
		p, _ := read(t, Frame(ann, bob, f))
		ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if last := ip.Flags&layers.IPv4MoreFragments == 0; last != (i == 2) || ip.Id != 7 {
			t.Errorf("fragment %d: last %v, id %d", i, last, ip.Id)
		}
		if want := payload[ip.FragOffset*8:][:len(ip.Payload)]; !bytes.Equal(ip.Payload, want) {
			t.Errorf("fragment %d stands in the wrong place", i)
		}
	}
	for i, f := range six {
		p, _ := read(t, Frame(ann6, bob6, f))
		x := p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
		if x.MoreFragments != (i < 2) || x.Identification != 7 {
			t.Errorf("fragment %d: more %v, id %d", i, x.MoreFragments, x.Identification)
		}
		if want := payload[int(x.FragmentOffset)*8:][:len(x.LayerPayload())]; !bytes.Equal(x.LayerPayload(), want) {
			t.Errorf("fragment %d stands in the wrong place", i)
		}
	}
	if len(four) != 3 || len(six) != 3 {
		t.Errorf("%d and %d fragments, want 3", len(four), len(six))
	}
}

func TestConversation(t *testing.T) {
	tr := NewTrace()
	c := tr.Open(ann, bob, 40000, 80)
	c.MSS = 4
	c.Ask("0123456789")
	c.Answer("ok")
	c.Close()
	var got []string
	for _, p := range tr.Packets() {
		pkt, _ := read(t, p.Data)
		tcp := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
		base := uint32(40000) * 65537
		mine, theirs := base, base^0x5a5a5a5a
		if tcp.SrcPort == 80 {
			mine, theirs = theirs, mine
		}
		ack := int64(-1)
		if tcp.ACK {
			ack = int64(tcp.Ack - theirs)
		}
		got = append(got, fmt.Sprintf("%d %d/%d %s", tcp.SrcPort, tcp.Seq-mine, ack, tcp.Payload))
	}
	want := []string{"40000 0/-1 ", "80 0/1 ", "40000 1/1 ",
		"40000 1/1 0123", "40000 5/1 4567", "40000 9/1 89", "80 1/11 ",
		"80 1/11 ok", "40000 11/3 ", "40000 11/3 ", "80 3/12 ", "40000 12/4 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPcapReadsBack(t *testing.T) {
	tr := NewTrace()
	tr.Exchange(ann, bob, 5000, 53, []byte("question"), []byte("answer"))
	var file bytes.Buffer
	if err := tr.WritePcap(&file, 44); err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range tr.Packets() {
		data, info, err := r.ReadPacketData()
		if err != nil {
			t.Fatal(err)
		}
		if info.Timestamp.UnixNano() != p.Time || info.Length != int(p.Wire) || !bytes.Equal(data, p.Data[:44]) {
			t.Errorf("packet %d came back as %v, %d bytes", p.Number, info.Timestamp, info.Length)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("end of file: %v", err)
	}
}

func TestLossAndReset(t *testing.T) {
	tr := NewTrace()
	c := tr.Dial(ann6, bob6, 1, 2)
	c.Segment(true, ACK, []byte("ab"))
	c.Skip(true, 10)
	c.Segment(true, ACK, []byte("cd"))
	tr.Wait(5e9)
	c.Reset(false)
	ps := tr.Packets()
	first, _ := read(t, ps[0].Data)
	second, _ := read(t, ps[1].Data)
	third, _ := read(t, ps[2].Data)
	a, b := first.TransportLayer().(*layers.TCP), second.TransportLayer().(*layers.TCP)
	if b.Seq-a.Seq != 12 || !third.TransportLayer().(*layers.TCP).RST {
		t.Errorf("second starts %d after the first", b.Seq-a.Seq)
	}
	if gap := ps[2].Time - ps[1].Time; gap != 5e9+1e6 {
		t.Errorf("waited %d ns", gap)
	}
}
