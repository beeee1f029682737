package rule

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// page is a record with one field of each type.
type page struct {
	host, agent string
	status      int64
	share       float64
	bad         bool
	from        netip.Addr
	words       []string
	sizes       []int64
	addrs       []netip.Addr
}

var pageTable = event.NewTable("http", "",
	event.String("url.domain", event.Technical, "", func(p *page) (string, bool) { return p.host, p.host != "" }),
	event.String("user_agent.original", event.Technical, "", func(p *page) (string, bool) { return p.agent, p.agent != "" }),
	event.Int("http.response.status_code", event.Technical, "", func(p *page) (int64, bool) { return p.status, p.status != 0 }),
	event.Float("test.share", event.Technical, "", func(p *page) (float64, bool) { return p.share, true }),
	event.Bool("test.bad", event.Technical, "", func(p *page) (bool, bool) { return p.bad, true }),
	event.IP("test.from.ip", event.Technical, "", func(p *page) netip.Addr { return p.from }),
	event.Strings("test.words", event.Technical, "", func(p *page) []string { return p.words }),
	event.Ints("test.sizes", event.Technical, "", func(p *page) []int64 { return p.sizes }),
	event.IPs("test.addrs", event.Technical, "", func(p *page) []netip.Addr { return p.addrs }),
)

func (*page) Table() *event.Table { return pageTable }

var testWords = Words{"http": pageTable}

// ruleText is a whole rule with a detection, and events that prove nothing unless told.
func ruleText(detection, yes, no string) string {
	return "title: Test\nid: 11111111-2222-3333-4444-555555555555\nlevel: medium\ntags: [attack.t1190, attack.initial_access]\n" +
		"logsource: {product: brandmelder, service: http}\ndetection:\n" + indent(detection) +
		"fields: [url.domain]\nbrandmelder:\n  family: web-exploit\n  yes: [" + yes + "]\n  no: [" + no + "]\n"
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(s) + "\n") {
		b.WriteString("  " + line)
	}
	return b.String()
}

func load(text string) (*Set, error) {
	return Load(fstest.MapFS{"x.yml": {Data: []byte(text)}}, testWords, func(string) error { return nil })
}

// matches asks a rule with this detection about p.
func matches(t *testing.T, detection string, p *page) bool {
	t.Helper()
	r, err := unproven(ruleText(detection, "{}", "{}"))
	if err != nil {
		t.Fatalf("%s: %v", detection, err)
	}
	flow := &event.Flow{Proto: 6, Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort("192.0.2.1:80")}
	return r.Match(&event.Event{Kind: "http", Data: p, Flow: flow})
}

func TestModifiers(t *testing.T) {
	p := &page{host: "Files.Example.org", agent: "curl/8.5", status: 404, share: .5, bad: true, from: netip.MustParseAddr("10.1.2.3"),
		words: []string{"sql", "xss"}, sizes: []int64{3, 900}, addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}
	for test, want := range map[string]bool{
		"url.domain: files.example.org":                       true, // without case
		"url.domain|cased: files.example.org":                 false,
		"url.domain: '*.EXAMPLE.*'":                           true,
		"url.domain: 'file?.example.org'":                     true,
		"url.domain: 'files\\*'":                              false,
		"url.domain: example":                                 false,
		"url.domain|contains: example":                        true,
		"url.domain|startswith: files.":                       true,
		"url.domain|endswith: [.com, .org]":                   true,
		"url.domain|contains|all: [files, org]":               true,
		"url.domain|contains|all: [files, net]":               false,
		"url.domain|re: '^files'":                             false,
		"url.domain|re|i: '^files'":                           true,
		"url.domain|exists: true":                             true,
		"url.domain|exists: false":                            false,
		"url.domain: null":                                    false,
		"test.words: xss":                                     true,
		"test.words|all: [sql, xss]":                          true,
		"test.words|all: [sql, jndi]":                         false,
		"test.sizes|gt: 800":                                  true,
		"test.sizes: 4":                                       false,
		"test.addrs|cidr: 2001:db8::/32":                      true,
		"http.response.status_code: 404":                      true,
		"http.response.status_code|gte: 500":                  false,
		"http.response.status_code|lt: 404.5":                 true,
		"test.share|lte: 0.5":                                 true,
		"test.bad: true":                                      true,
		"test.from.ip: 10.1.2.3":                              true,
		"test.from.ip|cidr: [192.168.0.0/16, 10.0.0.0/8]":     true,
		"source.ip: 10.0.0.1":                                 true, // of the conversation
		"destination.port: 80":                                true,
		"user_agent.original|fieldref: url.domain":            false,
		"src_ip|cidr: 10.0.0.0/8":                             true, // Sigma's own name
		"url.domain|fieldref: url.domain":                     true,
		"user_agent.original|startswith|fieldref: url.domain": false,
		"test.from.ip|fieldref: source.ip":                    false,
		"http.response.status_code|gt|fieldref: test.share":   true,
	} {
		if got := matches(t, "s:\n  "+test+"\ncondition: s", p); got != want {
			t.Errorf("%s: %t", test, got)
		}
	}
	if !matches(t, "s:\n  url.domain: null\ncondition: s", &page{}) || matches(t, "s:\n  url.domain|exists: true\ncondition: s", &page{}) {
		t.Error("what is absent is not null, or exists")
	}
}

// A list holds its own elements, and nothing of the field that was read before.
func TestListsAreReadAlone(t *testing.T) {
	p := &page{words: []string{"sql"}, sizes: []int64{3}, addrs: []netip.Addr{netip.MustParseAddr("10.1.2.3")}}
	for detection, want := range map[string]bool{
		"a: {test.words: sql}\nb: {test.sizes|lt: 1}\ncondition: a and b":                false,
		"a: {test.words: sql}\nb: {test.sizes|lt: 4}\ncondition: a and b":                true,
		"a: {test.sizes: 3}\nb: {test.words|re: '^$'}\ncondition: a and b":               false,
		"a: {test.sizes: 3}\nb: {test.addrs|cidr: 10.0.0.0/8}\ncondition: a and b":       true,
		"a: {test.addrs|cidr: 10.0.0.0/8}\nb: {test.sizes|lt: 1}\ncondition: a and b":    false,
		"a: {test.addrs|cidr: 10.0.0.0/8}\nb: {test.words|re: '^$'}\ncondition: a and b": false,
	} {
		if got := matches(t, detection, p); got != want {
			t.Errorf("%s: %v", detection, got)
		}
	}
}

func TestConditions(t *testing.T) {
	searches := "sel_a:\n  url.domain: a\nsel_b:\n  http.response.status_code: 1\nfilter:\n  - test.bad: true\n  - user_agent.original: x\n_none:\n  url.domain: never\n"
	a, ab, bad := &page{host: "a"}, &page{host: "a", status: 1}, &page{host: "a", status: 1, bad: true}
	for condition, want := range map[string][3]bool{
		"sel_a":                                {true, true, true},
		"sel_a and sel_b":                      {false, true, true},
		"sel_a and not filter":                 {true, true, false},
		"sel_b or sel_a and filter":            {false, true, true}, // and binds closer
		"(sel_b or sel_a) and filter":          {false, false, true},
		"1 of sel_*":                           {true, true, true},
		"all of sel_*":                         {false, true, true},
		"all of them":                          {false, false, true},
		"1 of them and not 1 of filter*":       {true, true, false},
		"not (sel_b and not filter) AND sel_a": {true, false, true},
	} {
		for i, p := range []*page{a, ab, bad} {
			if got := matches(t, searches+"condition: "+condition, p); got != want[i] {
				t.Errorf("%s, event %d: %t", condition, i, got)
			}
		}
	}
}

// unproven builds a rule without its proof.
func unproven(text string) (*Rule, error) {
	n, err := nodeOf(text)
	if err != nil {
		return nil, err
	}
	var f file
	if err := n.Decode(&f); err != nil {
		return nil, err
	}
	s, err := f.LogSource.find(n, testWords)
	if err != nil {
		return nil, err
	}
	c, err := compile(&f.Detection, s)
	return &Rule{condition: c}, err
}
