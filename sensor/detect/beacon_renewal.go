package detect

import (
	"math"
	"slices"
)

// renewalGain says how much better a timer explains the intervals in sorted than
// chance does, in natural units, less the price of the timer's five parameters.
// Under the timer an interval is even between a and b; m of the check-ins are
// missed, so that it may be up to four times as long; and a share of the intervals
// is foreign: log-normal, wide.
func (s *beaconScorer) renewalGain(mode float64) (float64, rhythm) {
	s.prepare()
	best, most, r := timer{}, math.Inf(-1), rhythm{}
	try := func(a, b float64) {
		pad := min(.25, .1*mode)
		t := timer{a: max(a-pad, .5*a), b: b + pad, share: .2, missed: .1}
		if t.own(s.sorted) < beaconLeast {
			return
		}
		if l := t.fit(s.fitted, timerGlance); l > most {
			best, most, r = t, l, rhythm{period: (a + b) / 2, jitter: (b - a) / (a + b)}
		}
	}
	for _, j := range [...]float64{.02, .06, .15, .3} {
		try(mode*(1-j), mode*(1+j))
	}
	for _, lo := range [...]float64{0, .06, .2} {
		a := quantile(s.sorted, lo)
		for _, hi := range [...]float64{.45, .6, .7, .8, .87, .93, 1} { // where half is missed, half of the intervals are single
			try(a, quantile(s.sorted, hi))
		}
		single, _ := slices.BinarySearch(s.sorted, 2*a) // with a jitter below a third what is longer was missed
		try(a, s.sorted[single-1])
	}
	if math.IsInf(most, -1) {
		return most, r
	}
	gain := best.fit(s.fitted, timerRounds)
	r.missed = best.missed
	return gain - chance(s.sorted, s.logs) - 2.5*math.Log(float64(len(s.sorted))), r
}

// interval is one distance between calls while timers are fitted to it: s, its
// density where it is foreign, log-normal about the median, and that of a sum of
// one to four of the timer's draws.
type interval struct {
	v, foreign float64
	own        [timerMultiples]float64
}

// prepare fills logs and fitted from sorted.
func (s *beaconScorer) prepare() {
	s.logs, s.fitted = s.logs[:0], s.fitted[:0]
	mu := math.Log(quantile(s.sorted, .5))
	for _, v := range s.sorted {
		l := math.Log(v)
		s.logs = append(s.logs, l)
		s.fitted = append(s.fitted, interval{v: v, foreign: normal(l, mu, 2) / v})
	}
}

// timer is the law of a beacon's intervals.
type timer struct {
	a, b   float64 // s
	share  float64 // of foreign intervals
	missed float64
}

// own is how many of the intervals, shortest first, can be one draw.
func (t *timer) own(sorted []float64) int {
	from, _ := slices.BinarySearch(sorted, t.a)
	to, _ := slices.BinarySearch(sorted, t.b)
	return to - from
}

const (
	timerMultiples = 4
	timerGlance    = 2 // rounds that tell timers apart
	timerRounds    = 4 // further ones for the best
)

// fit finds share and missed by rounds of expectation and maximisation and
// returns the logarithm of the likelihood.
func (t *timer) fit(x []interval, rounds int) float64 {
	t.draw(x)
	for range rounds {
		w := t.weights()
		var own, multiples float64
		for i := range x {
			k := &x[i]
			d1, d2, d3, d4 := w[0]*k.own[0], w[1]*k.own[1], w[2]*k.own[2], w[3]*k.own[3]
			if sum := d1 + d2 + d3 + d4; sum > 0 {
				all := 1 / (sum + t.share*k.foreign)
				own += sum * all
				multiples += (d1 + 2*d2 + 3*d3 + 4*d4) * all
			}
		}
		t.share = min(max(1-own/float64(len(x)), .005), .95)
		t.missed = .001
		if multiples > 0 {
			t.missed = min(max(1-own/multiples, .001), .9)
		}
	}
	return t.likelihood(x)
}

// draw computes the density of each interval as a sum of one to four draws, by how
// many check-ins between were missed.
func (t *timer) draw(x []interval) {
	wide := 1 / (t.b - t.a)
	for i := range x {
		v, own := x[i].v, &x[i].own
		*own = [timerMultiples]float64{}
		for k := 1.0; k <= timerMultiples && v >= k*t.a; k++ {
			if v <= k*t.b {
				own[int(k)-1] = wide * uniformSum(int(k), (v-k*t.a)*wide)
			}
		}
	}
}

// weights are the shares of the intervals of one to four draws.
func (t *timer) weights() (w [timerMultiples]float64) {
	p := (1 - t.share) * (1 - t.missed)
	for k := range w {
		w[k] = p
		p *= t.missed
	}
	return w
}

func (t *timer) likelihood(x []interval) float64 {
	w, logL, product := t.weights(), 0.0, 1.0
	for i := range x {
		k := &x[i]
		product *= w[0]*k.own[0] + w[1]*k.own[1] + w[2]*k.own[2] + w[3]*k.own[3] + t.share*k.foreign
		if i%4 == 3 { // a logarithm costs as much as the rest
			logL += math.Log(product)
			product = 1
		}
	}
	return logL + math.Log(product)
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
func chance(sorted, logs []float64) float64 {
	n := float64(len(sorted))
	mean, _ := meanAndSquares(sorted)
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
			p0, p1 := w[0]*normal(v, m[0], s[0]), w[1]*normal(v, m[1], s[1])
			all := p0 + p1 + 1e-300
			if round == normalRounds-1 {
				logL += math.Log(all)
			}
			r := p0 / all
			n[0] += r
			sum[0] += r * v
			squares[0] += r * v * v
			n[1] += 1 - r
			sum[1] += (1 - r) * v
			squares[1] += (1 - r) * v * v
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

const rootOfTwoPi = 2.5066282746310002

func normal(v, mean, sigma float64) float64 {
	z := (v - mean) / sigma
	return math.Exp(-z*z/2) / (sigma * rootOfTwoPi)
}

// restartJitter is the share of its period by which a timer may stray and be told so.
const restartJitter = .1

// restarted reports whether the timer of the calls begins anew with each other call, as
// that of what keeps a connection open or asks once more when nothing came: then the
// stretches that other calls cut do not add up to whole periods. A beacon's do, whoever
// calls between; a few that are short are its own orders. And a beacon's periods follow
// each other, but where another call or a missed one is between: of what lasts as long
// each time (an examination, the rest until a program says goodbye) none follows another.
// Only a timer that hardly strays can be told so. A beacon that carries out orders breaks
// its own phase too, but seldom: where less than a sixth of its periods are cut, it stays one.
func (r rhythm) restarted(x []float64) bool {
	if r.jitter > restartJitter {
		return false
	}
	whole, broken := 0, 0
	own, pairs, before := 0, 0, false
	near := min(max(2*r.jitter, .02), restartJitter) // what is as long by chance is no period
	sum := 0.0
	for _, d := range x {
		is := math.Abs(d/r.period-1) <= near
		if is {
			own++
		}
		if is && before {
			pairs++
		}
		before = is
		if k := math.Round(d / r.period); k >= 1 && math.Abs(d/r.period-k) <= 2*restartJitter {
			if phase := math.Mod(sum/r.period, 1); sum > 0 && phase > 2*restartJitter && phase < 1-2*restartJitter {
				broken++
			} else if sum/r.period > .5 {
				whole++
			}
			sum = 0
			continue
		}
		sum += d
	}
	inRow := float64(own*(own-1)) / float64(len(x)) // of so many in any order
	return broken >= 2 && broken > whole && 6*broken >= own || float64(pairs) < inRow/2
}
