package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

func TestLoginNovelty(t *testing.T) {
	found, _ := watch(t, "login-novelty", nil, sceneEvents(readScenes(t, "login-novelty", "hit")))
	if len(found) != 1 {
		t.Fatalf("%d findings: %+v", len(found), found)
	}
	f := found[0]
	facts := f.Facts.(*noveltyFacts)
	if !facts.Bound || !facts.Place || facts.Days != 16 || f.Subject.User != "svc-records" || f.Subject.Addr.String() != "10.2.1.9" ||
		f.Severity != event.Medium || f.Family != "" || f.Class != event.Novelty || f.Baseline.Since != sceneBegin {
		t.Errorf("%+v %+v", f, facts)
	}
}

func TestLoginNoveltyFlood(t *testing.T) {
	s := scene{Kind: "auth", Client: "10.0.0.1", Server: "10.200.0.1", Protocol: "ldap", User: "u", Outcome: "success", Every: 0.001, Vary: []string{"client", "server", "user"}}
	events := make([]*event.Event, 30_000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	found, state := watch(t, "login-novelty", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
	if len(found) > 0 {
		t.Errorf("%d findings of a sensor that still learns", len(found))
	}
}

// noveltyRun runs some of a domain on a fresh detector that begins with what dir has.
func noveltyRun(t *testing.T, dir string, events []*event.Event) (keys []string) {
	t.Helper()
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	state := baseline.NewStore()
	d, err := newLoginNovelty(Env{Know: k, State: state}, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Restore(dir) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	for _, e := range events {
		d.Observe(e, func(f event.Finding) { keys = append(keys, fmt.Sprint(f.Time, f.Key, f.Severity)) })
	}
	if err := baseline.NewKeeper(dir, "test", func(err error) { t.Error(err) }, state).Close(events[len(events)-1].Time); err != nil {
		t.Fatal(err)
	}
	return keys
}

// A sensor that is restarted on the 16th day finds what one finds that ran on.
func TestLoginNoveltySurvivesARestart(t *testing.T) {
	events := newDomain(1).events
	restart := 0
	for events[restart].Time < domainBegin+16*24*domainHour {
		restart++
	}
	whole := noveltyRun(t, t.TempDir(), events)
	dir := t.TempDir()
	halves := append(noveltyRun(t, dir, events[:restart]), noveltyRun(t, dir, events[restart:])...)
	if d := cmp.Diff(whole, halves); d != "" || len(whole) < 10 {
		t.Errorf("%d findings: %s", len(whole), d)
	}
}

// The same account at places outside: what can be travelled, and what cannot.
func TestImpossibleTravel(t *testing.T) {
	places := map[string]know.Place{
		"198.51.100.1": {Located: true, Latitude: 52.1, Longitude: 5.1, Radius: 20, ASN: 64500}, // Utrecht
		"198.51.100.2": {Located: true, Latitude: 52.4, Longitude: 4.9, Radius: 20, ASN: 64501}, // Amsterdam
		"198.51.100.3": {Located: true, Latitude: 40.7, Longitude: -74, Radius: 50, ASN: 64502}, // New York
		"198.51.100.4": {Located: true, Latitude: 40.7, Longitude: -74, Radius: 50, ASN: 64500},
	}
	for name, c := range map[string]struct {
		from  []string
		every float64 // s
		km    int64
	}{
		"to the next town":          {[]string{"198.51.100.1", "198.51.100.2"}, 600, 0},
		"over the sea in an hour":   {[]string{"198.51.100.1", "198.51.100.3"}, 3600, 5800},
		"over the sea in a night":   {[]string{"198.51.100.1", "198.51.100.3"}, 10 * 3600, 0},
		"in the same network":       {[]string{"198.51.100.1", "198.51.100.4"}, 600, 0},
		"back and forth, once told": {[]string{"198.51.100.1", "198.51.100.3", "198.51.100.1", "198.51.100.3"}, 600, 5800},
		"a place nobody knows":      {[]string{"198.51.100.1", "203.0.113.1"}, 600, 0},
	} {
		k, err := know.New(know.Config{})
		if err != nil {
			t.Fatal(err)
		}
		one, err := newLoginNovelty(Env{Know: k, State: baseline.NewStore()}, func(any) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		d := one.(*loginNovelty)
		d.where = func(a netip.Addr) know.Place { return places[a.String()] }
		var found []*noveltyFacts
		for n, from := range c.from {
			s := scene{Kind: "auth", T: float64(n) * c.every, Client: from, Server: "10.0.0.1", Port: 443, Protocol: "http", User: "doctor", Outcome: "success"}
			d.Observe(s.event(0, n), func(f event.Finding) { found = append(found, f.Facts.(*noveltyFacts)) })
		}
		if c.km == 0 && len(found) > 0 || c.km > 0 && (len(found) != 1 || found[0].Kilometres/100 != c.km/100) {
			t.Errorf("%s: %d findings %+v", name, len(found), found)
		}
	}
}
