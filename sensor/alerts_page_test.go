package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/view"
)

// foreign is what makes a browser fetch, run or follow something.
var foreign = regexp.MustCompile(`(?i)<script|<img|<iframe|<link|<object|\son[a-z]+=|href=|src=|url\(|@import`)

// Every stored alert is a page in both languages that has what a person decides on.
func TestAlertPage(t *testing.T) {
	file, _ := stored(t)
	for _, id := range storedAlerts(t, file) {
		for lang, words := range map[string][]string{
			"en": {"First steps", "What else it can be", "Why it matters", "How well the sensor saw then", "MITRE ATT&amp;CK", "Community ID"},
			"nl": {"Eerste stappen", "Wat het nog meer kan zijn", "Waarom het ertoe doet", "Hoe goed de sensor toen zag"},
		} {
			out, err := execute(t, rootCommand(), "alerts", "show", id, "--html", "--lang", lang, "-c", file)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range append(words, id, "default-src 'none'") {
				if !strings.Contains(out, w) {
					t.Errorf("%s in %s has no %q", id, lang, w)
				}
			}
			if found := foreign.FindString(out); found != "" {
				t.Errorf("%s has %q", id, found)
			}
		}
	}
	if _, err := execute(t, rootCommand(), "alerts", "show", storedAlerts(t, file)[0], "--html", "--lang", "fr", "-c", file); err == nil {
		t.Error("French is taken")
	}
}

func storedAlerts(t *testing.T, file string) (ids []string) {
	t.Helper()
	list, err := execute(t, rootCommand(), "alerts", "list", "--json", "-c", file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(list) {
		var a struct{ Event struct{ ID string } }
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(a.Event.ID, "-")
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		t.Fatal("no alerts")
	}
	return ids
}

// What an intruder may choose stands on the page as text and as nothing else.
func TestAlertPageEscapes(t *testing.T) {
	const evil = `</style></title><script>alert(1)</script>"'><img src=x onerror=alert(2)><svg/onload=x>{{.}} javascript:x &lt;`
	name, _ := json.Marshal(evil)
	document := strings.ReplaceAll(`{"rule":{"name":E},"observer":{"name":E},"user":{"name":E},"source":{"ip":E,"domain":E},"destination":{"ip":E,"domain":E,"port":1},
		"threat":{"technique":{"id":[E]}},"brandmelder":{"observed":{"value":3,"unit":E},"baseline":{"value":1,"unit":E},"risk":{"reasons":[E]},
		"incident":{"id":E},"targets":[E],"flows_total":9,"flows":[{"source":E,"destination":E,"community_id":E}],"zone":{"source":E,"destination":E},
		"source":{"role":E,"owner":E,"contact":E},"destination":{"role":E,"owner":E,"contact":E},"learning":{"detectors":[E]},
		"text":{"en":{"title":E,"message":E,"why":E,"other":E,"steps":[E,E,E]}}}}`, "E", string(name))
	a := view.Alert{ID: evil, Severity: 73, Message: evil, State: "closed", Owner: evil, JSON: document}
	var b bytes.Buffer
	if err := writePage(&b, &a, []view.Alert{a, {Message: evil}}, "en"); err != nil {
		t.Fatal(err)
	}
	// What is left without our own tags is text: no tag may be in it.
	text := b.String()
	if n := strings.Count(text, "alert(1)"); n < 30 {
		t.Errorf("only %d of the names are on the page", n)
	}
	for _, tag := range []string{"<script", "<img", "<svg/", "</style></title>", `"'>`} {
		if strings.Contains(text, tag) {
			t.Errorf("the page has %s of a name", tag)
		}
	}
	if strings.Count(text, "<svg") != 1 || strings.Count(text, "</style>") != 1 || strings.Count(text, "</title>") != 1 {
		t.Error("names became tags")
	}
}
