package detect

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// slowUpload finds data that trickles out: within a day, spread over its hours, to a
// place outside that is new to the house, far more than the client and its group
// ever send. What upload finds within an hour it leaves to upload.
//
// Only minutes of a conversation that mostly send are counted, so reading pages and
// mail is nothing. A copy that is made each night goes to a place that is known
// after a week; a client that has no habit yet is not judged.
type slowUpload struct {
	env    Env
	limit  uint64
	lesson *baseline.Lesson
	sums   *baseline.Map[uploadPair, slowDay] // place "": all new places of the client together
	places rarePlaces
	habits *baseline.Map[netip.Addr, dayHabit] // of minutes that mostly send, to all of the outside
	groups *baseline.Map[string, slowGroup]
}

const (
	slowBytes   = 50_000_000 // a day: some hundred letters with their attachments, or a register of patients
	slowLearn   = 7 * day    // weekends and weekly copies were seen
	slowMemory  = 30 * day
	slowPairs   = 8192 // 250 bytes each
	slowClients = 16384
	slowPlaces  = 16384
	slowGroups  = 1024
	slowHours   = 6    // active ones
	slowOwnDay  = 3    // days from which a client has a habit
	slowFarUp   = 3    // times the most of a day before
	slowRare    = 0.01 // share of the days of the group's clients that reach as much
	slowEnough  = 100  // days of clients from which a group says something
)

// slowDay is a sliding day in slots of an hour.
type slowDay struct {
	up     [24]uint64
	hour   int64 // number of the latest slot, from 1970
	onset  int64
	places int // new places, where it is the sum of them
	told   uint64
	port   uint16
	refs   []event.FlowRef
}

// slowGroup is how many days of clients reached which power of two.
type slowGroup struct {
	days [48]uint32
	n    uint32
}

type slowConfig struct {
	// Bytes of payload within a day.
	Bytes uint64 `yaml:"bytes"`
	// Days that are only learned from.
	LearnDays int `yaml:"learn_days"`
}

func newSlowUpload(env Env, decode Decoder) (Detector, error) {
	c := slowConfig{Bytes: slowBytes, LearnDays: int(slowLearn / day)}
	if err := decode(&c); err != nil {
		return nil, err
	}
	s := env.State
	return &slowUpload{
		env: env, limit: max(c.Bytes, 1),
		lesson: s.Learn("slow-upload", int64(max(c.LearnDays, 0))*day),
		sums:   baseline.NewMap[uploadPair, slowDay](s, "slow-upload.pairs", slowPairs, day),
		places: newRarePlaces(s, "slow-upload.places"),
		habits: baseline.Keep(s, baseline.NewMap[netip.Addr, dayHabit](s, "slow-upload.clients", slowClients, slowMemory)),
		groups: baseline.Keep(s, baseline.NewMap[string, slowGroup](s, "slow-upload.groups", slowGroups, slowMemory)),
	}, nil
}

func (d *slowUpload) Tick(int64, Report) {}

func (d *slowUpload) Observe(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow == nil {
		return
	}
	from := uploadSender(e.Flow)
	up, down := t.Delta[from].Payload, t.Delta[from.Other()].Payload
	if !pushes(up, down) {
		return
	}
	client, server := e.Flow.Addr(from), e.Flow.Addr(from.Other())
	if !d.env.Know.Internal(client) || d.env.Know.Internal(server) || d.env.Know.Multicast(server) {
		return
	}
	pair := uploadPair{client, placeOf(d.env, server)}
	rare, fresh := d.places.note(pair.place, client, e.Time)
	habit := d.habit(client, e.Time, up)
	learned := d.lesson.Over(e.Time)
	if !rare {
		return
	}
	told := d.judge(e, pair, d.count(pair, e, up, fresh), habit, learned, d.limit, report)
	together := uploadPair{client, ""}
	all := d.count(together, e, up, fresh)
	if told { // what was told of a place is no news of all together
		all.told = max(all.told, all.sum())
	}
	d.judge(e, together, all, habit, learned, 2*d.limit, report) // twice: so that no half of it is one place's
}

func (d *slowUpload) judge(e *event.Event, p uploadPair, s *slowDay, h *dayHabit, learned bool, limit uint64, report Report) bool {
	facts := s.facts(h)
	if !learned || !s.due(facts.Bytes, limit) || !d.far(p.client, h, &facts) {
		return false
	}
	s.told = facts.Bytes
	report(d.finding(e, p, s, facts))
	return true
}

// habit notes what a client sent, and closes its day when another begins.
func (d *slowUpload) habit(client netip.Addr, now int64, up uint64) *dayHabit {
	h, _ := d.habits.Touch(client, now)
	if closed, ended := h.add(now, up); ended {
		for _, name := range []string{d.group(client), ""} {
			g, _ := d.groups.Touch(name, now)
			g.add(closed)
		}
	}
	return h
}

// group is the zone of a host, or the network of its size.
func (d *slowUpload) group(a netip.Addr) string {
	if z := d.env.Know.Zone(a); z != nil {
		return z.Name
	}
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p.String()
}

func (d *slowUpload) count(p uploadPair, e *event.Event, up uint64, newPlace bool) *slowDay {
	s, fresh := d.sums.Touch(p, e.Time)
	if fresh {
		s.onset = e.Time
	}
	if newPlace {
		s.places++
	}
	s.port = e.Flow.Server.Port()
	s.refs = keep(s.refs, e.Flow.Ref(), uploadRefs)
	s.add(e.Time, up)
	return s
}

func (s *slowDay) add(t int64, n uint64) {
	for hour := t / (3600 * second); s.hour < hour; s.hour++ {
		s.hour = max(s.hour, hour-24)
		s.up[(s.hour+1)%24] = 0
	}
	s.up[s.hour%24] += n
}

// due says whether a sum is news: past the limit, then each time it doubled.
func (s *slowDay) due(sum, limit uint64) bool {
	if sum < limit/2 {
		s.told = 0
	}
	return sum >= limit && (s.told == 0 || sum >= 2*s.told)
}

func (s *slowDay) sum() (all uint64) {
	for _, n := range s.up {
		all += n
	}
	return all
}

func (s *slowDay) facts(h *dayHabit) slowFacts {
	f := slowFacts{Bytes: s.sum(), Usual: uint64(h.most), Days: h.days, Places: s.places}
	for _, n := range s.up {
		if n > 0 && n >= f.Bytes/100 {
			f.Hours++
		}
	}
	return f
}

// far reports whether a sum is far more than the client and its group ever send, and
// spread over the day.
func (d *slowUpload) far(client netip.Addr, h *dayHabit, f *slowFacts) bool {
	sum := float64(f.Bytes)
	if h.days < slowOwnDay || sum < slowFarUp*h.most || f.Hours < slowHours {
		return false
	}
	g := d.groups.Get(d.group(client))
	if g == nil || g.n < slowEnough {
		g = d.groups.Get("")
	}
	if g != nil {
		f.Rare = g.share(f.Bytes)
	}
	return f.Rare <= slowRare
}

func (g *slowGroup) add(sum uint64) {
	g.days[min(int(math.Log2(float64(sum+1))), len(g.days)-1)]++
	g.n++
}

// share of days with at least as much, to the power of two below.
func (g *slowGroup) share(sum uint64) float64 {
	n := uint32(0)
	for _, c := range g.days[min(int(math.Log2(float64(sum+1))), len(g.days)-1):] {
		n += c
	}
	return float64(n) / float64(max(g.n, 1))
}

func (d *slowUpload) finding(e *event.Event, p uploadPair, s *slowDay, facts slowFacts) event.Finding {
	server := e.Flow.Addr(uploadSender(e.Flow).Other())
	s.onset = max(s.onset, e.Time-day)
	facts.Seconds = float64(e.Time-s.onset) / second
	f := event.Finding{
		Key: p.client.String() + " " + cmp.Or(p.place, "*"), Time: e.Time, Onset: s.onset,
		Subject: d.env.Know.Entity(p.client), Port: s.port,
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(facts.Bytes), Unit: "bytes", N: facts.Hours},
		Baseline: event.Measure{Value: float64(facts.Usual), Unit: "bytes", N: facts.Days, Since: d.lesson.Since},
		Score:    70,
	}
	if p.place != "" {
		facts.Place, facts.Places = p.place, 0
		f.Peer = d.env.Know.Entity(server)
		if p.place != server.String() {
			f.Peer.Domain = p.place
		}
	}
	f.Facts = &facts
	return f
}
