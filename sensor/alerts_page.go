package main

import (
	"cmp"
	_ "embed" // the page
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/ingest/kibana"
	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/view"
)

//go:embed alerts_page.html
var pageFile string

// The template escapes by where a value stands: what an intruder names his host is
// text, wherever it comes to stand.
var pageTemplate = template.Must(template.New("page").Parse(pageFile))

// pageWords are what the page says itself, English and Dutch.
var pageWords = map[string][2]string{
	"risk": {"risk", "risico"}, "sensor": {"sensor", "sensor"}, "decide": {"Say what you decided", "Zeg wat u besloot"},
	"verdicts": {"true: it was so, and must not be · false: it was not so · benign: it was so, and is allowed", "true: het was zo, en mag niet · false: het was niet zo · benign: het was zo, en het mag"},
	"why":      {"Why it matters", "Waarom het ertoe doet"}, "steps": {"First steps", "Eerste stappen"}, "other": {"What else it can be", "Wat het nog meer kan zijn"},
	"flows": {"Connections to look up", "Verbindingen om op te zoeken"}, "of": {"of", "van"}, "begin": {"Begin", "Begin"}, "source": {"Source", "Bron"}, "destination": {"Destination", "Doel"},
	"hosts": {"Whom it is about", "Om wie het gaat"}, "address": {"Address", "Adres"}, "zone": {"Zone", "Zone"}, "owner": {"Owner and contact", "Eigenaar en contact"}, "user": {"user", "gebruiker"},
	"targets": {"All targets", "Alle doelen"}, "incident": {"Incident over time", "Incident in de tijd"}, "coverage": {"How well the sensor saw then", "Hoe goed de sensor toen zag"},
	"learning": {"Still learning", "Leert nog"}, "severity": {"severity", "ernst"}, "id": {"Alert", "Melding"},
	"observed": {"Measured", "Gemeten"}, "usual": {"Usual", "Gebruikelijk"}, "limit": {"Limit", "Grens"}, "since": {"learned since", "geleerd sinds"}, "shipped": {"built in, not learned here", "ingebouwd, niet hier geleerd"},
	"beside-usual": {"Measured beside what is usual", "Gemeten naast wat gebruikelijk is"}, "beside-limit": {"Measured beside the limit", "Gemeten naast de grens"},
	"packets": {"Packets in that minute", "Pakketten in die minuut"}, "dropped": {"Lost by the kernel", "Verloren door de kernel"}, "oneway": {"Connections with one side only", "Verbindingen met maar één kant"},
	"gap": {"Bytes never seen", "Bytes nooit gezien"}, "unknown": {"not known: its first minute was not over", "niet bekend: de eerste minuut was nog niet om"},
	"learns": {"until", "tot"}, "facts": {"What the detector noted", "Wat de detector noteerde"}, "more": {"These might have said more by then", "Deze hadden dan meer kunnen zeggen"}, "port": {"port", "poort"}, "nobody": {"nobody is named", "niemand genoemd"}, "low": {"Note", "Aantekening"}, "medium": {"Medium", "Middel"}, "high": {"High", "Hoog"}, "critical": {"Critical", "Kritiek"},
	"open": {"open", "open"}, "acknowledged": {"acknowledged by", "in behandeling bij"}, "closed": {"closed by", "gesloten door"}, "none": {"in no zone", "in geen zone"},
	"certain": {"what was seen is certain", "wat gezien is, staat vast"}, "unsure": {"what was seen can be read otherwise", "wat gezien is, kan ook iets anders zijn"}, "only-unusual": {"it is only unusual", "het is alleen ongebruikelijk"},
	"many-hosts": {"many hosts", "veel systemen"}, "far-above-usual": {"far above usual", "ver boven gebruikelijk"}, "vital-zone": {"care depends on the zone", "de zorg hangt van de zone af"},
	"became-graver": {"it became graver", "het werd ernstiger"}, "part-of-incident": {"others in the same incident", "andere in hetzelfde incident"}, "suppressed": {"suppressed by a person", "door iemand onderdrukt"},
}

// page is what the template fills in. Its texts are as the documents have them.
type page struct {
	Lang, ID, Level, Colour, When, Sensor, State, Rule string
	Risk                                               float64
	Title, Message, Why, Other                         string
	Steps                                              []string
	Chart                                              *chart
	Facts                                              []named
	FlowsHead                                          string
	Flows                                              []pageFlow
	Hosts                                              []pageHost
	Targets, Incident                                  string
	Timeline                                           []pageAlert
	Blurred                                            bool // packets were lost
	Coverage                                           []named
	Learning, LearnsUntil                              string
	Techniques                                         []string
	Reasons                                            string // what the risk rests on
}

type (
	pageFlow  struct{ Start, Source, Destination, Community string }
	pageHost  struct{ Part, Address, Port, Name, User, Zone, Role, Owner, Contact string }
	pageAlert struct {
		When, Level, Title string
		Here               bool
	}
	named struct{ Name, Value string }
)

// Say is a word of the page in its language.
func (p *page) Say(name string) string {
	if p.Lang == "nl" {
		return pageWords[name][1]
	}
	return pageWords[name][0]
}

// writePage writes an alert as one page without anything from elsewhere.
func writePage(w io.Writer, a *view.Alert, incident []view.Alert, lang string) error {
	var d paged
	if err := json.Unmarshal([]byte(a.JSON), &d); err != nil {
		return fmt.Errorf("alert %s: %w", a.ID, err)
	}
	return pageTemplate.Execute(w, d.page(a, incident, lang))
}

var levelColours = map[int]string{21: "#4a6785", 47: "#b7791f", 73: "#c2410c", 99: "#9b1c1c"}

func (p *page) level(severity int) string { return p.Say(strings.ToLower(output.Level(severity))) }

// reasons are those of the risk in words.
func (p *page) reasons(codes []string) string {
	var list []string
	for _, code := range codes {
		word := cmp.Or(p.Say(code), code)
		if slices.Contains([]string{"low", "medium", "high", "critical"}, code) {
			word = p.Say("severity") + " " + strings.ToLower(word)
		}
		list = append(list, word)
	}
	return strings.Join(list, ", ")
}

// stamp writes a time of a document for people, in the time of this machine.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func (d *paged) page(a *view.Alert, incident []view.Alert, lang string) *page {
	text := d.Brandmelder.Text[lang]
	p := &page{
		Lang: lang, ID: a.ID, Colour: cmp.Or(levelColours[a.Severity], "#4a6785"), When: time.Unix(0, a.Time).Format("2006-01-02 15:04:05 MST"), Sensor: d.Observer.Name,
		Rule: d.Rule.Name, Risk: d.Event.Risk, Title: cmp.Or(text.Title, d.Rule.Name), Message: cmp.Or(text.Message, a.Message),
		Why: text.Why, Other: text.Other, Steps: text.Steps, Incident: d.Brandmelder.Incident.ID,
	}
	p.Reasons = p.reasons(d.Brandmelder.Risk.Reasons)
	p.Level = p.level(a.Severity)
	p.State = p.Say(a.State)
	if a.State != "open" {
		p.State += " " + a.Owner
	}
	p.Chart = p.chart(&d.Brandmelder.Observed, &d.Brandmelder.Baseline)
	p.flows(d)
	p.facts(d.Rule.ID, a.JSON)
	p.hosts(d)
	p.coverage(d)
	for _, id := range append(d.Threat.Technique.ID, d.Threat.Technique.Subtechnique.ID...) {
		p.Techniques = append(p.Techniques, strings.TrimSpace(id+" "+kibana.NameOf(id)))
	}
	if l := d.Brandmelder.Learning; len(l.Detectors) > 0 {
		p.Learning = p.Say("more") + ": " + strings.Join(l.Detectors, ", ")
		p.LearnsUntil = stamp(l.Until)
	}
	for i := range incident {
		p.Timeline = append(p.Timeline, p.told(&incident[i], a.ID))
	}
	return p
}

// told is an alert of the incident in one line.
func (p *page) told(a *view.Alert, here string) pageAlert {
	var d paged
	title := a.Message
	if json.Unmarshal([]byte(a.JSON), &d) == nil {
		title = cmp.Or(d.Brandmelder.Text[p.Lang].Title, title)
		if to := d.Destination.IP; !strings.Contains(title, to) {
			title += " → " + to
		}
	}
	return pageAlert{stamp(time.Unix(0, a.Time)), p.level(a.Severity), title, a.ID == here}
}

func (p *page) flows(d *paged) {
	for _, f := range d.Brandmelder.Flows {
		p.Flows = append(p.Flows, pageFlow{stamp(f.Start), f.Source, f.Destination, f.CommunityID})
	}
	p.FlowsHead = p.Say("flows")
	if n := d.Brandmelder.FlowsTotal; n > len(p.Flows) {
		p.FlowsHead += fmt.Sprintf(" (%d %s %d)", len(p.Flows), p.Say("of"), n)
	}
	p.Targets = strings.Join(d.Brandmelder.Targets, ", ")
}

// facts are those of the detector, by the names that searches know them by.
func (p *page) facts(detector, document string) {
	n := slices.IndexFunc(detect.All(), func(s *detect.Spec) bool { return s.Name == detector && s.Facts != nil })
	d, err := event.ParseDocument([]byte(document))
	if n < 0 || err != nil {
		return
	}
	for _, f := range detect.All()[n].Facts.Fields {
		if v := d.At(f.Path); v != nil {
			p.Facts = append(p.Facts, named{strings.TrimPrefix(f.Path, "brandmelder."), factText(v)})
		}
	}
}

// factText writes a fact in short: no more than ten of a list, four digits of a fraction.
func factText(v any) string {
	const most = 10
	switch x := v.(type) {
	case []any:
		var list []string
		for _, one := range x[:min(len(x), most)] {
			list = append(list, factText(one))
		}
		if len(x) > most {
			list = append(list, "…")
		}
		return strings.Join(list, ", ")
	case json.Number:
		if f, err := x.Float64(); err == nil && f != math.Trunc(f) {
			return strconv.FormatFloat(f, 'g', 4, 64)
		}
	}
	return fmt.Sprint(v)
}

func (p *page) hosts(d *paged) {
	b := &d.Brandmelder
	for _, h := range []pageHost{
		{p.Say("source"), d.Source.IP, "", d.Source.Domain, d.User.Name, b.Zone.Source, b.Source.Role, b.Source.Owner, b.Source.Contact},
		{p.Say("destination"), d.Destination.IP, "", d.Destination.Domain, "", b.Zone.Destination, b.Destination.Role, b.Destination.Owner, b.Destination.Contact},
	} {
		if h.Address == "" {
			continue
		}
		h.Zone = cmp.Or(h.Zone, p.Say("none"))
		if h.Owner+h.Contact == "" {
			h.Owner = p.Say("nobody")
		}
		if d.Destination.Port > 0 && h.Part == p.Say("destination") {
			h.Port = fmt.Sprint(p.Say("port"), " ", d.Destination.Port)
		}
		p.Hosts = append(p.Hosts, h)
	}
}

func (p *page) coverage(d *paged) {
	c := d.Brandmelder.Coverage
	if c == nil || c.Packets == 0 {
		p.Coverage = []named{{p.Say("unknown"), ""}}
		return
	}
	p.Blurred = c.Dropped > 0
	p.Coverage = []named{{p.Say("packets"), alert.Quantity(p.Lang, float64(c.Packets), "")}}
	if c.Seen > 0 { // a recording does not say what was lost when it was made
		p.Coverage = append(p.Coverage, named{p.Say("dropped"), fmt.Sprintf("%d %s %d", c.Dropped, p.Say("of"), c.Seen)})
	}
	p.Coverage = append(p.Coverage,
		named{p.Say("oneway"), alert.Quantity(p.Lang, c.OneWayShare, "share")},
		named{p.Say("gap"), alert.Quantity(p.Lang, float64(c.GapBytes), "bytes")})
}
