package detect

import (
	"math"
	"math/rand/v2"
)

// habitLaws are eleven ways in which people and programs really call without a
// timer, in seconds: what is usual in a hospital's network.
var habitLaws = []law{
	// Pages and their links: pauses to read are Pareto with shape 1.5, a visit has some
	// ten pages (Barford and Crovella 1998).
	inSeconds("pages that are read", func(r *rand.Rand) func(float64) float64 {
		pages, away := 3+20*r.Float64(), logUniform(r, 600, 7200)
		return func(float64) float64 {
			if r.Float64() < 1/pages {
				return away * r.ExpFloat64()
			}
			return min(2*math.Pow(1-r.Float64(), -1/1.5), 1800)
		}
	}),
	// Mail is fetched when the server says that some came: a day's rhythm of chance.
	inSeconds("mail as it arrives", func(r *rand.Rand) func(float64) float64 {
		mean, night := logUniform(r, 60, 1800), .02+.2*r.Float64()
		return func(now float64) float64 {
			return thinned(r, now, mean, func(at float64) float64 {
				return max(night, math.Sin(math.Pi*math.Mod(at/86400+.05, 1)))
			})
		}
	}),
	// A ward's round: some minutes with each patient, a few look-ups, then hours of none.
	inSeconds("round of a ward", func(r *rand.Rand) func(float64) float64 {
		patients, visit, left := 8+r.IntN(20), logUniform(r, 120, 900), 0
		return func(float64) float64 {
			if left--; left < 0 {
				left = patients * 2
				return 3600 * (1 + 4*r.Float64())
			}
			if r.IntN(2) == 0 {
				return 5 + 40*r.ExpFloat64()
			}
			return visit * math.Exp(.5*r.NormFloat64())
		}
	}),
	// A modality sends a study when a patient is done: a sum of two to four steps.
	inSeconds("examinations", func(r *rand.Rand) func(float64) float64 {
		steps, mean := 2+r.IntN(3), logUniform(r, 300, 1800)
		return func(float64) float64 {
			sum := 0.0
			for range steps {
				sum += r.ExpFloat64()
			}
			return 60 + mean*sum/float64(steps)
		}
	}),
	// A list with a life time is fetched anew at the first use after it: RFC 5280 and
	// 6960 lists, tokens, tiles of maps.
	inSeconds("list that expires", func(r *rand.Rand) func(float64) float64 {
		life := []float64{60, 300, 900, 3600}[r.IntN(4)]
		use := life * logUniform(r, .8, 6)
		return func(float64) float64 { return life + use*r.ExpFloat64() }
	}),
	// A request that fails is tried again after a time drawn evenly up to a limit that
	// doubles (full jitter), until it succeeds; the next is wanted by chance.
	inSeconds("tries that back off", func(r *rand.Rand) func(float64) float64 {
		base, idle, fails, try := logUniform(r, 2, 30), logUniform(r, 300, 3600), .3+.5*r.Float64(), 0
		return func(float64) float64 {
			if try++; r.Float64() > fails || try > 7 {
				try = 0
				return base + idle*r.ExpFloat64()
			}
			return 1.5 + base*math.Exp2(float64(try))*r.Float64()
		}
	}),
	// A queue of jobs: each begins when the one before is done.
	inSeconds("work after work", func(r *rand.Rand) func(float64) float64 {
		job, sigma, batch, pause := logUniform(r, 2, 60), .6+.6*r.Float64(), 10+90*r.Float64(), logUniform(r, 600, 7200)
		return func(float64) float64 {
			if r.Float64() < 1/batch {
				return pause * r.ExpFloat64()
			}
			return job * math.Exp(sigma*r.NormFloat64())
		}
	}),
	// A search that asks while somebody types: a few times each, for a name has few letters.
	inSeconds("search while typing", func(r *rand.Rand) func(float64) float64 {
		asks, think, left := 2+r.IntN(6), logUniform(r, 20, 600), 0
		return func(float64) float64 {
			if left--; left < 0 {
				left = r.IntN(asks)
				return think * math.Exp(1.1*r.NormFloat64())
			}
			return 1.5 + 1.5*r.ExpFloat64()
		}
	}),
	// Two rates that take turns by chance: a desk that is busy or quiet.
	inSeconds("busy and quiet", func(r *rand.Rand) func(float64) float64 {
		busy, quiet, stay := logUniform(r, 10, 120), logUniform(r, 300, 3000), .8+.18*r.Float64()
		fast := true
		return func(float64) float64 {
			if r.Float64() > stay {
				fast = !fast
			}
			if fast {
				return busy * r.ExpFloat64()
			}
			return quiet * r.ExpFloat64()
		}
	}),
	// Telephone calls: a length that is log-normal, then a wait of chance.
	inSeconds("calls one after another", func(r *rand.Rand) func(float64) float64 {
		length, sigma, wait := logUniform(r, 60, 300), .7+.5*r.Float64(), logUniform(r, 60, 1200)
		return func(float64) float64 { return length*math.Exp(sigma*r.NormFloat64()) + wait*r.ExpFloat64() }
	}),
	// A folder is sent some seconds after its latest change; changes come in groups,
	// and each of a group puts it off.
	inSeconds("folder that is kept the same", func(r *rand.Rand) func(float64) float64 {
		quiet, more, slow := 3+27*r.Float64(), .3+.5*r.Float64(), logUniform(r, 60, 900)
		return func(float64) float64 {
			gap := slow*r.ExpFloat64() + quiet
			for r.Float64() < more {
				gap += quiet * r.Float64()
			}
			return gap
		}
	}),
}

func inSeconds(name string, begin func(*rand.Rand) func(float64) float64) law {
	return law{name: name, seconds: true, begin: begin}
}

// thinned draws the distance to the next event of a rate that is share of one in
// mean s.
func thinned(r *rand.Rand, now, mean float64, share func(at float64) float64) float64 {
	passed := 0.0
	for {
		passed += mean * r.ExpFloat64()
		if r.Float64() < share(now+passed) {
			return passed
		}
	}
}
