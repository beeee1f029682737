package alert

import (
	"cmp"
	"maps"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// addIncident takes a document of an incident: the latest one says how it stands.
func (p *Pasts) addIncident(doc event.Doc) error {
	d, err := event.ParseDocument(doc.JSON)
	if err != nil {
		return err
	}
	r := incidentTable.Stored(d)
	id := event.TextOf(r, "brandmelder.incident.id")
	if action := d.At("event.action"); action == "incident-closed" || action == "incident-merged" {
		delete(p.incidents, id)
		return nil
	}
	i := &incident{
		id: id, action: "incident-opened", revision: int(event.NumberOf(r, "brandmelder.revision")),
		severity: event.Severity(event.NumberOf(r, "brandmelder.incident.severity")),
		first:    event.NumberOf(r, "brandmelder.incident.first"), last: event.NumberOf(r, "brandmelder.incident.last"),
		alerts: int(event.NumberOf(r, "brandmelder.incident.count")), names: event.TextsOf(r, "brandmelder.incident.alerts"),
		hosts: event.TextsOf(r, "brandmelder.incident.hosts"), families: event.TextsOf(r, "brandmelder.incident.families"),
		stages: event.TextsOf(r, "brandmelder.incident.stages"),
	}
	tags, _ := d.At("tags").([]any)
	for _, tag := range tags {
		if name, ok := tag.(string); ok {
			i.tags = append(i.tags, name)
		}
	}
	i.entities = make([]event.Entity, len(i.hosts)) // addresses and names are two lists, as they were written
	for n, a := range event.AddrsOf(r, "related.ip") {
		if n < len(i.entities) {
			i.entities[n].Addr = a
		}
	}
	for n, name := range event.TextsOf(r, "related.hosts") {
		if n < len(i.entities) {
			i.entities[n].Name = name
		}
	}
	if id != "" {
		p.incidents[id] = i
	}
	return nil
}

// reopen has the incidents of the run before go on. Which of them touched, without
// being one, is not written and begins anew.
func (fs *files) reopen(p *Pasts) {
	if p == nil {
		return
	}
	fs.open = slices.SortedFunc(maps.Values(p.incidents), func(a, b *incident) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.id, b.id))
	})
	fs.open = fs.open[max(0, len(fs.open)-maxIncidents):]
	for _, i := range fs.open {
		for _, h := range i.hosts {
			if fs.byHost[h] == nil {
				fs.byHost[h] = i
			}
		}
	}
}
