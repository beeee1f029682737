// Package alert turns findings into alerts: one story merged, scored, suppressed,
// worded in English and Dutch, and gathered into incidents. It runs on the
// goroutine of the detectors, on packet time alone, in bounded memory; the same
// findings give the same documents.
package alert

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// Config of a Desk.
type Config struct {
	Observer     *event.Observer
	Lang         string // "en" or "nl": the language of message; both texts are in the document
	Seed         []byte // keys the ids; fixed in a replay
	Know         *know.Know
	Suppressions []Suppression // the first that matches counts
	Pasts        *Pasts        // alerts and incidents of the run before; nil none
	AlertsOnly   bool          // neither growth nor incidents are written
}

// Desk is where findings become alerts.
type Desk struct {
	c     Config
	emit  func(event.Doc)
	specs map[string]*detect.Spec

	now      int64 // latest time heard of, ns
	stories  map[storyKey]*story
	open     []*story // the same, in the order they were opened
	files    *files   // open incidents
	coverage *event.Coverage
	learning []baseline.Lesson
	layouts  map[*event.Table]*event.Layout
	count    Count
}

// New returns a Desk that hands its documents to emit. It panics when the facts
// of a detector have a path that alerts already have.
func New(c Config, emit func(event.Doc)) *Desk {
	d := &Desk{
		c: c, emit: emit,
		specs:   map[string]*detect.Spec{},
		stories: map[storyKey]*story{},
		files:   newFiles(),
		layouts: map[*event.Table]*event.Layout{},
	}
	d.files.reopen(c.Pasts)
	for _, s := range detect.All() {
		d.specs[s.Name] = s
		d.layout(s.Facts)
	}
	return d
}

// Raise takes a finding: a new alert, or more of one that stands.
func (d *Desk) Raise(f event.Finding) {
	d.count.Findings++
	d.now = max(d.now, f.Time)
	key := storyKey{f.Detector, f.Key}
	s := d.stories[key]
	if s != nil && !s.covers(f.Time) {
		d.end(s)
		s = nil
	}
	switch {
	case s == nil:
		s = newStory(key, f)
		d.admit(s)
		if d.resume(s) {
			d.count.Merged++
			return
		}
		d.raise(s)
	case f.Severity > s.finding.Severity:
		s.merge(f)
		s.promote()
		d.raise(s)
	default:
		s.merge(f)
		d.count.Merged++
	}
}

// raise writes revision 0 of a story that is new or has become graver.
func (d *Desk) raise(s *story) {
	s.id = d.storyID(s.key, s.raised/window, s.times)
	s.suppression = d.suppression(&s.finding)
	if s.suppression != "" {
		s.incident = ""
		d.count.Suppressed++
		d.writeAlert(s)
		return
	}
	d.count.Alerts++
	file := d.assign(s)
	d.writeAlert(s)
	if file != nil {
		d.writeIncident(file)
	}
}

// Cover tells how much was seen in the latest minute; alerts carry it.
func (d *Desk) Cover(c *event.Coverage) { d.coverage = c }

// Learning tells which detectors still learn; alerts carry it.
func (d *Desk) Learning(rest []baseline.Lesson) { d.learning = rest }

// Tick writes what has become due: growth of alerts, ends of incidents.
func (d *Desk) Tick(now int64) {
	d.now = now
	rest := d.open[:0]
	for _, s := range d.open {
		if d.grow(s, now) {
			rest = append(rest, s)
		} else {
			delete(d.stories, s.key)
		}
	}
	clear(d.open[len(rest):])
	d.open = rest
	d.closeIncidents(now)
}

// Close ends the run: what grew since it was last written is written. Incidents
// stay open, for the end of a run is not the end of an attack.
func (d *Desk) Close(now int64) {
	d.now = max(d.now, now)
	for _, s := range d.open {
		d.writeGrowth(s)
	}
	clear(d.stories)
	d.open = nil
}

// Count is the desk's part of the accounting: Findings = Alerts + Merged + Suppressed.
type Count struct {
	Findings, Alerts, Merged, Suppressed uint64

	StoriesEvicted   uint64 // closed early to make room
	IncidentsEvicted uint64
}

// Count may be called between events.
func (d *Desk) Count() Count { return d.count }
