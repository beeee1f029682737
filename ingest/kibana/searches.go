package kibana

// savedSearch is a list of documents.
type savedSearch struct {
	name    string
	en, nl  string
	query   Query
	columns []string
}

func (c *Content) searches() []savedSearch {
	return []savedSearch{
		{"incidents", "Incidents that were opened", "Incidenten die zijn geopend", opened.and(unanswered[0]),
			[]string{"event.severity", "message", "brandmelder.incident.families", "brandmelder.incident.hosts", "brandmelder.incident.id"}},
		{"alerts", "Alerts to answer", "Meldingen om te beantwoorden", alerts.and(unanswered...).and(atLeast("event.severity", 47)),
			[]string{"event.severity", "message", "rule.category", "source.ip", "destination.ip", "brandmelder.source.owner", "event.id"}},
		{"notes", "Notes below a detection", "Aantekeningen onder een detectie", alerts.and(is("event.severity", "21")),
			[]string{"message", "rule.category", "source.ip", "destination.ip"}},
		{"growth", "How alerts grew", "Hoe meldingen groeiden", Query{is("event.dataset", "brandmelder.alert"), is("event.action", "alert-updated")},
			[]string{"brandmelder.revision", "message", "brandmelder.findings", "event.id"}},
		{"one", "One alert in full", "Eén melding voluit", alerts, []string{
			"message", "brandmelder.text.nl.why", "brandmelder.text.en.why", "brandmelder.text.nl.other", "brandmelder.text.en.other",
			"brandmelder.text.nl.steps", "brandmelder.text.en.steps", "brandmelder.flows.community_id", "brandmelder.flows.source", "brandmelder.flows.destination",
			"brandmelder.source.role", "brandmelder.source.contact", "brandmelder.risk.reasons", "brandmelder.learning.detectors", "threat.technique.id"}},
		{"logins", "Logins that failed", "Mislukte aanmeldingen", Query{is("event.dataset", "brandmelder.auth"), is("event.outcome", "failure")},
			[]string{"source.ip", "destination.ip", "user.name", "brandmelder.auth.protocol", "event.reason"}},
		{"cleartext", "Logins that crossed readable", "Leesbare aanmeldingen", Query{is("event.dataset", "brandmelder.auth"), is("brandmelder.auth.clear_text", "true")},
			[]string{"source.ip", "destination.ip", "brandmelder.auth.protocol", "user.name"}},
		{"flows", "Connections that ended", "Verbindingen die eindigden", Query{is("event.dataset", "brandmelder.flow"), is("event.action", "flow-end")},
			[]string{"source.ip", "destination.ip", "destination.port", "network.protocol", "network.bytes", "network.community_id"}},
		{"health", "What the sensors say of themselves", "Wat de sensoren over zichzelf zeggen", health,
			[]string{"observer.name", "event.action", "message", "brandmelder.status.sight", "brandmelder.status.sight_why", "brandmelder.status.learning"}},
		{"decisions", "What people decided", "Wat mensen besloten", Query{is("event.dataset", "brandmelder.decision")},
			[]string{"event.action", "brandmelder.decision.owner", "brandmelder.decision.reason", "brandmelder.decision.alert", "brandmelder.decision.verdict"}},
	}
}

func (c *Content) search(s savedSearch) Saved {
	const index = "kibanaSavedObjectMeta.searchSourceJSON.index"
	columns := []any{}
	for _, name := range s.columns {
		columns = append(columns, name)
	}
	source := object{"query": object{"query": s.query.KQL(), "language": "kuery"}, "filter": []any{}, "indexRefName": index, "highlightAll": true, "version": true}
	return c.saved("search", s.name, object{
		"title": "[Brandmelder " + c.Namespace + "] " + c.say(s.en, s.nl), "description": "", "columns": columns,
		"sort": []any{[]any{"@timestamp", "desc"}}, "grid": object{}, "hideChart": false, "isTextBasedQuery": false, "timeRestore": false,
		"kibanaSavedObjectMeta": object{"searchSourceJSON": inText(source)},
	}, Reference{"index-pattern", c.viewID(), index}, c.tagReference())
}
