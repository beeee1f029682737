package alert

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// always are the common placeholders that each finding has.
var always = []string{"subject"}

func TestEveryDetectorHasTexts(t *testing.T) {
	for _, s := range detect.All() {
		for _, lang := range languages {
			if templates()[s.Name+"."+lang] == nil {
				t.Errorf("text/%s.%s.md is missing or cannot be read", s.Name, lang)
			}
		}
	}
}

func TestTextsParseAndComeInBothLanguages(t *testing.T) {
	entries, err := textFiles.ReadDir("text")
	if err != nil || len(entries) == 0 {
		t.Fatal("no texts", err)
	}
	for _, e := range entries {
		raw, _ := textFiles.ReadFile("text/" + e.Name())
		if _, err := parseTemplate(string(raw)); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		detector, lang, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".md"), ".")
		if !slices.Contains(languages[:], lang) {
			t.Errorf("%s is in no language that we write", e.Name())
		}
		for _, other := range languages {
			if templates()[detector+"."+other] == nil {
				t.Errorf("%s has no twin in %s", e.Name(), other)
			}
		}
	}
}

// TestEveryPlaceholderIsKnown fills each text from all names that its detector
// offers: a name that is misspelled anywhere, in an optional part too, is found.
func TestEveryPlaceholderIsKnown(t *testing.T) {
	for name, tmpl := range templates() {
		detector, _, _ := strings.Cut(name, ".")
		at := slices.IndexFunc(detect.All(), func(s *detect.Spec) bool { return s.Name == detector })
		if at < 0 {
			t.Logf("%s: no such detector on the shelf", name)
			continue
		}
		known := func(n string) bool {
			if commonNames[n] != nil {
				return true
			}
			return offers(detect.All()[at].Facts, n)
		}
		for _, p := range tmpl.parts() {
			for _, o := range p.optional {
				if o.name != "" && !known(o.name) {
					t.Errorf("%s: nothing is called %s", name, o.name)
				}
			}
			if p.name == "" {
				continue
			}
			if !known(p.name) {
				t.Errorf("%s: nothing is called %s", name, p.name)
			} else if commonNames[p.name] != nil && !slices.Contains(always, p.name) && p.name != "observed" {
				t.Errorf("%s: %s may be absent and stands in no optional part", name, p.name)
			}
		}
	}
}

func (t *template) parts() []part {
	return slices.Concat(append(t.steps, t.title, t.message, t.why, t.other)...)
}

func offers(facts *event.Table, name string) bool {
	return facts != nil && slices.ContainsFunc(facts.Fields, func(f event.Field) bool {
		return f.Type != event.TypeObject && (f.Path == name || factName(f.Path) == name)
	})
}

func TestEveryTextIsFilled(t *testing.T) {
	full := func(name string) (string, bool) { return "7", true }
	for name, tmpl := range templates() {
		detector, lang, _ := strings.Cut(name, ".")
		bare := map[string]bool{}
		for _, p := range tmpl.parts() {
			if p.name != "" {
				bare[p.name] = true
			}
		}
		sparse := func(n string) (string, bool) { return "7", bare[n] }
		for _, lookup := range []func(string) (string, bool){full, sparse} {
			text, err := Render(lang, detector, lookup)
			if err != nil {
				t.Error(err)
			}
			for _, s := range append(text.Steps, text.Title, text.Message, text.Why, text.Other) {
				if s == "" || strings.ContainsAny(s, "{}[]|") || strings.Contains(s, "  ") || strings.Contains(s, " ,") {
					t.Errorf("%s: %q", name, s)
				}
			}
			if len(text.Steps) != 3 || !strings.HasSuffix(text.Message, ".") {
				t.Errorf("%s: %d steps, message %q", name, len(text.Steps), text.Message)
			}
		}
	}
}

func TestRenderNamesWhatIsMissing(t *testing.T) {
	nothing := func(string) (string, bool) { return "", false }
	if _, err := Render("en", "upload", nothing); err == nil || !strings.Contains(err.Error(), "subject") || !strings.Contains(err.Error(), "bytes_back") {
		t.Errorf("got %v", err)
	}
	if _, err := Render("en", "nobody", nothing); !errors.Is(err, ErrNoText) {
		t.Errorf("got %v", err)
	}
	if _, err := Render("fr", "upload", nothing); !errors.Is(err, ErrNoText) {
		t.Errorf("got %v", err)
	}
}

func TestRenderWithPseudonyms(t *testing.T) {
	text, err := Render("nl", "beacon", func(name string) (string, bool) {
		s, ok := map[string]string{"subject": "10.1.0.5", "subject_name": "h-3fa1", "observed": Quantity("nl", 24, "contacts")}[name]
		return s, ok
	})
	want := "10.1.0.5 (h-3fa1) zoekt op vaste tijden contact: 24 contacten."
	if err != nil || text.Message != want {
		t.Errorf("%q, %v", text.Message, err)
	}
}

// guessed are facts like those of a detector of failed logins.
type guessed struct {
	users     int64
	succeeded bool
}

var guessedTable = event.NewTable("guessed", "Failed logins.",
	event.Int("brandmelder.guess.attempts", event.Technical, "", func(*guessed) (int64, bool) { return 26, true }),
	event.Int("brandmelder.guess.failures", event.Technical, "", func(*guessed) (int64, bool) { return 24, true }),
	event.Int("brandmelder.guess.users", event.Technical, "", func(g *guessed) (int64, bool) { return g.users, true }),
	event.String("brandmelder.guess.protocol", event.Technical, "", func(*guessed) (string, bool) { return "ssh", true }),
	event.Float("brandmelder.guess.seconds", event.Technical, "", func(*guessed) (float64, bool) { return 30, true }),
	event.Bool("brandmelder.guess.succeeded", event.Technical, "", func(g *guessed) (bool, bool) { return g.succeeded, true }),
)

func (*guessed) Table() *event.Table { return guessedTable }

func TestSentenceOfAnAlert(t *testing.T) {
	tr := newTrial(t, nil)
	f := guessing(0, event.High)
	f.Facts = &guessed{}
	tr.Raise(f)
	f.Key, f.Facts, f.Peer = "wide", &guessed{users: 3, succeeded: true}, event.Entity{}
	f.Related = []netip.Addr{server, outside, inside, inside.Next()}
	tr.Raise(f)
	var got []any
	for _, o := range tr.of(t, "alert") {
		got = append(got, o.at("brandmelder.text.en.message"), o.at("brandmelder.text.nl.message"))
	}
	want := []any{
		"10.1.0.5 (viewer-7) tried 26 ssh logins at 10.2.0.9, port 22, and 24 were refused in 30 seconds.",
		"10.1.0.5 (viewer-7) probeerde 26 keer in te loggen via ssh bij 10.2.0.9, poort 22, en werd 24 keer geweigerd in 30 seconden.",
		"10.1.0.5 (viewer-7) tried 26 ssh logins at 4 servers: 10.2.0.9, 192.0.2.80, 10.1.0.5 (+1), port 22, and 24 were refused in 30 seconds; accounts tried: 3; then one was accepted.",
		"10.1.0.5 (viewer-7) probeerde 26 keer in te loggen via ssh bij 4 servers: 10.2.0.9, 192.0.2.80, 10.1.0.5 (+1), poort 22, en werd 24 keer geweigerd in 30 seconden; geprobeerde accounts: 3; daarna lukte het.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsLearnedIsUsualAndWhatIsShippedALimit(t *testing.T) {
	tr := newTrial(t, nil)
	f := guessing(0, event.High)
	f.Detector, f.Observed.Unit, f.Baseline.Unit = "beacon", "contacts", "contacts"
	tr.Raise(f)
	f.Baseline.Since, f.Key = start-24*window, "learned"
	tr.Raise(f)
	for i, want := range []string{"de grens is 10 contacten.", "gebruikelijk is 10 contacten, geleerd sinds 2023-11-13."} {
		if got := decoded(t, tr.docs[2*i]).at("brandmelder.text.nl.message").(string); !strings.HasSuffix(got, "; "+want) {
			t.Errorf("%q does not end in %q", got, want)
		}
	}
}

func TestDetectorWithoutTextIsStillWorded(t *testing.T) {
	tr := newTrial(t, nil)
	tr.specs["odd"] = &detect.Spec{Name: "odd", Doc: "something odd"}
	f := guessing(0, event.High)
	f.Detector = "odd"
	tr.Raise(f)
	if got := decoded(t, tr.docs[0]).at("message"); got != "something odd: 10.1.0.5 → 10.2.0.9 (24 attempts)" {
		t.Errorf("%v", got)
	}
}
