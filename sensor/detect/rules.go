package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// rules finds what rule files describe: one event each. The same rule between the
// same two hosts is one story.
type rules struct {
	env     Env
	stories *baseline.Map[ruleStory, ruleSeen]
	reading rule.Reading
}

const (
	rulesStories  = 16384
	rulesWindow   = 3600 * second // as long as an alert takes in more
	rulesEvidence = 8             // values shown; one more tells a person nothing new
)

type ruleStory struct{ id, client, server string }

type ruleSeen struct {
	onset int64
	n     int // events that matched
	next  int // to be told at: 1, 2, 4, 8 …
	refs  []event.FlowRef
}

func newRules(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	stories := baseline.NewMap[ruleStory, ruleSeen](env.State, "rules.stories", rulesStories, rulesWindow)
	return &rules{env: env, stories: stories}, nil
}

func (d *rules) Tick(int64, Report) {}

func (d *rules) Observe(e *event.Event, report Report) {
	set := d.env.rules()
	if set == nil || e.Data == nil {
		return
	}
	reading := d.reading.Of(e)
	for _, r := range set.Of(e.Kind) {
		if r.Matches(reading) {
			d.matched(e, r, report)
		}
	}
}

// rules is the set in force; it may change between two events.
func (env Env) rules() *rule.Set {
	if env.Rules == nil {
		return nil
	}
	return env.Rules.Load()
}

func (d *rules) matched(e *event.Event, r *rule.Rule, report Report) {
	key := ruleStory{id: r.ID}
	if e.Flow != nil {
		key.client, key.server = e.Flow.Client.Addr().String(), e.Flow.Server.Addr().String()
	}
	s, fresh := d.stories.Touch(key, e.Time)
	if fresh {
		s.onset, s.next = e.Time, 1
	}
	s.n++
	if e.Flow != nil {
		s.refs = noteFlow(s.refs, e.Flow)
	}
	if s.n < s.next {
		return
	}
	s.next *= 2
	f := event.Finding{
		Family: r.Family, Key: strings.Join([]string{key.id, key.client, key.server}, " "), Time: e.Time, Onset: s.onset,
		Flows: append([]event.FlowRef(nil), s.refs...), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(s.n), Unit: "events", N: s.n},
		Facts:    &rulesFacts{Title: r.Name, Kind: e.Kind, Count: s.n, Evidence: evidence(r, e)},
		Score:    60, Severity: r.Severity, Rule: &r.Rule, Technique: r.Technique,
	}
	if e.Flow != nil {
		f.Subject, f.Peer, f.Port = d.env.Know.Entity(e.Flow.Client.Addr()), d.env.Know.Entity(e.Flow.Server.Addr()), e.Flow.Server.Port()
		f.Subject.User = event.TextOf(e.Data, "user.name")
	}
	report(f)
}

// evidence spells the fields that the rule wants shown.
func evidence(r *rule.Rule, e *event.Event) (out []string) {
	for _, path := range r.Fields {
		for _, text := range rule.Spell(e, path) {
			if len(out) < rulesEvidence {
				out = append(out, path+": "+text)
			}
		}
	}
	return out
}

// rulesFacts is what a finding of a rule rests on.
type rulesFacts struct {
	Title, Kind string
	Count       int
	Evidence    []string
}

var rulesTable = event.NewTable("rules", "An event that a rule describes.",
	event.String("brandmelder.rules.title", event.Technical, "title of the rule", func(f *rulesFacts) (string, bool) { return f.Title, true }),
	event.String("brandmelder.rules.kind", event.Technical, "kind of event that matched", func(f *rulesFacts) (string, bool) { return f.Kind, true }),
	event.Int("brandmelder.rules.count", event.Technical, "events that matched between the two within the hour", func(f *rulesFacts) (int64, bool) { return int64(f.Count), true }),
	event.Strings("brandmelder.rules.evidence", event.Personal, "fields that the rule shows, of the latest event", func(f *rulesFacts) []string { return f.Evidence }),
)

func (*rulesFacts) Table() *event.Table { return rulesTable }

func init() {
	register(Spec{
		Name:      "rules",
		Doc:       "an event that a rule file describes: see `brandmelder rules list`",
		Family:    "policy",          // each rule names its own
		Technique: []string{"T1071"}, // each rule names its own
		Class:     event.Absolute,
		Severity:  event.Low,
		Wants:     []string{AllKinds},
		Facts:     rulesTable,
		New:       newRules,
	})
}
