// Package alert turns findings into alerts: one story merged, scored, suppressed,
// worded in English and Dutch, and gathered into incidents. It runs on the
// goroutine of the detectors.
package alert

import (
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// Config of a Desk.
type Config struct {
	Observer *event.Observer
	Lang     string // "en" or "nl": the language of message; both texts are in the document
	Seed     []byte // keys the ids; fixed in a replay
	Know     *know.Know
}

// Desk is where findings become alerts.
type Desk struct {
	c    Config
	emit func(event.Doc)
}

// New returns a Desk that hands its documents to emit.
func New(c Config, emit func(event.Doc)) *Desk { return &Desk{c: c, emit: emit} }

// Raise takes a finding.
func (d *Desk) Raise(f event.Finding) {}

// Cover tells how much was seen in the latest minute; alerts carry it.
func (d *Desk) Cover(c *event.Coverage) {}

// Tick writes what has become due: growth of alerts, ends of incidents.
func (d *Desk) Tick(now int64) {}

// Close ends the run.
func (d *Desk) Close(now int64) {}

// Count is the desk's part of the accounting: Findings = Alerts + Merged + Suppressed.
type Count struct{ Findings, Alerts, Merged, Suppressed uint64 }

// Count may be called between events.
func (d *Desk) Count() Count { return Count{} }
