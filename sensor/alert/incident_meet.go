package alert

// meet makes one incident of two: a host of the one, that something was done to from
// the other, now does something itself. Two intruders at one victim do not meet by
// that alone. The older incident goes on and is returned; the last document of the
// other names it.
func (d *Desk) meet(a, b *incident) *incident {
	into, from := a, b
	if from.first < into.first || from.first == into.first && from.id < into.id {
		into, from = from, into
	}
	from.action, from.mergedInto = "incident-merged", into.id
	from.revision++
	d.writeIncident(from)
	d.files.remove(from)
	for n, h := range from.hosts {
		d.files.note(into, h, from.entities[n])
	}
	into.absorb(from)
	into.reached = union(into.reached, from.reached, maxHosts)
	for _, h := range into.reached {
		if d.files.byHost[h] == into { // it is its own by now
			delete(d.files.reached, h)
		} else {
			d.files.reached[h] = into
		}
	}
	for _, s := range d.open {
		if s.incident == from.id {
			s.incident = into.id
		}
	}
	return into
}

// absorb counts in what another incident had.
func (i *incident) absorb(from *incident) {
	i.alerts += from.alerts
	i.names = union(i.names, from.names, maxAlertNames)
	i.severity = max(i.severity, from.severity)
	i.first, i.last = min(i.first, from.first), max(i.last, from.last)
	i.families = union(i.families, from.families, len(i.families)+len(from.families))
	i.stages = union(i.stages, from.stages, len(i.stages)+len(from.stages))
	if from.tags == nil {
		i.tags = nil
	}
}
