package alert

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var (
	decidedAt  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	decider    = &event.Observer{Name: "s", Namespace: "default"}
	samePrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
)

func suppressed(id string, expiry time.Time) Decision {
	return Decision{
		Action: Suppress, Time: decidedAt.UnixNano(), Owner: "ann", Reason: `the "weekly" scan`, Suppression: id, Expiry: expiry.UnixNano(),
		Scope: Scope{Family: "scan", Source: netip.MustParsePrefix("10.0.0.5/32"), Destination: netip.MustParsePrefix("2001:db8::/32")},
	}
}

func TestADecisionReadsBack(t *testing.T) {
	for _, want := range []Decision{
		suppressed("s1", decidedAt.Add(time.Hour)),
		{Action: Unsuppress, Time: 5, Owner: "bob", Suppression: "s1"},
		{Action: CloseAlert, Time: 6, Owner: "ann", Alert: "a1", Verdict: "benign", Reason: "allowed"},
	} {
		doc := want.Doc(decider)
		got, err := ParseDecision(doc)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, samePrefix); d != "" {
			t.Errorf("%s\n%s", d, doc.JSON)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"{", `{"brandmelder":{"decision":{"scope":{"source":"x"}}}}`} {
		if _, err := ParseDecision(event.Doc{JSON: []byte(text)}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestStanding(t *testing.T) {
	standing := Standing([]Decision{
		suppressed("past", decidedAt),
		suppressed("ended", decidedAt.Add(time.Hour)),
		suppressed("stands", decidedAt.Add(time.Hour)),
		{Action: Unsuppress, Suppression: "ended"},
	}, decidedAt)
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
