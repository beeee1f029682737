package detect

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// watchTalks runs one detector with its defaults over events, with ticks, and
// returns what it found.
func watchTalks(t testing.TB, name string, events []*event.Event) []event.Finding {
	t.Helper()
	found, _ := watchWith(t, name, events, nil)
	return found
}

// watchWith is watchTalks with a configuration, and gives the state as well.
func watchWith(t testing.TB, name string, events []*event.Event, set func(any)) ([]event.Finding, *baseline.Store) {
	t.Helper()
	i := slices.IndexFunc(registry, func(s *Spec) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no detector %s", name)
	}
	network, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	spec, env := registry[i], Env{Know: network, State: baseline.NewStore()}
	d, err := spec.New(env, func(into any) error {
		if set != nil {
			set(into)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []event.Finding
	report := func(f event.Finding) {
		if f.Severity == 0 {
			f.Severity = spec.Severity
		}
		found = append(found, f)
	}
	next := int64(0)
	for _, e := range events {
		for next != 0 && next <= e.Time {
			d.Tick(next, report)
			next += TickEvery
		}
		if next == 0 {
			next = e.Time + TickEvery
		}
		env.Know.Observe(e)
		if slices.Contains(spec.Wants, e.Kind) {
			d.Observe(e, report)
		}
	}
	d.Tick(next, report)
	return found, env.State
}

// sameAddr lets go-cmp compare addresses.
var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// detections is the findings that count as an alarm.
func detections(found []event.Finding) []event.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f event.Finding) bool { return f.Severity < event.Medium })
}
