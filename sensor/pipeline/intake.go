package pipeline

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// intake reads one source, decodes its packets and stamps them with the line
// clock. It is used by one goroutine.
type intake struct {
	source  capture.Source
	decoder *decode.Decoder
	id      uint64 // number of its minutes, behind the lanes'
	clock   clock
	packet  event.Packet
	names   []string // interfaces of the source

	decoded   uint64
	undecoded [256]uint64
	cut       uint64           // packets of which the capture has the beginning only
	links     []event.LinkType // that are not read, the first few
	minute    minuteCounter
	last      capture.Stats
	blind     []capture.Blindness // that was told
	told      uint32              // documents of blindness
	emit      func(event.Event)
	onStep    func(epoch uint32, before, clock int64) // tells the shards of a new epoch
}

func newIntake(source capture.Source, number int, emit func(event.Event)) *intake {
	return &intake{
		source:  source,
		decoder: decode.New(decode.Options{}),
		id:      decode.Lanes + uint64(number),
		emit:    emit,
	}
}

// next reads the next packet into h. usable is false where it gave no headers;
// err is io.EOF at the end and capture.ErrIdle where a live source is quiet.
func (in *intake) next(h *decode.Headers) (usable bool, err error) {
	p := &in.packet
	if err := in.source.Read(p); err != nil {
		return false, in.explain(err)
	}
	p.Number++ // sources leave it alone: it counts the packets of the intake
	stepped, from := in.clock.stamp(p.Time)
	if stepped {
		in.step(p, from)
	}
	in.count()
	if p.Delta != nil && len(p.Data) == 0 {
		in.decoder.Counted(p, h)
		return true, nil
	}
	in.minute.Packets++
	in.minute.Bytes += uint64(p.Wire)
	if len(p.Data) < int(p.Wire) {
		in.minute.Truncated++
		in.cut++
	}
	reason := in.decoder.Decode(p, h)
	if reason != decode.OK {
		in.undecoded[reason]++
		if reason == decode.Link && len(in.links) < 8 && !slices.Contains(in.links, p.Link) {
			in.links = append(in.links, p.Link)
		}
		if reason != decode.Held {
			in.minute.CountUndecoded(reason.String(), 1)
		}
		return false, nil
	}
	in.decoded++
	return true, nil
}

// notes say what a capture file lacks for detection, so that no silence is taken for quiet.
func (in *intake) notes() (notes []string) {
	if len(in.links) > 0 {
		notes = append(notes, fmt.Sprintf("%d packets were not read at all: nothing here knows their link type (%s, of tcpdump.org/linktypes.html)",
			in.undecoded[decode.Link], strings.Trim(fmt.Sprint(in.links), "[]")))
	}
	if in.cut > 0 {
		notes = append(notes, fmt.Sprintf("%d packets were cut when they were captured: what they said behind the cut is not seen; capture whole ones, as tcpdump -s 0 does", in.cut))
	}
	if in.clock.epoch > 0 {
		notes = append(notes, fmt.Sprintf("the time of the packets jumps (%d times), back by more than a minute or on by more than 12 hours: nothing was learnt or timed across that", in.clock.epoch))
	}
	return notes
}

func (in *intake) explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, capture.ErrIdle) {
		return err
	}
	return fmt.Errorf("packet %d: %w", in.packet.Number+1, err)
}

// idle moves the clock of a live intake over silence.
func (in *intake) idle(now int64) {
	in.clock.idle(now)
	in.count()
}

// step says that the capture's clock was set.
func (in *intake) step(p *event.Packet, from int64) {
	in.minute.next = 0
	in.onStep(in.clock.epoch, from, in.clock.now)
	in.emit(event.Event{
		Kind: "clock",
		Time: p.Time,
		Place: event.Place{
			Epoch: in.clock.epoch, Clock: in.clock.now, Phase: event.PhaseMinute, Number: in.id,
		},
		Data: &ClockStep{From: from, To: p.Time},
	})
}

// count closes the minute when the clock has passed its end.
func (in *intake) count() {
	if in.clock.now == 0 { // no packet yet: its minutes would be of 1970, and whoever learns would be done
		return
	}
	end, due := in.minute.due(in.clock.now)
	if !due {
		return
	}
	in.close(end)
}

// close hands out what the minute saw.
func (in *intake) close(end int64) {
	now := in.source.Stats()
	in.minute.Seen += now.Seen - in.last.Seen
	in.minute.Dropped += now.Dropped - in.last.Dropped
	in.minute.Freezes += now.Freezes - in.last.Freezes
	in.minute.Packets += now.Counted - in.last.Counted
	in.minute.Bytes += now.Unread - in.last.Unread
	in.last = now
	c := in.minute.take(end)
	c.Blind = blindness(now.Blind, c.Start, c.End)
	if c.Packets == 0 && c.Seen == 0 && c.Blind == 0 {
		return
	}
	in.emit(event.Event{
		Kind:  "coverage",
		Time:  end,
		Place: event.Place{Epoch: in.clock.epoch, Clock: end, Phase: event.PhaseMinute, Number: in.id, N: 1},
		Data:  c,
	})
}

// ingress is the name of the interface that a packet came in on.
func (in *intake) ingress(i uint16) string {
	if int(i) >= len(in.names) {
		in.names = in.source.Stats().Interfaces
	}
	if int(i) < len(in.names) {
		return in.names[i]
	}
	return ""
}

// minuteCounter gathers coverage between two full minutes of the line clock.
type minuteCounter struct {
	event.Coverage
	next int64 // end of the current minute; 0 none yet
}

// due reports whether the clock passed the end of the minute. A gap of many
// minutes is one: coverage of nothing is said once.
func (m *minuteCounter) due(now int64) (end int64, due bool) {
	if m.next == 0 {
		m.next = ceilMinute(now)
	}
	return m.next, now >= m.next
}

// take closes the minute that ended at end.
func (m *minuteCounter) take(end int64) *event.Coverage {
	c := m.Coverage
	c.Start, c.End = end-minute, end
	*m = minuteCounter{}
	return &c
}

func ceilMinute(t int64) int64 { return (t/minute + 1) * minute }

// ClockStep is written when the clock of the capture was set.
type ClockStep struct{ From, To int64 }

var clockTable = event.NewTable("clock", "The clock of the capture was set: nothing is learnt or timed across it.",
	event.Time("brandmelder.clock.from", event.Technical, "last time before", func(c *ClockStep) int64 { return c.From }),
	event.Time("brandmelder.clock.to", event.Technical, "first time after", func(c *ClockStep) int64 { return c.To }),
	event.Int("brandmelder.clock.step", event.Technical, "size of the step, ns; negative is back", func(c *ClockStep) (int64, bool) {
		return c.To - c.From, true
	}),
).InBrief("brandmelder.clock.step")

func (*ClockStep) Table() *event.Table { return clockTable }
