package kibana

import (
	"fmt"
	"strings"
)

// Rule is a detection rule as Kibana imports it, with what tests ask of it.
type Rule struct {
	object
	Name  string
	Query Query // empty for one in ES|QL
	ESQL  string
	Body  object // the search of one in ES|QL
}

// MarshalJSON writes the rule alone.
func (r Rule) MarshalJSON() ([]byte, error) { return []byte(inText(r.object)), nil }

// ruleVersion goes up when rules change.
const ruleVersion = 1

// Rules are the detection rules of a tenant: incidents become alerts of the detection
// engine, by the family that they began with; single alerts are building blocks, which
// people see when they ask for them; and a sensor that is silent is an alert.
func (c *Content) Rules() []Rule {
	var list []Rule
	for _, f := range c.Families {
		list = append(list, c.incidentRule(f), c.alertRule(f))
	}
	return append(list, c.criticalRule(), c.silentRule())
}

// rule is what all rules have.
func (c *Content) rule(name, title, description string, severity string, score int) object {
	return object{
		"rule_id": c.id("rule/" + name), "name": title, "description": description, "enabled": true, "version": ruleVersion,
		"severity": severity, "risk_score": score, "interval": "1m", "from": "now-6m", "to": "now", "max_signals": 1000,
		"author": []any{"Brandmelder"}, "license": "Apache-2.0", "false_positives": []any{}, "references": []any{}, "threat": []any{},
		"tags": []any{"Brandmelder", "Tenant: " + c.Namespace}, "meta": object{"from": "5m"}, "exceptions_list": []any{},
	}
}

// promoted is a rule over documents that carry their own sentence and severity.
func (c *Content) promoted(o object, dataset string, q Query, riskField string) Rule {
	o["type"], o["language"], o["query"], o["index"] = "query", "kuery", q.KQL(), []any{c.stream(dataset)}
	o["rule_name_override"], o["timestamp_override"] = "message", "event.ingested"
	var steps []any
	for _, s := range []struct{ value, severity string }{{"21", "low"}, {"47", "medium"}, {"73", "high"}, {"99", "critical"}} {
		steps = append(steps, object{"field": "event.severity", "operator": "equals", "value": s.value, "severity": s.severity})
	}
	o["severity_mapping"] = steps
	o["risk_score_mapping"] = []any{object{"field": riskField, "operator": "equals", "value": ""}}
	return Rule{object: o, Name: o["name"].(string), Query: q}
}

// incidentRule promotes incidents that began with a family. Its first document has
// that family alone, so that an incident is promoted once.
func (c *Content) incidentRule(f Family) Rule {
	o := c.rule("incident/"+f.Name, "Brandmelder: "+f.Title, "An incident that began with: "+f.Name+".", "medium", 47)
	o["threat"] = threat(f.Techniques)
	o["note"] = f.guide()
	o["tags"] = append(o["tags"].([]any), "Family: "+f.Name, "Incident")
	o["investigation_fields"] = fieldNames("brandmelder.incident.hosts", "brandmelder.incident.families", "brandmelder.incident.stages", "brandmelder.incident.id", "related.ip", "related.hosts", "observer.name")
	return c.promoted(o, "incident", opened.and(unanswered[0], is("brandmelder.incident.families", f.Name)), "event.severity")
}

// alertRule makes building blocks of the alerts of a family.
func (c *Content) alertRule(f Family) Rule {
	o := c.rule("alert/"+f.Name, "Brandmelder (single alerts): "+f.Title, "Single alerts of the family "+f.Name+", of which incidents consist.", "medium", 47)
	o["building_block_type"] = "default"
	o["threat"] = threat(f.Techniques)
	o["note"] = f.guide()
	o["tags"] = append(o["tags"].([]any), "Family: "+f.Name, "Building block")
	o["investigation_fields"] = fieldNames("source.ip", "destination.ip", "user.name", "network.community_id", "brandmelder.observed.value", "brandmelder.baseline.value",
		"brandmelder.source.owner", "brandmelder.source.contact", "brandmelder.incident.id", "brandmelder.risk.reasons", "rule.id",
		"brandmelder.text."+c.Lang+".other", "brandmelder.text."+c.Lang+".steps")
	return c.promoted(o, "alert", alerts.and(unanswered...).and(is("rule.category", f.Name)), "event.risk_score")
}

func fieldNames(names ...string) object { return object{"field_names": names} }

// criticalRule calls again when an incident became critical after it was opened: once,
// since its id is new to the rule only once.
func (c *Content) criticalRule() Rule {
	o := c.rule("critical", "Brandmelder: "+c.say("an incident became critical", "een incident is kritiek geworden"), "An incident that was opened with less grew to the highest severity.", "critical", 99)
	q := incidents.and(unanswered[0], is("event.action", "incident-updated"), is("event.severity", "99"))
	o["type"], o["language"], o["query"], o["index"] = "new_terms", "kuery", q.KQL(), []any{c.stream("incident")}
	o["new_terms_fields"], o["history_window_start"] = []any{"brandmelder.incident.id"}, "now-7d"
	o["rule_name_override"], o["timestamp_override"] = "message", "event.ingested"
	o["tags"] = append(o["tags"].([]any), "Incident")
	o["note"] = c.say(
		"## What now\n1. Open the incident's alerts: `brandmelder.incident.id` on the dashboard *Alert*; each says what to do first.\n2. Begin with the newest: it is what made it critical.\n3. Decide about isolation now, with the owner of the zone, before the cause is known.",
		"## Wat nu\n1. Open de meldingen van het incident: `brandmelder.incident.id` op het dashboard *Melding*; elk zegt wat eerst te doen.\n2. Begin bij de nieuwste: die maakte het kritiek.\n3. Besluit nu over isoleren, met de eigenaar van de zone, ook als de oorzaak nog niet bekend is.")
	o["investigation_fields"] = fieldNames("brandmelder.incident.hosts", "brandmelder.incident.families", "brandmelder.incident.id", "related.ip")
	return Rule{object: o, Name: o["name"].(string), Query: q}
}

// silence is after how many minutes without a word a sensor counts as down. It writes
// coverage each minute, and how it is each five.
const silence = 15

// silentRule is the dead man's switch: a sensor that spoke within a day and is DOWN, since
// it says nothing any more, or that says that it is BLIND.
func (c *Content) silentRule() Rule {
	query := fmt.Sprintf(`FROM %s, %s
| STATS heard = MAX(@timestamp),
    blind = MAX(@timestamp) WHERE brandmelder.status.sight == "blind",
    sees = MAX(@timestamp) WHERE brandmelder.status.sight IN ("clear", "partly")
  BY observer.name
| EVAL minutes = DATE_DIFF("minutes", heard, NOW())
| EVAL sight = CASE(minutes >= %d, "DOWN", blind > sees OR (sees IS NULL AND blind IS NOT NULL), "BLIND", "")
| WHERE sight != ""
| KEEP observer.name, sight, heard, minutes`, c.stream("coverage"), c.stream("health"), silence)
	o := c.rule("silent", "Brandmelder: "+c.say("a sensor is down or blind", "een sensor zwijgt of is blind"),
		fmt.Sprintf("A sensor was heard within the last day and not for %d minutes (DOWN), or says that it sees nothing (BLIND).", silence), "high", 73)
	o["type"], o["language"], o["query"] = "esql", "esql", query
	o["interval"], o["from"] = "5m", "now-24h"
	o["alert_suppression"] = object{"group_by": []any{"observer.name", "sight"}, "duration": object{"value": 6, "unit": "h"}, "missing_fields_strategy": "suppress"}
	o["tags"] = append(o["tags"].([]any), "Sensor health")
	o["note"] = c.say(
		"## What now\n1. DOWN: is the machine up, and does `systemctl status brandmelder` run? BLIND: does the switch still mirror, and is the cable in?\n2. `brandmelder status` and `brandmelder check` on the sensor name what is wrong.\n3. Until it sees again, quiet means nothing: say so to the shift.",
		"## Wat nu\n1. DOWN (zwijgt): staat de machine aan, en draait `systemctl status brandmelder`? BLIND: spiegelt de switch nog, en zit de kabel erin?\n2. `brandmelder status` en `brandmelder check` op de sensor noemen wat er mis is.\n3. Tot hij weer ziet, betekent stilte niets: meld dat aan de dienst.")
	o["investigation_fields"] = fieldNames("observer.name", "brandmelder.status.sight")
	return Rule{object: o, Name: o["name"].(string), ESQL: query, Body: silentSearch()}
}

// silentSearch is the same as a search, for servers without ES|QL.
func silentSearch() object {
	within := func(minutes int) object {
		return object{"range": object{"@timestamp": object{"gte": fmt.Sprintf("now-%dm", minutes)}}}
	}
	latest := func(sights ...string) object {
		return object{"filter": is("brandmelder.status.sight", sights...).dsl(), "aggs": object{"at": object{"max": object{"field": "@timestamp"}}}}
	}
	return object{"size": 0, "query": within(24 * 60), "aggs": object{"by": object{
		"terms": object{"field": "observer.name", "size": 1000},
		"aggs": object{
			"lately": object{"filter": within(silence)}, "blind": latest("blind"), "sees": latest("clear", "partly"),
			"silent": object{"bucket_selector": object{
				"buckets_path": object{"lately": "lately._count", "blind": "blind>at", "sees": "sees>at"}, "gap_policy": "insert_zeros",
				"script": "params.lately == 0 || params.blind > params.sees",
			}},
		},
	}}}
}

// guide is the investigation guide: in Dutch and then in English, what each detector of
// the family means by an alert.
func (f Family) guide() string {
	var b strings.Builder
	b.WriteString("`brandmelder alerts show ID --html` (event.id)\n")
	for _, in := range []struct{ lang, name, why, other, steps string }{
		{"nl", "Nederlands", "Waarom het ertoe doet", "Wat het nog meer kan zijn", "Eerste stappen"},
		{"en", "English", "Why it matters", "What else it can be", "First steps"},
	} {
		fmt.Fprintf(&b, "\n# %s\n", in.name)
		for _, g := range f.Guides {
			if g.Lang != in.lang {
				continue
			}
			fmt.Fprintf(&b, "\n## %s (rule.id: %s)\n**%s.** %s\n\n**%s.** %s\n\n**%s**\n", g.Title, g.Detector, in.why, g.Why, in.other, g.Other, in.steps)
			for i, step := range g.Steps {
				fmt.Fprintf(&b, "%d. %s\n", i+1, step)
			}
		}
	}
	return b.String()
}
