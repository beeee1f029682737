package pipeline

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// folder names a folder of captures of the reader's own, and mixed one large capture;
// tests of real traffic are skipped where they are not set, and fail where they are
// set and there is nothing.
const (
	folder = "BRANDMELDER_CAPTURES"
	mixed  = "BRANDMELDER_MIX"
)

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

// A large mix gives the same bytes at any number of shards, each of which has packets
// of it, also where tables are so small that they evict.
func TestCapturesMixed(t *testing.T) {
	path := os.Getenv(mixed)
	if path == "" {
		t.Skip(mixed + " names no capture")
	}
	for name, c := range map[string]flow.Config{"plain": {}, "tables that evict": {Flows: 2048, Streams: 512}} {
		t.Run(name, func(t *testing.T) {
			var first [sha256.Size]byte
			for i, shards := range []int{1, 1, 2, 4, 8} {
				sum := sha256.New()
				account := write(t, openPath(t, path), settings(shards, c), sum)
				got := [sha256.Size]byte(sum.Sum(nil))
				if i == 0 {
					first = got
				}
				if got != first {
					t.Errorf("%d shards: other documents", shards)
				}
				if slices.Min(account.Shards) == 0 {
					t.Errorf("%d shards: packets %v", shards, account.Shards)
				}
				if evicts := account.Flow.Evicted() > 0; evicts != (c.Flows != 0) {
					t.Errorf("%d of %d flows evicted", account.Flow.Evicted(), account.Flow.Created)
				}
				t.Logf("%d shards: %v packets, %d documents, %d of %d flows evicted", shards, account.Shards, account.Documents, account.Flow.Evicted(), account.Flow.Created)
			}
		})
	}
}
