package decode

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// brief is what the table tests compare.
func brief(h *Headers) string {
	from, to := netip.AddrPortFrom(h.Key.AddrA(), h.Key.APort), netip.AddrPortFrom(h.Key.AddrB(), h.Key.BPort)
	if !h.FromA {
		from, to = to, from
	}
	return fmt.Sprintf("%d %s>%s %d/%q", h.Key.Proto, from, to, h.WireLoad, h.Payload)
}

const (
	four = `6 192.0.2.1:40000>192.0.2.2:80 5/"hello"`
	six  = `6 [2001:db8::1]:40000>[2001:db8::2]:80 5/"hello"`
)

func TestLinks(t *testing.T) {
	p4, p6 := tcpPacket(ann, bob, "hello"), tcpPacket(ann6, bob6, "hello")
	sll := append([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, 8, 0)
	sll2 := []byte{8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}
	snap := []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	data := append([]byte{8, 1, 0, 0}, make([]byte, 20)...)
	qos := append([]byte{0x88, 2, 0, 0}, make([]byte, 22)...)
	radio := []byte{0, 0, 8, 0, 0, 0, 0, 0}
	cases := []struct {
		name  string
		link  event.LinkType
		frame []byte
		want  string
	}{
		{"ethernet", 1, craft.Frame(ann, bob, p4), four},
		{"ethernet 6", 1, craft.Frame(ann6, bob6, p6), six},
		{"padding", 1, append(craft.Frame(ann, bob, p4), 0, 0, 0, 0, 0, 0), four},
		{"802.1Q", 1, craft.Frame(ann, bob, p4, craft.VLAN(5)), four},
		{"802.1ad", 1, craft.Frame(ann, bob, p4, craft.ServiceVLAN(5), craft.VLAN(6)), four},
		{"0x9100", 1, craft.Frame(ann, bob, p4, 0x91000005, craft.VLAN(6)), four},
		{"snap", 1, craft.Ethernet(ann.MAC, bob.MAC, uint16(8+len(p4)), prefixed(snap, p4)), four},
		{"mpls", 1, craft.Ethernet(ann.MAC, bob.MAC, 0x8847, prefixed([]byte{0, 0, 0x10, 9, 0, 0, 0x21, 9}, p4)), four},
		{"mpls pseudowire", 1, craft.Ethernet(ann.MAC, bob.MAC, 0x8847, prefixed([]byte{0, 0, 0x21, 9, 0, 0, 0, 0}, craft.Frame(ann, bob, p4))), four},
		{"pppoe", 1, craft.Ethernet(ann.MAC, bob.MAC, 0x8864, prefixed(append([]byte{0x11, 0, 0, 1}, append(be16(uint16(len(p4)+2)), 0, 0x21)...), p4)), four},
		{"raw", 101, p4, four},
		{"raw 12", 12, p6, six},
		{"raw 14", 14, p4, four},
		{"ipv4", 228, p4, four},
		{"ipv6", 229, p6, six},
		{"null little", 0, prefixed([]byte{2, 0, 0, 0}, p4), four},
		{"null big", 0, prefixed([]byte{0, 0, 0, 30}, p6), six},
		{"loop", 108, prefixed([]byte{0, 0, 0, 2}, p4), four},
		{"cooked", 113, prefixed(sll, p4), four},
		{"cooked 2", 276, prefixed(sll2, p4), four},
		{"ppp", 9, prefixed([]byte{0xff, 3, 0, 0x21}, p4), four},
		{"ppp short", 9, prefixed([]byte{0x57}, p6), six},
		{"wlan", 105, prefixed(append(data, snap...), p4), four},
		{"wlan qos", 105, prefixed(append(qos, snap...), p4), four},
		{"radiotap", 127, prefixed(append(radio, append(data, snap...)...), p4), four},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, r := decodeOne(t, packet(c.link, c.frame))
			if got := brief(&h); r != OK || got != c.want || h.Sum != SumGood || h.Seq != 7 || h.AckNo != 9 {
				t.Errorf("%s: %s sum %d, want %s", r, got, h.Sum, c.want)
			}
		})
	}
}

// A cut wireless frame keeps the lengths of the whole one.
func TestWirelessCut(t *testing.T) {
	for _, radio := range [][]byte{nil, {0, 0, 8, 0, 0, 0, 0, 0}} {
		head := append(append(radio, 8, 1, 0, 0), make([]byte, 20)...)
		head = append(head, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0)
		p := packet(linkWLAN+event.LinkType(len(radio))*22/8, prefixed(head, tcpPacket(ann, bob, "hello")))
		p.Data = p.Data[:len(p.Data)-3]
		h, r := decodeOne(t, p)
		if r != OK || h.IPLen != 45 || h.WireLoad != 5 || string(h.Payload) != "he" || h.Sum != SumUnknown {
			t.Errorf("%s %s, %d bytes", r, brief(&h), h.IPLen)
		}
	}
}

func TestReasons(t *testing.T) {
	p4 := tcpPacket(ann, bob, "hello")
	frame := craft.Frame(ann, bob, p4)
	eth := func(typ uint16, b ...byte) []byte { return craft.Ethernet(ann.MAC, bob.MAC, typ, b) }
	deep := p4
	for range 5 {
		deep = craft.InIP(ann.IP, bob.IP, deep)
	}
	var tags []uint32
	for range 40 {
		tags = append(tags, craft.VLAN(1))
	}
	var many []craft.Extension
	for range 10 {
		many = append(many, craft.Extension{Kind: 60, Body: make([]byte, 6)})
	}
	cut := packet(1, frame[:30])
	cut.Wire = uint32(len(frame))
	cases := []struct {
		name string
		p    *event.Packet
		want Reason
	}{
		{"cut", cut, Cut},
		{"empty", packet(1, nil), Malformed},
		{"short", packet(1, frame[:30]), Malformed},
		{"version", packet(1, edited(frame, 14, 0x55)), Malformed},
		{"header length", packet(1, edited(frame, 14, 0x44)), Malformed},
		{"total length", packet(1, edited(frame, 16, 0, 10)), Malformed},
		{"data offset", packet(1, edited(frame, 14+20+12, 0x40)), Malformed},
		{"data offset beyond", packet(1, edited(frame, 14+20+12, 0xf0)), Malformed},
		{"link", packet(147, frame), Link},
		{"tunnels", packet(101, deep), Nesting},
		{"tags", packet(1, craft.Frame(ann, bob, p4, tags...)), Nesting},
		{"extensions", packet(101, craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 6, Extensions: many}.Bytes(p4)), Nesting},
		{"wlan protected", packet(105, append([]byte{8, 0x41}, make([]byte, 60)...)), Encrypted},
		{"wlan beacon", packet(105, append([]byte{0x80, 0}, make([]byte, 60)...)), Wireless},
		{"macsec", packet(1, eth(0x88e5, 1, 2)), Encrypted},
		{"stp", packet(1, eth(38, 0x42, 0x42, 3, 0)), STP},
		{"pvst", packet(1, eth(50, 0xaa, 0xaa, 3, 0, 0, 0x0c, 1, 0x0b)), STP},
		{"cdp", packet(1, eth(50, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0)), LLDP},
		{"isis", packet(1, eth(50, 0xfe, 0xfe, 3, 0)), LLC},
		{"lldp", packet(1, eth(0x88cc, 2, 7)), LLDP},
		{"eapol", packet(1, eth(0x888e, 1)), EAPOL},
		{"lacp", packet(1, eth(0x8809, 1)), Slow},
		{"pppoe discovery", packet(1, eth(0x8863, 0x11, 9)), PPPControl},
		{"lcp", packet(9, []byte{0xff, 3, 0xc0, 0x21, 1}), PPPControl},
		{"profinet", packet(1, eth(0x8892, 1)), NotIP},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, r := decodeOne(t, c.p); r != c.want {
				t.Errorf("%s, want %s", r, c.want)
			}
		})
	}
}

func TestReasonsHaveNames(t *testing.T) {
	for r := range reasonCount {
		if r.String() == "" {
			t.Errorf("reason %d has no name", r)
		}
	}
}

func TestTagsAndARP(t *testing.T) {
	p := packet(1, craft.Frame(ann, bob, tcpPacket(ann, bob, ""), craft.VLAN(6)))
	p.Tag = craft.ServiceVLAN(5)
	h, _ := decodeOne(t, p)
	if h.Tags != (event.Tags{Known: true, N: 2, ID: [2]uint16{5, 6}}) {
		t.Errorf("tags %v", h.Tags)
	}
	if h.SrcMAC != ann.MAC || h.DstMAC != bob.MAC || h.EtherType != 0x0800 {
		t.Errorf("from %s to %s, type %x", h.SrcMAC, h.DstMAC, h.EtherType)
	}
	h, r := decodeOne(t, packet(1, craft.ARP(1, ann, bob)))
	if r != OK || len(h.ARP) != 28 || h.ARP[7] != 1 || h.Key != (event.Key{}) || h.Lane != 0 {
		t.Errorf("%s, arp %x, key %v", r, h.ARP, h.Key)
	}
}

func TestTunnels(t *testing.T) {
	p4, p6 := tcpPacket(ann, bob, "hello"), tcpPacket(ann6, bob6, "hello")
	frame := craft.Frame(ann, bob, p4)
	x, y := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	x6, y6 := netip.MustParseAddr("2001:db8:9::1"), netip.MustParseAddr("2001:db8:9::2")
	stp := craft.Ethernet(ann.MAC, bob.MAC, 4, []byte{0x42, 0x42, 3, 0})
	pptp := func(ppp []byte) []byte {
		b := append([]byte{0x30, 0x81, 0x88, 0x0b}, be16(uint16(len(ppp)))...)
		return craft.IP(x, y, 47, append(append(b, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2), ppp...))
	}
	cases := []struct {
		name, want string
		packet     []byte
		tunnel     event.Tunnel
	}{
		{"vxlan", four, craft.VXLAN(x, y, 77, frame), event.Tunnel{Kind: "vxlan", ID: 77, Outer: x, OuterPeer: y, Depth: 1}},
		{"vxlan over 6", four, craft.VXLAN(x6, y6, 77, frame), event.Tunnel{Kind: "vxlan", ID: 77, Outer: x6, OuterPeer: y6, Depth: 1}},
		{"geneve", four, craft.GENEVE(x, y, 78, make([]byte, 8), frame), event.Tunnel{Kind: "geneve", ID: 78, Outer: x, OuterPeer: y, Depth: 1}},
		{"gre", six, craft.GRE(x, y, 5, p6), event.Tunnel{Kind: "gre", ID: 5, Outer: x, OuterPeer: y, Depth: 1}},
		{"gretap", four, craft.GREEthernet(x, y, 0, frame), event.Tunnel{Kind: "gre", Outer: x, OuterPeer: y, Depth: 1}},
		{"pptp", four, pptp(prefixed([]byte{0xff, 3, 0, 0x21}, p4)), event.Tunnel{Kind: "gre", ID: 9, Outer: x, OuterPeer: y, Depth: 1}},
		{"erspan", four, craft.ERSPAN(x, y, 3, 1, frame), event.Tunnel{Kind: "erspan", ID: 3, Outer: x, OuterPeer: y, Depth: 1}},
		{"ipip", four, craft.InIP(x, y, p4), event.Tunnel{Kind: "ipip", Outer: x, OuterPeer: y, Depth: 1}},
		{"6in4", six, craft.InIP(x, y, p6), event.Tunnel{Kind: "ipip", Outer: x, OuterPeer: y, Depth: 1}},
		{"4in6", four, craft.InIP(x6, y6, p4), event.Tunnel{Kind: "ipip", Outer: x6, OuterPeer: y6, Depth: 1}},
		{"three", four, craft.InIP(x, y, craft.VXLAN(x6, y6, 1, craft.Frame(ann, bob, craft.GRE(ann.IP, bob.IP, 0, p4)))),
			event.Tunnel{Kind: "ipip", Outer: x, OuterPeer: y, Depth: 3}},
		{"not vxlan", `17 198.51.100.1:49152>198.51.100.2:4789 5/"\x00\x00\x00\x00\x01"`,
			craft.IP(x, y, 17, craft.UDP(netip.AddrPortFrom(x, 49152), netip.AddrPortFrom(y, 4789), []byte{0, 0, 0, 0, 1})), event.Tunnel{}},
		{"stp in gre", `47 198.51.100.1:0>198.51.100.2:0 22/` + strconv.Quote("\x00\x00\x65\x58"+string(stp)), craft.GREEthernet(x, y, 0, stp), event.Tunnel{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, r := decodeOne(t, packet(101, c.packet))
			if got := brief(&h); r != OK || got != c.want || h.Tunnel != c.tunnel {
				t.Errorf("%s: %s %+v, want %s %+v", r, got, h.Tunnel, c.want, c.tunnel)
			}
		})
	}
}
