package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const (
	weekIncidents = 5  // a day without a cause, at most
	weekFound     = 16 // of the twenty intrusions, at least
)

// cause is the intrusion that an alert or an incident belongs to, -1 none: what the
// intruder's host does or begins, from its begin until a day after its end.
func (w *week) cause(s seen, begun func(*intrusion) int64) int {
	for n := range intrusions {
		i := &intrusions[n]
		who := w.office[i.who].String()
		at := begun(i)
		if s.source == who && s.at >= at && s.at < at+i.lasts+day {
			return n
		}
	}
	return -1
}

// tell writes the tables and judges the week.
func (o *watchWeek) tell(t *testing.T, w *week, days int, begun func(*intrusion) int64) {
	t.Helper()
	out := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	dayOf := func(at int64) int { return min(int((at-weekBegin)/day), days-1) }
	alerts, false_ := map[string][]int{}, 0
	for _, s := range o.alerts {
		if w.cause(s, begun) >= 0 {
			continue
		}
		if alerts[s.detector] == nil {
			alerts[s.detector] = make([]int, days)
		}
		alerts[s.detector][dayOf(s.at)]++
		false_++
		out("  %s %s %d %s %s", time.Unix(0, s.at).UTC().Format("Mon 15:04"), s.detector, s.severity, s.source, s.message)
	}
	incidents, most := make([]int, days), 0
	for _, s := range o.incidents {
		if w.cause(s, begun) < 0 {
			incidents[dayOf(s.at)]++
			most = max(most, incidents[dayOf(s.at)])
			out("  incident %s", s.message)
		}
	}
	out("\nwithout a cause, by day")
	names := make([]string, 0, len(alerts))
	for name := range alerts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out("  %-24s %v", name, alerts[name])
	}
	out("  %-24s %v", "incidents", incidents)
	found := o.found(w, begun, out)
	first, last := o.heap[min(23, len(o.heap)-1)], o.heap[len(o.heap)-1]
	out("\n%d hosts, %d events, %d ns each behind the merge: %.2f %% of one core; heap %d MB after a day, %d MB at the end",
		w.hosts(), o.events, o.spent.Nanoseconds()/int64(o.events), 100*o.spent.Seconds()/(float64(days)*86400), first>>20, last>>20)
	if most > weekIncidents {
		t.Errorf("%d incidents without a cause on one day, at most %d are wanted", most, weekIncidents)
	}
	if found < weekFound {
		t.Errorf("%d of %d intrusions found, at least %d are wanted", found, len(intrusions), weekFound)
	}
}

// found tells how soon each intrusion was found.
func (o *watchWeek) found(w *week, begun func(*intrusion) int64, out func(string, ...any)) (n int) {
	out("\n%-40s %-12s %-12s %s", "intrusion", "first alert", "incident", "detectors")
	for i := range intrusions {
		at := begun(&intrusions[i])
		alerted, opened := "-", "-"
		var by []string
		for _, s := range o.alerts {
			if w.cause(s, begun) == i {
				if alerted == "-" {
					alerted = time.Duration(s.at - at).Round(time.Second).String()
					n++
				}
				if !slices.Contains(by, s.detector) {
					by = append(by, s.detector)
				}
			}
		}
		for _, s := range o.incidents {
			if opened == "-" && w.cause(s, begun) == i {
				opened = time.Duration(s.at - at).Round(time.Second).String()
			}
		}
		out("%-40s %-12s %-12s %v", intrusions[i].name, alerted, opened, by)
	}
	return n
}

func (h *house) hosts() int {
	return len(h.office) + len(h.medical) + len(h.modalities) + len(h.servers) + len(h.printers) + len(h.phones) + len(h.controllers) + len(h.switches) + len(h.guests)
}
