package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// stories is the latest of each finding by key, as one line.
func stories(found []event.Finding) map[string]string {
	out := make(map[string]string)
	for _, f := range found {
		var g guessing
		switch facts := f.Facts.(type) {
		case *bruteFacts:
			g = facts.guessing
		case *sprayFacts:
			g = facts.guessing
		}
		out[f.Key] = fmt.Sprintf("%d users=%d hosts=%d broken=%v", f.Severity, g.Users, g.Hosts, g.Succeeded)
	}
	return out
}

func TestBruteforceHit(t *testing.T) {
	found, _ := watch(t, "login-bruteforce", nil, sceneEvents(readScenes(t, "login-bruteforce", "hit")))
	want := map[string]string{
		"10.0.0.1 10.0.1.1 ftp": "99 users=1 hosts=1 broken=true",
		"10.0.0.2 10.0.1.1 ssh": "47 users=0 hosts=1 broken=false",
		"10.0.0.3 * smb":        "47 users=1 hosts=3 broken=false",
		"10.0.0.4 10.0.1.1 ssh": "47 users=0 hosts=1 broken=false",
		"10.0.0.6 10.0.1.6 rdp": "47 users=1 hosts=1 broken=false",
		"10.0.0.7 10.0.1.6 vnc": "47 users=0 hosts=1 broken=false",
	}
	if d := cmp.Diff(want, stories(found)); d != "" {
		t.Error(d)
	}
	if len(found) > 40 {
		t.Errorf("%d findings for four stories", len(found))
	}
	attempts := make(map[string]float64)
	for _, f := range found {
		attempts[f.Key] = f.Observed.Value
	}
	if n := attempts["10.0.0.1 10.0.1.1 ftp"]; n != 30 {
		t.Errorf("the last figure of 30 attempts is %v", n)
	}
	first := found[0]
	if n := first.Observed.Value; n > 20 || first.Score < 86 || first.Onset != sceneBegin || len(first.Flows) == 0 {
		t.Errorf("the first finding: %+v", first)
	}
}

func TestSprayHit(t *testing.T) {
	found, _ := watch(t, "login-spray", nil, sceneEvents(readScenes(t, "login-spray", "hit")))
	want := map[string]string{"10.0.0.1 * kerberos": "99 users=30 hosts=1 broken=true"}
	if d := cmp.Diff(want, stories(found)); d != "" {
		t.Error(d)
	}
	if len(found) == 0 || found[0].Severity != event.High || found[0].Observed.Value != sprayUsers {
		t.Errorf("the first finding: %+v", found)
	}
}

func TestLoginsThatAreFine(t *testing.T) {
	for _, name := range []string{"login-bruteforce", "login-spray"} {
		for _, file := range []string{"miss", "benign"} {
			found, _ := watch(t, name, nil, sceneEvents(readScenes(t, name, file)))
			for _, f := range found {
				t.Errorf("%s %s: %s %+v", name, file, f.Key, f.Facts)
			}
		}
	}
}

// Keys offered before the one that fits are refused within one connection.
func TestKeysBeforeTheRightOne(t *testing.T) {
	var events []*event.Event
	for n := range 20 {
		s := scene{Kind: "auth", T: float64(n) * 5, Client: "10.0.0.1", Server: "10.0.1.1", Port: 22, Protocol: "ssh", Outcome: "failure"}
		last := s
		last.Outcome = "success"
		for range 5 {
			events = append(events, s.event(0, n))
		}
		events = append(events, last.event(0, n))
	}
	if found, _ := watch(t, "login-bruteforce", nil, events); len(found) > 0 {
		t.Errorf("found %+v", found[0].Facts)
	}
}

func TestAllowedScannerIsANote(t *testing.T) {
	nets := []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}
	zones := []know.Zone{{Name: "z", Networks: nets, Scanners: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/32")}}}
	found, _ := watch(t, "login-bruteforce", zones, sceneEvents(readScenes(t, "login-bruteforce", "hit")))
	if got := stories(found)["10.0.0.2 10.0.1.1 ssh"]; got != "21 users=0 hosts=1 broken=false" {
		t.Errorf("an allowed scanner: %s", got)
	}
}

func TestLoginsTwiceTheSame(t *testing.T) {
	for _, name := range []string{"login-bruteforce", "login-spray"} {
		events := sceneEvents(readScenes(t, name, "hit"))
		a, _ := watch(t, name, nil, events)
		b, _ := watch(t, name, nil, events)
		if d := cmp.Diff(fmt.Sprintf("%+v", stories(a)), fmt.Sprintf("%+v", stories(b))); d != "" || len(a) != len(b) {
			t.Errorf("%s: %d and %d findings: %s", name, len(a), len(b), d)
		}
	}
}

func TestLoginFlood(t *testing.T) {
	s := scene{Kind: "auth", Client: "10.0.0.1", Server: "10.200.0.1", Protocol: "ssh", User: "u", Outcome: "failure", Every: 0.001, Vary: []string{"client", "server", "user"}}
	events := make([]*event.Event, 60_000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	for _, name := range []string{"login-bruteforce", "login-spray"} {
		found, state := watch(t, name, nil, events)
		for _, g := range state.Gauges() {
			if g.Len() != g.Cap() || g.Evicted() != uint64(len(events)-g.Cap()) {
				t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
			}
		}
		if len(found) > 0 {
			t.Errorf("%s: %d findings of single logins", name, len(found))
		}
	}
	s = scene{Kind: "auth", Client: "10.0.0.1", Server: "10.0.1.1", Protocol: "ssh", User: "u", Outcome: "failure", Every: 0.001, Vary: []string{"user", "server"}}
	for n := range events {
		events[n] = s.event(n, n)
	}
	found, _ := watch(t, "login-spray", nil, events)
	if last := found[len(found)-1]; len(found) > 20 || last.Facts.(*sprayFacts).Users != maxNoted || len(last.Flows) != event.MaxRefs {
		t.Errorf("%d findings, last %+v", len(found), last.Facts)
	}
}
