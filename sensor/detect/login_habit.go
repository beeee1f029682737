package detect

import (
	"cmp"
	"hash/fnv"
	"slices"
)

const (
	// What came within one sitting is new together: who takes over an account logs
	// on first and looks around after that.
	loginSitting = 3600 * second

	hoursOfWeek = 168
	// Hours fade by half in three weeks, the span that Microsoft's own model keeps.
	hoursHalf = 21

	habitClients  = 24
	habitPlaces   = 8
	habitServices = 48
	wardServices  = 256

	// A person with so many desks is a floating nurse or the helpdesk.
	habitRoams = 12
)

// loginSeen is something that an account used: a client, a place, a service.
type loginSeen struct {
	id          uint64
	first, last int64 // ns
	times       uint32
}

// seenList keeps the latest few. Full is no secret any more: then nothing is new.
type seenList []loginSeen

// add notes a use and returns what is known of it.
func (l *seenList) add(id uint64, now int64, most int) *loginSeen {
	i := slices.IndexFunc(*l, func(s loginSeen) bool { return s.id == id })
	if i < 0 {
		if len(*l) == most {
			i = 0
			for j := range *l {
				if (*l)[j].last < (*l)[i].last {
					i = j
				}
			}
			(*l)[i] = loginSeen{id: id, first: now}
		} else {
			i = len(*l)
			*l = append(*l, loginSeen{id: id, first: now})
		}
	}
	s := &(*l)[i]
	s.times++
	s.last = max(s.last, now)
	return s
}

// known reports whether it was there before this sitting.
func (l seenList) known(id uint64, now int64) bool {
	return slices.ContainsFunc(l, func(s loginSeen) bool { return s.id == id && now-s.first > loginSitting })
}

// most is the one used most often, 0 without any.
func (l seenList) most() uint64 {
	if len(l) == 0 {
		return 0
	}
	return slices.MaxFunc(l, func(a, b loginSeen) int { return cmp.Compare(a.times, b.times) }).id
}

// weekHours is when someone is at work: a fading histogram of the hours of a week,
// in UTC, which shifts by an hour twice a year.
type weekHours struct {
	weight [hoursOfWeek]float32
	faded  int64 // days, from 1970
}

func hourOfWeek(now int64) int { return int(now/(3600*second)) % hoursOfWeek }

func (h *weekHours) add(now int64) {
	today := now / day
	if gone := today - h.faded; gone >= 7 && h.faded > 0 {
		keep := float32(1) / float32(1+float64(gone)/hoursHalf)
		for i := range h.weight {
			h.weight[i] *= keep
		}
		h.faded = today
	}
	if h.faded == 0 {
		h.faded = today
	}
	h.weight[hourOfWeek(now)]++
}

// share is the part of all logins that fell in this hour of a day or the ones next
// to it, on working days or at weekends as now is. Without any it is 1.
func (h *weekHours) share(now int64) float64 {
	at, near, all := hourOfWeek(now), float32(0), float32(0)
	for i, w := range h.weight {
		all += w
		apart := (i%24 - at%24 + 36) % 24 // 12 is the same hour
		if apart >= 11 && apart <= 13 && weekend(i) == weekend(at) {
			near += w
		}
	}
	if all == 0 {
		return 1
	}
	return float64(near / all)
}

// weekend: 1970 began on a Thursday, so Saturday is the third day.
func weekend(hour int) bool { return hour/24 == 2 || hour/24 == 3 }

// hoursOfDay is how many hours of the day have logins.
func (h *weekHours) hoursOfDay() (n int) {
	for i := range 24 {
		some := false
		for d := range 7 {
			some = some || h.weight[24*d+i] > 0
		}
		if some {
			n++
		}
	}
	return n
}

// loginHabit is what is usual for one account.
type loginHabit struct {
	since, lastDay int64 // ns; day from 1970
	days           int   // with a login
	clients        seenList
	places         seenList
	services       seenList
	hours          weekHours
	offShift       int64 // latest login at an hour that is nobody's shift, ns
	ntlm           int64 // when it first proved itself so, ns
	kerberos       int   // times that it proved itself so
	admin          seenList
	networks       seenList // outside, by ASN
	trip           loginTrip
}

func (h *loginHabit) note(u *loginUse) {
	if h.since == 0 {
		h.since = u.at
	}
	if today := u.at / day; today != h.lastDay {
		h.lastDay = today
		h.days++
	}
	h.clients.add(u.client, u.at, habitClients)
	h.places.add(u.place, u.at, habitPlaces)
	if u.service != 0 {
		h.services.add(u.service, u.at, habitServices)
	}
	if u.admin && len(h.admin) < adminHosts {
		h.admin.add(u.service, u.at, adminHosts)
	}
	if u.method == "ntlm" && h.ntlm == 0 {
		h.ntlm = u.at
	}
	if u.protocol == "kerberos" {
		h.kerberos++
	}
	h.hours.add(u.at)
}

const (
	adminHosts = 3
	// A week and five working days: before that an account is new itself, and all
	// it does is.
	settledDays = 5
	settledSpan = 7 * day
	// A person has days off: 5 of 7, in shifts a few more. A machine has none, or
	// works at all hours.
	boundShare = 0.85
	boundHours = 18
	boundMost  = 2
	boundSpan  = 10 * day
	// A task of working days runs at its hour, and an hour is all there is.
	boundTaskDays     = 8
	boundTaskHours    = 2 // it may begin before the full hour
	boundTaskServices = 4
)

func (h *loginHabit) settled(now int64) bool {
	return h.days >= settledDays && now-h.since >= settledSpan
}

// bound reports whether the account is a machine's: the same one or two clients
// every day, or around the clock, or at one hour for a few services.
func (h *loginHabit) bound(now int64) bool {
	old := 0
	for _, c := range h.clients {
		if h.clients.known(c.id, now) {
			old++
		}
	}
	if old > boundMost || now-h.since < boundSpan {
		return false
	}
	hours, age := h.hours.hoursOfDay(), float64((now-h.since)/day+1)
	return float64(h.days) >= boundShare*age || hours >= boundHours ||
		hours <= boundTaskHours && h.days >= boundTaskDays && len(h.services) <= boundTaskServices
}

func (h *loginHabit) isAdmin(now int64) bool {
	n := 0
	for _, s := range h.admin {
		if now-s.first > loginSitting {
			n++
		}
	}
	return n >= adminHosts
}

// loginWard is what is usual among the accounts whose home is one place.
type loginWard struct {
	members  seenList // at most wardMembers are told apart
	places   []wardPlace
	services seenList
	hours    weekHours
}

const (
	wardMembers = 16
	wardLeast   = 3 // fewer are no group
	wardPlaces  = 64
)

// wardPlace is a part of the network with the members of a group that were there.
type wardPlace struct {
	place   uint64
	members seenList
}

// visits reports whether several of a group were there: one may have been lost.
func (w *loginWard) visits(place uint64, now int64) bool {
	for i := range w.places {
		if p := &w.places[i]; p.place == place {
			known := 0
			for _, m := range p.members {
				if now-m.first > loginSitting {
					known++
				}
			}
			return known >= wardLeast
		}
	}
	return len(w.places) == wardPlaces
}

func (w *loginWard) visit(u *loginUse) {
	i := slices.IndexFunc(w.places, func(p wardPlace) bool { return p.place == u.place })
	if i < 0 {
		if i = len(w.places); i == wardPlaces {
			return
		}
		w.places = append(w.places, wardPlace{place: u.place})
	}
	if m := &w.places[i].members; len(*m) < wardLeast {
		m.add(u.account, u.at, wardLeast)
	}
}

func (w *loginWard) note(u *loginUse) {
	w.members.add(u.account, u.at, wardMembers)
	w.visit(u)
	if u.service != 0 {
		w.services.add(u.service, u.at, wardServices)
	}
	w.hours.add(u.at)
}

func idOfAll(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return max(h.Sum64(), 1)
}
