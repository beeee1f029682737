package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// stand runs the program on frames: that of XDP without an interface, a filter, which
// the kernel runs only on its own packets, at the end of a cable.
type stand struct {
	t       *testing.T
	x       *xdp
	decoder *decode.Decoder
	cable   *craft.Sender // nil: none
}

func newStand(t *testing.T, o Options, filter bool) *stand {
	t.Helper()
	modern(t)
	onOneProcessor(t)
	var names []string
	var cable *craft.Sender
	if filter {
		craft.Namespace(t)
		craft.Cable(t, "left", "right")
		names, cable = []string{"right"}, craft.NewSender(t, "left")
		t.Cleanup(func() { cable.Close() })
	}
	p, err := newTap(names, o, filter)
	if err != nil {
		p.leave()
		craft.Refused(t, err)
	}
	ring, err := openRing(p.mirror.Rings[0])
	if err != nil {
		t.Fatal(err)
	}
	x := &xdp{tap: p, ring: ring, table: newFlowTable(p.table, p.wide, p.totals, p.mirror.CPUs, 1, 0, p.sets)}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stand{t, x, decode.New(decode.Options{}), cable}
}

// onOneProcessor holds the test to one: each has its own part of the table.
func onOneProcessor(t testing.TB) {
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	var one unix.CPUSet
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
}

// begin is the first bytes of a frame, to be printed.
func begin(frame []byte) []byte { return frame[:min(len(frame), 120)] }

// run lets the program see a frame, and reports whether it did: the kernel itself throws
// away what is too short for its tag.
func (s *stand) run(frame []byte) bool {
	s.t.Helper()
	if s.cable != nil {
		before := s.x.Stats().Seen
		must(s.t, s.cable.Send(frame))
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
			if s.x.Stats().Seen > before {
				return true
			}
		}
		return false
	}
	if _, err := s.x.tap.mirror.Program.Run(&ebpf.RunOptions{Data: frame}); err != nil {
		s.t.Fatalf("run: %v", err)
	}
	return true
}

// came is the next frame in the ring, nil for none; valid until the next. A tag beside
// the frame is put back into it.
func (s *stand) came() (*bpf.Record, []byte) {
	for {
		b := s.x.ring.next()
		if b == nil {
			return nil, nil
		}
		r, frame := *(*bpf.Record)(unsafe.Pointer(&b[0])), b[recordSize:]
		if r.Tag != 0 {
			frame = slices.Insert(slices.Clone(frame), 12, binary.BigEndian.AppendUint32(nil, r.Tag)...)
			r.Given, r.Wire = r.Given+4, r.Wire+4
		}
		if r.Kind == 0 {
			return &r, frame
		}
	}
}

// entry is where the program counts what a record belongs to.
func (s *stand) entry(r *bpf.Record) (*bpf.Entry, *[32]byte) {
	cpu, at, ok := s.x.table.find(r.Place)
	if !ok {
		s.t.Fatalf("no place %d", r.Place)
	}
	return &s.x.table.rows[cpu][at], &s.x.table.wide[cpu][at]
}

// agrees checks a frame against the decoder and reports whether the program has an
// entry for it.
func (s *stand) agrees(frame []byte) bool {
	s.t.Helper()
	if !s.run(frame) {
		return false
	}
	r, data := s.came()
	if r == nil || !bytes.Equal(data[:r.Given], frame) || int(r.Wire) != len(frame) {
		s.t.Fatalf("the frame did not come up whole: %+v\n% x", r, begin(frame))
	}
	if r.Generation == 0 {
		return false
	}
	var h decode.Headers
	if reason := s.decoder.Decode(&event.Packet{Data: frame, Wire: uint32(len(frame)), Link: linkEthernet}, &h); reason != decode.OK {
		s.t.Fatalf("counted, but to the decoder it is %s\n% x", reason, begin(frame))
	}
	e, wide := s.entry(r)
	var d event.FlowDelta
	name(e, wide, &d)
	if d.Key != h.Key || d.FromA != h.FromA || d.Tags != h.Tags {
		s.t.Fatalf("it is %+v, to the decoder %+v %v %+v\n% x", d, h.Key, h.FromA, h.Tags, begin(frame))
	}
	s.counts(e, r.Place, frame, &h)
	return true
}

// counts checks lengths: when nothing is wanted, the frame goes into the counters,
// or comes up cut behind its headers.
func (s *stand) counts(e *bpf.Entry, place uint32, frame []byte, h *decode.Headers) {
	s.t.Helper()
	s.x.Steer(uint64(e.Generation)<<32|uint64(place), event.WantStop)
	defer func() { e.Order = 0 }()
	e.High = h.Seq
	before := *e
	s.run(frame)
	r, data := s.came()
	switch {
	case r == nil:
		if e.Packets != before.Packets+1 || e.Bytes != before.Bytes+uint64(h.IPLen) || e.Payload != before.Payload+uint64(h.WireLoad) {
			s.t.Fatalf("counted %+v, before %+v: the decoder says %d and %d\n% x", e, before, h.IPLen, h.WireLoad, begin(frame))
		}
	case h.Flags&decode.SYN != 0: // begins a new conversation, whole
		if int(r.Given) != len(frame) || e.Generation == before.Generation {
			s.t.Fatalf("a SYN gives %+v\n% x", r, begin(frame))
		}
	case h.Flags&(decode.FIN|decode.RST) != 0:
		if !bytes.Equal(data[:r.Given], frame[:r.Given]) || int(r.Wire) != len(frame) || !bytes.HasPrefix(frame[r.Given:], h.Payload) {
			s.t.Fatalf("cut at %d, payload of %d\n% x", r.Given, len(h.Payload), begin(frame))
		}
	default:
		s.t.Fatalf("came up again: %+v\n% x", r, begin(frame))
	}
}

var (
	ann  = craft.NewHost("10.0.0.1")
	bob  = craft.NewHost("10.9.0.2")
	ann6 = craft.NewHost("fd00::1")
	bob6 = craft.NewHost("fd00::2")
	out  = netip.MustParseAddr("192.0.2.1")
	far  = netip.MustParseAddr("192.0.2.2")
)

// said is a segment from one host to another.
func said(from, to craft.Host, payload string) []byte {
	h := craft.TCP{SrcPort: 40000, DstPort: 443, Seq: 1000, Ack: 1, Flags: decode.ACK | decode.PSH, Window: 100}
	return craft.IP(from.IP, to.IP, 6, h.Bytes(from.IP, to.IP, []byte(payload)))
}

func datum(from, to craft.Host, payload string) []byte {
	return craft.IP(from.IP, to.IP, 17, craft.UDP(netip.AddrPortFrom(from.IP, 5000), netip.AddrPortFrom(to.IP, 53), []byte(payload)))
}

func outer(packet []byte) []byte {
	return craft.Frame(craft.NewHost("192.0.2.1"), craft.NewHost("192.0.2.2"), packet)
}

// countable are frames that the program must count by itself.
func countable() map[string][]byte {
	v6 := craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 17}
	inner, inner6 := craft.Frame(ann, bob, said(ann, bob, "hello")), craft.Frame(ann6, bob6, said(ann6, bob6, "hello"))
	all := map[string][]byte{
		"tcp":          inner,
		"tcp back":     craft.Frame(bob, ann, said(bob, ann, "")),
		"tcp6":         inner6,
		"tcp6 back":    craft.Frame(bob6, ann6, said(bob6, ann6, "hi")),
		"udp":          craft.Frame(ann, bob, datum(ann, bob, "what?")),
		"udp6":         craft.Frame(ann6, bob6, datum(ann6, bob6, "what?")),
		"udp empty":    craft.Frame(ann, bob, datum(ann, bob, "")),
		"padding":      append(craft.Frame(ann, bob, datum(ann, bob, "")), make([]byte, 18)...),
		"esp":          craft.Frame(ann, bob, craft.IP(ann.IP, bob.IP, 50, make([]byte, 100))),
		"vlan":         craft.Frame(ann, bob, said(ann, bob, "hello"), craft.VLAN(7)),
		"qinq":         craft.Frame(ann, bob, said(ann, bob, "hello"), craft.ServiceVLAN(9), craft.VLAN(7)),
		"vxlan":        outer(craft.VXLAN(out, far, 7, inner)),
		"vxlan vlan":   outer(craft.VXLAN(out, far, 7, craft.Frame(ann, bob, said(ann, bob, "hello"), craft.VLAN(7)))),
		"vxlan6":       outer(craft.VXLAN(out, far, 7, inner6)),
		"vlan vxlan":   craft.Frame(ann, bob, craft.VXLAN(out, far, 7, inner), craft.VLAN(5)),
		"geneve":       outer(craft.GENEVE(out, far, 7, []byte{1, 2, 3, 4}, inner)),
		"gre":          outer(craft.GRE(out, far, 7, said(ann, bob, "hello"))),
		"gre ethernet": outer(craft.GREEthernet(out, far, 7, inner)),
		"erspan":       outer(craft.ERSPAN(out, far, 7, 1, inner)),
		"ipip":         outer(craft.InIP(out, far, said(ann, bob, "hello"))),
		"6in4":         outer(craft.InIP(out, far, said(ann6, bob6, "hello"))),
		"twice":        outer(craft.InIP(out, far, craft.GRE(out, far, 1, said(ann, bob, "hello")))),
		"jumbo":        craft.Frame(ann, bob, said(ann, bob, string(make([]byte, 9000)))),
	}
	for _, next := range []uint8{0, 43, 60} {
		h := v6
		h.Extensions = []craft.Extension{{Kind: next, Body: make([]byte, 6)}, {Kind: 60, Body: make([]byte, 14)}}
		all["extension "+string('0'+rune(next/10))] = craft.Frame(ann6, bob6, h.Bytes(craft.UDP(netip.AddrPortFrom(ann6.IP, 1), netip.AddrPortFrom(bob6.IP, 2), []byte("x"))))
	}
	return all
}

// left are frames that the program leaves to the decoder.
func left() map[string][]byte {
	fragments := craft.IPv4{Src: ann.IP, Dst: bob.IP, Proto: 17, ID: 7}.Fragments(make([]byte, 3000), 1400)
	return map[string][]byte{
		"arp":             craft.ARP(1, ann, bob),
		"fragment":        craft.Frame(ann, bob, fragments[0]),
		"last fragment":   craft.Frame(ann, bob, fragments[len(fragments)-1]),
		"icmp":            craft.Frame(ann, bob, craft.Echo(ann.IP, bob.IP, false, 1, 1, nil)),
		"icmp6":           craft.Frame(ann6, bob6, craft.Echo(ann6.IP, bob6.IP, false, 1, 1, nil)),
		"three tags":      craft.Frame(ann, bob, said(ann, bob, ""), craft.VLAN(1), craft.VLAN(2), craft.VLAN(3)),
		"arp in vxlan":    outer(craft.VXLAN(out, far, 7, craft.ARP(1, ann, bob))),
		"sctp":            craft.Frame(ann, bob, craft.IP(ann.IP, bob.IP, 132, make([]byte, 20))),
		"ppp over gre":    outer(craft.IP(out, far, 47, []byte{0, 0, 0x88, 0x0b, 0, 0x21, 0x45})),
		"short":           craft.Frame(ann, bob, said(ann, bob, ""))[:40],
		"length, no type": append(make([]byte, 12), 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0),
	}
}

// standing runs a test with either program.
func standing(t *testing.T, o Options, test func(t *testing.T, s *stand)) {
	for _, way := range []string{"xdp", "filter"} {
		t.Run(way, func(t *testing.T) { test(t, newStand(t, o, way == "filter")) })
	}
}

// The program names what it counts as the decoder does, and counts the same lengths.
func TestMirrorAgreesWithTheDecoder(t *testing.T) {
	standing(t, Options{}, func(t *testing.T, s *stand) {
		for name, frame := range countable() {
			if !s.agrees(frame) {
				t.Errorf("%s is not counted", name)
			}
		}
		for name, frame := range left() {
			if s.agrees(frame) {
				t.Errorf("%s is counted", name)
			}
		}
	})
}

// damaged is a frame of which a few bytes of the headers are changed.
func damaged(frame []byte, random *rand.Rand) []byte {
	frame = bytes.Clone(frame)
	for range 1 + random.IntN(3) {
		at := 12 + random.IntN(min(len(frame), 100)-12)
		switch random.IntN(3) {
		case 0:
			frame[at] ^= 1 << random.IntN(8)
		case 1:
			frame[at] = byte(random.Uint32())
		case 2:
			binary.BigEndian.PutUint16(frame[min(at, len(frame)-2):], uint16(random.IntN(1600)))
		}
	}
	if random.IntN(4) == 0 {
		frame = frame[:max(14, random.IntN(len(frame)+1))]
	}
	return frame
}

// The same of damaged frames.
func TestMirrorAgreesWithTheDecoderOnDamage(t *testing.T) {
	var all [][]byte
	for _, frames := range []map[string][]byte{countable(), left()} {
		for _, f := range frames {
			all = append(all, f)
		}
	}
	standing(t, Options{Sets: 1 << 12}, func(t *testing.T, s *stand) {
		random := rand.New(rand.NewPCG(1, 2))
		counted, frames := 0, 30000
		if testing.Short() {
			frames = 3000
		}
		for range frames {
			if s.agrees(damaged(all[random.IntN(len(all))], random)) {
				counted++
			}
		}
		if counted < frames/3 {
			t.Errorf("only %d of %d damaged frames were counted", counted, frames)
		}
	})
}
