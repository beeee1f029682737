package know

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// halves counts TCP conversations by whether one side or both were seen.
type halves struct {
	one, both int  // that are over
	begun     int  // of which one side was seen when they were first told of
	whole     bool // one was seen from both sides
}

const (
	halvesLeast = 20   // conversations that say something
	halvesBegun = 5    // that say it while none was whole and few are over
	halvesMost  = 1024 // then both counts are halved
	halvesShare = 19   // of one side for each of both: nineteen in twenty
)

// observe takes a conversation's start and end. Only the end is sure: at the start the
// other side may stand in packets of a second port that are not read yet. What began
// before the sensor may have been seen from one side only by the chance of the moment; a
// SYN or SYN-ACK alone is a call to nobody or the echo of a forged one.
func (h *halves) observe(e *event.Event) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow.Proto != 6 || e.Flow.MidStream {
		return
	}
	h.whole = h.whole || !t.OneWay
	switch {
	case e.Kind == "flow.start" && t.OneWay:
		h.begun = min(h.begun+1, halvesBegun)
	case e.Kind == "flow.end" && wentOn(t):
		h.over(t.OneWay)
	}
}

func (h *halves) over(oneWay bool) {
	if oneWay {
		h.one++
	} else {
		h.both++
	}
	if h.one+h.both >= halvesMost {
		h.one, h.both = h.one/2, h.both/2
	}
}

// wentOn reports whether a side acknowledged and one carried data.
func wentOn(t *event.Traffic) bool {
	return t.Total[event.Client].Payload+t.Total[event.Server].Payload > 0 && strings.ContainsAny(t.History, "Aa")
}

// Half reports whether the mirror shows one direction only: then that nobody answers,
// looks up a name or says whom he calls means nothing. It rests on conversations that are
// over; until there are enough, on those begun, as long as none was seen whole.
func (k *Know) Half() bool {
	h := &k.halves
	if h.one+h.both < halvesLeast {
		return h.begun >= halvesBegun && !h.whole
	}
	return h.one > halvesShare*h.both
}
