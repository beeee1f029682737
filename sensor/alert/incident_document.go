package alert

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// stageOf names the step of an attack that a family belongs to, after the tactics
// of ATT&CK.
func stageOf(family string) string {
	switch family {
	case "scan", "user-enumeration", "directory-recon":
		return "discovery"
	case "login-bruteforce", "login-spray", "credential-theft", "cleartext-credentials", "forced-authentication",
		"kerberos-downgrade", "kerberos-roasting", "arp-spoofing":
		return "credential-access"
	case "client-exploit", "executable-transfer", "service-exploit", "web-exploit":
		return "initial-access"
	case "netlogon-exploit", "remote-execution", "smb-exploit", "rdp-anomaly":
		return "lateral-movement"
	case "beacon", "c2-channel", "dga", "dns-tunnel", "icmp-tunnel":
		return "command-and-control"
	case "exfiltration":
		return "exfiltration"
	case "ransomware", "cryptomining", "ics-command":
		return "impact"
	}
	return "other"
}

var incidentLayout = event.NewLayout(event.HeaderTable, incidentTable)

// writeIncident writes an incident as it stands.
func (d *Desk) writeIncident(i *incident) {
	if d.c.AlertsOnly {
		return
	}
	h := &event.Header{
		Time: i.last, Kind: "event", Dataset: "incident", Action: i.action,
		ID:       i.id + "-" + itoa(int64(i.revision)),
		Category: []string{"intrusion_detection"}, Type: []string{"info"}, Tags: i.tags, Observer: d.c.Observer,
	}
	if i.action == "incident-closed" {
		h.Time = max(i.last, d.now)
	}
	view := &incidentView{incident: i}
	view.message = sentence(d.c.Lang, view)
	d.emit(event.Doc{
		Dataset: h.Dataset, ID: h.ID, Time: h.Time, Keep: event.Decisions,
		JSON: incidentLayout.Append(make([]byte, 0, 1024), h, view),
	})
}

// sentence says how much happened, where it began and how far it went, from the
// fields of the incident's document.
func sentence(lang string, i event.Record) string {
	all := event.TextsOf(i, "brandmelder.incident.hosts")
	if len(all) == 0 {
		return ""
	}
	families := strings.Join(event.TextsOf(i, "brandmelder.incident.families"), ", ")
	ns := event.NumberOf(i, "brandmelder.incident.last") - event.NumberOf(i, "brandmelder.incident.first")
	span := duration(lang, float64(max(ns, second))/float64(second))
	hosts, alerts := itoa(int64(len(all))), itoa(event.NumberOf(i, "brandmelder.incident.count"))
	if lang == "nl" {
		return "Vanaf " + all[0] + ": meldingen " + alerts + ", betrokken systemen " + hosts + ", in " + span + " (" + families + ")."
	}
	return "From " + all[0] + ": alerts " + alerts + ", hosts involved " + hosts + ", within " + span + " (" + families + ")."
}

// incidentView is an incident with its sentence.
type incidentView struct {
	*incident
	message string
}

var incidentTable = event.NewTable("incident", "Alerts that belong together, because their hosts lead to each other.",
	event.Int("event.severity", event.Technical, "the highest of its alerts, one step higher from three stages of an attack on", func(i *incidentView) (int64, bool) { return int64(i.corroborated()), true }),
	event.Time("event.start", event.Technical, "earliest trace", func(i *incidentView) int64 { return i.first }),
	event.Time("event.end", event.Technical, "latest alert", func(i *incidentView) int64 { return i.last }),
	event.Text("message", event.Personal, "one sentence with its numbers", func(i *incidentView) (string, bool) { return i.message, true }),
	event.IPs("related.ip", event.Technical, "addresses of the hosts", func(i *incidentView) []netip.Addr {
		var out []netip.Addr
		for _, e := range i.entities {
			out = append(out, e.Addr)
		}
		return out
	}),
	event.Strings("related.hosts", event.Personal, "names of the hosts", func(i *incidentView) []string {
		var out []string
		for _, e := range i.entities {
			if e.Name != "" {
				out = append(out, e.Name)
			}
		}
		return out
	}),
	event.String("brandmelder.incident.id", event.Technical, "the same on all of its documents and alerts", func(i *incidentView) (string, bool) { return i.id, true }),
	event.String("brandmelder.incident.merged_into", event.Technical, "id of the incident that it became a part of", func(i *incidentView) (string, bool) { return i.mergedInto, i.mergedInto != "" }),
	event.Int("brandmelder.revision", event.Technical, "n-th document of the incident, from 0", func(i *incidentView) (int64, bool) { return int64(i.revision), true }),
	event.Int("brandmelder.incident.count", event.Technical, "alerts in it", func(i *incidentView) (int64, bool) { return int64(i.alerts), true }),
	event.Strings("brandmelder.incident.alerts", event.Technical, "ids of its first alerts, at most 64", func(i *incidentView) []string { return i.names }),
	event.Strings("brandmelder.incident.families", event.Technical, "what was found, in order", func(i *incidentView) []string { return i.families }),
	event.Strings("brandmelder.incident.stages", event.Technical, "how far the attack went, in order", func(i *incidentView) []string { return i.stages }),
	event.Strings("brandmelder.incident.hosts", event.Technical, "its hosts, the one it began with first", func(i *incidentView) []string { return i.hosts }),
	event.Int("brandmelder.incident.severity", event.Technical, "the highest of its alerts", func(i *incidentView) (int64, bool) { return int64(i.severity), true }),
	event.Time("brandmelder.incident.first", event.Technical, "earliest trace", func(i *incidentView) int64 { return i.first }),
	event.Time("brandmelder.incident.last", event.Technical, "latest alert", func(i *incidentView) int64 { return i.last }),
)

func (*incidentView) Table() *event.Table { return incidentTable }
