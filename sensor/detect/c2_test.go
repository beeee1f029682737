package detect

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// steered lists the findings as "subject kind severity".
func steered(t *testing.T, file string) map[string]event.Finding {
	t.Helper()
	found, _ := watch(t, "c2-channel", nil, sceneEvents(readScenes(t, "c2-channel", file)))
	out := map[string]event.Finding{}
	for _, f := range found {
		out[f.Subject.Addr.String()+" "+f.Facts.(*c2Facts).Kind] = f
	}
	return out
}

func TestC2Hits(t *testing.T) {
	for file, want := range map[string]map[string]event.Severity{
		"hit-shell":   {"10.1.0.5 shell": event.High, "10.1.0.6 shell": event.High, "10.1.0.8 shell": event.High, "10.1.0.9 shell": event.High},
		"hit-implant": {"10.1.0.5 implant": event.High, "10.1.0.6 implant": event.Medium, "10.1.0.7 implant": event.Medium, "10.1.0.8 implant": event.Medium},
		"hit-lone":    {"10.1.0.5 lone": event.Medium},
		"hit-led":     {"10.1.0.5 led": event.Medium, "10.1.0.6 led": event.Medium, "10.1.0.7 led": event.Medium},
		"hit-checkin": {"10.1.0.5 lone": event.Medium, "10.1.0.6 lone": event.Medium},
		"hit-http": {"10.1.0.5 http": event.Medium, "10.1.0.6 http": event.High, "10.1.0.7 http": event.Medium, "10.1.0.8 http": event.Medium,
			"10.1.0.9 http": event.High, "10.1.0.10 http": event.Medium, "10.1.0.11 http": event.Medium, "10.1.0.12 http": event.High, "10.1.0.13 http": event.Medium},
		"hit-survey": {"10.2.0.5 http": event.Medium, "10.2.0.6 http": event.Medium, "10.2.0.7 http": event.Medium, "10.2.0.8 http": event.Medium, "10.2.0.9 http": event.Medium},
		"hit-bot":    {"10.3.0.5 implant": event.Medium, "10.3.0.6 implant": event.Medium, "10.3.0.7 lone": event.Medium},
		"hit-tls":    {"10.1.0.5 tls": event.High, "10.1.0.6 tls": event.Medium, "10.1.0.7 tls": event.High, "10.1.0.8 tls": event.High},
	} {
		got := map[string]event.Severity{}
		for k, f := range steered(t, file) {
			got[k] = f.Severity
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// The host that shows the shell is the one taken over, whichever side called.
func TestC2WhoIsSteered(t *testing.T) {
	f := steered(t, "hit-shell")["10.1.0.8 shell"]
	if f.Peer.Addr != netip.MustParseAddr("10.1.0.7") || f.Port != 4444 || !slices.Contains(f.Facts.(*c2Facts).Signs, "windows-shell") {
		t.Errorf("%+v %+v", f, f.Facts)
	}
}

func TestC2MissAndBenign(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		for k, f := range steered(t, file) {
			t.Errorf("%s: %s %+v", file, k, f.Facts)
		}
	}
}

func TestC2TellsOnceAndWhenItWeighsMore(t *testing.T) {
	one := readScenes(t, "c2-channel", "hit-lone")
	found, _ := watch(t, "c2-channel", nil, sceneEvents(append(append(one, one[1]), one[1])))
	if len(found) != 1 {
		t.Errorf("%d findings", len(found))
	}
}

func TestC2Flood(t *testing.T) {
	scenes := readScenes(t, "c2-channel", "hit-http")[1:2]
	scenes[0].Count, scenes[0].Vary, scenes[0].Every = c2Channels+3000, []string{"client"}, .001
	talks := readScenes(t, "c2-channel", "hit-lone")[1:]
	talks[0].Count, talks[0].Vary, talks[0].Every = c2Channels+3000, []string{"client"}, .001
	_, state := watch(t, "c2-channel", nil, sceneEvents(append(scenes, talks...)))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}

func TestSteady(t *testing.T) {
	for name, c := range map[string]struct {
		gaps []int64
		want bool
	}{
		"a timer":          {[]int64{100, 101, 99, 100, 100}, true},
		"too few":          {[]int64{100, 100, 100, 100}, false},
		"a person":         {[]int64{100, 300, 20, 80, 500, 100}, false},
		"one in eight off": {[]int64{100, 100, 100, 100, 100, 100, 100, 900}, true},
		"too fast":         {[]int64{1, 1, 1, 1, 1, 1}, false},
	} {
		if got := steady(c.gaps, 10, .1); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
