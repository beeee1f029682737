package ingest

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait before the next try: doubling from First to Most, and of
// that between half and all at random, so that sensors do not come back together.
type Backoff struct{ First, Most time.Duration }

// DefaultBackoff is that of every output.
var DefaultBackoff = Backoff{time.Second, time.Minute}

// After is the wait after so many failures in a row.
func (b Backoff) After(failures int) time.Duration {
	d := b.Most
	if failures < 20 {
		d = min(b.First<<max(failures-1, 0), b.Most)
	}
	return d/2 + rand.N(d/2+1)
}

// Sleep waits, or returns the error of a context that ended.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
