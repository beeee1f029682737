package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFTPExfiltrationHit(t *testing.T) {
	found, _ := watch(t, "ftp-exfiltration", nil, sceneEvents(readScenes(t, "ftp-exfiltration", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", f.Observed.N, " ", f.Severity))
	}
	want := []string{"10.0.0.1 203.0.113.1 1 47", "10.0.0.2 203.0.113.2 1 73", "10.0.0.3 203.0.113.3 1 73", "10.0.0.1 203.0.113.1 2 47"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A server on which several hosts store is a partner's.
func TestFTPExfiltrationToAPartner(t *testing.T) {
	s := readScenes(t, "ftp-exfiltration", "hit")[0]
	s.Count, s.Vary = 9, []string{"client"}
	if found, _ := watch(t, "ftp-exfiltration", nil, sceneEvents([]scene{s})); len(found) != ftpFew {
		t.Errorf("%d findings, want %d", len(found), ftpFew)
	}
}

func TestFTPExfiltrationFlood(t *testing.T) {
	s := readScenes(t, "ftp-exfiltration", "hit")[0]
	holdsCap(t, "ftp-exfiltration", s, ftpPairs)
}
