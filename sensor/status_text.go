package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// sheet is lines of a name and a text that a screen can hold.
type sheet struct{ w io.Writer }

func (p *sheet) line(name, format string, args ...any) {
	for i, text := range output.Wrap(fmt.Sprintf(format, args...), output.Width-15) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(p.w, "%-14s %s\n", name, text)
	}
}

// printStatus writes the document for people, the most important first.
func printStatus(w io.Writer, s *health.Status) {
	p := &sheet{w}
	p.line("sight", "%s", s.Sight)
	p.line("version", "%s", s.Version)
	p.line("configuration", "%s", s.Configuration)
	p.line("state", "%s", s.State)
	p.running(s)
	if s.Upgrade != nil {
		p.line("upgrade", "%s", s.Upgrade)
	}
	p.told(s)
	p.stored(s)
	p.outputs(s)
	for _, text := range s.Blind {
		p.line("blind", "%s", text)
	}
	p.learned(&s.Detectors)
	p.minute(s)
}

// running is what run says, or said last.
func (p *sheet) running(s *health.Status) {
	r := s.Run
	switch {
	case r == nil:
		p.line("running", "no: what follows is from the files")
		return
	case !s.Up:
		p.line("running", "no: what follows is from the files, and run's last word of %s", moments(r.At))
	default:
		p.line("running", "since %s, process %d, version %s", moments(r.Since), r.PID, r.Version)
	}
	l := &r.Line
	p.line("", "%d packets, %d dropped by the kernel, %d flows live of %d, %d events, %d documents journaled, %d not",
		l.Packets, l.Drops.Kernel, l.Flows.Live, l.Flows.Created, l.Events, r.Journaled, r.Shed)
	if s.Up {
		p.line("rights", "%s", r.Rights)
	}
	if lost := losses(&l.Drops); lost != "" {
		p.line("lost", "%s", lost)
	}
	clock := "unknown whether a time server keeps it"
	if s.Synchronised != nil {
		clock = map[bool]string{true: "kept by a time server", false: "kept by no time server"}[*s.Synchronised]
	}
	if !l.Clock.IsZero() {
		clock += fmt.Sprintf("; the line is at %s, set %d times", moments(l.Clock), l.Steps)
	}
	p.line("clock", "%s", clock)
}

// losses lists what was lost beside what the kernel dropped.
func losses(d *health.Drops) string {
	var parts []string
	for _, t := range d.Tallies() {
		if t.Where != "kernel" {
			parts = append(parts, strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", t.Count, t.Where, t.Why)), " "))
		}
	}
	return strings.Join(parts, ", ")
}

// told is what people were told.
func (p *sheet) told(s *health.Status) {
	t := s.Stored
	if t == nil {
		return
	}
	p.line("alerts", "%d, of which %d open and %d of the exercise; %d in the last hour; %d incidents, %d decisions, %d suppressions stand",
		t.Alerts, t.Open, t.Exercise, t.Hour, t.Incidents, t.Decisions, t.Suppressions)
	p.line("", "last alert: %s; last drill: %s", lastOf(t.LastAlert), lastOf(t.LastDrill))
}

func lastOf(a *health.Alert) string {
	if a == nil {
		return "none"
	}
	return fmt.Sprintf("%s %s by %s", moments(a.At), strings.ToLower(output.Level(a.Severity)), a.Detector)
}

// stored is what is on disk, and for how long.
func (p *sheet) stored(s *health.Status) {
	for _, x := range []struct {
		name string
		s    *health.Series
	}{{"decisions", &s.Journal.Decisions}, {"telemetry", &s.Journal.Telemetry}} {
		text := fmt.Sprintf("%s: %d documents, %s", x.name, x.s.Documents, size(x.s.Bytes))
		if !x.s.Oldest.IsZero() {
			text += ", from " + moments(x.s.Oldest)
		}
		for _, reason := range slices.Sorted(maps.Keys(x.s.Expired)) {
			text += fmt.Sprintf(", %d expired by %s", x.s.Expired[reason], reason)
		}
		p.line("journal", "%s", text)
	}
	k := s.Kept
	p.line("kept here", "alerts, incidents and decisions %d days; logins, flows and health %d days; coverage %d days; the whole state %v GB at most",
		k.Decisions, k.Telemetry, k.Coverage, k.GB)
	p.line("in an index", "auth %d days, flow summaries %d, flow %d, protocols %d, health %d; headers %d; payload never",
		k.Index["auth"], k.Index["flow_summaries"], k.Index["flow"], k.Index["protocols"], k.Index["health"], k.Index["headers"])
}

// outputs is who gets what, and how it stands.
func (p *sheet) outputs(s *health.Status) {
	p.line("views", "here full, for who can read the state directory")
	for i := range s.Outputs {
		o := &s.Outputs[i]
		p.line("", "output %s %s: %s, %s", o.Name, o.Where, o.View, o.What)
	}
	for i := range s.Outputs {
		p.line("output", "%s: %s", s.Outputs[i].Name, s.Outputs[i].Both())
	}
	if s.Ships && !s.Sending {
		p.line("ship", "NOT RUNNING: what the outputs above that need the network get waits in the journal")
	}
}

// learned is who speaks and who still learns.
func (p *sheet) learned(d *health.Detectors) {
	learn := ""
	if n := d.Total - d.Live(); n > 0 {
		learn = fmt.Sprintf(", %d still learning", n)
	}
	p.line("detectors", "%d of %d live%s", d.Live(), d.Total, learn)
	for _, l := range d.Lessons {
		p.line("learned", "%s", l)
	}
}

// minute is the newest minute of coverage.
func (p *sheet) minute(s *health.Status) {
	m := s.Minute
	if m == nil {
		p.line("coverage", "none yet: run writes it each minute; replay stores nothing")
		return
	}
	p.line("coverage", "minute to %s", moments(m.End))
	p.line("", "%d packets, %d of %d dropped by the kernel, %d duplicates", m.Packets, m.Dropped, m.Seen, m.Duplicates)
	p.line("", "%d flows opened, %d evicted, %.0f %% of the ended one-way, %d bytes never seen, %d protocols",
		m.Opened, m.Evicted, 100*m.OneWay, m.Gap, m.Protocols)
}

func moments(t time.Time) string { return t.Local().Format(time.DateTime) }

// size is a number of bytes for people.
func size(n int64) string {
	f, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, next
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
