package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// loginDetectors are those that see a domain's logins.
var loginDetectors = []string{"kerberos-downgrade", "kerberos-roasting", "login-bruteforce", "login-novelty", "login-spray", "user-enumeration"}

// run puts the domain's events before the detectors of logins.
func (d *domain) run(t *testing.T, report func(*Spec, event.Finding)) {
	t.Helper()
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	type runner struct {
		Detector
		spec *Spec
	}
	var all []runner
	for _, s := range All() {
		if slices.Contains(loginDetectors, s.Name) {
			one, err := s.New(Env{Know: k, State: baseline.NewStore()}, func(any) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, runner{one, s})
		}
	}
	for _, e := range d.events {
		k.Observe(e)
		for _, r := range all {
			if slices.Contains(r.spec.Wants, e.Kind) {
				r.Observe(e, func(f event.Finding) { report(r.spec, f) })
			}
		}
	}
}

// TestEvalLogins is `make eval-logins`: it prints what is found of the strange
// logins, by kind, and what is told without a cause.
func TestEvalLogins(t *testing.T) {
	if testing.Short() {
		t.Skip("three weeks of a domain")
	}
	d := newDomain(1)
	alarms, notes := map[string]int{}, 0
	told := map[string]bool{}
	d.run(t, func(s *Spec, f event.Finding) {
		severity := max(f.Severity, 0)
		if severity == 0 {
			severity = s.Severity
		}
		if d.cause(f, severity >= event.Medium) {
			return
		}
		if severity < event.Medium {
			notes++
			return
		}
		if key := s.Name + f.Key + fmt.Sprint(f.Time/day); !told[key] {
			told[key] = true
			alarms[s.Name]++
			t.Logf("without a cause: day %d %s %s %s %+v", (f.Time-domainBegin)/day, s.Name, f.Subject.Addr, f.Subject.User, f.Facts)
		}
	})
	found, wrong := d.table(t), 0
	for _, name := range loginDetectors {
		wrong += alarms[name]
		t.Logf("without a cause: %-20s %d", name, alarms[name])
	}
	perDay := float64(wrong) / (domainDays - domainLearn)
	t.Logf("%d events; %d of %d found; %.2f alarms a day without a cause in the %d days after learning, %d notes", len(d.events), found, len(d.strange), perDay, domainDays-domainLearn, notes)
	if found < 17 || perDay > 2 {
		t.Errorf("wanted: 17 found and 2 a day")
	}
}

// cause reports whether a finding is about a strange login, and marks that.
func (d *domain) cause(f event.Finding, alarm bool) bool {
	for i := range d.strange {
		s := &d.strange[i]
		if s.user == f.Subject.User && s.from == f.Subject.Addr.String() && f.Time >= s.at && f.Time < s.at+domainHour {
			s.found = s.found || alarm
			return true
		}
	}
	return false
}

func (d *domain) table(t *testing.T) (found int) {
	var kinds []string
	got, all := map[string]int{}, map[string]int{}
	for _, s := range d.strange {
		if all[s.kind]++; all[s.kind] == 1 {
			kinds = append(kinds, s.kind)
		}
		if s.found {
			got[s.kind]++
			found++
		}
	}
	for _, k := range kinds {
		t.Logf("%-45s %d of %d %s", k, got[k], all[k], strings.Repeat("missed ", min(1, all[k]-got[k])))
	}
	return found
}
