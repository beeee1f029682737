package baseline

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
)

const crashDir = "BRANDMELDER_CRASH_DIR"

// TestCrashChild is the process that is killed: each round is a minute of learning.
// It says which minutes the disk has.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("the child of TestKilledInTheMiddle")
	}
	s := NewStore()
	m := Keep(s, NewMap[string, int64](s, "x.counts", 1000, 0))
	list := s.Restore(dir)
	if list[0].Err != nil {
		fmt.Println("broken", list[0].Err)
		os.Exit(1)
	}
	minute := int64(0)
	for _, v := range m.All {
		minute = max(minute, *v)
	}
	k := NewKeeper(dir, "v1", func(err error) { fmt.Println("broken", err) }, s)
	for {
		minute++
		for i := range 500 {
			v, _ := m.Touch(strconv.Itoa(i), minute)
			*v = minute
		}
		k.Tick(minute * SaveEvery)
		for len(k.work) > 0 { // the minute is long enough for the disk
			runtime.Gosched()
		}
		fmt.Println(minute)
	}
}

// However often the sensor is killed, what it finds again is whole and at most the
// latest minutes that were on their way to the disk are missing.
func TestKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	reached := int64(0)
	for round := range 20 {
		c := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
		c.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := c.StdoutPipe()
		if err != nil || c.Start() != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 3+7*round%50 && lines.Scan(); n++ {
			minute, err := strconv.ParseInt(lines.Text(), 10, 64)
			if err != nil {
				t.Fatal(lines.Text())
			}
			reached = minute
		}
		c.Process.Kill()
		for lines.Scan() { // what it said before it died
			if minute, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				reached = minute
			}
		}
		c.Wait()
		found := restoredMinute(t, dir)
		// The minute said last may be in the writer's hands, and the one behind it.
		if found < reached-1 {
			t.Fatalf("round %d: minute %d of %d is back", round, found, reached)
		}
	}
}

// restoredMinute is the minute that a snapshot holds: one and the same in all entries.
func restoredMinute(t *testing.T, dir string) int64 {
	t.Helper()
	s := NewStore()
	m := Keep(s, NewMap[string, int64](s, "x.counts", 1000, 0))
	if r := s.Restore(dir)[0]; r.Err != nil || r.Empty || m.Len() != 500 {
		t.Fatalf("%+v", r)
	}
	minute := int64(-1)
	for _, v := range m.All {
		if minute >= 0 && minute != *v {
			t.Fatalf("minutes %d and %d in one snapshot", minute, *v)
		}
		minute = *v
	}
	return minute
}
