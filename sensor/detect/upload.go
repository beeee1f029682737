package detect

import (
	"math"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// upload finds a host of ours that sends a lot, within an hour, to a place
// outside that nobody else here uses: smash and grab. The place is a name where
// one is known, so that a service with many addresses is one place.
//
// What is common is no finding: a cloud that two hosts use is the business's own.
// Payload is counted, without headers and repeats, from the differences that the
// flow documents carry; a flow gives one each minute and one at its end, so an
// upload is found at its end or at most a minute after it passed the limit.
type upload struct {
	env    Env
	limit  uint64
	pairs  *baseline.Map[uploadPair, uploadSum]
	totals *baseline.Map[netip.Addr, uploadHour]
	places *baseline.Map[string, uploadUsers]
	habits *baseline.Map[uploadPair, uploadHabit]
}

// uploadHabit is what was told of a pair: a copy that is made each night is told once,
// and later as a note, unless it is far more than ever.
type uploadHabit struct {
	since int64 // first told, ns
	most  uint64
}

// uploadConfig is the section of the configuration.
type uploadConfig struct {
	// Bytes of payload within an hour. 200 MB is what a person notices as "a lot"
	// and what no ordinary mail, form or upload of pictures reaches.
	Bytes uint64 `yaml:"bytes"`
}

const (
	uploadDefault = 200_000_000
	uploadWindow  = 3600 * second
	uploadSlot    = 300 * second
	uploadSlots   = uploadWindow / uploadSlot
	uploadPairs   = 16384 // 200 bytes each
	uploadPlaces  = 16384
	uploadUsed    = 10_000 // payload bytes from which a host counts as a user of a place: more than a failed try
	uploadMemory  = 30 * 24 * 3600 * second
	uploadPush    = 0.6 // producer-consumer ratio from which traffic is an export (Bullard and Gerth: 70:30 mail is .4, pure push 1)
	uploadRefs    = 4
	// What is told and goes on a day later was seen by whoever reads alerts. A backup's
	// nights differ by a few times.
	uploadHabitual = 12 * 3600 * second
	uploadFarMore  = 5
)

type uploadPair struct {
	client netip.Addr
	place  string
}

// uploadHour is the sum of a sliding hour in slots of five minutes.
type uploadHour struct {
	up   [uploadSlots]uint64
	slot int64 // number of the latest slot, from 1970
}

// add counts n bytes at time t and returns the sum of the hour before t. A time
// before the latest slot counts in that slot.
func (h *uploadHour) add(t int64, n uint64) uint64 {
	slot := t / uploadSlot
	for ; h.slot < slot; h.slot++ {
		if slot-h.slot > uploadSlots {
			h.slot = slot - uploadSlots
		}
		h.up[(h.slot+1)%uploadSlots] = 0
	}
	h.up[h.slot%uploadSlots] += n
	sum := uint64(0)
	for _, b := range h.up {
		sum += b
	}
	return sum
}

type uploadSum struct {
	up, down uploadHour
	onset    int64
	flows    int
	told     uint64 // sum at the latest finding, 0 none
	refs     []event.FlowRef
}

// uploadUsers is who uses a place: two are enough to know that it is not rare.
type uploadUsers struct{ first, other netip.Addr }

func newUpload(env Env, decode Decoder) (Detector, error) {
	c := uploadConfig{Bytes: uploadDefault}
	if err := decode(&c); err != nil {
		return nil, err
	}
	return &upload{
		env:    env,
		limit:  max(c.Bytes, 1),
		pairs:  baseline.NewMap[uploadPair, uploadSum](env.State, "upload.pairs", uploadPairs, uploadWindow),
		totals: baseline.NewMap[netip.Addr, uploadHour](env.State, "upload.clients", uploadPairs, uploadWindow),
		places: baseline.Keep(env.State, baseline.NewMap[string, uploadUsers](env.State, "upload.places", uploadPlaces, uploadMemory)),
		habits: baseline.Keep(env.State, baseline.NewMap[uploadPair, uploadHabit](env.State, "upload.habits", uploadPlaces/4, uploadMemory)),
	}, nil
}

func (u *upload) Tick(int64, Report) {}

func (u *upload) Observe(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow == nil {
		return
	}
	from := uploadSender(e.Flow)
	if n := t.Delta[from].Payload; n > 0 || e.Kind == "flow.start" {
		u.count(e, from, n, t.Delta[from.Other()].Payload, report)
	}
}

// uploadSender is the side whose payload is an upload: the client's. Two cases are
// turned round: active FTP, where the server of the session calls back from port
// 20 to fetch (RFC 959 3.2), and a flow without a start whose ends were mistaken.
func uploadSender(f *event.Flow) event.Side {
	calledBack := f.Proto == 6 && f.Client.Port() == 20
	mistaken := f.MidStream && f.Client.Port() < 1024 && f.Server.Port() >= 1024
	if calledBack || mistaken {
		return event.Server
	}
	return event.Client
}

func (u *upload) count(e *event.Event, from event.Side, up, down uint64, report Report) {
	client, server := e.Flow.Addr(from), e.Flow.Addr(from.Other())
	if !u.env.Know.Internal(client) || u.env.Know.Internal(server) || u.env.Know.Multicast(server) {
		return
	}
	pair := uploadPair{client, placeOf(u.env, server)}
	s, fresh := u.pairs.Touch(pair, e.Time)
	if fresh {
		s.onset = e.Time
	}
	if t := e.Data.(*event.Traffic); fresh || e.Kind == "flow.start" {
		s.flows++
		s.onset = min(s.onset, max(t.First, e.Time-uploadWindow))
	}
	sum := s.up.add(e.Time, up)
	back := s.down.add(e.Time, down)
	all, _ := u.totals.Touch(client, e.Time)
	outgoing := all.add(e.Time, up)
	alone := u.alone(pair, e.Time, sum)
	if up > u.limit/64 {
		s.refs = keep(s.refs, e.Flow.Ref(), uploadRefs)
	}
	if s.due(sum, u.limit) && alone {
		s.told = sum
		f := u.finding(e, pair, server, s, uploadFacts{
			Bytes: sum, Back: back, Place: pair.place,
			Share: float64(sum) / float64(max(outgoing, 1)),
		})
		if u.habitual(pair, sum, e.Time) {
			f.Severity = event.Low
		}
		report(f)
	}
}

// habitual notes what is told and reports whether it is what was told before. Growth
// on the first day is no habit, but the same upload.
func (u *upload) habitual(p uploadPair, sum uint64, now int64) bool {
	h, fresh := u.habits.Touch(p, now)
	if fresh {
		h.since = now
	}
	usual := now-h.since > uploadHabitual && sum < uploadFarMore*h.most
	h.most = max(h.most, sum)
	return usual
}

// alone notes who uses the place and reports whether the client is the only one.
func (u *upload) alone(p uploadPair, now int64, sum uint64) bool {
	if sum < uploadUsed {
		return false
	}
	users, _ := u.places.Touch(p.place, now)
	switch {
	case !users.first.IsValid():
		users.first = p.client
	case users.first != p.client && !users.other.IsValid():
		users.other = p.client
	}
	return !users.other.IsValid()
}

// due says whether this sum is news: past the limit, then each time it doubled.
// Below half the limit the matter is over, and the next one is news again.
func (s *uploadSum) due(sum, limit uint64) bool {
	if sum < limit/2 {
		s.told = 0
	}
	return sum >= limit && (s.told == 0 || sum >= 2*s.told)
}

func (u *upload) finding(e *event.Event, p uploadPair, server netip.Addr, s *uploadSum, facts uploadFacts) event.Finding {
	s.onset = max(s.onset, e.Time-uploadWindow)
	facts.Seconds = float64(e.Time-s.onset) / second
	severity, score := event.Medium, 70.0
	if push := float64(facts.Bytes) - float64(facts.Back); push >= uploadPush*float64(facts.Bytes+facts.Back) {
		severity, score = event.High, math.Min(80+5*math.Log2(float64(facts.Bytes)/float64(u.limit)), 95)
	}
	peer := u.env.Know.Entity(server)
	if p.place != server.String() {
		peer.Domain = p.place
	}
	return event.Finding{
		Key: p.client.String() + " " + p.place, Time: e.Time, Onset: s.onset,
		Subject: u.env.Know.Entity(p.client), Peer: peer, Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), s.refs...), FlowsTotal: max(s.flows, len(s.refs)),
		Observed: event.Measure{Value: float64(facts.Bytes), Unit: "bytes", N: max(s.flows, len(s.refs))},
		Baseline: event.Measure{Value: float64(u.limit), Unit: "bytes"},
		Facts:    &facts, Score: score, Severity: severity,
	}
}
