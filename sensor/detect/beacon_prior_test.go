package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

var calibrate = flag.Bool("calibrate", false, "print the tails of the beacon's statistics in full")

// chanceTails simulates series of exactly n intervals and returns for each statistic
// the tail of the family where one in ten thousand reaches furthest: a series has one
// cause, not the mean of all.
func chanceTails(n, perLaw int) (out [statCount]prior) {
	for i, l := range calibrationLaws {
		for s, v := range chanceStats(l, rand.New(rand.NewPCG(7, uint64(1000*n+i))), n, perLaw) {
			if p := tailOf(v); p.at(1e-4) > out[s].at(1e-4) || out[s].excess == 0 {
				out[s] = p
			}
		}
	}
	return out
}

// at is the value that a share of the series passes.
func (p prior) at(share float64) float64 { return p.q99 - p.excess*math.Log(share/.01) }

// chanceStats are the statistics of many series of n intervals by one law.
func chanceStats(l law, r *rand.Rand, n, series int) (values [statCount][]float64) {
	var scorer beaconScorer
	for range series {
		scorer.intervals(chanceCalls(r, l, n+1))
		for more := n + 4; len(scorer.x) < n; more *= 2 {
			scorer.intervals(chanceCalls(r, l, more))
		}
		scorer.x = scorer.x[:n]
		stats, r := scorer.regularity()
		if r.period < beaconPeriod {
			continue // the detector does not score it
		}
		for s, v := range stats {
			values[s] = append(values[s], v)
		}
	}
	return values
}

func tailOf(v []float64) prior {
	slices.Sort(v)
	p := prior{q90: quantile(v, .9), q99: quantile(v, .99)}
	if p.q99 <= p.q90 { // the statistic has no value at this length
		return prior{}
	}
	top := v[len(v)*99/100:]
	for _, t := range top {
		p.excess += (t - p.q99) / float64(len(top))
	}
	// Where the values are few, the last thousandth says more than the mean; but no tail
	// is taken to grow thicker outwards.
	p.excess = max(p.excess, (quantile(v, .999)-p.q99)/math.Ln10)
	p.excess = min(p.excess, (p.q99-p.q90)/math.Ln10)
	return p
}

func TestBeaconPriors(t *testing.T) {
	if *calibrate {
		printPriors()
		return
	}
	// What the table calls one in ten thousand is that rare in each family, and what it
	// calls one in a hundred does happen.
	const series = 300
	for _, n := range []int{7, 15, 31} {
		var often [statCount]int
		for i, l := range calibrationLaws {
			var rare [statCount]int
			for s, values := range chanceStats(l, rand.New(rand.NewPCG(8, uint64(1000*n+i))), n, series) {
				for _, v := range values {
					if rareness(n, s, v) >= 2 {
						often[s]++
					}
					if rareness(n, s, v) >= 4 {
						rare[s]++
					}
				}
				if rare[s] > 2 {
					t.Errorf("%d intervals, statistic %d: %d of %d series of %q are called one in ten thousand", n, s, rare[s], series, l.name)
				}
			}
		}
		if n > dispersionLeast && slices.Min(often[:]) == 0 {
			t.Errorf("%d intervals: of one statistic no series is called one in a hundred: %v", n, often)
		}
	}
}

func printPriors() {
	rows := []int{6, 7, 9, 11, 13, 15, 19, 23, 27, 31, 39, 47, 63, 95, 127, 191, 255}
	tails := make([][statCount]prior, len(rows))
	var wait sync.WaitGroup
	for i, n := range rows {
		wait.Go(func() { tails[i] = chanceTails(n, 2500) })
	}
	wait.Wait()
	for i, n := range rows {
		fmt.Printf("\t{%d, [statCount]prior{", n)
		for s, p := range tails[i] {
			fmt.Printf("%s{%.4g, %.4g, %.3g}", map[bool]string{true: ", "}[s > 0], p.q90, p.q99, p.excess)
		}
		fmt.Println("}},")
	}
}
