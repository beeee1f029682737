package detect

import (
	"math"
	"slices"
)

// Four statistics of how regular a series of intervals is, each strong where the
// others are weak: the first and second carry jitter and foreign traffic, the
// third carries lost check-ins, the fourth is sharpest on a clean series. Larger
// is more regular. None depends on the scale of the intervals, but for half a
// second of slack that timers have.
const (
	statDispersion = iota // too even for chance: Poisson dispersion test
	statRenewal           // likelihood of a timer against four laws of chance
	statTruncated         // spread about the commonest interval, gaps left out
	statVariation         // spread of all
	statCount
)

// rhythm is the timer that explains a series best.
type rhythm struct {
	period float64 // s
	jitter float64 // the intervals are spread over period·(1±jitter)
	missed float64 // share of check-ins that did not happen or were not seen
}

// regularity computes the statistics of the intervals in x, s, all above 0, at
// least beaconLeast of them.
func (s *beaconScorer) regularity() ([statCount]float64, rhythm) {
	s.sorted = append(s.sorted[:0], s.x...)
	slices.Sort(s.sorted)
	mode := commonest(s.sorted)
	renewal, r := s.renewalGain(mode)
	return [statCount]float64{
		s.dispersion(quantile(s.sorted, .5)),
		renewal,
		truncated(s.sorted, mode),
		variation(s.sorted),
	}, r
}

// quantile of a sorted series, interpolated.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// commonest is the half-sample mode of the logarithms (Robertson and Cryer 1974):
// the densest half, and again, until two values are left.
func commonest(sorted []float64) float64 {
	s := sorted
	for len(s) > 2 {
		half := (len(s) + 1) / 2
		best, width := 0, math.Inf(1)
		for i := 0; i+half <= len(s); i++ {
			if w := s[i+half-1] / s[i]; w < width {
				best, width = i, w
			}
		}
		s = s[best : best+half]
	}
	return math.Sqrt(s[0] * s[len(s)-1])
}

// dispersionLeast is the least number of windows: of fewer, chance too makes all
// counts the same.
const dispersionLeast = 8

// dispersion compares the counts in windows with those of a Poisson process
// (chi-square of dispersion, made normal after Wilson and Hilferty 1931). Windows
// of 2.5 to 20 medians are tried; long gaps part the series and are left out.
func (s *beaconScorer) dispersion(median float64) float64 {
	best := -10.0
	for _, times := range [...]float64{2.5, 5, 10, 20} {
		s.windowCounts(8*median, times*median)
		if len(s.counts) < dispersionLeast {
			continue
		}
		mean, square := meanAndSquares(s.counts)
		nu := float64(len(s.counts) - 1)
		shift := 2 / (9 * nu)
		z := -(math.Cbrt(square/mean/nu) - (1 - shift)) / math.Sqrt(shift)
		best = max(best, z)
	}
	return best
}

// windowCounts leaves in counts the events in windows of w s, in stretches that a
// gap ends. A window that a gap or the end cuts short is left out.
func (s *beaconScorer) windowCounts(gap, w float64) {
	s.counts = s.counts[:0]
	at, end, n := 0.0, w, 1.0
	for _, d := range s.x {
		if d > gap {
			at, end, n = 0, w, 1
			continue
		}
		for at += d; at >= end; end += w {
			s.counts = append(s.counts, n)
			n = 0
		}
		n++
	}
}

// meanAndSquares is the mean and the sum of squared differences from it.
func meanAndSquares(x []float64) (mean, square float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	return mean, square
}

// truncated is the spread of what lies about the commonest interval, at a price
// for what does not.
func truncated(sorted []float64, mode float64) float64 {
	from, _ := slices.BinarySearch(sorted, .3*mode)
	to, _ := slices.BinarySearch(sorted, 1.7*mode)
	kept := sorted[from:to]
	if len(kept) < beaconLeast {
		return -10
	}
	mean, square := meanAndSquares(kept)
	spread := math.Sqrt(square/float64(len(kept)-1)) / mean
	return -math.Log(spread+.01) + .6*math.Log(float64(len(kept))/float64(len(sorted)))
}

// variation is the coefficient of variation without the top gaps (one in fifty, at
// least one), as a negative logarithm: in that scale the tail of chance is
// exponential, as rareness has it, for the chance that all of n draws lie within a
// share c of their mean goes with c to the n.
func variation(sorted []float64) float64 {
	kept := sorted[:len(sorted)-(len(sorted)+49)/50]
	mean, square := meanAndSquares(kept)
	return -math.Log(math.Sqrt(square/float64(len(kept)-1))/mean + .005)
}
