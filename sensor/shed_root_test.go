package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/rights"
)

// running is what `status --json` says of the process that captures.
func running(t *testing.T, file string) (pid int, left string) {
	t.Helper()
	var now struct {
		Run struct {
			PID    int
			Rights string
		}
	}
	check(t, json.Unmarshal([]byte(must(t, file, "status", "--json")), &now))
	return now.Run.PID, now.Run.Rights
}

// seesNothing reports a process of which no thread has a right left.
func seesNothing(t *testing.T, pid int) bool {
	t.Helper()
	all, err := rights.OfThreads(pid)
	if err != nil {
		return false
	}
	for thread, set := range all {
		if set != rights.None {
			t.Logf("thread %d of %d has %#x", thread, pid, uint64(set))
			return false
		}
	}
	return len(all) > 1
}

// While it captures no thread of the process has a right, whatever the way, and it
// cannot write outside of its directories. An interface that is removed and made again
// is seen again within 5 s, by a process that its parent started.
func TestRunGivesUpItsRights(t *testing.T) {
	if withC() {
		t.Skip("built with cgo; make builds the tests as the product is built")
	}
	for _, way := range []string{"ring", "filter", "xdp"} {
		t.Run(way, func(t *testing.T) {
			craft.Namespace(t)
			craft.Cable(t, "left", "right")
			craft.Cable(t, "beside", "other")
			file, state := stateFile(t)
			program, s := started(t, "run", "--mirror", "right,other", "--capture", way, "-c", file)
			s.within(t, says("watching right"), func() {})
			knock := knocking().Packets()
			send := func() {
				to := craft.NewSender(t, "left")
				defer to.Close()
				for _, p := range knock[:10] {
					check(t, to.Send(p.Data))
				}
			}
			s.within(t, func(text string) bool { return packets(text) > 0 }, send)
			pid, left := running(t, file)
			if pid == program.Process.Pid || !seesNothing(t, pid) || !strings.HasPrefix(left, "none; confined to its directories") {
				t.Fatalf("process %d has %s\n%s", pid, left, s)
			}
			check(t, netlink.LinkDel(craft.Named(t, "right")))
			s.within(t, says("blind since"), func() {})
			before := s.String()
			craft.Cable(t, "left", "right")
			gone := time.Now()
			s.within(t, func(text string) bool {
				return packets(strings.TrimPrefix(text, before)) > 0 && strings.Count(text, "watching right") == 2
			}, send)
			t.Logf("seen again after %s", time.Since(gone).Round(time.Millisecond))
			again, left := running(t, file)
			if again == pid || !seesNothing(t, again) {
				t.Errorf("process %d, before %d, has %s", again, pid, left)
			}
			check(t, program.Process.Signal(os.Interrupt))
			if err := program.Wait(); err != nil || strings.Contains(s.String(), "WRONG") {
				t.Errorf("%v\n%s", err, s)
			}
			if found, err := filepath.Glob(state + "/state/*.snap"); err != nil || len(found) == 0 {
				t.Errorf("no snapshots: %v", err)
			}
		})
	}
}
