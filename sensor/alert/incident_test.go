package alert

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestIncidentFollowsTheHosts(t *testing.T) {
	tr := newTrial(t, nil)
	far := netip.MustParseAddr("198.51.100.7")
	tr.Raise(from(outside, inside, "web-exploit", 0, event.High))           // opens one
	tr.Raise(from(inside, server, "scan", minute, event.Medium))            // the peer becomes subject
	tr.Raise(from(inside, server, "login-bruteforce", minute, event.High))  // same subject
	tr.Raise(from(server, far, "exfiltration", 2*minute, event.Critical))   // and on
	tr.Raise(from(far.Next(), inside, "web-exploit", 3*minute, event.High)) // another attacker of one host: its own
	tr.Raise(from(inside, far.Next().Next(), "policy", 4*minute, event.Low))

	ids := column(tr.of(t, "alert"), "brandmelder.incident.id")
	for i := 1; i <= 3; i++ {
		if ids[i] != ids[0] || ids[0] == nil {
			t.Errorf("alert %d is in %v, want %v", i, ids[i], ids[0])
		}
	}
	if ids[4] == ids[0] || ids[4] == nil {
		t.Errorf("the other attacker is in %v", ids[4])
	}
	if ids[5] != ids[0] {
		t.Errorf("the low alert carries %v", ids[5])
	}

	incidents := tr.of(t, "incident")
	actions := column(incidents, "event.action")
	opened, updated := any("incident-opened"), any("incident-updated")
	if diff := cmp.Diff([]any{opened, updated, updated, updated, opened}, actions); diff != "" {
		t.Error(diff)
	}
	whole := incidents[3]
	for path, want := range map[string]any{
		"event.kind":                    "event",
		"event.severity":                99.0,
		"brandmelder.incident.severity": 99.0,
		"brandmelder.incident.count":    4.0,
		"brandmelder.incident.families": []any{"web-exploit", "scan", "login-bruteforce", "exfiltration"},
		"brandmelder.incident.stages":   []any{"initial-access", "discovery", "credential-access", "exfiltration"},
		"brandmelder.incident.hosts":    []any{"192.0.2.80", "10.1.0.5", "10.2.0.9", "198.51.100.7"},
		"message":                       "From 192.0.2.80: alerts 4, hosts involved 4, within 2 minutes (web-exploit, scan, login-bruteforce, exfiltration).",
	} {
		if diff := cmp.Diff(want, whole.at(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// Two incidents are one from the moment that a host of the one, attacked from the
// other, goes on by itself. A victim that two share does not join them.
func TestIncidentsThatMeet(t *testing.T) {
	tr := newTrial(t, nil)
	first, second := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	tr.Raise(from(first, server, "web-exploit", 0, event.High))
	tr.Raise(from(inside, outside, "beacon", minute, event.Medium))     // an incident of its own
	tr.Raise(from(first, inside, "smb-exploit", 2*minute, event.High))  // reaches it
	tr.Raise(from(second, server, "scan", 3*minute, event.Medium))      // a second intruder at one victim
	tr.Raise(from(inside, outside, "upload", 4*minute, event.Critical)) // and the host goes on
	tr.Raise(from(inside, outside, "dns-tunnel", 5*minute, event.High))
	tr.Tick(start + 6*minute)

	ids := column(tr.of(t, "alert"), "brandmelder.incident.id")
	if ids[1] == ids[0] || ids[3] == ids[0] || ids[4] != ids[0] || ids[5] != ids[0] {
		t.Errorf("%v", ids)
	}
	var actions []any
	var merged, whole object
	for _, o := range tr.of(t, "incident") {
		actions = append(actions, o.at("event.action"))
		if o.at("brandmelder.incident.merged_into") != nil {
			merged = o
		}
		if o.at("brandmelder.incident.id") == ids[0] {
			whole = o
		}
	}
	opened, updated := any("incident-opened"), any("incident-updated")
	if d := cmp.Diff([]any{opened, opened, updated, opened, any("incident-merged"), updated, updated}, actions); d != "" {
		t.Error(d)
	}
	if merged.at("brandmelder.incident.id") != ids[1] || merged.at("brandmelder.incident.merged_into") != ids[0] {
		t.Errorf("%v", merged)
	}
	for path, want := range map[string]any{
		"brandmelder.incident.count":    5.0,
		"brandmelder.incident.severity": 99.0,
		"brandmelder.incident.hosts":    []any{"192.0.2.1", "10.2.0.9", "10.1.0.5", "192.0.2.80"},
	} {
		if diff := cmp.Diff(want, whole.at(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if n := len(tr.files.open); n != 2 || len(tr.files.reached) != 1 {
		t.Errorf("%d open, %v reached", n, tr.files.reached)
	}
	tr.Tick(start + 2*incidentSpan)
	if len(tr.files.open)+len(tr.files.byHost)+len(tr.files.reached) != 0 {
		t.Errorf("left: %v %v", tr.files.byHost, tr.files.reached)
	}
}

func TestIncidentEndsADayAfterItsLastAlert(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Raise(from(outside, inside, "web-exploit", 0, event.High))
	tr.Tick(start + incidentSpan - second)
	if n := len(tr.of(t, "incident")); n != 1 {
		t.Errorf("%d documents before its end", n)
	}
	tr.Tick(start + incidentSpan)
	last := tr.of(t, "incident")
	if len(last) != 2 || last[1].at("event.action") != "incident-closed" {
		t.Fatalf("%v", column(last, "event.action"))
	}
	f := from(outside, inside, "scan", incidentSpan+minute, event.High)
	tr.Raise(f)
	if ids := column(tr.of(t, "incident"), "brandmelder.incident.id"); ids[2] == ids[0] {
		t.Error("an alert joined an incident that is over")
	}
}

func TestAlertRaisedAnewCountsOnce(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Raise(guessing(0, event.Medium))
	tr.Raise(guessing(second, event.High))
	last := tr.of(t, "incident")[1]
	if last.at("brandmelder.incident.count") != 1.0 || len(last.at("brandmelder.incident.alerts").([]any)) != 1 {
		t.Errorf("%v", last.at("brandmelder.incident"))
	}
	if last.at("brandmelder.incident.alerts").([]any)[0] != tr.of(t, "alert")[1].at("event.id") {
		t.Error("the incident names the alert that was followed")
	}
}

func TestIncidentsAreBounded(t *testing.T) {
	tr := newTrial(t, nil)
	a := netip.MustParseAddr("10.8.0.1")
	const extra = 20
	for i := range int64(maxIncidents + extra) {
		tr.Raise(from(a, netip.Addr{}, "scan", i*second, event.High))
		a = a.Next()
	}
	if n := len(tr.files.open); n != maxIncidents || len(tr.files.byHost) != maxIncidents {
		t.Errorf("%d open of %d hosts, want %d", n, len(tr.files.byHost), maxIncidents)
	}
	if got := tr.Count().IncidentsEvicted; got != extra {
		t.Errorf("%d evicted, want %d", got, extra)
	}
}

func TestOneIncidentKeepsLittle(t *testing.T) {
	tr := newTrial(t, nil)
	peer := netip.MustParseAddr("10.8.0.1")
	for i := range int64(500) {
		tr.Raise(from(inside, peer, "scan", i*second, event.High))
		peer = peer.Next()
	}
	i := tr.files.open[0]
	if len(i.hosts) != maxHosts || len(i.names) != maxAlertNames || i.alerts != 500 || len(tr.files.byHost) != maxHosts {
		t.Errorf("%d hosts, %d names, %d alerts, %d known", len(i.hosts), len(i.names), i.alerts, len(tr.files.byHost))
	}
}

func TestEveryFamilyHasAStage(t *testing.T) {
	for _, f := range event.Families {
		if stageOf(f) == "other" && f != "policy" {
			t.Errorf("%s belongs to no stage", f)
		}
	}
}

// What detectors of three stages say of one chain is graver than what each says.
func TestStagesCorroborate(t *testing.T) {
	tr := newTrial(t, nil)
	for i, family := range []string{"scan", "policy", "login-bruteforce", "remote-execution"} {
		tr.Raise(from(inside, server, family, int64(i)*minute, event.Medium))
	}
	if d := cmp.Diff([]any{47.0, 47.0, 47.0, 73.0}, column(tr.of(t, "incident"), "event.severity")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{47.0, 47.0, 47.0, 47.0}, column(tr.of(t, "incident"), "brandmelder.incident.severity")); d != "" {
		t.Error(d)
	}
}
