package detect

import (
	"math"
	"math/rand/v2"
)

// law makes the next distance between two calls, about a scale of 1 that is drawn,
// or in seconds.
type law struct {
	name    string
	seconds bool
	// begin draws the parameters of one series and returns its law.
	begin func(r *rand.Rand) func(now float64) float64
}

func logUniform(r *rand.Rand, lo, hi float64) float64 {
	return lo * math.Pow(hi/lo, r.Float64())
}

// scale is from three seconds to half an hour.
func (l law) scale(r *rand.Rand) float64 {
	if l.seconds {
		return 1
	}
	return logUniform(r, 3, 1800)
}

// chanceLaws are ten ways in which people and machines without a timer call.
var chanceLaws = []law{
	{name: "poisson", begin: func(r *rand.Rand) func(float64) float64 {
		return func(float64) float64 { return r.ExpFloat64() }
	}},
	{name: "diurnal", begin: func(r *rand.Rand) func(float64) float64 {
		day, phase := logUniform(r, 10, 300), r.Float64()*2*math.Pi
		return func(now float64) float64 { return r.ExpFloat64() / (1.05 + math.Sin(now/day*2*math.Pi+phase)) }
	}},
	{name: "sessions", begin: func(r *rand.Rand) func(float64) float64 {
		stay, pause := .5+.45*r.Float64(), logUniform(r, 5, 100)
		return func(float64) float64 {
			if r.Float64() < stay {
				return math.Exp(.8 * r.NormFloat64())
			}
			return pause * r.ExpFloat64()
		}
	}},
	{name: "lognormal", begin: func(r *rand.Rand) func(float64) float64 {
		sigma := .8 + 1.2*r.Float64()
		return func(float64) float64 { return math.Exp(sigma * r.NormFloat64()) }
	}},
	{name: "pareto", begin: func(r *rand.Rand) func(float64) float64 {
		alpha := .8 + 1.2*r.Float64()
		return func(float64) float64 { return math.Pow(1-r.Float64(), -1/alpha) }
	}},
	{name: "hawkes", begin: func(r *rand.Rand) func(float64) float64 {
		excited, more, decay := 0.0, .2+.7*r.Float64(), logUniform(r, .5, 5)
		return func(float64) float64 { return hawkes(r, &excited, more, decay) }
	}},
	{name: "quasi-regular", begin: func(r *rand.Rand) func(float64) float64 {
		sigma := .45 + .35*r.Float64()
		return func(float64) float64 { return math.Exp(sigma * r.NormFloat64()) }
	}},
	{name: "bursts", begin: func(r *rand.Rand) func(float64) float64 {
		stay := .5 + .4*r.Float64()
		return func(float64) float64 {
			if r.Float64() < stay {
				return .02 * r.ExpFloat64()
			}
			return 3 * r.ExpFloat64()
		}
	}},
	{name: "gamma", begin: func(r *rand.Rand) func(float64) float64 {
		twice := r.IntN(2) == 0
		return func(float64) float64 {
			if twice {
				return r.ExpFloat64() + r.ExpFloat64()
			}
			return r.ExpFloat64()
		}
	}},
	{name: "rest, then chance", begin: func(r *rand.Rand) func(float64) float64 {
		rest := .6 * r.Float64()
		return func(float64) float64 { return rest + r.ExpFloat64() }
	}},
}

// hawkes draws by thinning: each call makes more calls likely for a while.
func hawkes(r *rand.Rand, excited *float64, more, decay float64) float64 {
	passed := 0.0
	for {
		top := .5 + *excited
		step := r.ExpFloat64() / top
		*excited *= math.Exp(-decay * step)
		if passed += step; r.Float64()*top <= .5+*excited {
			*excited += more * decay
			return passed
		}
	}
}

// chanceCalls is n calls after joining those closer than beaconJoin, at a scale
// from three seconds to half an hour, with sizes that are constant in a third of
// the series.
func chanceCalls(r *rand.Rand, l law, n int) []checkIn {
	next, scale, constant := l.begin(r), l.scale(r), r.IntN(3) == 0
	var calls []checkIn
	for now := 0.0; len(calls) < n; now += next(now) {
		at := talkBegin + int64(now*scale*second)
		if k := len(calls); k > 0 && at-calls[k-1].at < beaconJoin {
			continue
		}
		size := uint32(400)
		if !constant {
			size = uint32(400 * math.Exp(r.NormFloat64()))
		}
		calls = append(calls, checkIn{at: at, up: size + 1})
	}
	return calls
}
