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
		for _, hi := range [...]float64{.45, .6, .7, .8, .93, 1} { // where half is missed, half of the intervals are single
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

const (
	timerMultiples = 4
	timerRounds    = 6
)

// fit finds share and missed by rounds of expectation and maximisation and
// returns the logarithm of the likelihood.
func (t *timer) fit(x, foreign []float64) float64 {
	logL := 0.0
	for round := range timerRounds {
		var own, multiples float64
		for i, v := range x {
			sum, weighted := t.density(v)
			all := sum + t.share*foreign[i]
			own += sum / all
			multiples += weighted / all
			if round == timerRounds-1 {
				logL += math.Log(all)
			}
		}
		t.share = min(max(1-own/float64(len(x)), .005), .95)
		t.missed = .001
		if multiples > 0 {
			t.missed = min(max(1-own/multiples, .001), .9)
		}
	}
	return logL
}

// density of an interval of v s that is the timer's own: one to four draws, by how
// many check-ins between were missed. Weighted counts each by its number of draws.
func (t *timer) density(v float64) (sum, weighted float64) {
	p := (1 - t.share) * (1 - t.missed) / (t.b - t.a)
	for k := 1.0; k <= timerMultiples && v >= k*t.a; k++ {
		if v <= k*t.b {
			d := p * uniformSum(int(k), (v-k*t.a)/(t.b-t.a))
			sum += d
			weighted += k * d
		}
		p *= t.missed
	}
	return sum, weighted
}

// uniformSum is the density at u of the sum of k uniform draws from 0 to 1 (Irwin
// and Hall 1927).
func uniformSum(k int, u float64) float64 {
	u = min(u, float64(k)-u) // it is even about its middle
	switch {
	case k == 1:
		return 1
	case k == 2:
		return u
	case k == 3 && u < 1:
		return u * u / 2
	case k == 3:
		return 3*u - u*u - 1.5
	case u < 1:
		return u * u * u / 6
	}
	return ((12-3*u)*u*u - 12*u + 4) / 6
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

const normalRounds = 8

// twoNormals fits two normals of at least half a unit's width to sorted values:
// think times within a session, and pauses between sessions.
func twoNormals(y []float64) float64 {
	m := [2]float64{quantile(y, .25), quantile(y, .75)}
	s, w := [2]float64{.7, .7}, [2]float64{.5, .5}
	logL := 0.0
	for round := range normalRounds {
		var n, sum, squares [2]float64
		for _, v := range y {
			var p [2]float64
			for c := range p {
				p[c] = w[c] * normal(v, m[c], s[c])
			}
			all := p[0] + p[1] + 1e-300
			if round == normalRounds-1 {
				logL += math.Log(all)
			}
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
