package flow

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

const traceBegin = 1767600000 * second // of craft.NewTrace

// timedEcho also says when, s.
type timedEcho struct {
	echo
	at int64
}

func (e *timedEcho) Clock(now int64) { e.at = now }

func (e *timedEcho) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	return e.echo.Feed(from, fmt.Appendf(nil, "%d %s;", (e.at-traceBegin)/second, data), emit)
}

func (e *timedEcho) End(emit func(event.Record)) { emit(&note{data: "end"}) }

// withRest adds a fallback for both transports.
func withRest() Config {
	specs := testSpecs()
	for _, ip := range []uint8{tcp, udp} {
		specs = append(specs, &proto.Spec{Name: "rest", IP: ip, Fallback: true, New: func() proto.Parser { return &timedEcho{} }})
	}
	return Config{Specs: specs}
}

func TestWhatNobodyWantsIsReadByTheFallback(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("h")
	tr.Wait(3e9)
	c.Ask("owdy")
	c.Answer("what?")
	c.Close()
	b := newBench(t, withRest()).play(tr, nil).close()
	if got := b.heard(event.Client); got != "0 h;3 owdy;end" {
		t.Errorf("heard %q: each piece is to keep its time", got)
	}
	if f, _ := b.one(); f.App != "" {
		t.Errorf("it has the name %q", f.App)
	}
}

// A conversation may be too short for a protocol to say yes or no.
func TestTheFallbackReadsWhatRemainsUndecided(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("hel")
	c.Close()
	b := newBench(t, withRest()).play(tr, nil).close()
	if got := b.heard(event.Client); got != "0 hel;end" {
		t.Errorf("heard %q", got)
	}
}

func TestTheFallbackReadsOnBehindALoss(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("he")
	c.Ask("lost")
	c.Ask("behind")
	c.Answer("seen")
	c.Close()
	b := newBench(t, withRest()).play(tr, func(_ int, h *decode.Headers) bool { return string(h.Payload) != "lost" }).close()
	if got := b.heard(event.Client); got != "0 he;[4]0 behind;end" {
		t.Errorf("heard %q", got)
	}
}

func TestTheFallbackReadsDatagrams(t *testing.T) {
	tr := craft.NewTrace()
	for i := range 6 {
		tr.Datagram(alice, bob, 40000, 9999, []byte{byte('a' + i)})
	}
	tr.Datagram(alice, bob, 40001, 9999, []byte("few"))
	b := newBench(t, withRest()).play(tr, nil).close()
	if got := b.heard(event.Client); got != "0 a;0 b;0 c;0 d;0 e;0 f;end" {
		t.Errorf("heard %q", got)
	}
}

// asker saw a login and no answer.
type asker struct{ echo }

func (asker) End(emit func(event.Record)) { emit(&event.Login{Protocol: "x"}) }

func TestALoginWithoutTheOtherSideIsUnheard(t *testing.T) {
	for _, oneWay := range []bool{false, true} {
		tr := craft.NewTrace()
		c := tr.Open(alice, bob, 40000, 7777)
		c.Ask("let me in")
		c.Answer("well")
		c.Close()
		specs := append(testSpecs(), &proto.Spec{Name: "rest", IP: tcp, Fallback: true, New: func() proto.Parser { return asker{} }})
		b := newBench(t, Config{Specs: specs}).play(tr, func(_ int, h *decode.Headers) bool { return !oneWay || h.FromA }).close()
		if got := b.of("auth")[0].Data.(*event.Login).Reason; (got == event.Unheard) != oneWay {
			t.Errorf("one way %v: %q", oneWay, got)
		}
	}
}
