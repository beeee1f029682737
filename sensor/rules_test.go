package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestEmbeddedRulesAreComplete(t *testing.T) {
	set, err := loadRules("")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) < 15 {
		t.Errorf("%d rules", len(set.Rules))
	}
	for _, r := range set.Rules {
		if r.Text["en"] == "" || r.Text["nl"] == "" || len(r.Technique) == 0 || len(r.FalsePositives) == 0 || len(r.Fields) == 0 {
			t.Errorf("%s: a text, a technique, false positives or fields are missing", r.File)
		}
		if r.Family == "policy" && r.Severity != event.Low {
			t.Errorf("%s: policy is information: level low or informational", r.File)
		}
		if strings.Count(r.Text["en"], "\n- ") != 3 || strings.Count(r.Text["nl"], "\n- ") != 3 {
			t.Errorf("%s: three first steps, in both languages", r.File)
		}
	}
}

func say(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func TestRulesVerbs(t *testing.T) {
	if out, err := say(t, "rules", "list"); err != nil || !strings.Contains(out, "A request with a JNDI look-up") {
		t.Errorf("list: %v\n%s", err, out)
	}
	if out, err := say(t, "rules", "test", "../rules"); err != nil || !strings.Contains(out, "from ../rules") {
		t.Errorf("test: %v\n%s", err, out)
	}
	set, err := loadRules("")
	if err != nil {
		t.Fatal(err)
	}
	out, err := say(t, "rules", "explain", set.Rules[0].ID[:8])
	for _, want := range []string{set.Rules[0].Name, "looks at", "proven on", "can also be"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("explain: %v, no %q in\n%s", err, want, out)
		}
	}
	if _, err := say(t, "rules", "explain", "zz"); err == nil {
		t.Error("a rule that is none was explained")
	}
}

// A bad folder of rules stops the sensor before it sees a packet.
func TestBadRulesAreRefused(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "c.yaml")
	rules := filepath.Join(dir, "rules")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{config: "rules_dir: " + rules + "\n", filepath.Join(rules, "a.yml"): "title: x\nlevel: bad\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := say(t, "replay", "-c", config, "x.pcap"); err == nil {
		t.Error("a replay ran")
	}
	_, err := say(t, "rules", "test", rules)
	if err == nil || !strings.Contains(err.Error(), "a.yml:1:1") {
		t.Errorf("%v", err)
	}
	elsewhere := t.TempDir()
	if _, err := say(t, "rules", "test", elsewhere); err != nil {
		t.Errorf("an empty folder, which says that none are wanted: %v", err)
	}
	check(t, os.WriteFile(filepath.Join(elsewhere, "a.txt"), nil, 0o600))
	if _, err := say(t, "rules", "test", elsewhere); err == nil || !strings.Contains(err.Error(), "has no rules") {
		t.Errorf("a folder without rules: %v", err)
	}
	if _, err := say(t, "rules", "test", filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "make that folder") {
		t.Errorf("%v", err)
	}
}
