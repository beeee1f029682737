package detect

import (
	"math"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
)

// What detectors of slow and staged theft know of days and of places.

const (
	placeNew   = 7 * day // a place that was there before is known
	placeUsers = 2       // a campaign has more than one victim, a service of the house many users
	habitFade  = 0.9     // what is left after a day of the weight of the greatest one: a fifth after a fortnight
	// Minutes of a conversation that mostly send: four times as much out as back, which
	// is a producer-consumer ratio of .6 (Bullard and Gerth, 2014), and more than a
	// request and its cookies.
	pushTimes = 4
	pushLeast = 1000
)

// pushes reports whether payload of a minute is a transfer from one side.
func pushes(up, down uint64) bool { return up >= pushLeast && up >= pushTimes*down }

// dayHabit is what a host does in a day, and the most of a day before.
type dayHabit struct {
	number int64 // of the day, from 1970
	sum    uint64
	last   uint64  // of the latest day before: what goes on past midnight is no habit
	most   float64 // greatest day before that, fading
	days   int
}

// add counts n; when it begins a day, ended is true and closed the sum of the one before.
func (h *dayHabit) add(now int64, n uint64) (closed uint64, ended bool) {
	if number := now / day; number > h.number {
		if ended = h.number > 0; ended {
			closed = h.sum
			h.days++
			h.most = max(h.most, float64(h.last)) * math.Pow(habitFade, float64(number-h.number))
		}
		h.number, h.last, h.sum = number, h.sum, 0
	}
	h.sum += n
	return closed, ended
}

// rarePlaces is since when places outside are sent to, and by whom.
type rarePlaces struct {
	*baseline.Map[string, sentPlace]
}

type sentPlace struct {
	since int64
	users firstFew
}

func newRarePlaces(s *baseline.Store, name string) rarePlaces {
	return rarePlaces{baseline.Keep(s, baseline.NewMap[string, sentPlace](s, name, slowPlaces, slowMemory))}
}

// note says whether a place is new to the house and hardly anyone else's, and
// whether it was never sent to before.
func (p rarePlaces) note(place string, client netip.Addr, now int64) (rare, fresh bool) {
	s, fresh := p.Touch(place, now)
	if fresh {
		s.since = now
	}
	s.users.add(client)
	return now-s.since <= placeNew && s.users.n <= placeUsers, fresh
}
