package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

const documentation = "../../deploy/brandmelder.yaml"

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		err = &bare{strings.ReplaceAll(err.Error(), path, "c.yaml")}
	}
	return c, err
}

type bare struct{ text string }

func (b *bare) Error() string { return b.text }

// Keys that an earlier version and a person's file do not have are new; what is within a list is not a key.
func TestSince(t *testing.T) {
	documented := "a: 1\nb: {c: [], d: {e: 1}}\nf: [{g: 1}]\n"
	for _, c := range []struct{ earlier, own, want string }{
		{documented, "", ""},
		{"a: 1\nb: {c: []}\n", "# nothing\n", "b.d b.d.e f"},
		{"a: 1\nb: {c: []}\n", "f: []\nb: {d: {}}\n", "b.d.e"},
		{"", "", "a b b.c b.d b.d.e f"},
	} {
		got, err := Since([]byte(documented), []byte(c.earlier), []byte(c.own))
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("%q %q: %q %v, want %q", c.earlier, c.own, got, err, c.want)
		}
	}
	if _, err := Since(nil, []byte("a: ["), nil); err == nil {
		t.Error("a damaged file has no keys")
	}
}

// The documentation says what is in force without a file, and names every key.
func TestDocumentation(t *testing.T) {
	c, err := Load(documentation)
	if err != nil {
		t.Fatal(err)
	}
	c.path = ""
	if d := cmp.Diff(Default(), c, cmp.AllowUnexported(Config{}), cmp.Comparer(samePrefix), cmp.AllowUnexported(yaml.Node{})); d != "" {
		t.Error(d)
	}
	if c.Hash() != Default().Hash() {
		t.Error("the hash of the documentation is not that of the defaults")
	}
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []any{Config{}, Observer{}, Zone{}, Common{}, Retention{}, Geo{}, Limits{}} {
		for _, key := range strict.Keys(part) {
			if !strings.Contains(string(text), key+":") {
				t.Errorf("%T: %s is not documented", part, key)
			}
		}
	}
	for _, key := range OutputKeys() {
		if !strings.Contains(string(text), key+":") {
			t.Errorf("%s of an output is not documented", key)
		}
	}
}

func samePrefix(a, b Prefix) bool { return a.Prefix == b.Prefix }

func TestALastLineIsNoDocument(t *testing.T) {
	if c, err := load(t, "lang: nl\n---\n# the end\n"); err != nil || c.Lang != "nl" {
		t.Error(c, err)
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"misspelt key":        {"lang: nl\nretentoin: {}\n", `c.yaml:2:1: unknown key "retentoin": did you mean "retention"?`},
		"misspelt in a list":  {"zones:\n  - name: a\n    network: [10.0.0.0/8]\n", `c.yaml:3:5: unknown key "network": did you mean "networks"?`},
		"far from any":        {"geo: {xyzzyx: 1}\n", `c.yaml:1:7: unknown key "xyzzyx": choose asn, city`},
		"wrong type":          {"\nlimits: {flows: many}\n", `c.yaml:2:17: this is no whole number`},
		"no YAML":             {"lang: [\n", "c.yaml:"},
		"language":            {"# one\nlang: fr\n", `c.yaml:2:7: lang "fr": choose en or nl`},
		"namespace":           {"namespace: A B\n", "c.yaml:1:12: namespace"},
		"limit":               {"limits:\n  flows: 3\n", "c.yaml:2:10: flows 3: choose 1024"},
		"retention":           {"retention:\n  auth: 0\n", "c.yaml:2:9: auth 0: choose 1 to 36500"},
		"room":                {"retention:\n  journal_gb: 0.01\n", "c.yaml:2:15: journal_gb 0.01: choose 0.06 to 36500"},
		"room in words":       {"retention: {journal_gb: 64M}\n", `c.yaml:1:25: this is no number`},
		"network":             {"zones:\n  - name: a\n    networks: [10.0.0.0/33]\n", `c.yaml:3:16: "10.0.0.0/33" is not a network`},
		"zone twice":          {"zones:\n  - {name: a, networks: [10.0.0.0/8]}\n  - {name: a, networks: [11.0.0.0/8]}\n", "c.yaml:3:5: zone a: stands twice"},
		"zone without name":   {"zones: [{networks: [10.0.0.0/8]}]\n", "c.yaml:1:9: zone 1: has no name"},
		"zone without net":    {"zones: [{name: a}]\n", `c.yaml:1:9: zone "a" has no networks`},
		"output":              {"outputs: [{name: fax, path: x}]\n", `c.yaml:1:11: unknown output "fax"`},
		"clinical share":      {"clinical_shares:\n  - '\\\\srv\\scans$'\n", `c.yaml:2:5: share "\\\\srv\\scans$": write its name alone`},
		"party":               {"outputs: [{name: ndjson, path: x, party: us}]\n", `c.yaml:1:42: party "us": choose provider`},
		"twice":               {"outputs: [{name: ndjson}, {name: ndjson}]\n", "c.yaml:1:27: two outputs are called ndjson"},
		"what":                {"outputs: [{name: ndjson, what: some}]\n", `c.yaml:1:32: what "some": choose alerts`},
		"datasets":            {"outputs: [{name: ndjson, what: alerts, datasets: {dns: on}}]\n", "datasets are chosen only with what: all"},
		"share":               {"outputs: [{name: ndjson, datasets: {dns: 10 in 1}}]\n", "c.yaml:1: write on, off, or 1 in 10"},
		"limit of messages":   {"outputs: [{name: ndjson, per_minute: -1}]\n", "c.yaml:1:38: per_minute -1"},
		"detector":            {"detectors:\n  uplaod: {}\n", `c.yaml:2:11: unknown detector "uplaod": did you mean "upload"?`},
		"the same key twice":  {"lang: en\nlang: nl\n", "already defined"},
		"two documents":       {"lang: nl\n---\nlang: en\n", "c.yaml:3:1: a second document"},
		"three documents":     {"lang: nl\n---\n---\nlang: en\n", "c.yaml:4:1: a second document"},
		"secret as a number":  {"outputs: [{name: ndjson, per_minute: hunter2}]\n", "c.yaml:1:38: this is no whole number"},
		"broken second":       {"lang: nl\n---\n[\n", "c.yaml:3"},
		"text where map goes": {"- a\n- b\n", "c.yaml:1:1: keys with values belong here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := Load("/nowhere/c.yaml"); err == nil || !strings.Contains(err.Error(), "run without -c") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestFileGoesOverTheDefaults(t *testing.T) {
	c, err := load(t, "lang: nl\nzones:\n  - name: lab\n    networks: [10.1.2.0/24]\n    scanners: [10.9.9.9]\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Lang != "nl" || c.Retention.Decisions != 400 {
		t.Errorf("%+v", c)
	}
	z := c.Know().Zones[0]
	if z.Name != "lab" || z.Networks[0] != netip.MustParsePrefix("10.1.2.0/24") || z.Scanners[0] != netip.MustParsePrefix("10.9.9.9/32") {
		t.Errorf("%+v", z)
	}
	for _, empty := range []string{"", "# nothing\n", "lang:\n"} {
		if c, err := load(t, empty); err != nil || c.Hash() != Default().Hash() && empty != "lang:\n" {
			t.Errorf("%q: %v %v", empty, c, err)
		}
	}
}

func TestHash(t *testing.T) {
	one, _ := load(t, "lang: nl\ndetectors:\n  upload: {a: 1, b: 2}\n")
	same, _ := load(t, "# why\ndetectors: {upload: {b: 2, a: 1}}\nlang: \"nl\"\n")
	other, _ := load(t, "lang: nl\ndetectors: {upload: {b: 2, a: 2}}\n")
	if one.Hash() != same.Hash() {
		t.Error("comments and order change the hash")
	}
	if one.Hash() == other.Hash() || one.Hash() == Default().Hash() || len(one.Hash()) != 12 {
		t.Error(one.Hash(), other.Hash())
	}
}

func TestDetectorSection(t *testing.T) {
	c, err := load(t, "detectors:\n  upload:\n    floor: 5\n")
	if err != nil {
		t.Fatal(err)
	}
	section := struct{ Floor, Other int }{1, 2}
	if err := c.Detector("upload")(&section); err != nil || section.Floor != 5 || section.Other != 2 {
		t.Error(section, err)
	}
	if err := c.Detector("scan")(&section); err != nil {
		t.Error(err)
	}
	err = c.Detector("upload")(&struct{ Flor int }{})
	if err == nil || !strings.Contains(err.Error(), `c.yaml:3:5: unknown key "floor": did you mean "flor"?`) {
		t.Error(err)
	}
}

func TestStateDir(t *testing.T) {
	system := t.TempDir()
	missing := filepath.Join(system, "missing", "deeper")
	t.Setenv("HOME", "/home/a")
	for name, test := range map[string]struct{ own, system, xdg, want string }{
		"configured":   {"/srv/state", system, "/x", "/srv/state"},
		"system":       {"", system, "/x", system},
		"can be made":  {"", filepath.Dir(missing), "/x", filepath.Dir(missing)},
		"xdg":          {"", missing, "/x", "/x/brandmelder"},
		"home":         {"", missing, "", "/home/a/.local/state/brandmelder"},
		"xdg relative": {"", missing, "x", "/home/a/.local/state/brandmelder"},
	} {
		t.Setenv("XDG_STATE_HOME", test.xdg)
		c := &Config{State: test.own}
		if got, err := c.StateDir(test.system); err != nil || got != test.want {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
}

// A provider sees no names unless somebody wrote that it does.
func TestOutputSees(t *testing.T) {
	for want, outputs := range map[string][]Common{
		Full:       {{}, {View: Full}, {Party: "provider", View: Full}},
		Pseudonyms: {{View: Pseudonyms}, {Party: "provider"}},
	} {
		for _, o := range outputs {
			if got := o.Sees(); got != want {
				t.Errorf("%+v sees %s", o, got)
			}
		}
	}
}

// An output has the keys of its kind, and no others.
func TestOutputs(t *testing.T) {
	c, err := load(t, "outputs:\n  - {name: elasticsearch, as: soc, hosts: ['https://a:9200'], timeout: 5s, what: all, datasets: {dns: 1 in 10, flow: off}}\n")
	if err != nil {
		t.Fatal(err)
	}
	o := c.Outputs[0]
	s, err := o.Settings()
	e, _ := s.(*output.Elasticsearch)
	if err != nil || e.Hosts[0] != "https://a:9200" || e.Timeout != 5*time.Second || e.Refresh != 5*time.Second || o.Called() != "soc" {
		t.Errorf("%+v %v", e, err)
	}
	if ch := o.Choice(); ch.Share("dns") != 10 || ch.Share("flow") != 0 || ch.Share("alert") != 1 || ch.Share("http") != 0 {
		t.Error(ch)
	}
	if err := c.CheckOutputs([]string{"dns", "flow"}); err != nil {
		t.Error(err)
	}
	if err := c.CheckOutputs([]string{"flow"}); err == nil || !strings.Contains(err.Error(), `unknown dataset "dns"`) {
		t.Error(err)
	}
	other, _ := load(t, "outputs:\n  - {name: elasticsearch, as: soc, hosts: ['https://b:9200'], timeout: 5s, what: all, datasets: {dns: 1 in 10, flow: off}}\n")
	if other.Hash() == c.Hash() {
		t.Error("the hash does not know where documents go")
	}
	c, err = load(t, "outputs:\n  - name: elasticsearch\n    host: a\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckOutputs(nil); err == nil || !strings.Contains(err.Error(), `c.yaml:3:5: unknown key "host": did you mean "hosts"?`) {
		t.Error(err)
	}
	if n := made(t); n.Called() != "ndjson" {
		t.Error(n)
	}
}

// made is an output that a program makes.
func made(t *testing.T) Output {
	t.Helper()
	o, err := NewOutput(Common{Name: "ndjson"}, map[string]any{"path": "x"})
	if s, err2 := o.Settings(); err != nil || err2 != nil || s.Where() != "x" {
		t.Fatal(err, err2)
	}
	return o
}
