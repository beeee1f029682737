package detect

import "math"

// renewalGain says how much better a timer explains the intervals than chance
// does, in natural units, less the price of the timer's five parameters. Under
// the timer an interval is even between a and b; m of the check-ins are missed,
// so that it may be up to four times as long; and a share of the intervals is
// foreign: log-normal, wide.
func renewalGain(sorted []float64, mode float64) (float64, rhythm) {
	foreign := wideDensity(sorted)
	best, r := math.Inf(-1), rhythm{}
	try := func(a, b float64) {
		pad := min(.25, .1*mode)
		t := timer{a: max(a-pad, .5*a), b: b + pad, share: .2, missed: .1}
		if l := t.fit(sorted, foreign); l > best {
			best = l
			r = rhythm{period: (a + b) / 2, jitter: (b - a) / (a + b), missed: t.missed}
		}
	}
	for _, j := range [...]float64{.02, .06, .15, .3} {
		try(mode*(1-j), mode*(1+j))
	}
	for _, lo := range [...]float64{0, .06, .2} {
		for _, hi := range [...]float64{.6, .8, .93, 1} {
			try(quantile(sorted, lo), quantile(sorted, hi))
		}
	}
	return best - chance(sorted) - 2.5*math.Log(float64(len(sorted))), r
}

// timer is the law of a beacon's intervals.
type timer struct {
	a, b   float64 // s
	share  float64 // of foreign intervals
	missed float64
}

const timerMultiples = 4

// fit finds share and missed by five rounds of expectation and maximisation and
// returns the logarithm of the likelihood.
func (t *timer) fit(x, foreign []float64) float64 {
	logL := 0.0
	for range 6 {
		logL = 0
		var own, multiples float64
		for i, v := range x {
			sum, weighted := 0.0, 0.0
			p := (1 - t.share) * (1 - t.missed) / (t.b - t.a)
			for k := 1.0; k <= timerMultiples; k++ {
				if v >= k*t.a && v <= k*t.b {
					sum += p / k
					weighted += p
				}
				p *= t.missed
			}
			all := sum + t.share*foreign[i]
			logL += math.Log(all)
			own += sum / all
			multiples += weighted / all
		}
		t.share = min(max(1-own/float64(len(x)), .005), .95)
		t.missed = .001
		if multiples > 0 {
			t.missed = min(max(1-own/multiples, .001), .9)
		}
	}
	return logL
}

// chance is the best logarithm of the likelihood of four laws without a timer.
func chance(sorted []float64) float64 {
	n := float64(len(sorted))
	mean, _ := meanAndSquares(sorted)
	logs := make([]float64, len(sorted))
	for i, v := range sorted {
		logs[i] = math.Log(v)
	}
	mu, square := meanAndSquares(logs)
	exponential := -n * (math.Log(mean) + 1)
	// The floors of the widths are what makes a narrow series no work of chance.
	sigma := max(math.Sqrt(square/n), .8)
	logNormal := -n*(math.Log(sigma*math.Sqrt(2*math.Pi))+mu) - square/(2*sigma*sigma)
	alpha := n / max(n*(mu-logs[0]), .01*n)
	pareto := n*(math.Log(alpha)+alpha*logs[0]) - (alpha+1)*n*mu
	return max(exponential, logNormal, pareto, twoNormals(logs)-n*mu)
}

// twoNormals fits two normals of at least half a unit's width to sorted values:
// think times within a session, and pauses between sessions.
func twoNormals(y []float64) float64 {
	m := [2]float64{quantile(y, .25), quantile(y, .75)}
	s, w := [2]float64{.7, .7}, [2]float64{.5, .5}
	logL := 0.0
	for range 8 {
		logL = 0
		var n, sum, squares [2]float64
		for _, v := range y {
			var p [2]float64
			for c := range p {
				p[c] = w[c] * normal(v, m[c], s[c])
			}
			all := p[0] + p[1] + 1e-300
			logL += math.Log(all)
			for c := range p {
				r := p[c] / all
				n[c] += r
				sum[c] += r * v
				squares[c] += r * v * v
			}
		}
		for c := range n {
			if n[c] > 1e-6 {
				m[c] = sum[c] / n[c]
				s[c] = max(math.Sqrt(max(squares[c]/n[c]-m[c]*m[c], 0)), .5)
			}
			w[c] = max(n[c]/float64(len(y)), .01)
		}
	}
	return logL
}

func normal(v, mean, sigma float64) float64 {
	z := (v - mean) / sigma
	return math.Exp(-z*z/2) / (sigma * math.Sqrt(2*math.Pi))
}

// wideDensity is the density of foreign intervals: log-normal about the median.
func wideDensity(sorted []float64) []float64 {
	out := make([]float64, len(sorted))
	mu := math.Log(quantile(sorted, .5))
	for i, v := range sorted {
		out[i] = normal(math.Log(v), mu, 2) / v
	}
	return out
}
