package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// cell is one kind of beacon, and what lies over it.
type cell struct {
	Base    string  `json:"base"`
	Varies  string  `json:"varies"`
	Period  float64 `json:"period_s"`
	Jitter  float64 `json:"jitter"`
	Law     string  `json:"law"` // one-sided, symmetric, additive
	Missed  float64 `json:"missed"`
	Foreign float64 `json:"foreign"` // other calls to the same place, per check-in
	Bursty  bool    `json:"bursty"`
	Hours   float64 `json:"hours"` // the host is on
	Data    bool    `json:"data_jitter"`
	Hard    bool    `json:"hard"` // two calls per check-in, and orders that come in bursts
}

// baseCells are the middle of the grid.
var baseCells = []cell{
	{Base: "minute", Period: 60, Jitter: .33},
	{Base: "five minutes", Period: 300, Jitter: .2},
	{Base: "hour", Period: 3600, Jitter: .2},
}

// gridCells changes one factor at a time around each base, and adds the hard mix.
func gridCells() []cell {
	var out []cell
	for _, base := range baseCells {
		base.Law, base.Hours, base.Varies = "symmetric", 24, "base"
		out = append(out, base)
		vary := func(name string, change func(c *cell)) {
			c := base
			change(&c)
			c.Varies = name
			out = append(out, c)
		}
		for _, j := range []float64{0, .1, .5, .7, .9} {
			vary(fmt.Sprint("jitter ", j), func(c *cell) { c.Jitter = j })
		}
		for _, law := range []string{"one-sided", "additive"} {
			vary(law, func(c *cell) { c.Law = law })
		}
		for _, m := range []float64{.1, .3, .5} {
			vary(fmt.Sprint("missed ", m), func(c *cell) { c.Missed = m })
		}
		for _, f := range []float64{.25, .5, 1, 2} {
			vary(fmt.Sprint("foreign ", f), func(c *cell) { c.Foreign = f })
			vary(fmt.Sprint("bursts ", f), func(c *cell) { c.Foreign, c.Bursty = f, true })
		}
		vary("on 9 h", func(c *cell) { c.Hours = 9 })
		vary("data jitter", func(c *cell) { c.Data = true })
	}
	for _, p := range []float64{5, 10, 900, 14400} {
		out = append(out, cell{Base: "period", Varies: fmt.Sprint(p, " s"), Period: p, Jitter: .2, Law: "symmetric", Hours: 24})
	}
	for _, j := range []float64{0, .1, .2, .33, .5} {
		out = append(out, cell{Base: "hard mix", Varies: fmt.Sprint("jitter ", j), Period: 300, Jitter: j, Law: "symmetric",
			Missed: .2, Foreign: .3, Hours: 9, Hard: true})
	}
	return out
}

// randomCell draws every factor.
func randomCell(r *rand.Rand) cell {
	pick := func(of ...float64) float64 { return of[r.IntN(len(of))] }
	return cell{
		Base: "random", Period: pick(5, 10, 60, 300, 900, 3600, 14400), Jitter: pick(0, .1, .2, .33, .5, .7, .9),
		Law: []string{"one-sided", "symmetric", "additive"}[r.IntN(3)], Missed: pick(0, .1, .3, .5),
		Foreign: pick(0, .25, .5, 1, 2), Bursty: r.IntN(2) == 0, Hours: pick(9, 24), Data: r.IntN(2) == 0,
	}
}

// events is how many check-ins are seen in a day, about.
func (c *cell) events() float64 { return c.Hours * 3600 / c.Period * (1 - c.Missed) }

// gap draws the distance to the next check-in, s.
func (c *cell) gap(r *rand.Rand) float64 {
	switch c.Law {
	case "one-sided": // Cobalt Strike
		return c.Period * (1 - c.Jitter*r.Float64())
	case "additive": // Sliver
		return c.Period * (1 + c.Jitter*r.Float64())
	}
	return c.Period * (1 + c.Jitter*(2*r.Float64()-1))
}

// beacon is a day of calls of this kind, in order.
func (c *cell) beacon(r *rand.Rand) []checkIn {
	var calls []checkIn
	stop := c.Hours * 3600
	for now := c.Period * r.Float64(); now < stop; now += c.gap(r) {
		if r.Float64() < c.Missed {
			continue
		}
		calls = append(calls, evalCall(now, c.size(r)))
		if c.Hard {
			calls = append(calls, evalCall(now+.2+.8*r.Float64(), c.size(r)))
		}
	}
	if len(calls) == 0 {
		return nil
	}
	last := min(float64(calls[len(calls)-1].at-talkBegin)/second, stop)
	if c.Hard {
		calls = append(calls, burstCalls(r, 20, 2, last)...)
	}
	foreign := int(c.Foreign*float64(len(calls)) + r.Float64())
	if c.Bursty {
		calls = append(calls, burstCalls(r, foreign, 4, last)...)
	} else {
		calls = append(calls, burstCalls(r, foreign, 1, last)...)
	}
	return asKept(calls)
}

func (c *cell) size(r *rand.Rand) uint32 {
	if c.Data {
		return uint32(300 + r.IntN(200))
	}
	return 300
}

// burstCalls is n calls in groups of about each, at times of chance before last s.
func burstCalls(r *rand.Rand, n, each int, last float64) []checkIn {
	var calls []checkIn
	for len(calls) < n {
		now := r.Float64() * last
		for k := r.IntN(2*each) + 1; k > 0 && len(calls) < n; k-- {
			calls = append(calls, evalCall(now, foreignSize(r)))
			now += 1.5 + 6*r.ExpFloat64()
			if each == 1 {
				break
			}
		}
	}
	return calls
}

func foreignSize(r *rand.Rand) uint32 { return uint32(400*logUniform(r, .2, 20)) + 1 }

func evalCall(s float64, size uint32) checkIn {
	return checkIn{at: talkBegin + int64(s*second), up: size, down: 900}
}

// asKept puts calls in order and joins those that the detector joins.
func asKept(calls []checkIn) []checkIn {
	slices.SortStableFunc(calls, func(a, b checkIn) int { return cmp.Compare(a.at, b.at) })
	out := calls[:0]
	for _, c := range calls {
		if len(out) == 0 || c.at-out[len(out)-1].at >= beaconJoin {
			out = append(out, c)
		}
	}
	return out
}
