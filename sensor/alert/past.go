package alert

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// maxTimes is how often a story can be raised: once for each severity.
const maxTimes = 4

// Past is an alert of an earlier run. What goes on after a restart is more of it,
// not another one.
type Past struct {
	ID                    string
	Raised                int64 // ns
	Severity              event.Severity
	Revision              int
	Incident, Suppression string
}

// Pasts gathers the alerts that a story may still belong to, and the incidents that
// are open, from documents in the order in which they were written; now is ns.
type Pasts struct {
	now       int64
	byID      map[string]*Past
	incidents map[string]*incident
}

// NewPasts begins with none.
func NewPasts(now int64) *Pasts { return &Pasts{now, map[string]*Past{}, map[string]*incident{}} }

// Add takes a document; others than alerts and incidents, and old ones, it leaves.
func (p *Pasts) Add(doc event.Doc) error {
	if doc.Dataset == "incident" && doc.Time > p.now-incidentSpan {
		return p.addIncident(doc)
	}
	if doc.Dataset != "alert" || doc.Time <= p.now-2*window {
		return nil
	}
	d, err := event.ParseDocument(doc.JSON)
	if err != nil {
		return err
	}
	a := alertTable.Stored(d)
	id, _, grown := strings.Cut(doc.ID, "-")
	if grown && p.byID[id] != nil {
		p.byID[id].Revision = int(event.NumberOf(a, "brandmelder.revision"))
	}
	if !grown {
		p.byID[id] = &Past{
			ID: id, Raised: doc.Time, Severity: event.Severity(event.NumberOf(a, "event.severity")),
			Incident: event.TextOf(a, "brandmelder.incident.id"), Suppression: event.TextOf(a, "brandmelder.suppression.id"),
		}
	}
	return nil
}

// resume makes a new story go on from an earlier run, if it was raised there, and
// reports whether it was. Its id says so: it names the key, the hour and how often.
func (d *Desk) resume(s *story) bool {
	if d.c.Pasts == nil {
		return false
	}
	hour := s.raised / window
	for _, h := range [...]int64{hour, hour - 1} {
		for times := maxTimes; times > 0; times-- {
			p := d.c.Pasts.byID[d.storyID(s.key, h, times)]
			if p == nil || !s.covers(p.Raised) {
				continue
			}
			s.id, s.raised, s.times, s.revision = p.ID, p.Raised, times, p.Revision
			s.incident, s.suppression = p.Incident, p.Suppression
			for s.step < len(growth) && s.finding.Time >= s.raised+growth[s.step] {
				s.step++
			}
			if s.finding.Severity > p.Severity {
				s.promote()
				return false
			}
			s.finding.Severity = p.Severity
			s.fresh++
			return true
		}
	}
	return false
}

func (d *Desk) storyID(key storyKey, hour int64, times int) string {
	return d.id("alert", key.detector, key.key, itoa(hour), itoa(int64(times)))
}
