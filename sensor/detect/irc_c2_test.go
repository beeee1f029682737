package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestIRCHit(t *testing.T) {
	found, _ := watch(t, "irc-c2", nil, sceneEvents(readScenes(t, "irc-c2", "hit")))
	got := map[string]string{}
	for _, f := range found {
		c := f.Facts.(*ircFacts)
		got[f.Key] = fmt.Sprintf("%d %q orders=%d topic=%v", f.Severity, f.Family, c.Orders, c.Topic)
	}
	want := map[string]string{
		"10.0.0.1 203.0.113.1": `73 "" orders=0 topic=false`,
		"10.0.0.2 203.0.113.1": `73 "" orders=16 topic=true`, // told at each doubling
	}
	if d := cmp.Diff(want, got); d != "" || len(found) > 8 {
		t.Errorf("%d findings: %s", len(found), d)
	}
}

// Chatting is a note, once.
func TestIRCOfPeople(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		found, _ := watch(t, "irc-c2", nil, sceneEvents(readScenes(t, "irc-c2", file)))
		if len(found) != 1 || found[0].Severity != event.Low || found[0].Family != "policy" {
			t.Errorf("%s: %+v", file, found)
		}
	}
}

func TestTelnetExploit(t *testing.T) {
	found, _ := watch(t, "telnet-exploit", nil, sceneEvents(readScenes(t, "telnet-exploit", "hit")))
	got := map[string]telnetFacts{}
	for _, f := range found {
		got[f.Subject.Addr.String()] = *f.Facts.(*telnetFacts)
	}
	want := map[string]telnetFacts{"10.0.0.1": {Tries: 1, Injected: true}, "10.0.0.2": {Tries: 4, Key: 300}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, file := range []string{"miss", "benign"} {
		if found, _ := watch(t, "telnet-exploit", nil, sceneEvents(readScenes(t, "telnet-exploit", file))); len(found) > 0 {
			t.Errorf("%s: %+v", file, found[0].Facts)
		}
	}
}

// holdsCap floods a detector with clients and demands that its maps keep their cap.
func holdsCap(t *testing.T, name string, s scene, most int) {
	t.Helper()
	s.Every, s.Vary = 0.001, []string{"client"}
	events := make([]*event.Event, most+2000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, name, nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 || g.Cap() > most {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}

func TestIRCAndTelnetFlood(t *testing.T) {
	holdsCap(t, "irc-c2", scene{Kind: "irc", Client: "10.0.0.1", Server: "10.200.0.1", Fields: map[string]any{"brandmelder.irc.what": "join"}}, ircTalks)
	holdsCap(t, "telnet-exploit", scene{Kind: "telnet", Client: "10.0.0.1", Server: "10.200.0.1", Fields: map[string]any{"brandmelder.telnet.injected": true}}, telnetPairs)
}
