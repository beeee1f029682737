package detect

import (
	"math"
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/baseline"
)

// beaconSite learns how regular chance is at this site. The bars that ship come from
// families of chance that somebody thought of, and every site has others. What was
// chance shows by itself: calls that passed a bar and look a hundred times less like a
// timer when there are four times as many of them were never one. A timer is not, so
// however many there are here, they teach nothing wrong. Only pairs that could be told
// of are counted, at most three of a place, so that no program's rhythm is all.
type beaconSite struct {
	classes *baseline.Map[uint8, beaconChance]
}

// beaconChance is what was learned of the pairs of one class: by the number of their
// calls, and slow ones apart.
type beaconChance struct {
	since   int64                // ns; counts are halved each beaconForget
	pairs   float64              // that came to four times the calls
	refuted [beaconSteps]float64 // of them, by how far above the lowest step they had come
}

const (
	beaconClasses = 4 // from 8, 16, 32 and 64 calls on; the slow are one more
	beaconStep    = .25
	beaconSteps   = 10
	beaconLowest  = -3 // steps: what a bar may fall to, where the site has shown that it can
	beaconForget  = 14 * 24 * 3600 * second
	// Share of the pairs of a class that may pass by chance: half of one in a thousand,
	// for not every pair that does is refuted.
	beaconShare = 5e-4
)

// beaconPeaks is what a pair remembers for it: how far above the bar of the product
// its calls came in the doubling of their number at hand and in the two before.
type beaconPeaks struct {
	trial uint8 // 1 from 8 calls on, 2 from 16 …
	slow  bool  // the peak from 16 to 31 calls was that of a slow timer
	high  [3]float32
}

func newBeaconSite(s *baseline.Store) beaconSite {
	return beaconSite{baseline.Keep(s, baseline.NewMap[uint8, beaconChance](s, "beacon.site", beaconClasses+1, 0))}
}

// look notes a look at a pair that has seen calls, margin above the bar.
func (s beaconSite) look(p *beaconPeaks, seen int, margin float64, slow bool, now int64) {
	trial := beaconTrial(seen)
	high := &p.high[trial%3]
	if trial != p.trial {
		if trial > 2 {
			s.judge(beaconClass(trial-2, p.slow), float64(p.high[(trial-2)%3]), margin, now)
		}
		p.trial, *high = trial, float32(math.Inf(-1))
	}
	if float32(margin) > *high {
		*high = float32(margin)
		if trial == 2 {
			p.slow = slow
		}
	}
}

// beaconTrial counts the doublings of a number of calls, from 8 on.
func beaconTrial(seen int) uint8 { return uint8(bits.Len(uint(seen)) - 3) }

func beaconClass(trial uint8, slow bool) uint8 {
	if trial == 2 && slow {
		return beaconClasses
	}
	return min(trial-1, beaconClasses-1)
}

// judge counts a pair whose best was peak and that stands at margin now.
func (s beaconSite) judge(class uint8, peak, margin float64, now int64) {
	c, fresh := s.classes.Touch(class, now)
	if fresh {
		c.since = now
	}
	for ; now-c.since >= beaconForget; c.since += beaconForget {
		c.pairs /= 2
		for i := range c.refuted {
			c.refuted[i] /= 2
		}
	}
	c.pairs++
	if step := int(math.Floor(peak/beaconStep)) - beaconLowest; step >= 0 && margin < min(peak, 0)-beaconNear {
		c.refuted[min(step, beaconSteps-1)]++
	}
}

// shift is by how much the bar of a class is to be other than the product's: up while
// more pairs pass by chance than may, down where surely fewer would.
func (s beaconSite) shift(class uint8) float64 {
	c := s.classes.Get(class)
	if c == nil {
		return 0
	}
	may, step := beaconShare*c.pairs, -beaconLowest
	for n := c.passed(step); n-2*math.Sqrt(n) > may && step+1 < beaconSteps; n = c.passed(step) {
		step++
	}
	if step == -beaconLowest {
		// Of what never happened, there may yet be three (one in twenty).
		for n := 0.0; step > 0; step-- {
			if n = c.passed(step - 1); n+2*math.Sqrt(n)+3 > may {
				break
			}
		}
	}
	return float64(step+beaconLowest) * beaconStep
}

// passed is how many refuted pairs had come to a step.
func (c *beaconChance) passed(step int) (n float64) {
	for _, r := range c.refuted[step:] {
		n += r
	}
	return n
}
