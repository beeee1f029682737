package detect

import "testing"

// What lasts as long each time, and what begins anew with each use, is no timer; a
// beacon that carries out an order now and then, or shares its place with others, is.
func TestRestarted(t *testing.T) {
	steady := func(n int) (x []float64) {
		for range n {
			x = append(x, 60)
		}
		return x
	}
	for _, c := range []struct {
		name string
		r    rhythm
		x    []float64
		want bool
	}{
		{"an analysis after each sample", rhythm{period: 223, jitter: .03}, []float64{223, 2988, 223, 671, 223, 53, 222, 236, 222}, true},
		{"an analysis, and a wait that is nearly as long", rhythm{period: 135, jitter: .01}, []float64{135, 2874, 134, 3507, 136, 128, 134, 940, 136, 250, 135}, true},
		{"a connection that is kept when nothing came", rhythm{period: 1800, jitter: .02}, []float64{145, 734, 588, 1825, 1791, 787, 1800, 1026, 1800, 400, 1800, 1800}, true},
		{"a beacon", rhythm{period: 60, jitter: .01}, steady(30), false},
		{"a beacon with four orders", rhythm{period: 60, jitter: .01}, append(append(steady(12), 21, 60, 60, 33, 60, 60), append(steady(12), 14, 60, 60, 27, 60, 60)...), false},
		{"a beacon beside other calls", rhythm{period: 60, jitter: .01}, append(steady(6), 23, 37, 60, 60, 41, 19, 60, 60, 60, 8, 52, 60, 60), false},
		{"a timer that strays", rhythm{period: 60, jitter: .3}, []float64{60, 20, 60, 31, 60, 11, 60}, false},
	} {
		if got := c.r.restarted(c.x); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
