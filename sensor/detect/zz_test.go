package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestZZCells(t *testing.T) {
	ev := &beaconEval{Cut: map[string]float64{}}
	ev.chance = chanceScores(calibrationLaws, 300, 101)
	for _, rv := range rivals {
		ev.Cut[rv.name] = cutAt(ev.chance[rv.name], evalFalse)
	}
	fmt.Println(ev.Cut)
	for k, c := range gridCells() {
		s := scoreAll(40, func(i int) []checkIn { return c.beacon(rand.New(rand.NewPCG(uint64(200+k), uint64(i)))) })
		v := s["ours"]
		ev.Cut["ours"] = 4.3
		fmt.Printf("%-14s%-14s%5.0f %s  p5 %.2f p20 %.2f p50 %.2f\n", c.Base, c.Varies, c.events(), (&evalCell{Recall: ev.found(s)}).line(), v[2], v[8], v[20])
	}
}
