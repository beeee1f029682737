package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// isLine reports whether a Doc reads well in a table.
func isLine(doc string) bool {
	return doc != "" && !strings.HasSuffix(doc, ".") && !strings.Contains(doc, "\n")
}

func TestEveryProtocolIsComplete(t *testing.T) {
	for _, s := range proto.All() {
		if !isLine(s.Doc) || s.Source == "" || len(s.Tables) == 0 || s.Limit <= 0 {
			t.Errorf("%s: Doc, Source, Tables or Limit is missing", s.Name)
		}
		if !exists(t, "proto/testdata/"+s.Name+"/*") {
			t.Errorf("%s: no test conversations in proto/testdata/%s", s.Name, s.Name)
		}
		for _, table := range s.Tables {
			if len(table.Brief) == 0 {
				t.Errorf("%s: a line about %s would be empty: say InBrief what a person wants of it", s.Name, table.Name)
			}
		}
	}
}

func TestEveryDetectorIsComplete(t *testing.T) {
	below := map[string]*event.Table{}
	for _, s := range detect.All() {
		if !isLine(s.Doc) || s.Facts == nil || len(s.Wants) == 0 {
			t.Errorf("%s: Doc, Facts or Wants is missing", s.Name)
		}
		if !slices.Contains(event.Families, s.Family) {
			t.Errorf("%s: family %q is not on the list", s.Name, s.Family)
		}
		for _, path := range s.Facts.Paths() {
			parts := strings.Split(path, ".")
			if len(parts) != 3 || parts[0] != "brandmelder" || below[parts[1]] != nil && below[parts[1]] != s.Facts {
				t.Fatalf("%s: its fact %s is not brandmelder.x.fact with an x of the table's own", s.Name, path)
			}
			below[parts[1]] = s.Facts
		}
		if len(s.Technique) == 0 {
			t.Errorf("%s: no ATT&CK technique", s.Name)
		}
		for _, scene := range []string{"hit", "miss", "benign"} {
			if !exists(t, "detect/testdata/"+s.Name+"/*"+scene+"*") {
				t.Errorf("%s: no %s in detect/testdata/%s", s.Name, scene, s.Name)
			}
		}
		for _, lang := range []string{"en", "nl"} {
			if !exists(t, "alert/text/"+s.Name+"."+lang+".md") {
				t.Errorf("%s: no text in %s", s.Name, lang)
			}
		}
	}
}

// A key that a detector does not know would be a setting that silently does nothing.
func TestEveryDetectorRefusesUnknownKeys(t *testing.T) {
	for _, d := range detect.All() {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte("detectors:\n  "+d.Name+":\n    nosuchkey: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := settings{file: file}
		if err := s.load(); err != nil {
			t.Fatal(err)
		}
		c, err := s.line(1, s.observer(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = pipeline.New(c, func(event.Doc) {})
		if err == nil || !strings.Contains(err.Error(), `c.yaml:3:5: unknown key "nosuchkey"`) {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

var update = flag.Bool("update", false, "write the tables of README.md anew")

const readme = "../README.md"

// markdown is a list of the binary as a table for README.md.
func markdown(name string) string {
	head, rows := lists[name]()
	var b strings.Builder
	rule := strings.Repeat("|---", len(head)) + "|"
	fmt.Fprintf(&b, "| %s |\n%s\n", strings.Join(head, " | "), rule)
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// between replaces what stands between <!-- name --> and <!-- /name --> by a table.
func between(text, name, table string) (string, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, opened := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return "", fmt.Errorf("no %s with %s behind it", strings.TrimSpace(begin), end)
	}
	return head + begin + table + end + tail, nil
}

func TestReadmeTables(t *testing.T) {
	old, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for _, name := range []string{"detectors", "protocols"} {
		if text, err = between(text, name, markdown(name)); err != nil {
			t.Fatalf("%s: %v", readme, err)
		}
	}
	if *update {
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(old, []byte(text)) {
		t.Error("the tables of README.md are not what the registries say: make readme")
	}
}

// The table of docs/check.md is the registry's.
func TestCheckTable(t *testing.T) {
	const page = "../docs/check.md"
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("| question | finds |\n|---|---|\n")
	for _, s := range questions.All() {
		if !isLine(s.Doc) {
			t.Errorf("%s: Doc %q", s.Name, s.Doc)
		}
		fmt.Fprintf(&rows, "| %s | %s |\n", s.Name, s.Doc)
	}
	text, err := between(string(old), "checks", rows.String())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		err = os.WriteFile(page, []byte(text), 0o644)
	} else if text != string(old) {
		t.Error("the table of docs/check.md is not what the registry says: make readme")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBetween(t *testing.T) {
	got, err := between("a\n<!-- x -->\nold\n<!-- /x -->\nb\n", "x", "new\n")
	if want := "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"; err != nil || got != want {
		t.Errorf("%q %v, want %q", got, err, want)
	}
	for _, text := range []string{"<!-- x -->\n", "<!-- /x -->", "<!-- /x -->\n<!-- x -->\n"} {
		if _, err := between(text, "x", ""); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}
