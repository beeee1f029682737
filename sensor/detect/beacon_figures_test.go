package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// foundAfter is the number of calls after which a series scores above the limit,
// 0 never, with the detector's own times of looking.
func foundAfter(calls []checkIn) int {
	var scorer beaconScorer
	for n := range calls {
		if !beaconLook(n + 1) {
			continue
		}
		latest := calls[max(0, n+1-beaconRing) : n+1]
		bar, _ := beaconBar(n+1, latest)
		if s, _ := scorer.timer(latest); s > bar {
			return n + 1
		}
	}
	return 0
}

// timerCalls is n calls of a timer with jitter, of which a share is missed.
func timerCalls(r *rand.Rand, period, jitter, missed float64, n int) []checkIn {
	var calls []checkIn
	for now := 0.0; len(calls) < n; now += period * (1 + jitter*(2*r.Float64()-1)) {
		if r.Float64() >= missed {
			calls = append(calls, checkIn{at: talkBegin + int64(now*second), up: uint32(300 + r.IntN(40)), down: 900})
		}
	}
	return calls
}

// All series have 64 calls, so that those that take days for it have every chance to
// look like a slow timer: make eval-beacon counts days instead.
func TestBeaconFalseAlarms(t *testing.T) {
	series := 120
	if *calibrate {
		series = 5000
	}
	all := 0
	for i, l := range calibrationLaws {
		r, wrong := rand.New(rand.NewPCG(11, uint64(i))), 0
		for range series {
			if foundAfter(chanceCalls(r, l, beaconRing)) > 0 {
				wrong++
			}
		}
		all += wrong
		t.Logf("%s: %d of %d", l.name, wrong, series)
	}
	if got := float64(all) / float64(series*len(calibrationLaws)); got > .005 {
		t.Errorf("false alarms on %.4f of the series, want at most .005", got)
	}
}

func TestBeaconRecall(t *testing.T) {
	series := 60
	if *calibrate {
		series = 500
	}
	for _, c := range []struct {
		jitter, missed float64
		calls          int
		want           float64
	}{
		{0, 0, 8, .99}, {0, .3, 16, .95}, {.2, 0, 24, .8}, {.3, 0, 32, .8}, {.5, 0, 48, .45}, {.5, 0, 64, .9}, {.2, .1, 64, .7},
	} {
		r, hits := rand.New(rand.NewPCG(13, uint64(c.calls))), 0
		for range series {
			if foundAfter(timerCalls(r, logUniform(r, 5, 3600), c.jitter, c.missed, c.calls)) > 0 {
				hits++
			}
		}
		got := float64(hits) / float64(series)
		name := fmt.Sprintf("jitter %.1f, missed %.1f, %d calls", c.jitter, c.missed, c.calls)
		if t.Logf("%s: %.3f", name, got); got < c.want {
			t.Errorf("%s: found %.3f, want %.3f", name, got, c.want)
		}
	}
}
