package kibana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func content() *Content {
	return &Content{Namespace: "hosp_a", Space: "hosp-a", Lang: "nl", Families: []Family{
		{Name: "beacon", Title: "Regelmatig contact", Techniques: []string{"T1029", "T1071"}, Guides: []Guide{
			{Lang: "nl", Detector: "beacon", Title: "Contact", Why: "w", Other: "a", Steps: []string{"een"}}, {Lang: "en", Detector: "beacon", Title: "Contact", Why: "w", Other: "o", Steps: []string{"one"}},
			{Lang: "nl", Detector: "pulse", Title: "Slag", Why: "w", Other: "a", Steps: []string{"een", "twee"}}}},
		{Name: "credential-theft", Techniques: []string{"T1003.004", "T1003.006", "T1207"}},
	}}
}

// decode reads lines as Kibana does.
func decode(t *testing.T, file []byte) (list []object) {
	t.Helper()
	for line := range bytes.Lines(file) {
		var o object
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, o)
	}
	return list
}

func files(t *testing.T, c *Content) (objects, rules []object) {
	t.Helper()
	all, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, all["brandmelder-hosp-a-objects.ndjson"]), decode(t, all["brandmelder-hosp-a-rules.ndjson"])
}

// Every text that is JSON inside decodes, every reference is to an object of the same
// file, and every name that an object uses is one of its references.
func TestObjectsHoldTogether(t *testing.T) {
	objects, _ := files(t, content())
	known := map[string]bool{}
	for _, o := range objects {
		key := fmt.Sprint(o["type"], " ", o["id"])
		if known[key] {
			t.Errorf("%s stands twice", key)
		}
		known[key] = true
	}
	for _, o := range objects {
		where := fmt.Sprint(o["type"], " ", o["attributes"].(object)["title"])
		names := map[string]bool{}
		for _, r := range o["references"].([]any) {
			ref := r.(object)
			names[ref["name"].(string)] = true
			if !known[fmt.Sprint(ref["type"], " ", ref["id"])] {
				t.Errorf("%s refers to %v, which is not there", where, ref)
			}
		}
		inner(t, where, o["attributes"].(object))
		if o["type"] == "dashboard" {
			checkPanels(t, where, o["attributes"].(object), names)
		}
	}
}

// inner decodes what stands as JSON in texts.
func inner(t *testing.T, where string, o object) {
	for name, v := range o {
		switch x := v.(type) {
		case object:
			inner(t, where+"."+name, x)
		case string:
			isText := strings.HasSuffix(name, "JSON") || name == "fieldAttrs" || name == "fields" || name == "fieldFormatMap"
			if isText && !json.Valid([]byte(x)) {
				t.Errorf("%s.%s is not JSON: %s", where, name, x)
			}
		}
	}
}

func checkPanels(t *testing.T, where string, o object, names map[string]bool) {
	var panels []object
	if err := json.Unmarshal([]byte(o["panelsJSON"].(string)), &panels); err != nil || len(panels) < 5 {
		t.Fatalf("%s: %d panels, %v", where, len(panels), err)
	}
	var taken [200][48]string
	for _, p := range panels {
		id := p["panelIndex"].(string)
		want := id + ":indexpattern-datasource-layer-" + layer
		if ref, ok := p["panelRefName"].(string); ok {
			want = id + ":" + ref
		}
		if p["type"] != "visualization" && !names[want] {
			t.Errorf("%s: panel %s has no reference %s", where, id, want)
		}
		grid := p["gridData"].(object)
		at := func(name string) int { return int(grid[name].(float64)) }
		if at("x")+at("w") > 48 {
			t.Errorf("%s: panel %s is too wide", where, id)
			continue
		}
		for y := at("y"); y < at("y")+at("h"); y++ {
			for x := at("x"); x < at("x")+at("w"); x++ {
				if taken[y][x] != "" {
					t.Fatalf("%s: panels %s and %s lie on each other", where, id, taken[y][x])
				}
				taken[y][x] = id
			}
		}
	}
	for name := range controlsOf(t, o) {
		if !names["controlGroup_"+name+":optionsListDataView"] {
			t.Errorf("%s: control %s has no reference", where, name)
		}
	}
}

func controlsOf(t *testing.T, o object) (controls object) {
	t.Helper()
	if err := json.Unmarshal([]byte(o["controlGroupInput"].(object)["panelsJSON"].(string)), &controls); err != nil || len(controls) == 0 {
		t.Fatalf("controls: %v", err)
	}
	return controls
}

// A rule has what Kibana asks for, each id once.
func TestRulesAreWhole(t *testing.T) {
	_, rules := files(t, content())
	if len(rules) != 2*2+2 {
		t.Fatalf("%d rules", len(rules))
	}
	seen := map[any]bool{}
	for _, r := range rules {
		for _, name := range []string{"rule_id", "name", "description", "risk_score", "severity", "type", "query", "language", "from", "interval"} {
			if r[name] == nil || r[name] == "" {
				t.Errorf("%v has no %s", r["name"], name)
			}
		}
		if seen[r["rule_id"]] {
			t.Errorf("%v: its id stands twice", r["name"])
		}
		seen[r["rule_id"]] = true
		if isESQL := r["type"] == "esql"; isESQL == (r["index"] != nil) {
			t.Errorf("%v: %v with index %v", r["name"], r["type"], r["index"])
		}
	}
	first, block := rules[0], rules[1]
	if first["building_block_type"] != nil || block["building_block_type"] != "default" || first["name"] != "Brandmelder: Regelmatig contact" {
		t.Errorf("%v, building block %v", first["name"], block["building_block_type"])
	}
	note := first["note"].(string)
	for _, part := range []string{"# Nederlands\n\n## Contact (rule.id: beacon)\n**Waarom het ertoe doet.** w", "## Slag (rule.id: pulse)", "2. twee\n\n# English", "**First steps**\n1. one\n"} {
		if !strings.Contains(note, part) {
			t.Errorf("no %q in %s", part, note)
		}
	}
}

func TestThreat(t *testing.T) {
	b, _ := json.Marshal(threat([]string{"T1207", "T1003.006", "T1003.004", "T9999"}))
	const link = "https://attack.mitre.org/"
	want := `[{"framework":"MITRE ATT\u0026CK","tactic":{"id":"TA0006","name":"Credential Access","reference":"` + link + `tactics/TA0006/"},"technique":[{"id":"T1003","name":"OS Credential Dumping","reference":"` + link + `techniques/T1003/","subtechnique":[` +
		`{"id":"T1003.004","name":"LSA Secrets","reference":"` + link + `techniques/T1003/004/"},{"id":"T1003.006","name":"DCSync","reference":"` + link + `techniques/T1003/006/"}]}]},` +
		`{"framework":"MITRE ATT\u0026CK","tactic":{"id":"TA0005","name":"Defense Evasion","reference":"` + link + `tactics/TA0005/"},"technique":[{"id":"T1207","name":"Rogue Domain Controller","reference":"` + link + `techniques/T1207/","subtechnique":[]}]}]`
	if d := cmp.Diff(want, string(b)); d != "" {
		t.Error(d)
	}
	if NameOf("T1565.002") != "Transmitted Data Manipulation" || NameOf("T9999") != "" || NameOf("TA0006") != "" {
		t.Error("a technique has another name, or none")
	}
	if plant := techniques()["T0858"]; plant.tactic.id != "TA0104" { // Execution of ATT&CK for ICS has its own id
		t.Errorf("%+v", plant)
	}
}

// The ids follow from names alone, and another tenant has others.
func TestIDs(t *testing.T) {
	a, b := content(), content()
	b.Namespace = "hosp_b"
	if a.id("tag/brandmelder") != content().id("tag/brandmelder") || a.id("tag/brandmelder") == b.id("tag/brandmelder") {
		t.Error("ids do not follow from names")
	}
	// RFC 9562, appendix A.4: www.example.com in the DNS namespace.
	got := uuid([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "www.example.com")
	if fmt.Sprintf("%x", got) != "2ed6657de927568b95e12665a8aea6a2" {
		t.Errorf("%x", got)
	}
}

func TestQuery(t *testing.T) {
	q := Query{is("a.b", "x", "y"), isNot("c", "*"), atLeast("d", 47), is("e", "z")}
	if got := q.KQL(); got != `a.b : ("x" or "y") and not c : * and d >= 47 and e : "z"` {
		t.Error(got)
	}
	b, _ := json.Marshal(q.DSL())
	const want = `{"bool":{"filter":[{"terms":{"a.b":["x","y"]}},{"range":{"d":{"gte":47}}},{"terms":{"e":["z"]}}],"must_not":[{"exists":{"field":"c"}}]}}`
	if string(b) != want {
		t.Error(string(b))
	}
}
