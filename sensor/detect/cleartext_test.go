package detect

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// clearTold is the latest of each story, as one line.
func clearTold(found []event.Finding) []string {
	last := map[string]string{}
	for _, f := range found {
		c := f.Facts.(*clearFacts)
		last[f.Key] = fmt.Sprintf("%s>%s %s %q %d n=%d users=%d clients=%d servers=%d outside=%v",
			f.Subject.Addr, f.Peer.Addr, c.Protocol, f.Subject.User, f.Severity, c.Attempts, c.Users, c.Clients, c.Servers, c.Outside)
	}
	var out []string
	for _, s := range last {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func TestCleartextHit(t *testing.T) {
	found, _ := watch(t, "cleartext-credentials", nil, sceneEvents(readScenes(t, "cleartext-credentials", "hit")))
	want := []string{
		`10.0.0.1>10.0.1.1 pop3 "nurse" 47 n=8 users=1 clients=1 servers=1 outside=false`,
		`10.0.0.2>203.0.113.9 http "doctor" 47 n=1 users=1 clients=1 servers=1 outside=true`,
		`10.0.0.3>10.0.1.3 http "clerk" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.1.4>invalid IP ftp "" 47 n=16 users=16 clients=16 servers=1 outside=false`,
		`10.0.2.1>10.0.1.4 ftp "porter0" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.2.2>10.0.1.4 ftp "porter1" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.2.3>10.0.1.4 ftp "porter2" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.3.1>10.0.4.1 telnet "backup" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.3.1>10.0.4.2 telnet "backup" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.3.1>10.0.4.3 telnet "backup" 47 n=1 users=1 clients=1 servers=1 outside=false`,
		`10.0.3.1>invalid IP telnet "" 47 n=16 users=1 clients=1 servers=16 outside=false`,
	}
	if d := cmp.Diff(want, clearTold(found)); d != "" {
		t.Error(d)
	}
}

// What is still held when the run ends is told by its last tick, the only one that
// is not a step after the one before.
func TestCleartextAtTheEnd(t *testing.T) {
	s := scene{Kind: "auth", Client: "10.0.0.1", Server: "10.0.1.1", Protocol: "ldap", User: "u", Outcome: "unknown", Clear: true}
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := newCleartext(Env{Know: k, State: baseline.NewStore()}, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	report := func(event.Finding) { told++ }
	d.Observe(s.event(0, 0), report)
	if d.Tick(sceneBegin+TickEvery, report); told != 0 {
		t.Errorf("%d told within the minute", told)
	}
	if d.Tick(sceneBegin+TickEvery, report); told != 1 {
		t.Errorf("%d told at the end", told)
	}
}

func TestCleartextFlood(t *testing.T) {
	s := scene{Kind: "auth", Client: "10.0.0.1", Server: "10.200.0.1", Protocol: "ftp", User: "u", Outcome: "success", Clear: true, Every: 0.001, Vary: []string{"client", "server", "user"}}
	events := make([]*event.Event, 25_000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, "cleartext-credentials", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
