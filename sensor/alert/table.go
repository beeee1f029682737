package alert

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// alertTable is the table of an alert's own part.
var alertTable = event.NewTable("alert", "What was found, how it compares with what is usual, and what to do.",
	slices.Concat(ruleFields(), endFields(), zoneFields(), ownFields(), measureFields(), textFields())...)

func (*alert) Table() *event.Table { return alertTable }

func keyword(path, doc string, get func(*alert) string) event.Field {
	return event.String(path, event.Technical, doc, func(a *alert) (string, bool) { s := get(a); return s, s != "" })
}

func personal(path, doc string, get func(*alert) string) event.Field {
	f := keyword(path, doc, get)
	f.Privacy = event.Personal
	return f
}

func ruleFields() []event.Field {
	return []event.Field{
		event.Int("event.severity", event.Technical, "21, 47, 73 or 99; a detection from 47 on", func(a *alert) (int64, bool) { return int64(a.finding.Severity), true }),
		event.Float("event.risk_score", event.Technical, "0 to 100, for the order of work", func(a *alert) (float64, bool) { return a.risk, true }),
		event.Time("event.start", event.Technical, "earliest trace", func(a *alert) int64 { return a.finding.Onset }),
		event.Time("event.end", event.Technical, "latest trace", func(a *alert) int64 { return a.finding.Time }),
		keyword("rule.id", "name of the detector, or the rule's own id", func(a *alert) string { return a.ruleID() }),
		keyword("rule.name", "what the detector finds", func(a *alert) string { return a.name() }),
		keyword("rule.category", "family of what was found", func(a *alert) string { return a.finding.Family }),
		keyword("rule.version", "version of the detector's words and numbers, or the day of the rule", func(a *alert) string { return a.version() }),
		keyword("threat.framework", "always MITRE ATT&CK", func(a *alert) string {
			if len(a.techniques(false)) == 0 {
				return ""
			}
			return "MITRE ATT&CK"
		}),
		event.Strings("threat.technique.id", event.Technical, "ATT&CK techniques", func(a *alert) []string { return a.techniques(false) }),
		event.Strings("threat.technique.subtechnique.id", event.Technical, "ATT&CK sub-techniques", func(a *alert) []string { return a.techniques(true) }),
	}
}

// name is what the detector finds, in one line.
func (a *alert) name() string {
	if r := a.finding.Rule; r != nil {
		return r.Name
	}
	if a.spec != nil {
		return cmp.Or(a.spec.Doc, a.spec.Name)
	}
	return a.finding.Detector
}

func (a *alert) ruleID() string {
	if r := a.finding.Rule; r != nil {
		return r.ID
	}
	return a.finding.Detector
}

func (a *alert) version() string {
	if r := a.finding.Rule; r != nil {
		return r.Version
	}
	return "1"
}

// techniques are the ATT&CK ids of what was seen, else of what the detector finds. ECS keeps "T1110.001" apart from
// "T1110", which it implies.
func (a *alert) techniques(sub bool) []string {
	all, out := a.finding.Technique, []string(nil)
	if all == nil && a.spec != nil && a.finding.Rule == nil {
		all = a.spec.Technique
	}
	for _, id := range all {
		main, _, isSub := strings.Cut(id, ".")
		if sub && !isSub {
			continue
		}
		if !sub {
			id = main
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func endFields() []event.Field {
	return []event.Field{
		event.IP("source.ip", event.Technical, "who did it", func(a *alert) netip.Addr { return a.finding.Subject.Addr }),
		event.IP("destination.ip", event.Technical, "to whom", func(a *alert) netip.Addr { return a.finding.Peer.Addr }),
		event.Int("destination.port", event.Technical, "port of the service", func(a *alert) (int64, bool) {
			return int64(a.finding.Port), a.finding.Port != 0
		}),
		personal("source.domain", "name of the source", func(a *alert) string { return a.finding.Subject.Name }),
		personal("destination.domain", "name of the destination", func(a *alert) string { return a.finding.Peer.Name }),
		personal("user.name", "user who did it", func(a *alert) string { return a.finding.Subject.User }),
		personal("user.domain", "realm or NT domain of the user", func(a *alert) string {
			if a.finding.Subject.User == "" {
				return ""
			}
			return a.finding.Subject.Domain
		}),
		event.IPs("related.ip", event.Technical, "all addresses", func(a *alert) []netip.Addr { return addresses(&a.finding) }),
		event.Strings("related.user", event.Personal, "all users", func(a *alert) []string { return a.users }),
		event.Strings("related.hosts", event.Personal, "all host names", func(a *alert) []string { return a.hosts }),
	}
}

// Tables lists the tables of alerts, incidents and decisions: their own, and the facts of
// each detector on the shelf.
func Tables() []*event.Table {
	all := []*event.Table{alertTable, incidentTable, decisionTable}
	for _, s := range detect.All() {
		all = append(all, s.Facts)
	}
	return all
}
