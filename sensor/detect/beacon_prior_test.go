package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var calibrate = flag.Bool("calibrate", false, "print the tails of the beacon's statistics in full")

// chanceTails simulates series of exactly n intervals and returns the tails.
func chanceTails(n, perLaw int) [statCount]prior {
	var values [statCount][]float64
	for i, l := range calibrationLaws {
		r := rand.New(rand.NewPCG(7, uint64(1000*n+i)))
		for range perLaw {
			x := intervals(chanceCalls(r, l, n+1))
			for more := n + 4; len(x) < n; more *= 2 {
				x = intervals(chanceCalls(r, l, more))
			}
			stats, _ := regularity(x[:n])
			for s, v := range stats {
				values[s] = append(values[s], v)
			}
		}
	}
	var out [statCount]prior
	for s, v := range values {
		slices.Sort(v)
		p := prior{q90: quantile(v, .9), q99: quantile(v, .99)}
		top := v[len(v)*99/100:]
		for _, t := range top {
			p.excess += (t - p.q99) / float64(len(top))
		}
		// Where the values are few, the last thousandth says more than the mean.
		p.excess = max(p.excess, (quantile(v, .999)-p.q99)/math.Ln10)
		if p.q99 > p.q90 { // else the statistic has no value at this length
			out[s] = p
		}
	}
	return out
}

func TestBeaconPriors(t *testing.T) {
	if *calibrate {
		for _, n := range []int{5, 7, 9, 11, 13, 15, 19, 23, 27, 31, 39, 47, 63, 95, 127, 191, 255} {
			fmt.Printf("\t{%d, [statCount]prior{", n)
			for s, p := range chanceTails(n, 4000) {
				fmt.Printf("%s{%.4g, %.4g, %.3g}", map[bool]string{true: ", "}[s > 0], p.q90, p.q99, p.excess)
			}
			fmt.Println("}},")
		}
		return
	}
	// A twentieth of the series is enough to notice that a statistic was changed.
	for _, row := range beaconPriors[:3] {
		for s, p := range chanceTails(row.intervals, 400) {
			want := row.stats[s]
			if slack := 2 * want.excess; math.Abs(p.q90-want.q90) > slack || math.Abs(p.q99-want.q99) > slack {
				t.Errorf("%d intervals, statistic %d: tail %+v, the table has %+v", row.intervals, s, p, want)
			}
		}
	}
}
