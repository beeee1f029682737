package pipeline

import "testing"

const firstHourAlerts = 5

// TestFirstHour watches a fresh sensor's first hour of some 500 hosts: while people
// log on, while programs are put on computers, and at night while backups run.
func TestFirstHour(t *testing.T) {
	for _, from := range []int64{1, 3, 8, 12} {
		w := newWeek(uint64(from), .18)
		w.begin += from * hour
		o := newWatchWeek(t, &w.house)
		o.hours(w, 1, nil)
		o.line.after.close()
		if len(o.alerts) > firstHourAlerts {
			t.Errorf("%d alerts in the hour from %d:00 of %d hosts, at most %d are wanted", len(o.alerts), from, w.hosts(), firstHourAlerts)
			for _, s := range o.alerts {
				t.Logf("%s %d %s", s.detector, s.severity, s.message)
			}
		}
	}
}

// What a visitor's device sends to the world outside is a note; of a workstation the
// same is an alarm.
func TestVisitorsAreNoAlarm(t *testing.T) {
	for _, visitor := range []bool{true, false} {
		w := newWeek(1, .01)
		o, who := newWatchWeek(t, &w.house), w.office[0]
		if visitor {
			who = w.guests[0]
		}
		w.web(w.begin+minute, who, "up", "opslag-van-een-ander.nl", 900_000_000, 9000, 5*minute)
		o.run(w)
		o.line.after.close()
		if alarmed := len(o.alerts) > 0; alarmed == visitor {
			t.Errorf("visitor %v: alarms %+v", visitor, o.alerts)
		}
	}
}
