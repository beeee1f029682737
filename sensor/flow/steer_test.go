package flow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// kernel stands before a lane and keeps back what nobody wants, as the program of a
// mirror port does: one entry a direction.
type kernel struct {
	b       *bench
	entries [2]kernelEntry
	kept    int // packets
}

type kernelEntry struct {
	want  event.Want
	high  uint32
	delta event.FlowDelta
	last  int64
	ends  bool // the other direction sent its FIN
}

func (k *kernel) steer(entry uint64, w event.Want) { k.entries[entry-1].want = w }

func (k *kernel) packet(h *decode.Headers) {
	side := 0
	if !h.FromA {
		side = 1
	}
	e := &k.entries[side]
	odd := h.Flags&(decode.SYN|decode.FIN|decode.RST) != 0 || h.WireLoad > 0 && h.Seq != e.high && h.Key.Proto == tcp ||
		h.Time-e.last > 5*second || e.ends
	e.last = h.Time
	k.entries[1-side].ends = k.entries[1-side].ends || h.Flags&decode.FIN != 0
	if end := h.Seq + h.WireLoad + uint32(h.Flags>>1&1); int32(end-e.high) > 0 || h.Flags&decode.SYN != 0 {
		e.high = end
	}
	if e.want == event.WantStop && !odd {
		e.delta.Packets++
		e.delta.Bytes += uint64(h.IPLen)
		e.delta.Payload += uint64(h.WireLoad)
		e.delta.High = e.high
		k.kept++
		return
	}
	if h.Flags&(decode.RST|decode.FIN) != 0 {
		k.tell(1-side, h)
	}
	h.Entry, h.Want = uint64(side+1), e.want
	if e.delta.Packets > 0 {
		delta := e.delta
		h.Delta, e.delta = &delta, event.FlowDelta{}
	}
	if e.want != event.WantMore {
		h.Payload = nil
	}
	k.b.packet(h)
}

// tell says what one direction has counted, without a packet.
func (k *kernel) tell(side int, like *decode.Headers) {
	e := &k.entries[side]
	if e.delta.Packets == 0 {
		return
	}
	delta := e.delta
	delta.Key, delta.FromA, delta.Tags = like.Key, side == 0, like.Tags
	e.delta = event.FlowDelta{}
	var h decode.Headers
	decode.New(decode.Options{}).Counted(&event.Packet{Time: like.Time, Delta: &delta}, &h)
	k.b.packet(&h)
}

// bulk is a conversation whose reader has enough early, and what follows it: a
// transfer with a segment that the mirror lost, one that came twice and a pause.
func bulk(end func(c *craft.Conversation)) *craft.Trace {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("hello ENOUGH")
	load := make([]byte, 1000)
	for i := range 500 { // the first half is looked at for who leads
		c.Say(false, load)
		c.Ask("more")
		switch i {
		case 350:
			c.Skip(false, 700)
		case 400:
			tr.Wait(20 * second)
		}
	}
	end(c)
	return tr
}

// What is kept back is missing nowhere: the end of a conversation says the same.
func TestKeptBackIsCounted(t *testing.T) {
	for name, end := range map[string]func(c *craft.Conversation){
		"fin": func(c *craft.Conversation) { c.Close() },
		"rst": func(c *craft.Conversation) { c.Reset(false) },
	} {
		t.Run(name, func(t *testing.T) {
			tr := bulk(end)
			_, want := newBench(t, Config{}).play(tr, nil).close().one()
			k := &kernel{}
			k.b = newBench(t, Config{Steer: k.steer})
			k.b.play(tr, func(_ int, h *decode.Headers) bool { k.packet(h); return false })
			_, got := k.b.close().one()
			want.Total[1].Gap = 0 // whether the mirror lost bytes that were kept back, nobody knows
			want.History = strings.ReplaceAll(want.History, "g", "")
			if diff := cmp.Diff(want.Total, got.Total); diff != "" || got.State != want.State || got.End != want.End || got.History != want.History {
				t.Errorf("%s%v %s %s, want %v %s %s", diff, got.State, got.End, got.History, want.State, want.End, want.History)
			}
			if c := k.b.lane.Count(); c.Counted != uint64(k.kept) || k.kept < 300 {
				t.Errorf("%d kept back, %d counted", k.kept, c.Counted)
			}
		})
	}
}

// between is a packet of a conversation that the kernel has an entry for.
func between(delta *event.FlowDelta) *decode.Headers {
	tr := craft.NewTrace()
	tr.Dial(alice, bob, 40000, 7777).Segment(true, decode.ACK, []byte("hello"))
	var h decode.Headers
	decode.New(decode.Options{}).Decode(&tr.Packets()[0], &h)
	h.Delta, h.Entry = delta, 1
	return &h
}

// Bytes that somebody wanted and that had no room are a gap.
func TestLostInTheKernelIsAGap(t *testing.T) {
	b := newBench(t, Config{})
	b.packet(between(nil))
	b.packet(between(&event.FlowDelta{Packets: 3, Bytes: 3120, Payload: 3000, High: 1}))
	_, end := b.close().one()
	if end.Total[0].Gap != 3000 || end.Total[0].Packets != 4 {
		t.Errorf("%+v", end.Total)
	}
}

// Counters of a conversation that is not known any more open one.
func TestCountersAloneOpenAConversation(t *testing.T) {
	b := newBench(t, Config{})
	h := between(&event.FlowDelta{Packets: 3, Bytes: 3120, Payload: 3000, High: 1})
	h.Alone, h.Payload, h.Flags = true, nil, 0
	b.packet(h)
	f, end := b.close().one()
	if f.Server.Addr() != bob.IP || !f.MidStream || end.Total[0].Packets != 3 || end.Total[0].Payload != 3000 {
		t.Errorf("%+v, %+v", f, end.Total)
	}
}

// A mirror that copies is looked at packet by packet, as far as headers go.
func TestCopiesAreToldByTheirHeaders(t *testing.T) {
	var wants []event.Want
	b := newBench(t, Config{Steer: func(_ uint64, w event.Want) { wants = append(wants, w) }})
	h := between(nil)
	h.Payload = []byte("hello ENOUGH")
	h.WireLoad, h.IPID = 12, 7
	b.packet(h)
	h.Seq, h.Payload, h.WireLoad = h.Seq+12, nil, dialogueWhole // a transfer
	for range 1 + leastCopies {
		b.packet(h) // again, and again
	}
	h.Seq += h.WireLoad
	b.packet(h)
	if diff := cmp.Diff([]event.Want{event.WantStop, event.WantHeaders}, wants[max(0, len(wants)-2):]); diff != "" {
		t.Errorf("%v", wants)
	}
}
