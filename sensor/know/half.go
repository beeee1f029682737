package know

import "github.com/brandmelder/brandmelder/sensor/event"

// halves counts TCP conversations of which one side and both were seen when they were
// first told of.
type halves struct{ one, both int }

const (
	halvesLeast = 5    // conversations that say something
	halvesMost  = 1024 // then both counts are halved
	halvesShare = 19   // of one side for each of both: nineteen in twenty
)

// observe takes the start of a conversation, which TCP tells of once it was answered or
// carries data. What began before the sensor may have been seen from one side only by
// the chance of the moment.
func (h *halves) observe(e *event.Event) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Kind != "flow.start" || e.Flow.Proto != 6 || e.Flow.MidStream {
		return
	}
	if t.OneWay {
		h.one++
	} else {
		h.both++
	}
	if h.one+h.both >= halvesMost {
		h.one, h.both = h.one/2, h.both/2
	}
}

// Half reports whether the mirror shows one direction only: then that nobody answers,
// looks up a name or says whom he calls means nothing.
func (k *Know) Half() bool {
	return k.halves.one >= halvesLeast && k.halves.one > halvesShare*k.halves.both
}
