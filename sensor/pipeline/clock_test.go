package pipeline

import "testing"

func TestClock(t *testing.T) {
	const day = 24 * 3600 * second
	start := int64(1_600_000_000) * second
	at := func(s int64) int64 { return start + s*second }
	tests := []struct {
		name  string
		times []int64
		epoch uint32
		now   int64
	}{
		{"in order", []int64{at(0), at(1), at(2)}, 0, at(2)},
		{"a little disorder", []int64{at(0), at(50), at(10)}, 0, at(50)},
		{"quiet night", []int64{at(0), at(8 * 3600)}, 0, at(8 * 3600)},
		{"one broken time", []int64{at(0), start + 400*day, at(1), at(2)}, 0, at(2)},
		{"three broken times that agree are not enough", []int64{at(0), at(-4000), at(-4000), at(-4000), at(1)}, 0, at(1)},
		{"an hour back", []int64{at(0), at(-3600), at(-3599), at(-3598), at(-3597)}, 1, at(-3597)},
		{"a day forward", []int64{at(0), start + day, start + day, start + day, start + day + 1}, 1, start + day + 1},
		{"28 years", []int64{at(0), start + 10220*day, start + 10220*day, start + 10220*day, start + 10220*day}, 1, start + 10220*day},
		{"outliers that disagree", []int64{at(0), start + day, start + 3*day, start + 5*day, start + 7*day, at(1)}, 0, at(1)},
		{"time zero", []int64{0, 1 * second}, 0, 1 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c clock
			for _, x := range tt.times {
				c.stamp(x)
			}
			if c.epoch != tt.epoch || c.now != tt.now {
				t.Errorf("epoch %d now %d, want %d %d", c.epoch, c.now, tt.epoch, tt.now)
			}
		})
	}
}

func TestClockIdle(t *testing.T) {
	var c clock
	c.idle(5 * second)
	if c.now != 0 {
		t.Error("a clock that has seen no packet moved")
	}
	c.stamp(10 * second)
	c.idle(20 * second)
	c.idle(15 * second)
	if c.now != 20*second {
		t.Errorf("now %d, want 20 s", c.now)
	}
}
