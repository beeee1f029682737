package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// look says what changed about what the source can see: a document when an
// interface is lost, and one when it is back. The clock of an intake without a
// packet begins at now, or nobody would hear of an interface that never came up.
func (in *intake) look(now int64) {
	in.tellBlind(in.source.Stats().Blind, now)
}

// endBlind ends with the run what is still blind.
func (in *intake) endBlind(now int64) {
	blind := in.source.Stats().Blind
	for i := range blind {
		if blind[i].To == 0 {
			blind[i].To = now
		}
	}
	in.tellBlind(blind, now)
}

func (in *intake) tellBlind(blind []capture.Blindness, now int64) {
	if slices.Equal(blind, in.blind) {
		return
	}
	if in.clock.now == 0 {
		in.clock.now = now
	}
	for i := range blind {
		if !slices.Contains(in.blind, blind[i]) {
			in.told++
			in.emit(event.Event{
				Kind: "capture.blind",
				Time: max(blind[i].From, blind[i].To),
				Place: event.Place{
					Epoch: in.clock.epoch, Clock: in.clock.now, Phase: event.PhaseMinute, Number: in.id, N: 1 + in.told,
				},
				Data: &Blind{blind[i]},
			})
		}
	}
	in.blind = blind
}

// blindness is for how many ns of a minute nothing could be seen; what still lasts
// counts to its end.
func blindness(all []capture.Blindness, start, end int64) (sum int64) {
	for _, b := range all {
		to := b.To
		if to == 0 {
			to = end
		}
		sum += max(0, min(to, end)-max(b.From, start))
	}
	return min(sum, end-start)
}

// Blind is written when an interface cannot be seen, and again when it can.
type Blind struct{ capture.Blindness }

var reasons = map[capture.Reason]string{
	capture.Down:      "it was down",
	capture.Gone:      "it was gone",
	capture.NoCarrier: "nothing was at the other end of its cable",
}

func (b *Blind) sentence() string {
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05 UTC") }
	if b.To == 0 {
		return fmt.Sprintf("%s: blind since %s: %s", b.Interface, at(b.From), reasons[b.Reason])
	}
	return fmt.Sprintf("%s: blind from %s to %s: %s", b.Interface, at(b.From), at(b.To), reasons[b.Reason])
}

var blindTable = event.NewTable("blind", "An interface could not be seen: what crossed it meanwhile is unknown.",
	event.Time("event.start", event.Technical, "when it was last seen", func(b *Blind) int64 { return b.From }),
	event.Time("event.end", event.Technical, "when it was seen again, or the run ended; absent while it lasts", func(b *Blind) int64 { return b.To }),
	event.Int("event.duration", event.Technical, "ns from start to end", func(b *Blind) (int64, bool) { return b.To - b.From, b.To != 0 }),
	event.String("event.reason", event.Technical, "down, gone or no-carrier", func(b *Blind) (string, bool) { return string(b.Reason), true }),
	event.String("observer.ingress.interface.name", event.Technical, "the interface", func(b *Blind) (string, bool) { return b.Interface, true }),
	event.Text("message", event.Technical, "one sentence", func(b *Blind) (string, bool) { return b.sentence(), true }),
).InBrief("message")

func (*Blind) Table() *event.Table { return blindTable }
