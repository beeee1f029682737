package pipeline

// A jump of the capture's clock is believed when this many further packets agree
// with it; a single packet with a broken time must not end every flow.
const agreeing = 3

const (
	maxBack    = 60 * second        // disorder of merged mirrors and multi-queue cards stays far below it
	maxForward = 12 * 3600 * second // a quiet night is quiet time; more is a clock that was set
	near       = maxBack            // distance at which two packets agree
	second     = int64(1_000_000_000)
	minute     = 60 * second
)

// clock is the line clock: the highest packet time so far within an epoch.
type clock struct {
	epoch   uint32
	now     int64 // 0: no packet yet
	suspect int64 // time of the latest outlier
	votes   int
}

// stamp takes the time of the next packet. stepped is true when it opened a new
// epoch; from is the clock's last time in the old one.
func (c *clock) stamp(t int64) (stepped bool, from int64) {
	switch {
	case c.now == 0:
		c.now = max(t, 1)
	case t >= c.now-maxBack && t <= c.now+maxForward:
		c.now = max(c.now, t)
		c.votes = 0
	case c.agrees(t):
		from = c.now
		c.epoch++
		c.now, c.votes = max(t, 1), 0
		return true, from
	}
	return false, 0
}

// agrees counts outliers that lie close to each other.
func (c *clock) agrees(t int64) bool {
	if d := t - c.suspect; c.votes == 0 || d > near || d < -near {
		c.votes = 0
	}
	c.suspect = t
	c.votes++
	return c.votes > agreeing
}

// idle moves a live clock over silence; t is the time of day less a margin for
// packets that are still on their way.
func (c *clock) idle(t int64) {
	if c.now != 0 && t > c.now && t <= c.now+maxForward {
		c.now = t
	}
}
