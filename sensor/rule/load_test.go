package rule

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func nodeOf(text string) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

const good = "s:\n  url.domain: a\ncondition: s"

func TestLoad(t *testing.T) {
	s, err := load(ruleText(good, "{url.domain: A}", "{url.domain: b}"))
	if err != nil {
		t.Fatal(err)
	}
	r := s.Of("http")[0]
	if r.Severity != event.Medium || r.Family != "web-exploit" || len(r.Technique) != 1 || r.Technique[0] != "T1190" || r.File != "x.yml" {
		t.Errorf("read as %+v", r)
	}
	if yes, no := r.Proofs(); yes != 1 || no != 1 || r.Explain() != `url.domain: "a"` {
		t.Errorf("%d and %d proofs, explained as %s", yes, no, r.Explain())
	}
	if len(s.Of("dns")) != 0 {
		t.Error("a rule about http looks at dns")
	}
}

// Whatever is wrong is refused with its place and what to do about it.
func TestRefused(t *testing.T) {
	yes, no := "{url.domain: a}", "{url.domain: b}"
	for name, c := range map[string]struct{ text, want string }{
		"field":        {ruleText("s:\n  url.domian: a\ncondition: s", yes, no), `x.yml:8:5: unknown field "url.domian": did you mean "url.domain"?`},
		"modifier":     {ruleText("s:\n  url.domain|base64: a\ncondition: s", yes, no), `unknown modifier "base64"`},
		"type":         {ruleText("s:\n  http.response.status_code|contains: 4\ncondition: s", yes, no), "ask for text"},
		"number":       {ruleText("s:\n  http.response.status_code: many\ncondition: s", yes, no), `"many" is none`},
		"address":      {ruleText("s:\n  test.from.ip: 10.0.0.0/8\ncondition: s", yes, no), "field|cidr"},
		"expression":   {ruleText("s:\n  url.domain|re: '('\ncondition: s", yes, no), "missing closing"},
		"search":       {ruleText("sel:\n  url.domain: a\ncondition: sell", yes, no), `did you mean "sel"?`},
		"parenthesis":  {ruleText("s:\n  url.domain: a\ncondition: (s", yes, no), "( without )"},
		"rest":         {ruleText("s:\n  url.domain: a\ncondition: s s", yes, no), `"s" stands where`},
		"no condition": {ruleText("s:\n  url.domain: a", yes, no), "no condition"},
		"nothing":      {ruleText("s: {}\ncondition: s", yes, no), "matches everything"},
		"words":        {ruleText("s: [a, b]\ncondition: s", yes, no), "records have no raw text"},
		"timeframe":    {ruleText(good+"\ntimeframe: 5m", yes, no), "timeframe is not supported"},
		"wrong yes":    {ruleText(good, "{url.domain: c}", no), "does not match this event, which is under yes"},
		"wrong no":     {ruleText(good, yes, "{url.domain: a}"), "matches this event, which is under no"},
		"no yes":       {strings.Replace(ruleText(good, yes, no), "  yes: [{url.domain: a}]\n", "", 1), "at least one event"},
		"twice":        {ruleText(good, "{src_ip: 10.0.0.1, source.ip: 10.0.0.1}", no), "stands twice"},
		"id":           {strings.Replace(ruleText(good, yes, no), "11111111", "1", 1), "no UUID"},
		"level":        {strings.Replace(ruleText(good, yes, no), "medium", "bad", 1), "choose informational"},
		"family":       {strings.Replace(ruleText(good, yes, no), "web-exploit", "web-exploits", 1), `did you mean "web-exploit"?`},
		"key":          {strings.Replace(ruleText(good, yes, no), "fields:", "feilds:", 1), `did you mean "fields"?`},
		"logsource":    {strings.Replace(ruleText(good, yes, no), "service: http", "service: htpp", 1), `did you mean "http"?`},
		"windows":      {strings.Replace(ruleText(good, yes, no), "product: brandmelder, service: http", "product: windows, category: process_creation", 1), "is not seen on a network"},
		"text":         {ruleText(good, yes, no) + "  text: {en: x}\n", "en and nl, both or none"},
		"list":         {"- 1\n", "x.yml"},
		"same id":      {ruleText(good, yes, no) + "---\n" + ruleText(good, yes, no), "is also that of"},
		"yaml":         {"title: [", "x.yml"},
		"long":         {strings.Repeat("# a\n", 20000), "at most"},
		"two searches": {ruleText("s:\n  url.domain: a\ns:\n  url.domain: b\ncondition: s", yes, no), `x.yml:9:3: search "s" stands twice`},
		"all words":    {ruleText("s:\n  '|all': [a, b]\ncondition: s", yes, no), "records have no raw text"},
		"aggregation":  {strings.Replace(ruleText(good, yes, no), "condition: s", "condition: s | count() > 5", 1), "count, near"},
		"conditions":   {strings.Replace(ruleText(good, yes, no), "condition: s", "condition: [s, not s]", 1), "a list is not supported"},
		"correlation":  {"title: x\ncorrelation: {type: event_count}\n", "x.yml:2:14: correlation: Sigma's"},
		"no family":    {strings.Replace(ruleText(good, yes, no), "  family: web-exploit\n", "", 1), "brandmelder.family is missing"},
		"no document":  {"---\n", "x.yml"},
		"deep":         {ruleText("s:\n  url.domain: a\ncondition: "+strings.Repeat("(", 40)+"s"+strings.Repeat(")", 40), yes, no), "nested more"},
	} {
		_, err := load(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

// One bad rule refuses them all, and all bad ones are named.
func TestAllOrNothing(t *testing.T) {
	rule := ruleText(good, "{url.domain: a}", "{url.domain: b}")
	files := fstest.MapFS{
		"a.yml": {Data: []byte(rule)},
		"b.yml": {Data: []byte(strings.Replace(rule, "medium", "x", 1))},
		"c.yml": {Data: []byte(strings.Replace(rule, "Test", "''", 1))},
	}
	s, err := Load(files, testWords, func(string) error { return nil })
	if s != nil || err == nil || !strings.Contains(err.Error(), "b.yml:") || !strings.Contains(err.Error(), "c.yml:") {
		t.Errorf("%v, %v", s, err)
	}
	text := rule + "  text: {en: bad, nl: bad}\n"
	_, err = Load(fstest.MapFS{"a.yml": {Data: []byte(text)}}, testWords, func(string) error { return errors.New("no title") })
	if err == nil || !strings.Contains(err.Error(), "no title") {
		t.Errorf("a bad text was read: %v", err)
	}
}

// A folder is read as people fill it: both endings, a last --- and what is no rule beside them.
func TestLoadsBothEndings(t *testing.T) {
	rule := ruleText(good, "{url.domain: a}", "{url.domain: b}")
	s, err := Load(fstest.MapFS{
		"a.yml":     {Data: []byte(rule + "---\n")},
		"b.yaml":    {Data: []byte("name: b\n" + strings.Replace(rule, "11111111", "22222222", 1))},
		"c.ysyml":   {Data: []byte("no rule")},
		"README.md": {Data: []byte("no rule")},
	}, testWords, func(string) error { return nil })
	if err != nil || len(s.Rules) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// FuzzLoad: no file makes the reader panic.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(ruleText(good, "{url.domain: a}", "{url.domain: b}")))
	f.Add([]byte("detection: &a [*a]\nlogsource: *a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Load(fstest.MapFS{"x.yml": {Data: b}}, testWords, func(string) error { return nil })
		if (s == nil) == (err == nil) {
			t.Error("neither a set nor an error, or both")
		}
	})
}

// BenchmarkMatch: what the rules cost an event that none of them matches.
func BenchmarkMatch(b *testing.B) {
	r, err := unproven(ruleText("s:\n  user_agent.original|contains: [sqlmap/, nikto/, gobuster/, nuclei]\n  http.response.status_code|gte: 200\ncondition: s", "{}", "{}"))
	if err != nil {
		b.Fatal(err)
	}
	e := &event.Event{Kind: "http", Data: &page{host: "www.example.org", agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", status: 200}}
	for b.Loop() {
		if r.Match(e) {
			b.Fatal("matched")
		}
	}
}
