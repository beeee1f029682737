package detect

import (
	"math"
	"slices"
)

// checkIn is one time a client called, as the ring keeps it.
type checkIn struct {
	at       int64  // ns
	up, down uint32 // payload, bytes; both 0 until the conversation ended
}

const (
	// Least number of intervals: of a series, and of those in it that are a timer's own.
	// That fewer of many agree is a coincidence, or the tick of a clock by which something
	// else is looked at.
	beaconLeast   = 6
	beaconCap     = 9.0  // of the score: beyond, the extrapolated tail says nothing
	beaconCluster = .15  // share of the calls that those of one size must make up
	beaconBand    = 1.09 // sizes this near are one size
)

// beaconScorer scores series of calls; it keeps its working space.
type beaconScorer struct {
	ordered, longer, same []checkIn
	ups, x, sorted, logs  []float64
	counts                []float64
	fitted                []interval
}

// score is −log10 of the chance that calls without a timer look as regular as
// these, with the timer that explains them best. It is the least likely of eight
// looks: four statistics, of all calls and of those of the commonest size, which
// parts a beacon from browsing to the same place and from its own orders.
func (s *beaconScorer) score(calls []checkIn) (float64, rhythm) {
	score, r := s.series(calls)
	s.commonestSize(calls)
	if n := len(s.same); n > beaconLeast && n < len(calls) && float64(n) >= beaconCluster*float64(len(calls)) {
		if v, q := s.series(s.same); v > score {
			score, r = v, q
		}
	}
	return score, r
}

func (s *beaconScorer) series(calls []checkIn) (float64, rhythm) {
	s.intervals(calls)
	if len(s.x) < beaconLeast {
		return 0, rhythm{}
	}
	stats, r := s.regularity()
	if r.restarted(s.x) {
		return 0, r
	}
	score := 0.0
	for k, v := range stats {
		score = max(score, rareness(len(s.x), k, v))
	}
	return min(score, beaconCap), r
}

// intervals leaves in x the distances in s between calls, after calls in close
// succession were made one: closer than 8 % of the third quartile, at most a minute.
func (s *beaconScorer) intervals(calls []checkIn) {
	s.x = s.x[:0]
	for i := 1; i < len(calls); i++ {
		s.x = append(s.x, float64(calls[i].at-calls[i-1].at)/second)
	}
	if len(s.x) < 2 {
		return
	}
	s.sorted = append(s.sorted[:0], s.x...)
	slices.Sort(s.sorted)
	near := min(.08*quantile(s.sorted, .75), 60)
	out, open := s.x[:0], 0.0
	for _, d := range s.x {
		if open += d; open >= near && open > 0 {
			out = append(out, open)
			open = 0
		}
	}
	s.x = out
}

// commonestSize leaves in same the calls whose payload up lies in the fullest band.
func (s *beaconScorer) commonestSize(calls []checkIn) {
	s.ups, s.same = s.ups[:0], s.same[:0]
	for _, c := range calls {
		if c.up > 0 {
			s.ups = append(s.ups, float64(c.up))
		}
	}
	slices.Sort(s.ups)
	from, most := 0.0, 0
	for i, j := 0, 0; i < len(s.ups); i++ {
		for j < len(s.ups) && s.ups[j] <= s.ups[i]*beaconBand {
			j++
		}
		if j-i > most {
			from, most = s.ups[i], j-i
		}
	}
	for _, c := range calls {
		if v := float64(c.up); most > 0 && v >= from && v <= from*beaconBand {
			s.same = append(s.same, c)
		}
	}
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
