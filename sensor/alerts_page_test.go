package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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
	if ids = alertsFrom(t, file, 0); len(ids) == 0 {
		t.Fatal("no alerts")
	}
	return ids
}

// alertsFrom are the ids of the alerts of at least a severity.
func alertsFrom(t *testing.T, file string, severity int) (ids []string) {
	t.Helper()
	for line := range strings.Lines(must(t, file, "alerts", "list", "--json")) {
		var a struct {
			Event struct {
				ID       string
				Severity int
			}
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if id, _, _ := strings.Cut(a.Event.ID, "-"); a.Event.Severity >= severity {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestDrawnPages makes the pages of three alerts that a seed draws from the captures, for
// readers who know nothing else: make alert-pages. A capture is drawn, then an alert of it.
func TestDrawnPages(t *testing.T) {
	folder := os.Getenv("BRANDMELDER_PAGES")
	if folder == "" {
		t.Skip("BRANDMELDER_PAGES is not set: make alert-pages")
	}
	seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	check(t, err)
	files, err := filepath.Glob(os.Getenv("BRANDMELDER_CAPTURES") + "/*/*.pcap*")
	check(t, err)
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for made := 0; made < 3; files = files[1:] {
		if len(files) == 0 {
			t.Fatalf("only %d captures give an alert", made)
		}
		file, state := stateFile(t)
		text, err := os.ReadFile(file) // a capture may be old
		check(t, errors.Join(err, os.WriteFile(file, append(text, "retention: {decisions: 36500}\n"...), 0o600)))
		storeOf(t, file, state, files[0])
		ids := alertsFrom(t, file, 47)
		if len(ids) == 0 {
			continue
		}
		made++
		id := ids[random.IntN(len(ids))]
		page := filepath.Join(folder, fmt.Sprintf("page%d.html", made))
		written, err := execute(t, rootCommand(), "alerts", "show", id, "--html", "-c", file)
		check(t, errors.Join(err, os.WriteFile(page, []byte(written), 0o644)))
		t.Logf("seed %d: %s is alert %s of %d of %s", seed, page, id, len(ids), files[0])
	}
}

// What an intruder may choose stands on the page as text and as nothing else.
func TestAlertPageEscapes(t *testing.T) {
	const evil = `</style></title><script>alert(1)</script>"'><img src=x onerror=alert(2)><svg/onload=x>{{.}} javascript:x &lt;`
	name, _ := json.Marshal(evil)
	document := strings.ReplaceAll(`{"rule":{"id":"dns-tunnel","name":E},"observer":{"name":E},"user":{"name":E},"source":{"ip":E,"domain":E},"destination":{"ip":E,"domain":E,"port":1},
		"threat":{"technique":{"id":[E]}},"brandmelder":{"dns_tunnel":{"domain":E,"names":12.3456},"observed":{"value":3,"unit":E},"baseline":{"value":1,"unit":E},"risk":{"reasons":[E]},
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
	if !strings.Contains(text, "<dt><code>dns_tunnel.domain</code></dt><dd>&lt;/style") || !strings.Contains(text, "<dd>12.35</dd>") {
		t.Error("the facts of the detector are not on the page")
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
