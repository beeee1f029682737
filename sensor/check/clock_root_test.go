package check

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// The clock is set, so only in a machine of the test's own: make test-kernels.
func TestClockOfThisMachine(t *testing.T) {
	if os.Getenv("BRANDMELDER_OWN_MACHINE") == "" {
		t.Skip("this machine is not the test's own: make test-kernels")
	}
	says := func(e *Env, words string) {
		t.Helper()
		for _, p := range clock(e) {
			if strings.Contains(p.What.EN, words) && p.Mend != "" {
				return
			}
		}
		t.Errorf("not said: %s", words)
	}
	set(t, written.AddDate(0, 1, 0))
	says(&Env{}, "no program keeps the clock")
	set(t, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	says(&Env{}, "the clock is in the past: 1999-01-01")
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	time.AfterFunc(300*time.Millisecond, func() { set(t, written.AddDate(0, 2, 0)) })
	says(&Env{For: 2 * time.Second}, "while it was watched")
}

func set(t *testing.T, to time.Time) {
	t.Helper()
	now := unix.NsecToTimeval(to.UnixNano())
	if err := unix.Settimeofday(&now); err != nil {
		t.Error(err)
	}
}
