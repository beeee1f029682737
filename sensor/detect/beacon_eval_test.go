package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// evalSize is how much is simulated.
type evalSize struct{ seeds, random, randomSeeds, chance, heldOut, sites, learning, keys int }

var (
	evalFull  = evalSize{seeds: 300, random: 2000, randomSeeds: 10, chance: 2000, heldOut: 5000, sites: 10, learning: 6000, keys: 100}
	evalQuick = evalSize{seeds: 40, random: 100, randomSeeds: 5, chance: 250, heldOut: 500, sites: 2, learning: 600, keys: 10}
)

// TestBeaconEval measures our score beside its rivals and writes text, JSON and
// plots into the folder BRANDMELDER_EVAL; make eval-beacon runs it.
func TestBeaconEval(t *testing.T) {
	dir := os.Getenv("BRANDMELDER_EVAL")
	if dir == "" {
		t.Skip("make eval-beacon runs this")
	}
	size := evalFull
	if os.Getenv("QUICK") != "" {
		size = evalQuick
	}
	ev := newBeaconEval(size)
	for i, site := range []struct {
		name string
		laws []law
	}{{"families that calibrate", calibrationLaws}, {"held out, but looked at", slices.Concat(heldOutLaws, lookedLaws)}, {"held out", freshLaws}} {
		ev.Learned = append(ev.Learned, siteEval(site.name, site.laws, size.learning, uint64(600+10*i)))
	}
	ev.real(t, dir)
	ev.Keys = evalKeys(t, size.keys, size.keys)
	for _, s := range timedSoftware {
		ev.Software = append(ev.Software, softwareAlarms(t, implant{software: s}, size.sites))
	}
	for _, s := range timedImplants {
		ev.Implants = append(ev.Implants, softwareAlarms(t, s, size.sites))
	}
	if err := ev.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, m := range ev.Missed {
		t.Error(m)
	}
}

// The same, small enough for every run of the tests.
func TestBeaconEvalSmall(t *testing.T) {
	ev := newBeaconEval(evalSize{seeds: 4, random: 3, randomSeeds: 1, chance: 20, heldOut: 20})
	ev.Learned = append(ev.Learned, siteEval("small", calibrationLaws[:2], 20, 600))
	clean := ev.Cells[0]
	if len(ev.Cells) < 60 || clean.Recall["ours"] < .75 || ev.Chance["ours"] > .05 || len(ev.Learned[0].Shift) != beaconClasses+1 {
		t.Errorf("%d cells, the first %+v, chance %v, site %+v", len(ev.Cells), clean, ev.Chance, ev.Learned)
	}
	dir := t.TempDir()
	if err := ev.write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.txt", "report.json", "recall.svg", "roc.svg"} {
		if info, err := os.Stat(dir + "/" + name); err != nil || info.Size() < 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// scores are those of many series, by rival, each sorted.
type scores map[string][]float64

// scoreAll makes n series and scores each by all rivals or some, on all processors.
func scoreAll(n int, series func(i int) []checkIn, by ...rival) scores {
	if by == nil {
		by = rivals
	}
	rows := make([][]float64, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				calls := series(i)
				for _, rv := range by {
					rows[i] = append(rows[i], rv.score(calls))
				}
			}
		})
	}
	wait.Wait()
	out := scores{}
	for k, rv := range by {
		for _, row := range rows {
			out[rv.name] = append(out[rv.name], row[k])
		}
		slices.Sort(out[rv.name])
	}
	return out
}

// above is the share of sorted values above a cut.
func above(sorted []float64, cut float64) float64 {
	i, found := slices.BinarySearch(sorted, cut)
	for found && i < len(sorted) && sorted[i] == cut {
		i++
	}
	return float64(len(sorted)-i) / float64(len(sorted))
}

// cutAt is the score that a share of the values passes.
func cutAt(sorted []float64, share float64) float64 {
	return sorted[len(sorted)-1-int(share*float64(len(sorted)))]
}

// chanceDay is a day of calls by a law of chance, eight at least.
func chanceDay(r *rand.Rand, l law) []checkIn {
	for {
		if calls := chanceSpan(r, l, 1); len(calls) >= 8 {
			return calls
		}
	}
}

// chanceSpan is some days of calls at a scale from three seconds to half an hour, on a
// host that is on all day or nine hours.
func chanceSpan(r *rand.Rand, l law, days float64) []checkIn {
	next, scale, constant := l.begin(r), l.scale(r), r.IntN(3) == 0
	hours := []float64{9, 24}[r.IntN(2)]
	var calls []checkIn
	for now := 0.0; now*scale < (days-1)*86400+hours*3600 && len(calls) < 1<<16; now += next(now) {
		size := uint32(400)
		if !constant {
			size = foreignSize(r)
		}
		if math.Mod(now*scale, 86400) < hours*3600 {
			calls = append(calls, evalCall(now*scale, size))
		}
	}
	return asKept(calls)
}

// TestBeaconBar prints with -calibrate what the bar rests on: the scores that days of
// each family that calibrates reach, and the share of days above the bar.
func TestBeaconBar(t *testing.T) {
	if !*calibrate {
		t.Skip("with -calibrate")
	}
	all := 0.0
	for _, l := range calibrationLaws {
		s := chanceScores([]law{l}, 3000, 103)["ours"]
		share := above(s, beaconLimit)
		all += share / float64(len(calibrationLaws))
		t.Logf("%-30s one in a hundred %.2f, in a thousand %.2f; above the bar %.4f", l.name, cutAt(s, 1e-2), cutAt(s, 1e-3), share)
	}
	t.Logf("above the bar, all families: %.5f", all)
}

// chanceScores are those of each family of chance, n series each.
func chanceScores(laws []law, n int, stream uint64) scores {
	began := time.Now()
	s := scoreAll(n*len(laws), func(i int) []checkIn {
		return chanceDay(rand.New(rand.NewPCG(stream, uint64(i))), laws[i%len(laws)])
	})
	fmt.Printf("chance: %d series of %d families, %.0f s\n", n*len(laws), len(laws), time.Since(began).Seconds())
	return s
}
