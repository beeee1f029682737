package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// dataStaging finds theft in two steps: a host of ours gathers much from many
// servers inside, and then it, or the host that it hands what it gathered to, sends
// a good part to a place outside that is new to the house.
//
// Backup servers, archives and search machines gather each day: that is their
// habit, which is learned first. A person reads from a server or two.
type dataStaging struct {
	env    Env
	lesson *baseline.Lesson
	hosts  *baseline.Map[netip.Addr, stagedData]
	habits *baseline.Map[netip.Addr, dayHabit] // bytes read from servers inside
	places rarePlaces
}

// stagedData is what a host gathered or was handed within two days.
type stagedData struct {
	first   int64
	sources []stagedSource
	handed  netip.Addr // who gathered it, where that is another host
	passed  uint64     // bytes that this host handed on inside
	out     uint64
	place   string
	told    uint64
	refs    []event.FlowRef
}

type stagedSource struct {
	server netip.Addr
	bytes  uint64
}

const (
	stageHosts  = 4096 // up to 2 kB each
	stageWindow = 2 * day
	stageMemory = 30 * day
	stageLearn  = 7 * day // weekly copies were seen
	// The house's file servers and databases: ordinary work reads from a few of them.
	stageServers = 5
	stageSources = 16
	stageLeast   = 1_000_000   // bytes from a server: a folder, no listing
	stageMuch    = 200_000_000 // what upload calls a lot
	stageFar     = 5           // times the most that the host read on a day before
	stageOut     = 20_000_000  // of it outside: archives are smaller than what is in them
	stageHanded  = 0.1         // of what was gathered, that makes another host a holder of it
)

// stagePorts are the services that much can be read from at once: SMB, NFS, FTP,
// SQL Server, Oracle, MySQL, PostgreSQL, SSH, MongoDB, rsync.
var stagePorts = []uint16{445, 139, 2049, 20, 21, 1433, 1521, 3306, 5432, 22, 27017, 873}

var stageApps = []string{"smb", "ftp", "tds", "mysql", "postgresql", "ssh", "oncrpc", "mongodb", "rsync"}

func newDataStaging(env Env, decode Decoder) (Detector, error) {
	s := env.State
	return &dataStaging{
		env:    env,
		lesson: s.Learn("data-staging", stageLearn),
		hosts:  baseline.NewMap[netip.Addr, stagedData](s, "data-staging.hosts", stageHosts, stageWindow),
		habits: baseline.Keep(s, baseline.NewMap[netip.Addr, dayHabit](s, "data-staging.habits", stageHosts, stageMemory)),
		places: newRarePlaces(s, "data-staging.places"),
	}, decode(&struct{}{})
}

func (d *dataStaging) Tick(int64, Report) {}

func (d *dataStaging) Observe(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow == nil || !d.env.Know.Internal(e.Flow.Client.Addr()) {
		return
	}
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	up, down := t.Delta[event.Client].Payload, t.Delta[event.Server].Payload
	learned := d.lesson.Over(e.Time)
	switch inside := d.env.Know.Internal(server); {
	case inside && pushes(down, up) && stores(e.Flow):
		d.gather(e, client, server, down)
	case inside && pushes(up, down):
		d.hand(e, client, server, up)
	case !inside && pushes(up, down) && !d.env.Know.Multicast(server):
		place := placeOf(d.env, server)
		if rare, _ := d.places.note(place, client, e.Time); rare {
			d.sent(e, client, place, up, learned, report)
		}
	}
}

func stores(f *event.Flow) bool {
	return slices.Contains(stageApps, f.App) || slices.Contains(stagePorts, f.Server.Port())
}

// at is the host's record; what is older than the window is another matter.
func (d *dataStaging) at(host netip.Addr, now int64) *stagedData {
	s, _ := d.hosts.Touch(host, now)
	if now-s.first > stageWindow {
		*s = stagedData{first: now}
	}
	return s
}

func (d *dataStaging) gather(e *event.Event, client, server netip.Addr, n uint64) {
	habit, _ := d.habits.Touch(client, e.Time)
	habit.add(e.Time, n)
	s := d.at(client, e.Time)
	i := slices.IndexFunc(s.sources, func(x stagedSource) bool { return x.server == server })
	switch {
	case i >= 0:
		s.sources[i].bytes += n
	case len(s.sources) < stageSources:
		s.sources = append(s.sources, stagedSource{server, n})
	default:
		s.sources[stageSources-1].bytes += n // of further servers the sum alone
	}
	if n >= stageLeast && len(s.refs) < event.MaxRefs/2 {
		s.refs = noteFlow(s.refs, e.Flow)
	}
}

// much says from how many servers how much was gathered, if that is many and much.
func (s *stagedData) much() (servers int, bytes uint64, ok bool) {
	for _, x := range s.sources {
		if bytes += x.bytes; x.bytes >= stageLeast {
			servers++
		}
	}
	return servers, bytes, servers >= stageServers && bytes >= stageMuch
}

// hand notes that a host which gathered passes a good part of it to another one.
func (d *dataStaging) hand(e *event.Event, from, to netip.Addr, n uint64) {
	s := d.hosts.Get(from)
	if s == nil {
		return
	}
	s.passed += n
	_, bytes, ok := s.much()
	if !ok || float64(s.passed) < stageHanded*float64(bytes) || slices.ContainsFunc(s.sources, func(x stagedSource) bool { return x.server == to }) {
		return
	}
	refs := slices.Clone(s.refs)
	holder := d.at(to, e.Time)
	holder.handed = from
	if len(holder.refs) == 0 {
		holder.refs = noteFlow(refs, e.Flow)
	}
}

func (d *dataStaging) sent(e *event.Event, host netip.Addr, place string, n uint64, learned bool, report Report) {
	s := d.hosts.Get(host)
	if s == nil || e.Time-s.first > stageWindow {
		return
	}
	gatherer, from := host, s
	if s.handed.IsValid() {
		if g := d.hosts.Get(s.handed); g != nil {
			gatherer, from = s.handed, g
		}
	}
	servers, bytes, ok := from.much()
	if !ok {
		return
	}
	s.out += n
	s.place = place
	habit := d.habits.Get(gatherer)
	if !learned || habit == nil || s.out < stageOut || s.out < 2*s.told || float64(bytes) < stageFar*habit.most {
		return
	}
	s.told = s.out
	facts := &stagingFacts{Servers: servers, Gathered: bytes, Out: s.out, Usual: uint64(habit.most), Place: place}
	facts.Seconds = float64(e.Time-from.first) / second
	f := d.finding(e, host, s, facts)
	if gatherer != host {
		facts.Handed = true
		f.Related = append(f.Related, gatherer)
	}
	for _, x := range from.sources {
		f.Related = append(f.Related, x.server)
	}
	f.Onset = min(f.Onset, from.first)
	report(f)
}

func (d *dataStaging) finding(e *event.Event, host netip.Addr, s *stagedData, facts *stagingFacts) event.Finding {
	server := e.Flow.Server.Addr()
	f := event.Finding{
		Key: host.String() + " " + facts.Place, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(host), Peer: d.env.Know.Entity(server), Port: e.Flow.Server.Port(),
		Flows: noteFlow(slices.Clone(s.refs), e.Flow), FlowsTotal: len(s.refs) + 1,
		Observed: event.Measure{Value: float64(facts.Gathered), Unit: "bytes", N: facts.Servers},
		Baseline: event.Measure{Value: float64(facts.Usual), Unit: "bytes", Since: d.lesson.Since},
		Facts:    facts, Score: 80,
	}
	if facts.Place != server.String() {
		f.Peer.Domain = facts.Place
	}
	return f
}
