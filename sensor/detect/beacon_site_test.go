package detect

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
)

// siteLook is one look at a pair, as learning wants it.
type siteLook struct {
	seen   int
	margin float64
	slow   bool
}

// siteDays is how long a pair of a simulated site is watched: a timer of an hour has
// four times 16 calls after three days.
const siteDays = 4

// learnedSite is what a site learns from n pairs without a timer, of some families.
func learnedSite(laws []law, n int, stream uint64) beaconSite {
	rows := make([][]siteLook, n)
	var wait sync.WaitGroup
	for part := range 4 {
		wait.Go(func() {
			for i := part; i < n; i += 4 {
				calls := chanceSpan(rand.New(rand.NewPCG(stream, uint64(i))), laws[i%len(laws)], siteDays)
				looks(calls[:min(len(calls), evalCalls)], func(c *beaconCalls, margin float64, slow bool) bool {
					rows[i] = append(rows[i], siteLook{c.seen, margin, slow})
					return true
				})
			}
		})
	}
	wait.Wait()
	site := newBeaconSite(baseline.NewStore())
	for _, row := range rows {
		var p beaconPeaks
		for _, k := range row {
			site.look(&p, k.seen, k.margin, k.slow, talkBegin)
		}
	}
	return site
}

// evalSite is what a site of some families learns, and what it changes: the share of
// other days of theirs that pass the product's bars, and those that were learned.
type evalSite struct {
	Name             string    `json:"name"`
	Pairs            []float64 `json:"pairs"` // by class
	Shift            []float64 `json:"shift"`
	Shipped, Learned float64
}

func siteEval(name string, laws []law, n int, stream uint64) evalSite {
	site := learnedSite(laws, n, stream)
	row := evalSite{Name: name}
	for class := range uint8(beaconClasses + 1) {
		c := site.classes.Get(class)
		if c == nil {
			c = &beaconChance{}
		}
		row.Pairs, row.Shift = append(row.Pairs, c.pairs), append(row.Shift, site.shift(class))
	}
	s := scoreAll(n, func(i int) []checkIn {
		return chanceDay(rand.New(rand.NewPCG(stream+1, uint64(i))), laws[i%len(laws)])
	}, rival{"shipped", scoreOfLooks}, rival{"learned", func(calls []checkIn) float64 { return scoreAtSite(calls, site) }})
	row.Shipped, row.Learned = above(s["shipped"], beaconLimit), above(s["learned"], beaconLimit)
	return row
}

// What passes and is refuted raises the bar, as far as it goes; timers never do, however
// many; and where hardly anything passes that could, the bar falls.
func TestBeaconSiteLearns(t *testing.T) {
	const day = 24 * 3600 * second
	for name, c := range map[string]struct {
		pairs, refuted int
		peak, now      float64
		want           float64
	}{
		"a few accidents":        {100, 3, .1, -4, 0},
		"a site with odd habits": {1000, 20, .1, -4, .25},
		"very odd habits":        {1000, 20, 9, -4, 1.5},
		"timers":                 {1000, 900, 4, 3.5, 0},
		"timers that slacken":    {1000, 900, 4, -.5, 0},
		"quiet":                  {20000, 0, -3, -4, -.75},
		"not sure that it is":    {5000, 0, -3, -4, 0},
		"all but passed":         {20000, 30, -.3, -4, -.25},
	} {
		site := newBeaconSite(baseline.NewStore())
		for i := range c.pairs {
			peak, now := c.peak, c.now
			if i >= c.refuted {
				peak, now = -3, -4
			}
			var p beaconPeaks
			for _, seen := range []int{8, 16, 32} {
				site.look(&p, seen, peak, false, talkBegin)
				peak = now
			}
		}
		if got := site.shift(0); got != c.want {
			t.Errorf("%s: shifted by %v, want %v", name, got, c.want)
		}
		if site.shift(1) != 0 {
			t.Errorf("%s: another class was shifted", name)
		}
		if site.judge(0, -3, -4, talkBegin+365*day); site.shift(0) != 0 && c.want != 0 {
			t.Errorf("%s: after a year it is still %v", name, site.shift(0))
		}
	}
}

// A slow timer's peak is judged with its like.
func TestBeaconSiteTellsSlowOnes(t *testing.T) {
	site := newBeaconSite(baseline.NewStore())
	var p beaconPeaks
	for _, k := range []siteLook{{8, -4, false}, {16, -4, false}, {24, .5, true}, {32, -1, false}, {64, -3, false}} {
		site.look(&p, k.seen, k.margin, k.slow, talkBegin)
	}
	if c := site.classes.Get(beaconClasses); c == nil || c.pairs != 1 || c.passed(-beaconLowest) != 1 {
		t.Errorf("slow ones: %+v", c)
	}
	if c := site.classes.Get(1); c != nil {
		t.Errorf("others: %+v", c)
	}
}
