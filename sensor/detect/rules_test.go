package detect

import (
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

const agentRule = `
title: A program for testing names itself
id: 11111111-2222-3333-4444-555555555555
level: medium
tags: [attack.t1595.002]
logsource: {product: brandmelder, service: http}
detection:
  s: {user_agent.original|startswith: sqlmap/}
  condition: s
fields: [user_agent.original, url.domain, source.ip]
brandmelder:
  family: web-exploit
  yes: [{user_agent.original: sqlmap/1}]
  no: [{user_agent.original: curl/8}]
`

func ruleSet(t *testing.T, text string) *rule.Set {
	t.Helper()
	words := rule.Words{"http": newFactScene("http", map[string]any{"user_agent.original": "", "url.domain": "", "url.path": ""}, 0).table}
	s, err := rule.Load(fstest.MapFS{"x.yml": {Data: []byte(text)}}, words, func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// match runs the detector over events with a set of rules.
func match(t *testing.T, set *rule.Set, events []*event.Event) ([]event.Finding, *baseline.Store) {
	t.Helper()
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Know: k, State: baseline.NewStore(), Rules: &atomic.Pointer[rule.Set]{}}
	env.Rules.Store(set)
	d, err := newRules(env, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	var found []event.Finding
	for _, e := range events {
		d.Observe(e, func(f event.Finding) { found = append(found, f) })
	}
	return found, env.State
}

func TestRulesHit(t *testing.T) {
	found, _ := match(t, ruleSet(t, agentRule), sceneEvents(readScenes(t, "rules", "hit")))
	if len(found) != 5 { // of the first client at 1, 2, 4 and 8, of the second at 1
		t.Fatalf("%d findings", len(found))
	}
	f := found[len(found)-1]
	if f.Family != "web-exploit" || f.Severity != event.Medium || f.Technique[0] != "T1595.002" || f.Subject.Addr.String() != "10.0.0.1" || f.Observed.Value != 8 {
		t.Errorf("found %+v", f)
	}
	facts := f.Facts.(*rulesFacts)
	if len(facts.Evidence) != 3 || facts.Evidence[0] != "user_agent.original: sqlmap/1.8" || facts.Evidence[2] != "source.ip: 10.0.0.1" {
		t.Errorf("evidence %q", facts.Evidence)
	}
	if found[0].Key == found[2].Key && found[0].Subject != found[2].Subject {
		t.Error("two hosts in one story")
	}
}

// Without rules, and with rules that look at something else, nothing is found.
func TestRulesNone(t *testing.T) {
	events := sceneEvents(readScenes(t, "rules", "hit"))
	if found, _ := match(t, nil, events); len(found) != 0 {
		t.Errorf("found %d without rules", len(found))
	}
	if found := watchTalks(t, "rules", events); len(found) != 0 {
		t.Errorf("found %d where no rules were given", len(found))
	}
}

// Many hosts that match cost what the table holds and no more.
func TestRulesFlood(t *testing.T) {
	scenes := []scene{{Kind: "http", Every: 0.001, Client: "10.0.0.1", Server: "10.200.0.1", Port: 80, Count: rulesStories + 500,
		Vary: []string{"client"}, Fields: map[string]any{"user_agent.original": "sqlmap/1"}}}
	_, state := match(t, ruleSet(t, agentRule), sceneEvents(scenes))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Evicted() != 500 {
			t.Errorf("%s holds %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}
