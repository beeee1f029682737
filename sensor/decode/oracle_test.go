package decode

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// oracle reads the same frames with gopacket's layers.
type oracle struct {
	eth   layers.Ethernet
	tag   layers.Dot1Q
	ip4   layers.IPv4
	ip6   layers.IPv6
	skip  layers.IPv6ExtensionSkipper
	tcp   layers.TCP
	udp   layers.UDP
	load  gopacket.Payload
	found []gopacket.LayerType
}

func (o *oracle) read(frame []byte) string {
	p := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &o.eth, &o.tag, &o.ip4, &o.ip6, &o.skip, &o.tcp, &o.udp, &o.load)
	p.IgnoreUnsupported = true
	if err := p.DecodeLayers(frame, &o.found); err != nil {
		return err.Error()
	}
	var src, dst netip.Addr
	var out string
	for _, l := range o.found {
		switch l {
		case layers.LayerTypeIPv4:
			src, _ = netip.AddrFromSlice(o.ip4.SrcIP)
			dst, _ = netip.AddrFromSlice(o.ip4.DstIP)
		case layers.LayerTypeIPv6:
			src, _ = netip.AddrFromSlice(o.ip6.SrcIP)
			dst, _ = netip.AddrFromSlice(o.ip6.DstIP)
		case layers.LayerTypeTCP:
			out = fmt.Sprintf("6 %s>%s %d/%q", netip.AddrPortFrom(src, uint16(o.tcp.SrcPort)), netip.AddrPortFrom(dst, uint16(o.tcp.DstPort)), len(o.tcp.Payload), o.tcp.Payload)
		case layers.LayerTypeUDP:
			out = fmt.Sprintf("17 %s>%s %d/%q", netip.AddrPortFrom(src, uint16(o.udp.SrcPort)), netip.AddrPortFrom(dst, uint16(o.udp.DstPort)), len(o.udp.Payload), o.udp.Payload)
		}
	}
	return out
}

// randomFrame is a frame of random shape, and is the same for the same source.
func randomFrame(r *rand.Rand) []byte {
	a, b := ann, bob
	if r.IntN(2) == 0 {
		a, b = ann6, bob6
	}
	if r.IntN(2) == 0 {
		a, b = b, a
	}
	load := make([]byte, r.IntN(60))
	for i := range load {
		load[i] = byte(r.Uint32())
	}
	// ports at which nobody, gopacket included, expects a tunnel
	from, to := uint16(20000+r.IntN(1000)), uint16(20000+r.IntN(1000))
	proto, body := uint8(protoTCP), craft.TCP{SrcPort: from, DstPort: to, Seq: r.Uint32(), Flags: craft.ACK, Options: make([]byte, 4*r.IntN(10))}.Bytes(a.IP, b.IP, load)
	if r.IntN(2) == 0 {
		proto, body = protoUDP, craft.UDP(netip.AddrPortFrom(a.IP, from), netip.AddrPortFrom(b.IP, to), load)
	}
	packet := craft.IPv4{Src: a.IP, Dst: b.IP, Proto: proto, ID: 1, Options: make([]byte, 4*r.IntN(10))}.Bytes(body)
	if a.IP.Is6() {
		x := craft.IPv6{Src: a.IP, Dst: b.IP, Proto: proto}
		for range r.IntN(3) {
			x.Extensions = append(x.Extensions, craft.Extension{Kind: []uint8{0, 60}[min(len(x.Extensions), 1)], Body: []byte{1, 4, 0, 0, 0, 0}})
		}
		packet = x.Bytes(body)
	}
	var tags []uint32
	for range r.IntN(3) {
		tags = append(tags, craft.VLAN(uint16(r.IntN(4095))))
	}
	return craft.Frame(a, b, packet, tags...)
}

func TestAgreesWithGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := New(Options{FragmentMemory: 1})
	var h Headers
	var o oracle
	for range 20_000 {
		frame := randomFrame(r)
		reason := d.Decode(packet(1, frame), &h)
		if got, want := brief(&h), o.read(frame); reason != OK || got != want || h.Sum != SumGood {
			t.Fatalf("%x\n%s sum %d %s\nwant %s", frame, reason, h.Sum, got, want)
		}
	}
}

// seeds are frames of every kind that the decoder unwraps.
func seeds() (out []*event.Packet) {
	p4, p6 := tcpPacket(ann, bob, "hello"), tcpPacket(ann6, bob6, "hello")
	frame := craft.Frame(ann, bob, p4)
	for _, p := range [][]byte{p4, p6,
		craft.VXLAN(ann.IP, bob.IP, 1, frame), craft.GENEVE(ann.IP, bob.IP, 1, make([]byte, 8), frame),
		craft.GRE(ann.IP, bob.IP, 5, p6), craft.GREEthernet(ann.IP, bob.IP, 5, frame), craft.ERSPAN(ann.IP, bob.IP, 1, 1, frame),
		craft.InIP(ann.IP, bob.IP, p6), craft.Echo(ann.IP, bob.IP, false, 1, 1, nil), craft.Unreachable(ann6.IP, bob6.IP, 1, p6),
		datagram4(1).Fragments(segment(ann, bob, string(long)), 3)[0],
		craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 6}.Fragments(1, segment(ann6, bob6, string(long)), 3)[1],
	} {
		out = append(out, packet(1, craft.Ethernet(ann.MAC, bob.MAC, uint16(0x0800+0x7edd*int(p[0]>>6)), p, craft.VLAN(1))), packet(101, p))
	}
	return append(out, packet(1, craft.ARP(1, ann, bob)), packet(113, append(make([]byte, 14), prefixed([]byte{8, 0}, p4)...)),
		packet(1, craft.Ethernet(ann.MAC, bob.MAC, 0x8847, prefixed([]byte{0, 0, 0x21, 9}, p4))),
		packet(105, prefixed(append(append([]byte{8, 1, 0, 0}, make([]byte, 20)...), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0), p4)))
}

func TestNoAllocation(t *testing.T) {
	d := New(Options{})
	var h Headers
	all := seeds()
	// A datagram to sFlow's port that says it holds 2^26 samples.
	sflow := make([]byte, 140)
	copy(sflow, []byte{0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 100})
	hostile := packet(1, craft.Frame(ann, bob, craft.IP(ann.IP, bob.IP, 17,
		craft.UDP(netip.AddrPortFrom(ann.IP, 6343), netip.AddrPortFrom(bob.IP, 6343), sflow))))
	if len(hostile.Data) != 182 {
		t.Fatalf("%d bytes", len(hostile.Data))
	}
	all = append(all, hostile)
	for _, p := range all {
		if p.Link == linkWLAN {
			continue // gopacket's layer makes a value for each frame
		}
		if n := testing.AllocsPerRun(100, func() { d.Decode(p, &h) }); n != 0 {
			t.Errorf("link %d, %x: %v allocations", p.Link, p.Data[:min(len(p.Data), 40)], n)
		}
	}
}

// Every prefix and many changed bytes of every seed: no panic, and what comes out
// never claims more than went in.
func TestMutatedFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := New(Options{FragmentMemory: 1})
	for _, p := range seeds() {
		for n := range p.Data {
			decodeChecked(t, d, packet(p.Link, p.Data[:n]))
			cut := packet(p.Link, p.Data[:n:n])
			cut.Wire = p.Wire
			decodeChecked(t, d, cut)
		}
		for range 3000 {
			data := append([]byte(nil), p.Data...)
			for range 1 + r.IntN(4) {
				data[r.IntN(min(len(data), 120))] = byte(r.Uint32())
			}
			decodeChecked(t, d, packet(p.Link, data))
		}
	}
}

func decodeChecked(t *testing.T, d *Decoder, p *event.Packet) {
	t.Helper()
	var h Headers
	r := d.Decode(p, &h)
	if r >= reasonCount {
		t.Fatalf("reason %d", r)
	}
	if r != OK || h.ARP != nil {
		return
	}
	limit := max(int(p.Wire), len(p.Data))
	if h.Frag {
		limit = maxDatagram
	}
	if int(h.WireLoad) > limit || len(h.Payload) > int(h.WireLoad) || h.Lane >= Lanes || h.Tunnel.Depth > maxWraps {
		t.Fatalf("%x: %d of %d bytes, lane %d, depth %d", p.Data, len(h.Payload), h.WireLoad, h.Lane, h.Tunnel.Depth)
	}
}

func FuzzDecode(f *testing.F) {
	for _, p := range seeds() {
		f.Add(uint16(p.Link), p.Data, uint16(0))
	}
	d := New(Options{FragmentMemory: 1})
	f.Fuzz(func(t *testing.T, link uint16, data []byte, more uint16) {
		p := packet(event.LinkType(link), data)
		p.Wire += uint32(more)
		decodeChecked(t, d, p)
	})
}

func BenchmarkDecode(b *testing.B) {
	make64 := func() []byte { return craft.Frame(ann, bob, tcpPacket(ann, bob, "0123456789")) }
	sized := func(n int) []byte { return craft.Frame(ann, bob, tcpPacket(ann, bob, string(make([]byte, n-54)))) }
	mixed := [][]byte{make64(), sized(576), sized(1500), craft.Frame(ann6, bob6, tcpPacket(ann6, bob6, "hello"), craft.VLAN(2)),
		craft.Frame(ann, bob, craft.VXLAN(ann.IP, bob.IP, 1, sized(576)))}
	for _, c := range []struct {
		name   string
		frames [][]byte
		keep   int
	}{
		{"64B", [][]byte{make64()}, 1 << 16},
		{"64B-unsummed", [][]byte{make64()}, 54},
		{"800B", [][]byte{sized(800)}, 1 << 16},
		{"800B-unsummed", [][]byte{sized(800)}, 54},
		{"mix", mixed, 1 << 16},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := New(Options{})
			var h Headers
			var packets []*event.Packet
			for _, f := range c.frames {
				p := packet(1, f)
				p.Data = f[:min(len(f), c.keep)]
				packets = append(packets, p)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i == len(packets) {
					i = 0
				}
				if d.Decode(packets[i], &h) != OK {
					b.Fatal("not decoded")
				}
			}
		})
	}
}
