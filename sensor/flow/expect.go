package flow

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// expected holds conversations that parsers announced.
type expected struct {
	byPort map[expectKey]expectation
	order  []expectKey // oldest first
}

type expectKey struct {
	a, b    [16]byte
	port    uint16
	segment uint16
	onA     bool
}

type expectation struct {
	name     string
	deadline int64
}

func newExpected() expected { return expected{byPort: map[expectKey]expectation{}} }

func (l *Lane) expects(r *record, x proto.Expectation) {
	k := expectKey{r.key.A, r.key.B, x.Port, r.key.Segment, (x.On == event.Client) == r.clientIsA}
	e := &l.expect
	if _, there := e.byPort[k]; there {
		e.order = slices.DeleteFunc(e.order, func(o expectKey) bool { return o == k })
	}
	if len(e.order) == maxExpected {
		delete(e.byPort, e.order[0])
		e.order = slices.Delete(e.order, 0, 1)
		l.count.LostExpected++
	}
	e.byPort[k] = expectation{x.Proto, l.place.Clock + expectFor}
	e.order = append(e.order, k)
}

// take is the protocol announced for a conversation, "" if none was.
func (e *expected) take(k *event.Key, clock int64) string {
	for _, x := range [2]expectKey{{k.A, k.B, k.APort, k.Segment, true}, {k.A, k.B, k.BPort, k.Segment, false}} {
		if found, ok := e.byPort[x]; ok && clock < found.deadline {
			return found.name
		}
	}
	return ""
}

func (e *expected) rebase(by int64) {
	for _, k := range e.order {
		x := e.byPort[k]
		x.deadline += by
		e.byPort[k] = x
	}
}
