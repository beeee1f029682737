package pipeline

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// folder names a folder of captures of the reader's own; tests of real traffic
// are skipped where it is not set, and fail where it is set and holds none.
const folder = "BRANDMELDER_CAPTURES"

var isCapture = regexp.MustCompile(`\.(pcap|pcapng|cap)(\.gz|\.zst)?$`)

func captures(t *testing.T) []string {
	t.Helper()
	root := os.Getenv(folder)
	if root == "" {
		t.Skip(folder + " names no folder of captures")
	}
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && isCapture.MatchString(path) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s: no captures in %s", folder, root)
	}
	return files
}

func openPath(t testing.TB, path string) capture.Source {
	t.Helper()
	source, err := capture.Files([]string{path}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	return source
}

func TestCaptures(t *testing.T) {
	for _, path := range captures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			first, _ := run(t, openPath(t, path), settings(1, flow.Config{}))
			for _, shards := range []int{1, 2, 4, 8} {
				again, _ := run(t, openPath(t, path), settings(shards, flow.Config{}))
				if i, want, got := difference(first, again); i > 0 {
					t.Errorf("%d shards: line %d\n%s\nis not\n%s", shards, i, got, want)
				}
			}
		})
	}
}
