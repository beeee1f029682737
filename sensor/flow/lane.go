// Package flow turns packets into conversations: who is the client, what each
// side sent, in which state it is, and the bytes in order for the parsers. It
// works in fixed memory, by packet time, and holds nothing but counters for a
// conversation that nobody reads.
package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const second = int64(1_000_000_000)

// Config of the lanes of one run.
type Config struct {
	Flows   int    // of all lanes together; 0: 131072
	Streams int    // conversations whose bytes are being read, of all lanes; 0: 32768
	Seed    uint64 // of the hash: fixed in a replay, random when live
}

// Share is the part of n equal shares.
func (c Config) Share(n int) Config {
	c.Flows = c.flows() / n
	c.Streams = c.streams() / n
	return c
}

func (c Config) flows() int {
	if c.Flows == 0 {
		return 128 * 1024
	}
	return c.Flows
}

func (c Config) streams() int {
	if c.Streams == 0 {
		return 32 * 1024
	}
	return c.Streams
}

// Lane owns the conversations of some address pairs. One goroutine uses it.
type Lane struct {
	id    uint8
	emit  func(event.Event)
	table table
	lists [classes]list // by class, the earliest deadline first
	alive list          // flows with packets since their last document

	epoch   uint32
	clock   int64
	place   event.Place // of what is being handled
	now     int64       // packet time of what is being handled
	ingress string

	copies  duplicates
	expect  expectations
	known   *protocols
	arp     *conversation
	streams int // in use
	limit   int // of streams

	count  Count
	minute minute
}

// NewLane returns an empty lane that hands its events to emit.
func NewLane(id uint8, c Config, emit func(event.Event)) *Lane {
	l := &Lane{
		id: id, emit: emit,
		limit: max(4, c.streams()/decode.Lanes),
		known: allProtocols(),
	}
	l.table.init(max(8, c.flows()/decode.Lanes), c.Seed)
	return l
}

// Count is the lane's part of the accounting.
func (l *Lane) Count() Count {
	l.count.Live = uint64(l.table.live)
	return l.count
}

// Packet handles one packet. h is read during the call only. epoch and clock are
// the line clock's, which never goes back within an epoch.
func (l *Lane) Packet(h *decode.Headers, ingress string, epoch uint32, clock int64) {
	l.Advance(epoch, clock)
	l.place = event.Place{Epoch: epoch, Clock: clock, Phase: event.PhasePacket, Number: h.Number}
	l.now, l.ingress = h.Time, ingress
	l.count.Packets++
	l.minute.sum(h)
	if h.ARP != nil {
		l.feedARP(h.ARP)
		return
	}
	copied := l.copies.seen(h)
	i, from := l.find(h)
	if copied {
		l.minute.part.Duplicate++
		l.count.Duplicates++
		if i != 0 {
			l.table.records[i].total[from].Duplicate++
		}
		return
	}
	if i != 0 && l.isOver(i, h) {
		i = 0
	}
	if i == 0 {
		i, from = l.open(h)
	}
	l.handle(i, from, h)
}

// handle counts a packet and hands its bytes on.
func (l *Lane) handle(i int32, from event.Side, h *decode.Headers) {
	r := &l.table.records[i]
	r.last = max(r.last, h.Time)
	r.see(from, h)
	c := &r.total[from]
	c.Packets += 1 + uint64(h.FragPackets)
	c.Bytes += uint64(h.IPLen) + uint64(h.FragBytes)
	if h.Overlap {
		l.anomaly(i, "fragment-overlap")
	}
	if l.damaged(r, from, h) {
		l.touch(i)
		return
	}
	if r.key.Proto == protoTCP {
		l.tcp(i, from, h)
	} else {
		l.datagram(i, from, h)
	}
	if l.table.records[i].number != 0 {
		l.touch(i)
	}
}

// damaged reports whether a packet is not to be read, as its receiver would not
// either: its checksum is wrong where others of this side were right. A side whose
// sums are all wrong had them filled in by its card, or was rewritten.
func (l *Lane) damaged(r *record, from event.Side, h *decode.Headers) bool {
	switch h.Sum {
	case decode.SumBad:
		r.total[from].BadSum++
		return r.flags.has(goodClient << from)
	case decode.SumGood:
		r.flags |= goodClient << from
	}
	return false
}

// Advance lets everything happen that is due at clock, each at its own deadline.
func (l *Lane) Advance(epoch uint32, clock int64) {
	l.epoch = epoch
	l.clock = max(l.clock, clock)
	l.tellMinute()
	for {
		i, idle := l.due(clock)
		if i == 0 {
			return
		}
		r := &l.table.records[i]
		if idle {
			l.timer(r, r.deadline)
			l.end(i, r.idleReason())
			continue
		}
		l.timer(r, r.aliveAt)
		l.alive.remove(&l.table, i)
		l.report(i, "flow.alive", "")
	}
}

// due returns the flow with the earliest deadline that clock has reached.
func (l *Lane) due(clock int64) (flow int32, idle bool) {
	at := clock
	for class := range l.lists {
		if i := l.lists[class].first; i != 0 && l.table.records[i].deadline <= at {
			flow, at, idle = i, l.table.records[i].deadline, true
		}
	}
	if i := l.alive.first; i != 0 && l.table.records[i].aliveAt <= at && (flow == 0 || l.table.records[i].aliveAt < at) {
		return i, false
	}
	return flow, idle
}

func (l *Lane) timer(r *record, at int64) {
	l.place = event.Place{Epoch: l.epoch, Clock: at, Phase: event.PhaseTimer, Number: r.number}
	l.now = at
}

// Step begins a new epoch: the timers keep what was left of them.
func (l *Lane) Step(epoch uint32, clock int64) {
	shift := clock - l.clock
	l.cutMinute()
	l.epoch, l.clock = epoch, clock
	l.table.each(func(i int32) {
		r := &l.table.records[i]
		r.deadline += shift
		r.aliveAt += shift
	})
}

// Close ends all flows in the order of their numbers.
func (l *Lane) Close(epoch uint32, clock int64) {
	l.epoch = epoch
	for _, i := range l.table.byNumber() {
		l.place = event.Place{Epoch: epoch, Clock: max(clock, l.clock), Phase: event.PhaseEnd, Number: l.table.records[i].number}
		l.now = l.table.records[i].last
		l.end(i, "shutdown")
	}
	l.closeMinute(max(clock, l.clock))
}

// send hands out an event at the place that is being handled.
func (l *Lane) send(kind string, f *event.Flow, data event.Record) {
	l.emit(event.Event{Kind: kind, Time: l.now, Place: l.place, Flow: f, Data: data})
	l.place.N++
}
