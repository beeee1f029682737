package detect

import (
	"cmp"
	"math"
	"slices"
)

// checkIn is one time a client called, as the ring keeps it.
type checkIn struct {
	at       int64  // ns
	up, down uint32 // payload, bytes; both 0 until the conversation ended
}

// Least numbers of intervals: of a series, and of the calls of one size in it.
const (
	beaconLeast   = 5
	beaconCap     = 9.0 // of the score: beyond, the extrapolated tail says nothing
	beaconCluster = .15 // share of the calls that those of one size must make up
)

// beaconScore is −log10 of the chance that calls without a timer look as regular
// as these, with the timer that explains them best. It is the least likely of
// eight looks: four statistics, of all calls and of those of the commonest size,
// which parts a beacon from browsing to the same place and from its own orders.
func beaconScore(calls []checkIn) (float64, rhythm) {
	score, r := seriesScore(calls)
	if same := commonestSize(calls); len(same) > beaconLeast && len(same) < len(calls) && float64(len(same)) >= beaconCluster*float64(len(calls)) {
		if s, q := seriesScore(same); s > score {
			score, r = s, q
		}
	}
	return score, r
}

func seriesScore(calls []checkIn) (float64, rhythm) {
	x := intervals(calls)
	if len(x) < beaconLeast {
		return 0, rhythm{}
	}
	stats, r := regularity(x)
	score := 0.0
	for s, v := range stats {
		score = max(score, rareness(len(x), s, v))
	}
	return min(score, beaconCap), r
}

// intervals are the distances in s between calls, after calls in close succession
// were made one: closer than 8 % of the third quartile, at most a minute.
func intervals(calls []checkIn) []float64 {
	x := make([]float64, 0, len(calls))
	for i := 1; i < len(calls); i++ {
		x = append(x, float64(calls[i].at-calls[i-1].at)/second)
	}
	if len(x) < 2 {
		return x
	}
	near := min(.08*quantile(slices.Sorted(slices.Values(x)), .75), 60)
	out, open := x[:0], 0.0
	for _, d := range x {
		if open += d; open >= near && open > 0 {
			out = append(out, open)
			open = 0
		}
	}
	return out
}

// commonestSize picks the calls whose payload up lies in the fullest band of 9 %.
func commonestSize(calls []checkIn) []checkIn {
	sorted := make([]float64, 0, len(calls))
	for _, c := range calls {
		if c.up > 0 {
			sorted = append(sorted, float64(c.up))
		}
	}
	slices.Sort(sorted)
	from, most := 0.0, 0
	for i, v := range sorted {
		j, _ := slices.BinarySearchFunc(sorted, v*1.09, func(a, b float64) int { return cmp.Or(cmp.Compare(a, b), -1) })
		if j-i > most {
			from, most = v, j-i
		}
	}
	out := make([]checkIn, 0, most)
	for _, c := range calls {
		if v := float64(c.up); most > 0 && v >= from && v <= from*1.09 {
			out = append(out, c)
		}
	}
	return out
}

// rareness is −log10 of the share of chance series of n intervals whose statistic
// is at least v. Below the ninth tenth it is 0: such a value says nothing. Above
// the last hundredth the tail goes on exponentially with its own mean excess.
func rareness(n, statistic int, v float64) float64 {
	row := 0
	for row+1 < len(beaconPriors) && beaconPriors[row+1].intervals <= n {
		row++
	}
	p := beaconPriors[row].stats[statistic]
	switch {
	case v <= p.q90, p.excess == 0:
		return 0
	case v <= p.q99:
		return 1 + (v-p.q90)/(p.q99-p.q90)
	}
	return 2 + (v-p.q99)/p.excess/math.Ln10
}
