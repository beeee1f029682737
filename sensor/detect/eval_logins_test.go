package detect

import (
	"cmp"
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
// logins, by kind, and what is told without a cause. The detector was written with
// the first domain at hand; the others were made afterwards.
func TestEvalLogins(t *testing.T) {
	if testing.Short() {
		t.Skip("three weeks of five domains")
	}
	all, every := 0, 0
	for seed := uint64(1); seed <= 5; seed++ {
		found, strange, wrong := evalDomain(t, seed)
		if wrong > 2 {
			t.Errorf("domain %d: %.2f alarms a day without a cause, 2 are wanted", seed, wrong)
		}
		all, every = all+found, every+strange
	}
	if 20*all < 17*every {
		t.Errorf("%d of %d found, 17 of 20 are wanted", all, every)
	}
}

// evalDomain runs one domain, prints what came of it, and returns how many strange
// logins there were and were found, and the alarms a day without a cause.
func evalDomain(t *testing.T, seed uint64) (found, strange int, wrong float64) {
	d := newDomain(seed)
	alarms, notes := map[string]int{}, 0
	told := map[string]bool{}
	d.run(t, func(s *Spec, f event.Finding) {
		severity := cmp.Or(f.Severity, s.Severity)
		key := fmt.Sprint(s.Name, f.Key, f.Time/day)
		switch {
		case d.cause(f, severity >= event.Medium) || told[key]:
		case severity < event.Medium:
			notes++
		default:
			told[key] = true
			alarms[s.Name]++
			t.Logf("without a cause: day %d, %s, %s %s, %+v", (f.Time-domainBegin)/day, s.Name, f.Subject.Addr, f.Subject.User, f.Facts)
		}
	})
	found = d.table(t)
	for _, name := range loginDetectors {
		wrong += float64(alarms[name])
	}
	wrong /= domainDays - domainLearn
	t.Logf("domain %d: %d events; %d of %d found; %.2f alarms a day without a cause (those of all %d days over the %d after learning), %d notes",
		seed, len(d.events), found, len(d.strange), wrong, domainDays, domainDays-domainLearn, notes)
	return found, len(d.strange), wrong
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
