package capture

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// way is one direction of a conversation.
type way struct {
	key   event.Key
	fromA bool
}

// sum is what it sent.
type sum struct{ packets, bytes, payload uint64 }

func (s *sum) add(packets, bytes, payload uint64) {
	s.packets += packets
	s.bytes += bytes
	s.payload += payload
}

// reading adds up what a source says, and steers at random.
type reading struct {
	t       *testing.T
	decoder *decode.Decoder
	random  *rand.Rand
	sums    map[way]sum
	frames  uint64 // handed out
	cut     uint64 // of these, headers only
	deltas  uint64 // packets that only counters told of
}

func newReading(t *testing.T, seed uint64) *reading {
	return &reading{t: t, decoder: decode.New(decode.Options{}), random: rand.New(rand.NewPCG(seed, 1)), sums: map[way]sum{}}
}

func (r *reading) take(s *xdp, p *event.Packet) {
	var h decode.Headers
	if len(p.Data) == 0 {
		r.decoder.Counted(p, &h)
	} else if reason := r.decoder.Decode(p, &h); reason != decode.OK {
		r.t.Fatalf("not decoded: %s", reason)
	}
	x := r.sums[way{h.Key, h.FromA}]
	if d := p.Delta; d != nil {
		x.add(d.Packets, d.Bytes, d.Payload)
		r.deltas += d.Packets
	}
	if !h.Alone {
		x.add(1, uint64(h.IPLen), uint64(h.WireLoad))
		r.frames++
		if len(p.Data) < int(p.Wire) {
			r.cut++
		}
	}
	r.sums[way{h.Key, h.FromA}] = x
	if p.Entry != 0 && r.random.IntN(8) == 0 {
		s.Steer(p.Entry, event.Want(r.random.IntN(3)))
	}
}

// some reads what is there, and looks at a part of the table.
func (r *reading) some(s *xdp) (ended bool) {
	var p event.Packet
	s.due = time.Time{}
	if err := s.tick(time.Now()); err != nil {
		r.t.Fatal(err)
	}
	for s.tap.stopped.Load() || len(s.waiting) > 0 || s.ring.behind != s.ring.written() {
		switch err := s.Read(&p); {
		case errors.Is(err, io.EOF):
			return true
		case errors.Is(err, ErrIdle):
			return false
		case err != nil:
			r.t.Fatal(err)
		}
		r.take(s, &p)
	}
	return false
}

// chatter is traffic between a few hosts: ports come again, segments are lost, late
// and sent twice, conversations end and begin.
type chatter struct {
	random *rand.Rand
	next   map[way]uint32
}

func (c *chatter) frame() []byte {
	n := byte(c.random.IntN(40))
	from, to := craft.NewHost(netip.AddrFrom4([4]byte{10, 0, 0, n}).String()), craft.NewHost("10.1.0.1")
	if n%5 == 0 {
		from, to = ann6, bob6
	}
	client, server := uint16(40000+c.random.IntN(20)), uint16(443)
	if c.random.IntN(3) == 0 {
		from, to, client, server = to, from, server, client
	}
	load := make([]byte, c.random.IntN(700))
	if n%4 == 0 {
		return craft.Frame(from, to, craft.IP(from.IP, to.IP, 17, craft.UDP(netip.AddrPortFrom(from.IP, client), netip.AddrPortFrom(to.IP, server), load)))
	}
	key, fromA := event.NewKey(netip.AddrPortFrom(from.IP, client), netip.AddrPortFrom(to.IP, server), 6)
	seq := c.next[way{key, fromA}]
	h := craft.TCP{SrcPort: client, DstPort: server, Seq: seq, Ack: 1, Flags: decode.ACK, Window: 100}
	switch c.random.IntN(40) {
	case 0:
		h.Flags, load = decode.SYN, nil
	case 1:
		h.Flags |= decode.FIN
	case 2:
		h.Flags = decode.RST
	case 3:
		h.Seq -= 500
	case 4:
		h.Seq += 1000
	}
	c.next[way{key, fromA}] = max(seq, h.Seq+uint32(len(load)))
	return craft.Frame(from, to, craft.IP(from.IP, to.IP, 6, h.Bytes(from.IP, to.IP, load)))
}

// missed is how many packets are in no entry and no ring.
func (s *stand) missed() (n uint64) {
	for _, t := range s.x.table.sums {
		n += t.Missed
	}
	return n
}

// play sends n packets and reads now and then; it returns what they add up to, but
// for those that the program says it missed.
func (s *stand) play(r *reading, n, readEvery int) map[way]sum {
	talk, want := &chatter{rand.New(rand.NewPCG(3, 4)), map[way]uint32{}}, map[way]sum{}
	for i := range n {
		frame, before := talk.frame(), s.missed()
		s.run(frame)
		if s.missed() == before {
			var h decode.Headers
			s.decoder.Decode(&event.Packet{Data: frame, Wire: uint32(len(frame)), Link: linkEthernet}, &h)
			x := want[way{h.Key, h.FromA}]
			x.add(1, uint64(h.IPLen), uint64(h.WireLoad))
			want[way{h.Key, h.FromA}] = x
		}
		if i%readEvery == 0 {
			r.some(s.x)
		}
	}
	if err := s.x.Stop(); err != nil {
		s.t.Fatal(err)
	}
	for !r.some(s.x) {
	}
	return want
}

// Whatever is wanted, makes room or finds none: each packet is told exactly once.
func TestMirrorTellsEveryPacketOnce(t *testing.T) {
	for name, c := range map[string]pressure{
		"room for all":     {1 << 12, 50, false},
		"forced evictions": {few, 50, false},
		"a full ring":      {1 << 12, 2000, true},
		"both":             {few, 5000, true},
	} {
		t.Run(name, func(t *testing.T) {
			standing(t, Options{Sets: c.sets, Buffer: blockSize}, c.tellsEveryPacketOnce)
		})
	}
}

// pressure is how much room a test leaves.
type pressure struct {
	sets      int
	readEvery int // packets
	full      bool
}

const few = 128 // sets, for 800 conversations

func (c pressure) tellsEveryPacketOnce(t *testing.T, s *stand) {
	const packets = 40000
	r := newReading(t, 7)
	want := s.play(r, packets, c.readEvery)
	if diff := cmp.Diff(want, r.sums, cmp.AllowUnexported(way{}, sum{})); diff != "" {
		t.Errorf("%d sums differ: %.2000s", len(diff), diff)
	}
	st := s.x.Stats()
	if st.Seen != packets || st.Seen != st.Delivered+st.Counted+st.Dropped || st.Delivered != r.frames || r.deltas != packets-r.frames-s.missed() {
		t.Errorf("%+v, %d frames, %d counted, %d missed", st, r.frames, r.deltas, s.missed())
	}
	if (st.Dropped > 0) != c.full || st.Counted == 0 || r.cut == 0 || (s.evicted() > 5000) != (c.sets == few) {
		t.Errorf("the test tests too little: %+v, %d cut, %d evicted", st, r.cut, s.evicted())
	}
	t.Logf("%d whole, %d headers, %d counted, %d dropped, %d evicted", r.frames-r.cut, r.cut, st.Counted, st.Dropped, s.evicted())
}

func (s *stand) evicted() (n uint64) {
	for _, t := range s.x.table.sums {
		n += t.Evicted
	}
	return n
}
