package alert

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestBadTemplatesAreRefused(t *testing.T) {
	with := func(message string) string {
		return "# title\nt\n# message\n" + message + "\n# why\nw\n# other\no\n# steps\n- s\n"
	}
	if _, err := parseTemplate(with("{subject} did[[ to {peer}]] {n|bytes}.")); err != nil {
		t.Error(err)
	}
	tests := map[string]string{
		"missing or empty":    "# title\nt\n",
		"outside":             "stray\n" + with("m"),
		"[[ without ]]":       with("a [[ b"),
		"stray bracket":       with("a }"),
		"bad placeholder":     with("a {b"),
		"unknown format":      with("{a|feet}"),
		`"message" is`:        with(""),
		"stray bracket in \"": with("a ]] b"),
	}
	for want, raw := range tests {
		if _, err := parseTemplate(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for _, raw := range []string{with("{}"), with("{a b}"), with("[[ [[ ]]"), with("{a{b}")} {
		if _, err := parseTemplate(raw); err == nil {
			t.Errorf("taken: %q", raw)
		}
	}
}

func TestQuantity(t *testing.T) {
	tests := []struct {
		value  float64
		unit   string
		en, nl string
	}{
		{24, "attempts", "24 attempts", "24 pogingen"},
		{1, "weaknesses", "1 weakness", "1 zwakke plek"},
		{2.5, "hosts", "2.5 hosts", "2,5 systemen"},
		{1234.56, "widgets", "1235 widgets", "1235 widgets"},
		{999, "bytes", "999 bytes", "999 bytes"},
		{1_540_000, "bytes", "1.5 MB", "1,5 MB"},
		{200_000_000, "bytes", "200 MB", "200 MB"},
		{5e15, "bytes", "5000 TB", "5000 TB"},
		{0.25, "s", "0.3 seconds", "0,3 seconden"},
		{1, "s", "1 second", "1 seconde"},
		{90, "s", "90 seconds", "90 seconden"},
		{3600, "s", "60 minutes", "60 minuten"},
		{7200, "s", "2 hours", "2 uur"},
		{180000, "s", "2.1 days", "2,1 dagen"},
		{0.934, "share", "93.4%", "93,4%"},
		{3, "", "3", "3"},
	}
	for _, test := range tests {
		if got := Quantity("en", test.value, test.unit); got != test.en {
			t.Errorf("%v %s: %q, want %q", test.value, test.unit, got, test.en)
		}
		if got := Quantity("nl", test.value, test.unit); got != test.nl {
			t.Errorf("%v %s: %q, want %q", test.value, test.unit, got, test.nl)
		}
	}
}

// A unit that has no words would be English on a Dutch page, and "1 hosts".
func TestDetectorsMeasureInKnownUnits(t *testing.T) {
	files, err := filepath.Glob("../detect/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no detectors: %v", err)
	}
	unit := regexp.MustCompile(`Unit: *([^,}]*)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range unit.FindAllStringSubmatch(string(text), -1) {
			name, _ := strconv.Unquote(m[1])
			if _, known := counted[name]; !known && !slices.Contains([]string{"bytes", "s", "share"}, name) {
				t.Errorf("%s measures in %s, which counted in quantity.go has no words for", file, m[1])
			}
		}
	}
}

func TestFormatsLeaveWordsAlone(t *testing.T) {
	for name, write := range formats {
		if got := write("nl", "ssh"); got != "ssh" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// facts has a field of each type.
type facts struct{}

var factsTable = event.NewTable("facts", "One fact of each type.",
	event.Int("brandmelder.trial.tries", event.Technical, "", func(*facts) (int64, bool) { return 12345, true }),
	event.Float("brandmelder.trial.rate", event.Technical, "", func(*facts) (float64, bool) { return 1.5, true }),
	event.Bool("brandmelder.trial.clear", event.Technical, "", func(*facts) (bool, bool) { return true, true }),
	event.Time("brandmelder.trial.since", event.Technical, "", func(*facts) int64 { return start }),
	event.IP("brandmelder.trial.via", event.Technical, "", func(*facts) netip.Addr { return outside }),
	event.Strings("brandmelder.trial.names", event.Technical, "", func(*facts) []string { return strings.Split("a b c d e", " ") }),
	event.Ints("brandmelder.trial.ports", event.Technical, "", func(*facts) []int64 { return []int64{22, 80} }),
	event.IPs("brandmelder.trial.hosts", event.Technical, "", func(*facts) []netip.Addr { return []netip.Addr{inside, server} }),
	event.String("brandmelder.trial.dns.name", event.Technical, "", func(*facts) (string, bool) { return "example.org", true }),
	event.String("dns.question.name", event.Personal, "", func(*facts) (string, bool) { return "www.example.org", true }),
	event.String("brandmelder.trial.absent", event.Technical, "", func(*facts) (string, bool) { return "x", false }),
)

func (*facts) Table() *event.Table { return factsTable }

func TestFactsByName(t *testing.T) {
	for name, want := range map[string]string{
		"tries": "12345", "rate": "1.5", "clear": "true", "since": "2023-11-14 22:15:00 UTC", "via": "192.0.2.80",
		"names": "a, b, c (+2)", "ports": "22, 80", "hosts": "10.1.0.5, 10.2.0.9",
		"dns.name": "example.org", "dns.question.name": "www.example.org", "absent": "", "name": "", "trial.tries": "",
	} {
		if got, ok := fact("en", &facts{}, name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, ok := fact("en", nil, "tries"); ok {
		t.Error("no facts gave one")
	}
}

func TestFactsStandInTheDocument(t *testing.T) {
	tr := newTrial(t, nil)
	f := guessing(0, event.High)
	f.Facts = &facts{}
	tr.Raise(f)
	o := decoded(t, tr.docs[0])
	if o.at("brandmelder.trial.tries") != 12345.0 || o.at("dns.question.name") != "www.example.org" {
		t.Errorf("%v", o.at("brandmelder.trial"))
	}
}
