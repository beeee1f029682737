package capture

import (
	"testing"
	"time"
)

// A ring is left alone for longer the longer nothing comes, and never for no time at
// all: from a start at 0 a processor once did nothing but look until the first packet.
func TestRingIsLeftAlone(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		rest time.Duration
		came int
		size int
		want time.Duration
	}{
		{"nothing came, at the start", 0, 0, ringDefault, 4 * ms},
		{"nothing came", 4 * ms, 0, ringDefault, 8 * ms},
		{"nothing came for long", 16 * ms, 0, ringDefault, 16 * ms},
		{"nothing came, a small ring", 4 * ms, 0, ringDefault / 32, 4 * ms},
		{"nothing came, a large ring", 16 * ms, 0, 4 * ringDefault, 16 * ms},
		{"something came", 16 * ms, 1, ringDefault, 4 * ms},
		{"an eighth was filled", 16 * ms, ringDefault/8 + 1, ringDefault, ms},
		{"less again", ms, 1, ringDefault, 4 * ms},
	} {
		if got := restAfter(c.rest, c.came, c.size); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
