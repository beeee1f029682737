package detect

import "math/rand/v2"

// freshLaws were written when the families held out had been looked at, with the
// score and all bars as they are, and are held out in their place.
var freshLaws = []law{
	// Doses from a cabinet: rounds at fixed hours, some minutes late, of a dozen patients
	// who take a minute or two each, and single ones by chance.
	inSeconds("doses from a cabinet", func(r *rand.Rand) func(float64) float64 {
		patients, each, single, left := 6+r.IntN(14), logUniform(r, 40, 180), .1+.3*r.Float64(), 0
		return func(float64) float64 {
			if left--; left >= 0 {
				return each * (.3 + r.ExpFloat64())
			}
			if r.Float64() < single {
				return 3600 * r.ExpFloat64()
			}
			left = patients
			return 4 * 3600 * (.7 + .6*r.Float64())
		}
	}),
	// A person who looks at one page again and again while waiting for a result: the
	// patience between two looks grows and is log-normal.
	inSeconds("waiting for a result", func(r *rand.Rand) func(float64) float64 {
		first, grows, sigma, looks, gap := logUniform(r, 20, 300), 1.05+.3*r.Float64(), .3+.5*r.Float64(), 4+r.IntN(12), 0.0
		done := 0
		return func(float64) float64 {
			if done++; done > looks || gap == 0 {
				done, gap = 0, first
				return logUniform(r, 1800, 10800)
			}
			gap *= grows
			return gap * logUniform(r, .6, 1.6) * (1 + sigma*r.Float64())
		}
	}),
}
