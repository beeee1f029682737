package journal

import (
	"errors"
	"math"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// LeastGB, of 10^9 bytes, have room for 10,000 alerts of 3 kB, each with 2 kB of an incident of its own.
const LeastGB = 0.06

// Keep is how long a journal keeps what it has.
type Keep struct {
	Decisions, Telemetry time.Duration
	Bytes                int64        // of both series and what stands beside them; telemetry never has the last tenth
	Beside               func() int64 // bytes of the rest of the state directory; nil: nothing counts
}

const leastSegment = 64 << 10 // bytes

// errFull says that what has to stay leaves no room for telemetry.
var errFull = errors.New("journal: the state directory is as large as it may be: raise retention.journal_gb")

// full reports whether so many bytes more are too many for telemetry to stay as it is.
func (r *Recorder) full(more int64) bool { return r.size+r.beside+more > r.keep.usual() }

// expire lets go what is too old, and of telemetry what has to make room for so many
// bytes of a series. Alerts go for want of room only where they would take more than
// the rest leaves, and more than half of all.
func (r *Recorder) expire(now time.Time, s event.Series, room int64) {
	r.segments, r.expired, r.beside = r.j.made, now, r.keep.beside()
	used, err := Size(r.j.dir, event.Decisions)
	_, err2 := r.j.Expire(event.Telemetry, now.Add(-r.keep.Telemetry).UnixNano(), max(r.keep.usual()-used-r.beside-room, 0))
	if s == event.Telemetry {
		room = 0
	}
	_, err3 := r.j.Expire(event.Decisions, now.Add(-r.keep.Decisions).UnixNano(), max(r.keep.Bytes-r.beside, r.keep.Bytes/2)-room)
	used, err4 := Size(r.j.dir, event.Decisions)
	left, err5 := Size(r.j.dir, event.Telemetry)
	r.size = used + left
	if err = errors.Join(err, err2, err3, err4, err5); err != nil {
		r.broken = err
	}
}

// usual is how many bytes there may be while there is telemetry.
func (k *Keep) usual() int64 { return k.Bytes - k.Bytes/10 }

func (k *Keep) beside() int64 {
	if k.Beside == nil {
		return 0
	}
	return k.Beside()
}

// makeRoom gives the oldest telemetry up for an alert that found the disk full. What is open stays: on a full disk no
// segment can be made to go on in.
func (r *Recorder) makeRoom() bool {
	names, err := segments(r.j.dir, event.Telemetry)
	if err != nil {
		return false
	}
	gone, err := r.j.letGo(event.Telemetry, names, math.MinInt64, sizeOf(names)-1)
	return err == nil && gone > 0
}
