package kibana

import (
	"fmt"
	"strconv"
)

// dashboard is a page of panels.
type dashboard struct {
	name     string
	en, nl   string
	about    [2]string // en, nl
	from     string    // beginning of its time
	controls []string  // fields to choose by
	panels   []panel
}

var (
	severity = most("event.severity", "Severity", "Ernst")
	risk     = most("event.risk_score", "Risk", "Risico")
	newest   = measure{"max", "@timestamp", "Latest", "Laatste", date}
)

func most(field, en, nl string) measure { return measure{"max", field, en, nl, figure} }

func sum(field, en, nl string) measure { return measure{"sum", field, en, nl, figure} }

func different(field, en, nl string) measure { return measure{"unique_count", field, en, nl, figure} }

func last(field, en, nl, kind string) measure { return measure{"last_value", field, en, nl, kind} }

// pages are the dashboards that people need.
func (c *Content) pages() []dashboard {
	return []dashboard{c.triage(), c.alert(), c.sensors()}
}

func (c *Content) triage() dashboard {
	all := alerts.and(unanswered...)
	detected := all.and(atLeast("event.severity", 47))
	return dashboard{
		name: "triage", en: "Triage", nl: "Triage", from: "now-24h",
		about:    [2]string{"Today's incidents by severity, age, owner and zone", "De incidenten van vandaag naar ernst, leeftijd, eigenaar en zone"},
		controls: []string{"observer.name", "rule.category", "brandmelder.zone.source"},
		panels: []panel{
			{name: "where", text: (*Content).navigation, x: 0, y: 0, w: 48, h: 4},
			{name: "critical", en: "Critical", nl: "Kritiek", shape: number, query: all.and(is("event.severity", "99")), measure: count, x: 0, y: 4, w: 12, h: 6},
			{name: "high", en: "High", nl: "Hoog", shape: number, query: all.and(is("event.severity", "73")), measure: count, x: 12, y: 4, w: 12, h: 6},
			{name: "medium", en: "Medium", nl: "Middel", shape: number, query: all.and(is("event.severity", "47")), measure: count, x: 24, y: 4, w: 12, h: 6},
			{name: "incidents", en: "Incidents", nl: "Incidenten", shape: number, query: opened.and(unanswered[0]), measure: different("brandmelder.incident.id", "Incidents", "Incidenten"), x: 36, y: 4, w: 12, h: 6},
			{name: "list", search: "incidents", en: "Incidents, newest first", nl: "Incidenten, nieuwste eerst", x: 0, y: 10, w: 48, h: 14},
			{name: "hour", en: "Detections over time, by family", nl: "Detecties in de tijd, per familie", shape: bars, query: detected, by: []string{"@timestamp", "rule.category"}, measure: count, x: 0, y: 24, w: 24, h: 12},
			{name: "source", en: "Who did it", nl: "Wie deed het", shape: table, query: detected, by: []string{"source.ip"}, measure: risk, more: []measure{severity, count, newest}, x: 24, y: 24, w: 24, h: 12},
			{name: "owner", en: "By owner of the zone", nl: "Per eigenaar van de zone", shape: table, query: detected, by: []string{"brandmelder.source.owner"}, measure: count, more: []measure{severity}, x: 0, y: 36, w: 16, h: 11},
			{name: "zone", en: "By zone", nl: "Per zone", shape: table, query: detected, by: []string{"brandmelder.zone.source"}, measure: count, more: []measure{severity}, x: 16, y: 36, w: 16, h: 11},
			{name: "family", en: "By family", nl: "Per familie", shape: table, query: detected, by: []string{"rule.category"}, measure: count, more: []measure{severity, newest}, x: 32, y: 36, w: 16, h: 11},
			{name: "alerts", search: "alerts", en: "Alerts to answer", nl: "Meldingen om te beantwoorden", x: 0, y: 47, w: 48, h: 16},
		},
	}
}

func (c *Content) alert() dashboard {
	return dashboard{
		name: "alert", en: "Alert", nl: "Melding", from: "now-7d",
		about:    [2]string{"One alert by its id: choose it above", "Eén melding op id: kies hem hierboven"},
		controls: []string{"event.id", "brandmelder.incident.id"},
		panels: []panel{
			{name: "sentence", en: "What happened", nl: "Wat er gebeurde", shape: table, query: alerts, by: []string{"rule.name", "source.ip", "destination.ip"}, measure: severity, more: []measure{risk, newest}, x: 0, y: 0, w: 48, h: 8},
			{name: "measured", en: "Observed beside usual", nl: "Gemeten naast gebruikelijk", shape: table, query: alerts, by: []string{"brandmelder.observed.unit"},
				measure: most("brandmelder.observed.value", "Observed", "Gemeten"), more: []measure{most("brandmelder.baseline.value", "Usual", "Gebruikelijk"), {"min", "brandmelder.baseline.since", "Learned since", "Geleerd sinds", date}}, x: 0, y: 8, w: 24, h: 8},
			{name: "hosts", en: "Whom to call", nl: "Wie te bellen", shape: table, query: alerts, by: []string{"brandmelder.zone.source", "brandmelder.source.owner", "brandmelder.source.contact"}, measure: count, x: 24, y: 8, w: 24, h: 8},
			{name: "full", search: "one", en: "The alert in full: why, what else, first steps, flows", nl: "De melding voluit: waarom, wat anders, eerste stappen, verbindingen", x: 0, y: 16, w: 48, h: 18},
			{name: "coverage", en: "Coverage when it was raised", nl: "Zicht op dat moment", shape: table, query: alerts, by: []string{"observer.name"},
				measure: sum("brandmelder.coverage.dropped", "Dropped", "Verloren"), more: []measure{sum("brandmelder.coverage.seen", "Seen", "Gezien"), most("brandmelder.coverage.one_way_share", "One-way share", "Aandeel eenrichting")}, x: 0, y: 34, w: 24, h: 8},
			{name: "learning", en: "Detectors that still learned", nl: "Detectoren die nog leerden", shape: table, query: alerts, by: []string{"brandmelder.learning.detectors"}, measure: newest, x: 24, y: 34, w: 12, h: 8},
			{name: "attack", en: "ATT&CK", nl: "ATT&CK", shape: table, query: alerts, by: []string{"threat.technique.id"}, measure: count, x: 36, y: 34, w: 12, h: 8},
			{name: "timeline", en: "The incident over time", nl: "Het incident in de tijd", shape: bars, query: alerts, by: []string{"@timestamp", "rule.category"}, measure: count, x: 0, y: 42, w: 48, h: 10},
		},
	}
}

func (c *Content) sensors() dashboard {
	seen := sum("brandmelder.coverage.packets", "Packets", "Pakketten")
	lost := sum("brandmelder.coverage.dropped", "Dropped", "Verloren")
	sight := last("brandmelder.status.sight", "Sight", "Zicht", word)
	return dashboard{
		name: "sensors", en: "Sensors", nl: "Sensoren", from: "now-24h",
		about:    [2]string{"How well each sensor sees, and since when it is silent", "Hoe goed elke sensor ziet, en sinds wanneer hij zwijgt"},
		controls: []string{"observer.name", "observer.version"},
		panels: []panel{
			{name: "sensors", en: "Sensors heard", nl: "Sensoren gehoord", shape: number, query: coverage, measure: different("observer.name", "Sensors", "Sensoren"), x: 0, y: 0, w: 12, h: 6},
			{name: "dropped", en: "Packets dropped", nl: "Pakketten verloren", shape: number, query: coverage, measure: lost, x: 12, y: 0, w: 12, h: 6},
			{name: "gap", en: "Bytes never seen", nl: "Bytes nooit gezien", shape: number, query: coverage, measure: sum("brandmelder.coverage.gap_bytes", "Bytes", "Bytes"), x: 24, y: 0, w: 12, h: 6},
			{name: "blind", en: "Times blind", nl: "Keren blind", shape: number, query: health.and(is("event.action", "capture-blind")), measure: count, x: 36, y: 0, w: 12, h: 6},
			{name: "sight", en: "Can it see? The newest word of each sensor", nl: "Ziet hij? Het nieuwste bericht van elke sensor", shape: table, query: status, by: []string{"observer.name"}, rows: 1000, measure: newest,
				more: []measure{sight, last("brandmelder.status.configuration", "Configuration", "Configuratie", word), last("brandmelder.status.detectors.live", "Detectors that speak", "Detectoren die spreken", figure), last("brandmelder.status.detectors.total", "of", "van", figure), last("brandmelder.status.flows", "Connections", "Verbindingen", figure), last("brandmelder.status.shed", "Not journaled", "Niet bewaard", figure), last("brandmelder.status.journal_bytes", "Journal", "Journaal", figure), most("brandmelder.status.outputs.pending", "Waited to be sent, at most", "Wachtte op verzending, hoogstens"), most("brandmelder.status.outputs.dead_letters", "Dead letters", "Dode brieven")}, x: 0, y: 6, w: 48, h: 14},
			{name: "each", en: "What each sensor saw", nl: "Wat elke sensor zag", shape: table, query: coverage, by: []string{"observer.name"}, rows: 1000, measure: newest,
				more: []measure{last("observer.version", "Version", "Versie", word), seen, lost, most("brandmelder.coverage.one_way_share", "One-way share", "Aandeel eenrichting"), sum("brandmelder.coverage.flows.evicted", "Flows evicted", "Verbindingen verdrongen"), sum("brandmelder.coverage.truncated", "Truncated", "Afgekapt")}, x: 0, y: 20, w: 48, h: 14},
			{name: "packets", en: "Packets over time", nl: "Pakketten in de tijd", shape: curve, query: coverage, by: []string{"@timestamp", "observer.name"}, measure: seen, x: 0, y: 34, w: 24, h: 12},
			{name: "drops", en: "Drops over time", nl: "Verlies in de tijd", shape: curve, query: coverage, by: []string{"@timestamp", "observer.name"}, measure: lost, x: 24, y: 34, w: 24, h: 12},
			{name: "says", search: "health", en: "What they say of themselves", nl: "Wat ze over zichzelf zeggen", x: 0, y: 46, w: 48, h: 14},
			{name: "dim", en: "When the sight was not clear", nl: "Wanneer het zicht niet helder was", shape: bars, query: status.and(isNot("brandmelder.status.sight", "clear")), by: []string{"@timestamp", "observer.name"}, measure: count, x: 0, y: 60, w: 24, h: 12},
			{name: "late", en: "Documents by what the server says of their origin", nl: "Documenten naar herkomst volgens de server", shape: table, query: Query{is("event.module", "brandmelder")}, by: []string{"brandmelder.origin", "observer.name"}, measure: count, x: 24, y: 60, w: 24, h: 12},
		},
	}
}

// navigation leads from one dashboard to the others.
func (c *Content) navigation() string {
	text := ""
	for _, d := range []dashboard{{name: "triage", en: "Triage", nl: "Triage"}, {name: "alert", en: "Alert", nl: "Melding"}, {name: "sensors", en: "Sensors", nl: "Sensoren"}} {
		text += fmt.Sprintf("[%s](#/view/%s)  ", c.say(d.en, d.nl), c.id("dashboard/"+d.name))
	}
	return text
}

func (c *Content) dashboards() (list []Saved) {
	for _, d := range c.pages() {
		panels, references := []any{}, []Reference{c.tagReference()}
		for i := range d.panels {
			o, refs := d.panels[i].object(c)
			panels, references = append(panels, o), append(references, refs...)
		}
		controls, refs := c.controls(&d)
		list = append(list, c.saved("dashboard", d.name, object{
			"title": "[Brandmelder " + c.Namespace + "] " + c.say(d.en, d.nl), "description": c.say(d.about[0], d.about[1]), "version": 1,
			"timeRestore": true, "timeFrom": d.from, "timeTo": "now", "panelsJSON": inText(panels),
			"optionsJSON":           inText(object{"useMargins": true, "syncColors": false, "syncCursor": true, "syncTooltips": false, "hidePanelTitles": false}),
			"controlGroupInput":     controls,
			"kibanaSavedObjectMeta": object{"searchSourceJSON": inText(object{"query": object{"query": "", "language": "kuery"}, "filter": []any{}})},
		}, append(references, refs...)...))
	}
	return list
}

// object is the panel in its dashboard, and what it refers to.
func (p *panel) object(c *Content) (object, []Reference) {
	o := object{"panelIndex": p.name, "title": c.say(p.en, p.nl), "gridData": object{"x": p.x, "y": p.y, "w": p.w, "h": p.h, "i": p.name}}
	switch {
	case p.text != nil:
		o["type"] = "visualization"
		o["embeddableConfig"] = object{"enhancements": object{}, "hidePanelTitles": true, "savedVis": object{
			"title": "", "description": "", "type": "markdown", "uiState": object{},
			"params": object{"fontSize": 12, "openLinksInNewTab": false, "markdown": p.text(c)},
			"data":   object{"aggs": []any{}, "searchSource": object{"query": object{"query": "", "language": "kuery"}, "filter": []any{}}},
		}}
		return o, nil
	case p.search != "":
		o["type"], o["panelRefName"], o["embeddableConfig"] = "search", "panel_"+p.name, object{"enhancements": object{}}
		return o, []Reference{{"search", c.id("search/" + p.search), p.name + ":panel_" + p.name}}
	}
	o["type"], o["embeddableConfig"] = "lens", object{"enhancements": object{}, "attributes": p.lens(c)}
	return o, []Reference{{"index-pattern", c.viewID(), p.name + ":indexpattern-datasource-layer-" + layer}}
}

// controls are the choosers above a dashboard.
func (c *Content) controls(d *dashboard) (object, []Reference) {
	panels, references := object{}, []Reference{}
	for i, field := range d.controls {
		id := "control" + strconv.Itoa(i)
		panels[id] = object{"type": "optionsListControl", "order": i, "grow": true, "width": "medium", "explicitInput": object{
			"id": id, "fieldName": field, "title": field, "enhancements": object{}, "selectedOptions": []any{}, "searchTechnique": "prefix",
		}}
		references = append(references, Reference{"index-pattern", c.viewID(), "controlGroup_" + id + ":optionsListDataView"})
	}
	return object{
		"chainingSystem": "HIERARCHICAL", "controlStyle": "oneLine", "panelsJSON": inText(panels),
		"ignoreParentSettingsJSON": inText(object{"ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false}),
	}, references
}
