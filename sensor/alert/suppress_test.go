package alert

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func decision() Suppression {
	return Suppression{
		ID: "s1", Owner: "j.jansen", Reason: "penetration test", Expiry: start + window,
		Scope: Scope{Detector: "login-bruteforce", Source: netip.MustParsePrefix("10.1.0.0/16")},
	}
}

func TestSuppressionMatches(t *testing.T) {
	tests := map[string]struct {
		change func(*Suppression)
		want   bool
	}{
		"as it is":          {func(*Suppression) {}, true},
		"other detector":    {func(s *Suppression) { s.Scope.Detector = "scan" }, false},
		"family":            {func(s *Suppression) { s.Scope.Family = "login-bruteforce" }, true},
		"other family":      {func(s *Suppression) { s.Scope.Family = "scan" }, false},
		"other source":      {func(s *Suppression) { s.Scope.Source = netip.MustParsePrefix("10.9.0.0/16") }, false},
		"destination":       {func(s *Suppression) { s.Scope.Destination = netip.MustParsePrefix("10.2.0.9/32") }, true},
		"other destination": {func(s *Suppression) { s.Scope.Destination = netip.MustParsePrefix("10.2.0.8/32") }, false},
		"over":              {func(s *Suppression) { s.Expiry = start }, false},
		"without scope":     {func(s *Suppression) { s.Scope = Scope{} }, false},
	}
	f := guessing(0, event.High)
	for name, test := range tests {
		s := decision()
		test.change(&s)
		if got := s.matches(&f); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSuppressedAlertIsStoredAndOpensNoIncident(t *testing.T) {
	tr := newTrial(t, func(c *Config) { c.Suppressions = []Suppression{decision()} })
	tr.Raise(guessing(0, event.High))
	tr.Raise(guessing(second, event.High))
	tr.Close(start + minute)
	alerts := tr.of(t, "alert")
	if diff := cmp.Diff([]any{"s1", "s1"}, column(alerts, "brandmelder.suppression.id")); diff != "" {
		t.Error(diff)
	}
	if n := len(tr.of(t, "incident")); n != 0 || alerts[0].at("brandmelder.incident") != nil {
		t.Errorf("%d incidents", n)
	}
	if diff := cmp.Diff(Count{Findings: 2, Suppressed: 1, Merged: 1}, tr.Count()); diff != "" {
		t.Error(diff)
	}
}

func TestValidateNamesWhatIsMissing(t *testing.T) {
	good := decision()
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	tests := map[string]func(*Suppression){
		"id is required":         func(s *Suppression) { s.ID = "" },
		"owner is required":      func(s *Suppression) { s.Owner = "" },
		"reason is required":     func(s *Suppression) { s.Reason = "" },
		"expiry is required":     func(s *Suppression) { s.Expiry = 0 },
		"scope is required":      func(s *Suppression) { s.Scope = Scope{} },
		"not every address":      func(s *Suppression) { s.Scope = Scope{Source: netip.MustParsePrefix("0.0.0.0/0")} },
		`unknown family "scann"`: func(s *Suppression) { s.Scope.Family = "scann" },
	}
	for want, change := range tests {
		s := decision()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	var empty Suppression
	if err := empty.Validate(); err == nil || strings.Count(err.Error(), "required") != 5 {
		t.Errorf("an empty one is told: %v", err)
	}
}
