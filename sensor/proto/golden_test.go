package proto

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

var golden = flag.Bool("golden", false, "write the expected records of the test conversations anew")

// TestGolden compares what is read from each protocol's hit files with its
// testdata/x/records.txt: a record a line, as it is written, below the file it is of.
func TestGolden(t *testing.T) {
	got := map[string][]byte{}
	for _, s := range All() {
		got[s.Name] = append(got[s.Name], written(t, s)...)
	}
	for name, text := range got {
		file := filepath.Join("testdata", name, "records.txt")
		if *golden {
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: make golden, and review what it wrote", err)
		} else if !bytes.Equal(want, text) {
			t.Errorf("%s: what is read has changed; if that is meant, make golden, and review the diff: %s", file,
				cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(text), "\n")))
		}
	}
}

// written are the records of a Spec's hit files as records.txt has them.
func written(t *testing.T, s *Spec) (text []byte) {
	t.Helper()
	hits := known(t, s, "hit")
	for _, name := range slices.Sorted(maps.Keys(hits)) {
		if !strings.HasSuffix(name, ".hex") {
			continue // built in Go, and tested there
		}
		text = fmt.Appendf(text, "# %s over %s\n", name, transport(s))
		for _, r := range run(s, hits[name]) {
			text = append(text, r.Table().Name+" "...)
			text = event.NewLayout(r.Table()).Append(text, r)
			text = append(text, '\n')
		}
	}
	return text
}
