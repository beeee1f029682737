package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/ingest/kibana"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// selfReports are what three sensors say of themselves, as run writes it: in the end one is
// blind, one sees again, one was ended in order.
func selfReports(namespace string) (docs []event.Doc) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	away, back := health.Interface{Name: "eth1", Since: at, Reason: "gone"}, health.Interface{Name: "eth2"}
	say := func(sensor string, minute int, ended bool, interfaces ...health.Interface) {
		now := at.Add(time.Duration(minute) * time.Minute)
		run := &health.Run{PID: 1, Since: now, At: now, Ended: ended, Shed: uint64(minute), Line: health.Line{Interfaces: interfaces, Flows: health.Flows{Live: 9}}}
		s := &health.Status{
			At: now, Up: !ended, Run: run, Configuration: "c" + sensor, Detectors: health.Detectors{Total: 40},
			Outputs: []health.Output{{Name: "soc", Decisions: health.Account{Pending: uint64(minute)}}, {Name: "mail", Telemetry: health.Account{Dead: 2}}},
		}
		s.Judge()
		docs = append(docs, pipeline.HealthDocument(&event.Observer{Name: sensor, Version: "test", Namespace: namespace, Salt: []byte(sensor)}, s))
	}
	say("blinded", 0, false, back)
	say("blinded", 5, false, away, back)
	say("blinded", 10, false, away)
	say("seeing", 0, false, away)
	say("seeing", 5, false, back)
	say("ended", 0, false, back)
	say("ended", 5, true, back)
	return docs
}

// The newest word of each sensor is the one that the panel shows.
func TestWordsOfSensors(t *testing.T) {
	said := map[string]any{}
	for _, d := range selfReports("x") {
		document, err := event.ParseDocument(d.JSON)
		check(t, err)
		said[fmt.Sprint(document.At("observer.name"))] = document.At("brandmelder.status.sight")
	}
	if d := cmp.Diff(map[string]any{"blinded": "blind", "seeing": "clear", "ended": "down"}, said); d != "" {
		t.Error(d)
	}
}

// heardOf are the words of sensors of the last day: their coverage, and their sight.
func heardOf() (docs []event.Doc) {
	say := func(sensor, sight string, ago time.Duration) {
		dataset, status := "coverage", map[string]any{}
		if sight != "" {
			dataset, status = "health", map[string]any{"status": map[string]any{"sight": sight}}
		}
		text, _ := json.Marshal(map[string]any{
			"@timestamp": time.Now().Add(-ago).UTC().Format(time.RFC3339), "observer": map[string]any{"name": sensor},
			"event": map[string]any{"dataset": "brandmelder." + dataset}, "brandmelder": status,
		})
		docs = append(docs, event.Doc{Dataset: dataset, ID: fmt.Sprint("said", len(docs)), JSON: text})
	}
	for sensor, ago := range map[string]time.Duration{"awake": time.Minute, "silent": 40 * time.Minute, "gone": 30 * time.Hour} {
		for n := range 3 {
			say(sensor, "", ago+time.Duration(n)*time.Minute)
		}
	}
	for sensor, sights := range map[string][]string{"awake": {"partly", "clear"}, "silent": {"blind", "clear"}, "blinded": {"clear", "blind"}, "back": {"blind", "partly"}, "always": {"blind"}} {
		for n, sight := range sights {
			say(sensor, sight, 50*time.Minute-time.Duration(n)*5*time.Minute)
		}
		if sensor != "silent" {
			say(sensor, "", time.Minute)
		}
	}
	return docs
}

// The rule for a silent sensor raises the one that spoke within a day and is quiet now, and
// the one that says that it is blind: in ES|QL where the server has it, as Kibana runs it,
// and as a search everywhere.
func TestElasticHearsSilence(t *testing.T) {
	r := realServer(t)
	r.send(r.a.Namespace, heardOf())
	target := stream("coverage", r.a.Namespace) + "," + stream("health", r.a.Namespace)
	r.ask(http.MethodPost, "/"+target+"/_refresh", nil)
	uses := contentOf(r.a.Namespace).Uses()
	silent := uses[slices.IndexFunc(uses, func(u kibana.Use) bool { return u.ESQL != "" })]
	by, _ := at(r.ask(http.MethodPost, "/"+target+"/_search", silent.Body), "aggregations.by").(map[string]any)
	raised := []string{}
	for _, b := range buckets(by) {
		raised = append(raised, fmt.Sprint(b["key"]))
	}
	slices.Sort(raised)
	if d := cmp.Diff([]string{"always", "blinded", "silent"}, raised); d != "" {
		t.Error(d)
	}
	lately := map[string]any{"range": map[string]any{"@timestamp": map[string]any{"gte": "now-24h"}}} // the rule's from
	answer, status, err := r.Call(t.Context(), http.MethodPost, "/_query", map[string]any{"query": silent.ESQL, "filter": lately})
	if err != nil {
		t.Fatal(err)
	}
	if status == http.StatusMethodNotAllowed || strings.Contains(fmt.Sprint(answer), "no handler found") {
		t.Logf("%s has no ES|QL here", r.has)
		return
	}
	rows := map[string]string{}
	list, _ := answer["values"].([]any)
	for _, row := range list {
		v := row.([]any)
		rows[fmt.Sprint(v[0])] = fmt.Sprint(v[1])
		if minutes := numberOf(v[3]); v[0] == "silent" && (minutes < 40 || minutes > 42) {
			t.Errorf("silent for %v minutes", minutes)
		}
	}
	if d := cmp.Diff(map[string]string{"always": "BLIND", "blinded": "BLIND", "silent": "DOWN"}, rows); d != "" {
		t.Errorf("silent in ES|QL: %d %v\n%s", status, answer, d)
	}
}

// Queries in ES|QL are read by Elasticsearch's own parser, which deploy/esql.sh fetches and
// names in BRANDMELDER_ESQL; it takes no other text.
func TestElasticReadsESQL(t *testing.T) {
	path := os.Getenv("BRANDMELDER_ESQL")
	if path == "" {
		t.Skip("make test-elastic fetches the parser of ES|QL with Elasticsearch 8")
	}
	read := func(query string) (string, error) {
		c := exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", path, "../deploy/ReadESQL.java")
		c.Stdin = strings.NewReader(query)
		plan, err := c.CombinedOutput()
		return string(plan), err
	}
	queries := 0
	for _, u := range contentOf("x").Uses() {
		if u.ESQL == "" {
			continue
		}
		queries++
		if plan, err := read(u.ESQL); err != nil || !strings.HasPrefix(plan, "Keep[[?observer.name, ?sight") {
			t.Errorf("%s: %v %s", u.Where, err, plan)
		}
		if plan, err := read(strings.Replace(u.ESQL, "| EVAL", "| EVIL", 1)); err == nil || !strings.Contains(plan, "ParsingException") {
			t.Errorf("a wrong word is taken: %v %s", err, plan)
		}
	}
	if queries == 0 {
		t.Error("no query is in ES|QL")
	}
}
