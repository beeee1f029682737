package detect

import (
	"math"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// callRing is the latest calls of a pair: it grows, then the oldest is at next.
type callRing struct {
	calls []checkIn
	next  int
}

// add keeps a call among the latest most.
func (r *callRing) add(at int64, most int) {
	if len(r.calls) < most {
		r.calls = append(r.calls, checkIn{at: at})
		return
	}
	r.calls[r.next] = checkIn{at: at}
	r.next = (r.next + 1) % most
}

// latest is the call that came last, nil before the first.
func (r *callRing) latest() *checkIn {
	if len(r.calls) == 0 {
		return nil
	}
	return &r.calls[(r.next+len(r.calls)-1)%len(r.calls)]
}

// ordered copies the ring into space, oldest first.
func (r *callRing) ordered(space []checkIn) []checkIn {
	return append(append(space[:0], r.calls[r.next:]...), r.calls[:r.next]...)
}

// end adds the sizes of a conversation that is over to the call that opened it.
func (r *callRing) end(start int64, up, down uint32) {
	for i := range r.calls {
		if k := &r.calls[i]; k.at == start {
			k.up, k.down = up, down
			return
		}
	}
}

// failed is 1 for a conversation that came to nothing. Where the mirror shows one
// direction only, who acknowledges was answered.
func failed(t *event.Traffic, half bool) int32 {
	switch t.State {
	case event.StateREJ:
		return 1
	case event.StateS0, event.StateRSTOS0, event.StateSH:
		if !half || !acknowledged(t) {
			return 1
		}
	case event.StateNone:
		if t.Total[event.Server].Packets == 0 { // a call to all, or to nobody
			return 1
		}
	}
	return 0
}

// beaconLook says at which numbers of calls a pair is looked at: often while a
// find would be early, then at each half ring, and beyond the longer one at each
// full ring.
func beaconLook(n int) bool {
	switch n {
	case 8, 12, 16, 20, 24, 28, 32, 40, 48, 56:
		return true
	}
	return n >= beaconRing && (n%beaconRing == 0 || n <= beaconLong && n%(beaconRing/2) == 0)
}

// beaconBar is the score that the latest of n calls must pass. Each look past the
// first full ring is another chance for chance, and there are as many as there are
// rings, so the bar rises with them.
func beaconBar(n int, calls []checkIn) (bar float64, slow bool) {
	if n < beaconSlowLeast || n >= beaconSlowMost {
		return beaconLimit + math.Log10(max(1, float64(n)/beaconRing)), false
	}
	span, longest := waits(calls)
	switch {
	case !dayAndNight(span, longest):
		return beaconLimit, false
	case float64(longest)*float64(len(calls)-1) <= beaconBound*float64(span):
		return beaconBoundLimit, true
	}
	return beaconSlowLimit, true
}

// waits is the time from the first call to the last, and the longest without one.
func waits(calls []checkIn) (span, longest int64) {
	for i := 1; i < len(calls); i++ {
		longest = max(longest, calls[i].at-calls[i-1].at)
	}
	return calls[len(calls)-1].at - calls[0].at, longest
}

// dayAndNight reports whether calls go on for half a day and no more than one, without
// a pause of a quarter of that time, as those of a person do not.
func dayAndNight(span, longest int64) bool {
	return span >= beaconNight && span <= beaconDay && longest <= span/4
}

// add keeps a call, unless it belongs to the one before or is out of order.
func (c *beaconCalls) add(at int64, ref event.FlowRef) bool {
	if l := c.ring.latest(); l != nil && at-l.at < beaconJoin {
		return false
	}
	if c.seen == 0 {
		c.first = at
	}
	c.ring.add(at, beaconRing)
	switch {
	case c.seen > 0 && len(c.refs) < beaconRefs:
		c.refs = append(c.refs, ref)
	case c.seen > 0:
		c.refs[c.seen%beaconRefs] = ref
	}
	c.seen++
	return true
}

// look scores the latest calls, and at each full ring the longer one where there is
// one; it returns those that look more like a timer, in the scorer's space.
func (s *beaconScorer) look(c *beaconCalls, long *callRing) ([]checkIn, float64, rhythm) {
	s.ordered = c.ring.ordered(s.ordered)
	score, r := s.timer(s.ordered)
	if long != nil && len(long.calls) > beaconRing && c.seen%beaconRing == 0 {
		s.longer = long.ordered(s.longer)
		if v, q := s.timer(s.longer); v > score {
			return s.longer, v, q
		}
	}
	return s.ordered, score, r
}

// timer is the score of calls that can be a timer's at all.
func (s *beaconScorer) timer(calls []checkIn) (float64, rhythm) {
	if calls[len(calls)-1].at-calls[0].at < beaconSpan {
		return 0, rhythm{}
	}
	score, r := s.score(calls)
	if r.period < beaconPeriod {
		return 0, rhythm{}
	}
	return score, r
}

// sizes is how many different payloads the kept calls had, of those that are over.
func (r *callRing) sizes() int {
	var seen []uint32
	for _, c := range r.calls {
		if c.up > 0 {
			seen = keep(seen, c.up, beaconSizes)
		}
	}
	return len(seen)
}
