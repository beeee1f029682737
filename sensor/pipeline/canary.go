package pipeline

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// A canary is a conversation that nobody had: each canaryEvery a live shard asks for canary.invalid and answers
// itself, between two addresses of documentation (RFC 5737) in an address space of their own. Both packets are
// decoded, become a conversation and a DNS record in a lane beside the shard's, and that record stands in the total
// order like every other until detection takes it out. Where it comes out, all that lies before was at work. It meets
// no detector's state, no document and no count of packets, and a replay has none.
const (
	canaryKind    = "canary"
	canarySegment = 65535 // no interface of a configuration is of it
	canaryEvery   = time.Second
	canaryPort    = 49152 // and the 1,023 above: another conversation each time
	linkRaw       = 101   // LINKTYPE_RAW: begins with the IP header

	canaryQuestion = "\x45\x00\x00\x3c\x00\x00\x40\x00\x40\x11\xb6\xad\xc0\x00\x02\x01\xc0\x00\x02\x02" + // 192.0.2.1 to 192.0.2.2
		"\xc0\x00\x00\x35\x00\x28\x00\x00\xca\x17\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" +
		"\x06canary\x07invalid\x00\x00\x01\x00\x01"
	canaryAnswer = "\x45\x00\x00\x4c\x00\x00\x40\x00\x40\x11\xb6\x9d\xc0\x00\x02\x02\xc0\x00\x02\x01" +
		"\x00\x35\xc0\x00\x00\x38\x00\x00\xca\x17\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" +
		"\x06canary\x07invalid\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x03"
	askedFrom, answeredTo = 20, 22 // where the client's port stands in each
)

// canary belongs to the goroutine of its shard.
type canary struct {
	began, next      time.Time
	decoder          *decode.Decoder
	lane             *flow.Lane
	packet           event.Packet
	question, answer []byte
	sung             bool // the lane made a record of it
}

func newCanary() *canary {
	c := &canary{began: time.Now(), decoder: decode.New(decode.Options{FragmentMemory: 1}), question: []byte(canaryQuestion), answer: []byte(canaryAnswer)}
	c.lane = flow.NewLane(0, flow.Config{Flows: 1, Streams: 1}, func(e event.Event) { c.sung = c.sung || e.Kind == "dns" })
	return c
}

// sing reports whether a canary is due and came through the shard whole.
func (c *canary) sing(now time.Time) bool {
	if now.Before(c.next) {
		return false
	}
	c.next, c.sung = now.Add(canaryEvery), false
	port := canaryPort | uint16(c.packet.Number/2)%1024
	binary.BigEndian.PutUint16(c.question[askedFrom:], port)
	binary.BigEndian.PutUint16(c.answer[answeredTo:], port)
	clock := max(int64(now.Sub(c.began)), 1) // no step of the time of day reaches it
	c.pass(c.question, clock)
	c.pass(c.answer, clock)
	return c.sung
}

func (c *canary) pass(data []byte, clock int64) {
	p := &c.packet
	p.Number++
	p.Data, p.Wire, p.Time, p.Link, p.Segment = data, uint32(len(data)), clock, linkRaw, canarySegment
	var h decode.Headers
	if c.decoder.Decode(p, &h) == decode.OK {
		c.lane.Packet(&h, "", 0, clock)
	}
}

// release puts the shard's canary into the total order when it is due: before the present, since the order of shards
// that never saw a packet has none.
func (s *shard) release(in *intake, now time.Time) {
	if s.canary.sing(now) {
		s.emit(event.Event{Kind: canaryKind, Place: event.Place{
			Epoch: in.clock.epoch, Clock: in.clock.now - 2*ringDelay, Phase: event.PhaseMinute, Number: in.id,
		}})
	}
}

// Canaries counts for each shard of a live line the canaries that came out of detection. Any goroutine may ask.
func (l *Line) Canaries() []uint64 {
	all := make([]uint64, len(l.after.canaries))
	for i := range all {
		all[i] = l.after.canaries[i].Load()
	}
	return all
}

// arrived notes that the canary of a shard came out.
func arrived(canaries []atomic.Uint64, e *event.Event) { canaries[e.Place.Number-decode.Lanes].Add(1) }
