package pipeline

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// shard runs the lanes whose number is its own modulo the number of shards. One
// goroutine owns it.
type shard struct {
	lanes [decode.Lanes]*flow.Lane // nil: another shard's
	epoch uint32
	out   []event.Event // since the last take

	packets uint64
	shedded []event.Tally // live: events dropped by kind
}

func newShard(number, shards int, c flow.Config) *shard {
	s := &shard{}
	for i := number; i < decode.Lanes; i += shards {
		s.lanes[i] = flow.NewLane(uint8(i), c, s.emit)
	}
	return s
}

func (s *shard) emit(e event.Event) { s.out = append(s.out, e) }

// packet hands one packet to its lane.
func (s *shard) packet(h *decode.Headers, ingress string, epoch uint32, clock int64) {
	s.step(epoch, clock)
	s.packets++
	s.lanes[h.Lane].Packet(h, ingress, epoch, clock)
}

// step rebases the timers of all lanes when the clock of the capture was set.
func (s *shard) step(epoch uint32, clock int64) {
	if epoch == s.epoch {
		return
	}
	s.epoch = epoch
	for _, l := range s.lanes {
		if l != nil {
			l.Step(epoch, clock)
		}
	}
}

// advance lets everything happen that is due at clock, and sorts what the shard
// has to say since the last take into the total order.
func (s *shard) advance(epoch uint32, clock int64) {
	s.step(epoch, clock)
	for _, l := range s.lanes {
		if l != nil {
			l.Advance(epoch, clock)
		}
	}
	sortEvents(s.out)
}

// close ends all flows.
func (s *shard) close(epoch uint32, clock int64) {
	s.step(epoch, clock)
	for _, l := range s.lanes {
		if l != nil {
			l.Close(epoch, clock)
		}
	}
	sortEvents(s.out)
}

// take hands out the events; the caller gives an empty slice for the next ones.
func (s *shard) take(empty []event.Event) []event.Event {
	out := s.out
	s.out = empty
	return out
}

func sortEvents(events []event.Event) {
	slices.SortFunc(events, func(a, b event.Event) int { return a.Place.Compare(b.Place) })
}
