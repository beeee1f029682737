package flow

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestDialogue(t *testing.T) {
	type said struct {
		at   float64 // seconds
		side event.Side
		n    uint32
	}
	const c, s = event.Client, event.Server
	for name, v := range map[string]struct {
		said []said
		want [2]uint32
	}{
		"a browser":                  {[]said{{0, c, 500}, {.1, s, 3000}, {5, c, 400}, {5.2, s, 90000}}, [2]uint32{2, 0}},
		"a shell that was called":    {[]said{{0, s, 74}, {.1, c, 300}, {4, s, 90}, {4.1, c, 1400}, {4.2, c, 1400}}, [2]uint32{0, 2}},
		"pings of equal size":        {[]said{{0, s, 40}, {.1, c, 40}, {30, s, 40}, {30.1, c, 40}}, [2]uint32{}},
		"an upload":                  {[]said{{0, c, 1400}, {.1, c, 1400}, {.2, s, 100}}, [2]uint32{}},
		"a file is no order":         {[]said{{0, s, 1500}, {.5, c, 9000}}, [2]uint32{}},
		"an answer after a second":   {[]said{{0, s, 40}, {1.5, c, 400}}, [2]uint32{}},
		"the exchange at hand":       {[]said{{0, s, 40}, {.5, c, 400}}, [2]uint32{0, 1}},
		"silence that is not broken": {nil, [2]uint32{}},
	} {
		var d dialogue
		for _, x := range v.said {
			d.say(x.side, x.n, int64(x.at*1e9)+1)
		}
		if got := d.leads(); got != v.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOpenings(t *testing.T) {
	var d dialogue
	begin := int64(1_800_000_000) * second
	at := func(n int) int64 { return begin + int64(n)*20*second + int64(n%3)*second }
	for n := range 12 {
		d.say(event.Client, 100, at(n))
		d.say(event.Server, 100, at(n)+100*millisecond)
		if n == 2 {
			if got := d.openings(); len(got) != 2 || got[1] != at(2) || got[0] != at(1) {
				t.Errorf("after three exchanges %v", got)
			}
		}
	}
	got := d.openings()
	if len(got) != openingsMost || got[openingsMost-1] != at(11) || got[0] != at(4) {
		t.Errorf("the latest: %v", got)
	}
	if d.openings() != nil {
		t.Error("an exchange is told twice")
	}
}
