package alert

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	incidentSpan  = 24 * 60 * minute // without a further alert an incident is over
	maxIncidents  = 1000
	maxHosts      = 64 // kept of one incident
	maxAlertNames = 64 // ids kept of one incident
)

// incident is several alerts about hosts that lead to each other: who did
// something, and those whom it was done to, once they do something themselves.
type incident struct {
	id          string
	action      string // of the document to be written
	revision    int
	severity    event.Severity
	first, last int64 // earliest trace and latest alert, ns
	alerts      int
	names       []string // their ids
	hosts       []string // in the order of their part in it
	reached     []string // hosts of other incidents that something was done to from here
	mergedInto  string   // id of the incident that it turned out to be a part of
	entities    []event.Entity
	families    []string
	stages      []string
	tags        []string // of the exercise, when all of its alerts are
}

// files are the open incidents.
type files struct {
	open   []*incident // the one that rested longest first
	byHost map[string]*incident
	// reached are hosts that something was done to from another incident than theirs:
	// once they do something themselves, the two are one.
	reached map[string]*incident
}

func newFiles() *files {
	return &files{byHost: map[string]*incident{}, reached: map[string]*incident{}}
}

// assign finds the incident of an alert that is to be raised and notes its id on
// the story. From medium severity on the alert joins it, or opens one, and it is
// returned to be written; below that the alert only carries the id.
func (d *Desk) assign(s *story) *incident {
	f := &s.finding
	subject, peer := host(&f.Subject), host(&f.Peer)
	file := d.files.byHost[subject]
	if f.Severity < event.Medium {
		if file == nil {
			file = d.files.byHost[peer]
		}
		if file != nil {
			s.incident, s.joined = file.id, true
		}
		return nil
	}
	if subject == "" {
		return nil
	}
	opened := file == nil
	if other := d.files.reached[subject]; !opened && other != nil && other != file {
		file = d.meet(file, other)
	}
	if opened {
		file = d.openIncident(s.id, f)
	} else {
		file.action = "incident-updated"
		file.revision++
	}
	if tags := d.tags(f); opened || tags == nil {
		file.tags = tags
	}
	file.add(s, f)
	d.files.note(file, subject, f.Subject)
	d.files.note(file, peer, f.Peer)
	d.files.touch(file)
	s.incident, s.joined = file.id, file.alerts > 1
	return file
}

func (d *Desk) openIncident(firstAlert string, f *event.Finding) *incident {
	if len(d.files.open) >= maxIncidents {
		d.count.IncidentsEvicted++
		d.closeIncident(d.files.open[0])
	}
	file := &incident{id: d.id("incident", firstAlert), action: "incident-opened", first: f.Onset}
	d.files.open = append(d.files.open, file)
	return file
}

// add counts an alert in. One that was raised anew takes the place of the alert
// it follows.
func (i *incident) add(s *story, f *event.Finding) {
	at := slices.Index(i.names, s.promoted)
	switch {
	case s.promoted != "" && at >= 0:
		i.names[at] = s.id
	default:
		i.alerts++
		if len(i.names) < maxAlertNames {
			i.names = append(i.names, s.id)
		}
	}
	i.severity = max(i.severity, f.Severity)
	i.first = min(i.first, f.Onset)
	i.last = max(i.last, f.Time)
	i.families = union(i.families, []string{f.Family}, len(event.Families))
	i.stages = union(i.stages, []string{stageOf(f.Family)}, len(event.Families))
}

// Three stages of an attack on hosts that lead to each other are found by detectors
// that look at different things: they seldom err together.
const corroboration = 3

// corroborated is the severity of the whole.
func (i *incident) corroborated() event.Severity {
	stages := len(i.stages)
	if slices.Contains(i.stages, "other") {
		stages--
	}
	if stages < corroboration {
		return i.severity
	}
	return min(i.severity+event.High-event.Medium, event.Critical)
}

// note makes a host part of an incident. Of one that is part of another it is noted
// that they touch.
func (fs *files) note(i *incident, name string, e event.Entity) {
	other := fs.byHost[name]
	if other != nil && other != i && fs.reached[name] == nil && len(i.reached) < maxHosts {
		fs.reached[name] = i
		i.reached = append(i.reached, name)
	}
	if name == "" || other != nil || len(i.hosts) >= maxHosts {
		return
	}
	fs.byHost[name] = i
	i.hosts = append(i.hosts, name)
	i.entities = append(i.entities, e)
}

// touch keeps the open incidents in the order of their latest alerts.
func (fs *files) touch(i *incident) {
	at := slices.Index(fs.open, i)
	fs.open = append(slices.Delete(fs.open, at, at+1), i)
}

// closeIncidents ends those that rested too long. A clock that stepped back far
// ends them too, for what follows is another time.
func (d *Desk) closeIncidents(now int64) {
	for _, i := range slices.Clone(d.files.open) {
		if now-i.last >= incidentSpan || i.last-now >= incidentSpan {
			d.closeIncident(i)
		}
	}
}

func (d *Desk) closeIncident(i *incident) {
	i.action = "incident-closed"
	i.revision++
	d.writeIncident(i)
	d.files.remove(i)
}

// remove forgets an incident and what led to its hosts.
func (fs *files) remove(i *incident) {
	for _, h := range i.hosts {
		delete(fs.byHost, h)
	}
	for _, h := range i.reached {
		delete(fs.reached, h)
	}
	fs.open = slices.DeleteFunc(fs.open, func(o *incident) bool { return o == i })
}
