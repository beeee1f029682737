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
	out   []event.Event            // since the last take

	canary *canary // live

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
	if !h.Alone {
		s.packets++
	}
	s.lanes[h.Lane].Packet(h, ingress, epoch, clock)
}

// step begins a new epoch: what was due before the capture's clock was set
// happens, and the timers keep what is left of them.
func (s *shard) step(epoch uint32, before, clock int64) {
	for _, l := range s.lanes {
		if l != nil {
			l.Advance(epoch-1, before)
			l.Step(epoch, clock)
		}
	}
}

// advance lets everything happen that is due at clock, and sorts what the shard
// has to say since the last take into the total order.
func (s *shard) advance(epoch uint32, clock int64) {
	if clock == 0 { // no packet yet, so no time
		return
	}
	for _, l := range s.lanes {
		if l != nil {
			l.Advance(epoch, clock)
		}
	}
	sortEvents(s.out)
}

// close ends all flows.
func (s *shard) close(epoch uint32, clock int64) {
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
