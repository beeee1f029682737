package flow

import (
	"bytes"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

var (
	alice = craft.NewHost("10.1.0.1")
	bob   = craft.NewHost("10.1.0.2")
)

// note is what the test's parser emits: what it was given, in order.
type note struct {
	from event.Side
	data string
	gap  int
}

var noteTable = event.NewTable("note", "What a parser was given.")

func (*note) Table() *event.Table { return noteTable }

// echo is a parser that emits everything it is given.
type echo struct{}

func (echo) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if bytes.Contains(data, []byte("PANIC")) {
		panic("a mistake")
	}
	emit(&note{from: from, data: string(data)})
	return !bytes.Contains(data, []byte("ENOUGH"))
}

func (echo) Gap(from event.Side, n int, emit func(event.Record)) bool {
	emit(&note{from: from, gap: n})
	return true
}

func (echo) Expect() []proto.Expectation { return nil }

// greeting says yes to bytes that begin with this word.
func greeting(word string) func(event.Side, []byte) proto.Verdict {
	return func(_ event.Side, data []byte) proto.Verdict {
		n := min(len(data), len(word))
		switch {
		case string(data[:n]) != word[:n]:
			return proto.No
		case n < len(word):
			return proto.More
		}
		return proto.Yes
	}
}

func testSpecs() []*proto.Spec {
	return []*proto.Spec{
		{Name: "echo", IP: tcp, Ports: []uint16{7777}, Probe: greeting("hello"), New: func() proto.Parser { return echo{} }},
		{Name: "echo", IP: udp, Ports: []uint16{53}, Probe: greeting("hello"), New: func() proto.Parser { return echo{} }},
		{Name: "later", IP: tcp, Probe: func(event.Side, []byte) proto.Verdict { return proto.No }, New: func() proto.Parser { return echo{} }},
		{Name: "arp", IP: proto.ARP, New: func() proto.Parser { return echo{} }},
	}
}

// bench is a lane with what it said.
type bench struct {
	t      testing.TB
	lane   *Lane
	events []event.Event
	clock  int64
	epoch  uint32
}

func newBench(t testing.TB, c Config) *bench {
	b := &bench{t: t}
	if c.Specs == nil {
		c.Specs = testSpecs()
	}
	b.lane = NewLane(0, c, func(e event.Event) { b.events = append(b.events, e) })
	return b
}

// play decodes the trace and hands it to the lane; change may alter each packet's
// headers and drop it by returning false.
func (b *bench) play(trace *craft.Trace, change func(i int, h *decode.Headers) bool) *bench {
	b.t.Helper()
	d := decode.New(decode.Options{})
	packets := trace.Packets()
	for i := range packets {
		var h decode.Headers
		if reason := d.Decode(&packets[i], &h); reason == decode.Held {
			continue
		} else if reason != decode.OK {
			b.t.Fatalf("packet %d: %v", i+1, reason)
		}
		if change != nil && !change(i, &h) {
			continue
		}
		b.packet(&h)
	}
	return b
}

func (b *bench) packet(h *decode.Headers) {
	b.clock = max(b.clock, h.Time)
	b.lane.Packet(h, "eth0", b.epoch, b.clock)
}

func (b *bench) close() *bench {
	b.lane.Close(b.epoch, b.clock)
	c := b.lane.Count()
	if c.Created != c.Live+c.Ended()+c.Evicted() || c.Live != 0 {
		b.t.Errorf("flows do not add up: %+v", c)
	}
	b.sums()
	return b
}

// sums checks that the differences of a conversation's documents give its total.
func (b *bench) sums() {
	b.t.Helper()
	got := map[uint64][2]event.Count{}
	for _, e := range b.events {
		tr, ok := e.Data.(*event.Traffic)
		if !ok {
			continue
		}
		x := got[e.Flow.Number]
		for s := range x {
			x[s].Add(tr.Delta[s])
		}
		got[e.Flow.Number] = x
		if e.Kind == "flow.end" && x != tr.Total {
			b.t.Errorf("flow %d: sum %+v, total %+v", e.Flow.Number, x, tr.Total)
		}
	}
	places := map[event.Place]bool{}
	for _, e := range b.events {
		if places[e.Place] {
			b.t.Errorf("two events at %+v (%s)", e.Place, e.Kind)
		}
		places[e.Place] = true
	}
}

// of lists the events of a kind.
func (b *bench) of(kind string) (out []event.Event) {
	for _, e := range b.events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func (b *bench) ends() (out []*event.Traffic) {
	for _, e := range b.of("flow.end") {
		out = append(out, e.Data.(*event.Traffic))
	}
	return out
}

// one is the only flow.end.
func (b *bench) one() (*event.Flow, *event.Traffic) {
	b.t.Helper()
	ends := b.of("flow.end")
	if len(ends) != 1 {
		b.t.Fatalf("%d flows ended, want 1", len(ends))
	}
	return ends[0].Flow, ends[0].Data.(*event.Traffic)
}

// heard is what the parser was given of one side; gaps stand as [n].
func (b *bench) heard(from event.Side) string {
	var out []byte
	for _, e := range b.of("note") {
		n := e.Data.(*note)
		if n.from != from {
			continue
		}
		if n.gap > 0 {
			out = append(out, '[')
			for x := n.gap; x > 0; x /= 10 {
				out = append(out, byte('0'+x%10))
			}
			out = append(out, ']')
		}
		out = append(out, n.data...)
	}
	return string(out)
}
