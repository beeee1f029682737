package decision

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

var (
	now      = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	observer = &event.Observer{Name: "s", Namespace: "default"}
	same     = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
)

func suppress(id string, expiry time.Time) Decision {
	return Decision{
		Action: Suppress, Time: now.UnixNano(), Owner: "ann", Reason: `the "weekly" scan`, Suppression: id, Expiry: expiry.UnixNano(),
		Scope: alert.Scope{Family: "scan", Source: netip.MustParsePrefix("10.0.0.5/32"), Destination: netip.MustParsePrefix("2001:db8::/32")},
	}
}

func TestADecisionReadsBack(t *testing.T) {
	for _, want := range []Decision{
		suppress("s1", now.Add(time.Hour)),
		{Action: End, Time: 5, Owner: "bob", Suppression: "s1"},
		{Action: Close, Time: 6, Owner: "ann", Alert: "a1", Verdict: "benign", Reason: "allowed"},
	} {
		doc := want.Doc(observer)
		got, err := Parse(doc)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Errorf("%s\n%s", d, doc.JSON)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"{", `{"brandmelder":{"decision":{"scope":{"source":"x"}}}}`} {
		if _, err := Parse(event.Doc{JSON: []byte(text)}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// What was decided while a run holds the journal counts as well, once.
func TestReadAndStanding(t *testing.T) {
	dir := t.TempDir()
	decide := func(d Decision) {
		t.Helper()
		if err := journal.Decide(dir, d.Doc(observer)); err != nil {
			t.Fatal(err)
		}
	}
	decide(suppress("past", now))
	decide(suppress("ended", now.Add(time.Hour)))
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	alertDoc := event.Doc{Dataset: "alert", ID: "a", Keep: event.Decisions, JSON: []byte("{}")}
	if err := j.Append([]event.Doc{alertDoc}); err != nil {
		t.Fatal(err)
	}
	decide(suppress("stands", now.Add(time.Hour)))
	decide(Decision{Action: End, Time: now.UnixNano(), Suppression: "ended", Owner: "bob"})
	list, err := Read(dir)
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	standing := Standing(list, now)
	if len(standing) != 1 || standing[0].ID != "stands" {
		t.Fatalf("%+v", standing)
	}
	if err := standing[0].Validate(); err != nil {
		t.Error(err)
	}
}

func TestNewID(t *testing.T) {
	if a, b := NewID(), NewID(); a == b || len(a) != 16 {
		t.Error(a, b)
	}
}
