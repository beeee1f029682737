package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// deed is a kind of thing that one host does to another.
type deed struct {
	word      string // as people know it: the name of an operation or a technique
	severity  event.Severity
	technique string // ATT&CK id
}

// techniques are those of all kinds of a ledger, each once.
func techniques(kinds []deed) []string { return techniquesOf(kinds, ^uint32(0)) }

func techniquesOf(kinds []deed, which uint32) (out []string) {
	for i, k := range kinds {
		if which&(1<<i) != 0 && !slices.Contains(out, k.technique) {
			out = append(out, k.technique)
		}
	}
	return out
}

// deeds is the ledger of a detector whose findings are what a client did to a
// server. It tells each kind once: management does the same to the same hosts day
// after day, an intruder does what was not done before. A client that does it to
// many hosts is one story.
type deeds struct {
	env    Env
	kinds  []deed
	pairs  *baseline.Map[pair, doings]
	spread *baseline.Map[netip.Addr, spreading]
}

func pairOf(f *event.Flow) pair { return pair{f.Client.Addr(), f.Server.Addr()} }

// doings is what a client did to a server.
type doings struct {
	kinds, told uint32 // bits by place in deeds.kinds
	first, last int64
	count       int
	toldAt      int // count at the latest finding
	flows       []event.FlowRef
	flowsTotal  int
}

// spreading is what a client did to all servers.
type spreading struct {
	kinds, told uint32
	servers     int
	toldAt      int // servers at the latest finding
	some        []netip.Addr
	first, last int64 // when it came to its first and to its latest new server
	hurried     bool  // that was soon after the one before
}

const (
	deedPairs   = 20_000
	deedClients = 4096
	// What was not done for a month is told again.
	deedMemory = 30 * 24 * 3600 * second
	// More servers than these are one story of the client: the second host is what
	// makes it lateral movement, or somebody's daily work.
	deedFew = 1
	// Growth is news within an hour of what went before: an intruder and a worm go on,
	// a help desk comes to another computer each few hours.
	deedBurst = 3600 * second
)

func newDeeds(env Env, name string, kinds []deed) *deeds {
	return &deeds{
		env: env, kinds: kinds,
		pairs:  baseline.NewMap[pair, doings](env.State, name+".pairs", deedPairs, deedMemory),
		spread: baseline.NewMap[netip.Addr, spreading](env.State, name+".clients", deedClients, deedMemory),
	}
}

func (d *deeds) Tick(int64, Report) {}

// enter notes a deed and reports it where it is news.
func (d *deeds) enter(kind int, p pair, e *event.Event, report Report) {
	s, fresh := d.pairs.Touch(p, e.Time)
	grown := !fresh && e.Time-s.last <= deedBurst && s.count+1 >= 2*s.toldAt
	s.note(kind, e)
	w, _ := d.spread.Touch(p.client, e.Time)
	w.note(kind, p.server, fresh, e.Time)
	many := w.servers > deedFew
	if s.kinds == s.told && (many || !grown) {
		return
	}
	s.told, s.toldAt = s.kinds, s.count
	switch {
	case !many:
		w.told = w.kinds
		report(d.single(p, s, e))
	case w.kinds != w.told || w.hurried && w.servers >= 2*w.toldAt:
		w.told, w.toldAt = w.kinds, w.servers
		report(d.wide(p, w, s, e))
	}
}

func (s *doings) note(kind int, e *event.Event) {
	if s.count == 0 || e.Time-s.last > deedBurst {
		s.first, s.flows, s.flowsTotal = e.Time, nil, 0
	}
	s.kinds |= 1 << kind
	s.count, s.last = s.count+1, e.Time
	if n := len(s.flows); n == 0 || s.flows[n-1].Key != e.Flow.Key {
		s.flowsTotal++
	}
	s.flows = noteFlow(s.flows, e.Flow)
}

func (w *spreading) note(kind int, server netip.Addr, fresh bool, now int64) {
	if w.servers == 0 {
		w.first = now
	}
	w.kinds |= 1 << kind
	if fresh {
		w.hurried = w.servers > 0 && now-w.last <= deedBurst
		w.last = now
		w.servers++
		w.some = noteFew(w.some, server)
	}
}

// noteFew keeps as many examples as a finding has room for.
func noteFew(some []netip.Addr, a netip.Addr) []netip.Addr {
	if len(some) >= event.MaxRefs {
		return some
	}
	return append(some, a)
}

// did reports whether the client has done any of these to the server.
func (d *deeds) did(p pair, kinds ...int) bool {
	s := d.pairs.Get(p)
	for _, k := range kinds {
		if s != nil && s.kinds&(1<<k) != 0 {
			return true
		}
	}
	return false
}

func (d *deeds) single(p pair, s *doings, e *event.Event) event.Finding {
	f := d.finding(p, s, e, s.kinds, s.first)
	f.Key = p.client.String() + " " + p.server.String()
	f.Peer = d.env.Know.Entity(p.server)
	f.Facts = &deedFacts{What: d.words(s.kinds), Count: s.count, Servers: 1}
	return f
}

func (d *deeds) wide(p pair, w *spreading, s *doings, e *event.Event) event.Finding {
	f := d.finding(p, s, e, w.kinds, w.first)
	f.Key = p.client.String() + " *"
	f.Related = append(f.Related, w.some...)
	f.Facts = &deedFacts{What: d.words(w.kinds), Count: w.servers, Servers: w.servers}
	return f
}

func (d *deeds) finding(p pair, s *doings, e *event.Event, kinds uint32, onset int64) event.Finding {
	f := event.Finding{
		Time: e.Time, Onset: onset, Subject: d.env.Know.Entity(p.client), Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: s.flowsTotal,
		Observed: event.Measure{Value: float64(s.count), Unit: "calls", N: s.count}, Score: 80, Severity: d.worst(kinds),
		Technique: techniquesOf(d.kinds, kinds),
	}
	if allowedFrom(d.env, p.client, p.server) {
		f.Severity = event.Low
	}
	return f
}

func (d *deeds) worst(kinds uint32) (s event.Severity) {
	for i, k := range d.kinds {
		if kinds&(1<<i) != 0 {
			s = max(s, k.severity)
		}
	}
	return s
}

func (d *deeds) words(kinds uint32) (out []string) {
	for i, k := range d.kinds {
		if kinds&(1<<i) != 0 {
			out = append(out, k.word)
		}
	}
	return out
}

// recent reports whether the map holds the pair and its time is not up.
func recent[V any](m *baseline.Map[pair, V], p pair, now int64) bool {
	m.Expire(now)
	return m.Get(p) != nil
}

// deedFacts is what a finding of a ledger of deeds rests on.
type deedFacts struct {
	What    []string
	Count   int // times, or servers where there are many
	Servers int
}

var deedTable = event.NewTable("deed", "What one host did to another.",
	event.Strings("brandmelder.deed.what", event.Technical, "operations and techniques, the ones that the detector knows", func(f *deedFacts) []string { return f.What }),
	event.Int("brandmelder.deed.count", event.Technical, "times it was done, or servers where there are many", func(f *deedFacts) (int64, bool) { return int64(f.Count), true }),
	event.Int("brandmelder.deed.servers", event.Technical, "servers it was done to", func(f *deedFacts) (int64, bool) { return int64(f.Servers), true }),
)

func (*deedFacts) Table() *event.Table { return deedTable }
