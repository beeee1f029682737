package strict

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

type ward struct {
	Name string    `yaml:"name"`
	Beds []bed     `yaml:"beds"`
	Free yaml.Node `yaml:"free"`
	Kept kept      `yaml:"kept"`
}

type kept struct {
	For   time.Duration `yaml:"for"`
	Share *float64      `yaml:"share"`
	Open  bool          `yaml:"open"`
}

type bed struct {
	Number int `yaml:"number"`
}

func read(t *testing.T, text string) (*yaml.Node, error) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var w ward
	return doc.Content[0], Decode("w.yml", doc.Content[0], &w)
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\nbeds: [{number: 1}]\nfree: {any: [thing]}": "",
		"nam: a":                         `w.yml:1:1: unknown key "nam": did you mean "name"?`,
		"beds:\n  - number: 1\n    x: 2": `w.yml:3:5: unknown key "x": choose number`,
		"beds: [{number: many}]":         "w.yml:1:17: this is no whole number",
		"beds: [{number: [1]}]":          "w.yml:1:17: one value belongs here",
		"beds: one":                      "w.yml:1:7: a list belongs here: write [ ] around it",
		"beds: {one: 1}":                 "w.yml:1:7: a list belongs here",
		"beds: [one]":                    "w.yml:1:8: keys with values belong here",
		"- name: a":                      "w.yml:1:1: keys with values belong here",
		"kept: {for: 3 days}":            "w.yml:1:13: this is no time",
		"kept: {share: half}":            "w.yml:1:15: this is no number",
		"kept: {open: maybe}":            "w.yml:1:14: choose true or false",
		"kept: {for: 30s, share: 1}\nbeds:\nname: 5": "",
	} {
		if _, err := read(t, text); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestFind(t *testing.T) {
	n, err := read(t, "name: a\nbeds:\n  - number: 7")
	if err != nil {
		t.Fatal(err)
	}
	if got := Find(n, "beds", 0, "number"); got.Value != "7" || got.Line != 3 {
		t.Errorf("found %q in line %d", got.Value, got.Line)
	}
	if got := Find(n, "beds", 4); got != Find(n, "beds") {
		t.Error("what is not there is not the nearest above it")
	}
	if keys := Keys(ward{}); len(keys) != 4 || keys[0] != "beds" {
		t.Errorf("keys %v", keys)
	}
	if err := At(n, "bad %d", 3); err.Error() != "1:1: bad 3" {
		t.Error(err)
	}
}
