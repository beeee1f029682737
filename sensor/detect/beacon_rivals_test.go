package detect

import (
	"math"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// rival is a way to score the calls of one pair in one day: higher is more like a
// beacon.
type rival struct {
	name  string
	score func(calls []checkIn) float64
}

// rivals are what is compared: our own score over all looks that the detector
// takes, RITA v5, and the plain coefficient of variation of the distances.
var rivals = []rival{{"ours", scoreOfLooks}, {"rita", ritaScore}, {"cv", plainVariation}}

const evalDay = 24 * 3600 * second

// evalCalls is as much of a day as our own score is let see: a day of check-ins of
// a minute. The rivals see all of it.
const evalCalls = 1500

// scoreOfLooks is how far the calls come above the detector's bar at its own times
// of looking, at best, counted from beaconLimit: above that they are found.
func scoreOfLooks(calls []checkIn) float64 { return scoreAtSite(calls, beaconSite{}) }

// scoreAtSite is the same with the bars that a site has learned.
func scoreAtSite(calls []checkIn, site beaconSite) float64 {
	best := 0.0
	looks(calls[:min(len(calls), evalCalls)], func(c *beaconCalls, margin float64, slow bool) bool {
		if site.classes != nil {
			margin -= site.shift(beaconClass(beaconTrial(c.seen), slow))
		}
		best = max(best, margin+beaconLimit)
		return best < beaconCap-1.5
	})
	return best
}

// looks goes through calls as the detector does, and says how far above its bar each
// look came.
func looks(calls []checkIn, each func(c *beaconCalls, margin float64, slow bool) (more bool)) {
	var c beaconCalls
	var long *callRing
	var scorer beaconScorer
	for _, k := range calls {
		if !c.add(k.at, event.FlowRef{}) {
			continue
		}
		c.ring.end(k.at, k.up, k.down)
		if long != nil {
			long.add(k.at, beaconLong)
			long.end(k.at, k.up, k.down)
		}
		if !beaconLook(c.seen) {
			continue
		}
		latest, s, _ := scorer.look(&c, long)
		if s > beaconNear && c.seen >= beaconRing && long == nil {
			long = &callRing{calls: slices.Clone(latest)}
		}
		if bar, slow := beaconBar(c.seen, latest); !each(&c, s-bar, slow) {
			return
		}
	}
}

// plainVariation is the coefficient of variation, negative.
func plainVariation(calls []checkIn) float64 {
	if len(calls) < 4 {
		return -10
	}
	x := make([]float64, 0, len(calls))
	for i := 1; i < len(calls); i++ {
		x = append(x, float64(calls[i].at-calls[i-1].at)/second)
	}
	mean, square := meanAndSquares(x)
	return -math.Sqrt(square/float64(len(x)-1)) / mean
}

// ritaScore is the score of RITA v5 over one day, written from its published
// formulas: a quarter each for the distances in time, the sizes, the histogram of
// 24 hours and the duration.
func ritaScore(calls []checkIn) float64 {
	var times, gaps, sizes []float64
	for _, c := range calls {
		if t := float64((c.at - talkBegin) / second); len(times) == 0 || t != times[len(times)-1] {
			times = append(times, t)
		}
		sizes = append(sizes, float64(c.up))
	}
	if len(times) < 4 {
		return 0
	}
	for i := 1; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	bars := hoursOf(times)
	return (ritaSpread(gaps, 1) + ritaSpread(sizes, 0) + ritaHistogram(bars) + ritaDuration(times, bars)) / 4
}

// ritaSpread is the mean of symmetry (Bowley) and concentration about the median.
func ritaSpread(x []float64, small float64) float64 {
	slices.Sort(x)
	q1, q2, q3 := quantile(x, .25), quantile(x, .5), quantile(x, .75)
	skew := 0.0
	if q3-q1 >= 10 && q2 != q1 && q2 != q3 {
		skew = (q1 + q3 - 2*q2) / (q3 - q1)
	}
	away := make([]float64, len(x))
	for i, v := range x {
		away[i] = math.Abs(v - q2)
	}
	slices.Sort(away)
	near := small
	if q2 >= 1 {
		near = max((q2-quantile(away, .5))/q2, 0)
	}
	return (1 - math.Abs(skew) + near) / 2
}

func hoursOf(times []float64) (bars [24]float64) {
	for _, t := range times {
		bars[min(int(t/3600), 23)]++
	}
	return bars
}

// ritaHistogram is how even the hours are, or how well two heights explain them.
func ritaHistogram(bars [24]float64) float64 {
	mean, square := meanAndSquares(bars[:])
	even := max(0, 1-math.Sqrt(square/24)/mean)
	group := math.Ceil(.05 * slices.Max(bars[:]))
	heights, filled := map[int]float64{}, 0.0
	for _, b := range bars {
		if b > 0 {
			filled++
			heights[int(b/group)]++
		}
	}
	if filled < 11 {
		return even
	}
	var first, second float64
	for _, n := range heights {
		if n > first {
			first, second = n, first
		} else {
			second = max(second, n)
		}
	}
	return max(even, min((first+second)/max(filled-1, 1), 1))
}

// ritaDuration is the share of the day between first and last, or the longest run
// of hours over twelve.
func ritaDuration(times []float64, bars [24]float64) float64 {
	filled, run, longest := 0, 0, 0
	for i := range 48 { // around midnight
		run++
		if bars[i%24] == 0 {
			run = 0
		} else if i < 24 {
			filled++
		}
		longest = max(longest, min(run, 24))
	}
	if filled < 6 {
		return 0
	}
	coverage := (times[len(times)-1] - times[0]) / (24 * 3600)
	return min(max(coverage, float64(longest)/12), 1)
}
