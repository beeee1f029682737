package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// lateralPath finds somebody who goes from host to host: a session by which hosts are
// administered leads to a host from which, within the hour, another one leads on, and
// none of these steps was ever seen (Hopper, USENIX Security 2021, ranks such paths).
//
// An administrator has a station that reaches many, and servers that reach none; who
// administers from a jump host takes the same step there each day.
type lateralPath struct {
	env      Env
	lesson   *baseline.Lesson
	steps    *baseline.Map[pathStep, int64]        // when first seen, ns
	reaches  *baseline.Map[netip.Addr, firstFew]   // hosts that one administers
	arrivals *baseline.Map[netip.Addr, pathArrive] // latest new step to a host
}

type pathStep struct {
	from, to netip.Addr
	service  string
}

// pathArrive is how somebody came to a host: the hosts before it, the first one first.
type pathArrive struct {
	hosts       []netip.Addr
	services    []string
	start, last int64
	told        int
	refs        []event.FlowRef
}

const (
	pathSteps  = 32768
	pathHosts  = 8192
	pathMemory = 60 * day
	pathLearn  = 14 * day // as login-novelty: a weekend and the duty after it have passed
	pathHour   = 3600 * second
	pathMost   = 8 // hosts of a path
	// A session in which something was done: longer than a refused login, and more
	// than the exchange of keys, which is some 3 kB.
	pathLasts = 10 * second
	pathBytes = 5000
	pathAdmin = 3 // hosts that a station administers; other hosts reach fewer
)

// pathServices are sessions in which a person works at the host that they lead to.
var pathServices = []string{"ssh", "rdp", "vnc", "telnet", "rlogin"}

func newLateralPath(env Env, decode Decoder) (Detector, error) {
	s := env.State
	return &lateralPath{
		env:      env,
		lesson:   s.Learn("lateral-path", pathLearn),
		steps:    baseline.Keep(s, baseline.NewMap[pathStep, int64](s, "lateral-path.steps", pathSteps, pathMemory)),
		reaches:  baseline.Keep(s, baseline.NewMap[netip.Addr, firstFew](s, "lateral-path.stations", pathHosts, pathMemory)),
		arrivals: baseline.NewMap[netip.Addr, pathArrive](s, "lateral-path.arrivals", pathHosts, 24*pathHour),
	}, decode(&struct{}{})
}

func (d *lateralPath) Tick(int64, Report) {}

func (d *lateralPath) Observe(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow == nil || !slices.Contains(pathServices, e.Flow.App) {
		return
	}
	k := pathStep{e.Flow.Client.Addr(), e.Flow.Server.Addr(), e.Flow.App}
	if t.Last-t.First < pathLasts || t.Total[event.Client].Payload+t.Total[event.Server].Payload < pathBytes || !d.env.Know.Internal(k.from) || !d.env.Know.Internal(k.to) || k.from == k.to {
		return
	}
	learned := d.lesson.Over(e.Time)
	first, fresh := d.steps.Touch(k, e.Time)
	if fresh {
		*first = e.Flow.Start
		reach, _ := d.reaches.Touch(k.from, e.Time)
		reach.add(k.to)
	}
	if *first < e.Flow.Start || !learned { // a later session, or one that is learned from
		return
	}
	d.arrive(e, k, t, report)
}

// arrive notes a new step and looks whether another one led to where it begins.
func (d *lateralPath) arrive(e *event.Event, k pathStep, t *event.Traffic, report Report) {
	path := pathArrive{hosts: []netip.Addr{k.from}, services: []string{k.service}, start: e.Flow.Start, last: t.Last, refs: []event.FlowRef{e.Flow.Ref()}}
	if before := d.arrivals.Get(k.from); before != nil && before.start < path.start && path.start-before.last < pathHour && len(before.hosts) < pathMost && !slices.Contains(before.hosts, k.to) {
		path.hosts = append(slices.Clone(before.hosts), k.from)
		path.services = append(slices.Clone(before.services), k.service)
		path.refs = append(slices.Clone(before.refs), path.refs...)
	}
	here, _ := d.arrivals.Touch(k.to, e.Time)
	switch {
	case here.start == path.start: // the same session goes on
		here.last = path.last
		return
	case len(path.hosts) < len(here.hosts) && path.start-here.last < pathHour:
		return // the longer path is kept
	}
	*here = path
	if len(path.hosts) > 1 {
		report(d.finding(e, k, &path))
	}
}

func (d *lateralPath) finding(e *event.Event, k pathStep, p *pathArrive) event.Finding {
	first := p.hosts[0]
	f := event.Finding{
		Key: first.String(), Time: e.Time, Onset: p.refs[0].Start,
		Subject: d.env.Know.Entity(first), Peer: d.env.Know.Entity(k.to), Port: e.Flow.Server.Port(),
		Related: append(slices.Clone(p.hosts), k.to), Flows: slices.Clone(p.refs), FlowsTotal: len(p.refs),
		Observed: event.Measure{Value: float64(len(p.hosts)), Unit: "steps", N: len(p.hosts)},
		Baseline: event.Measure{Since: d.lesson.Since},
		Facts:    &pathFacts{Steps: len(p.hosts), Services: slices.Clone(p.services)}, Score: 65, Severity: event.Medium,
	}
	if len(p.hosts) > 2 {
		f.Severity, f.Score = event.High, 80
	}
	if reach := d.reaches.Get(first); reach != nil && reach.n >= pathAdmin && len(p.hosts) == 2 || allowedFrom(d.env, first, k.to) {
		f.Severity = event.Low // an administrator's station
	}
	return f
}

type pathFacts struct {
	Steps    int
	Services []string
}

var pathTable = event.NewTable("lateral-path", "Sessions that lead from host to host, none of whose steps was seen before.",
	event.Int("brandmelder.lateral_path.steps", event.Technical, "steps from host to host", func(f *pathFacts) (int64, bool) { return int64(f.Steps), true }),
	event.Strings("brandmelder.lateral_path.services", event.Technical, "service of each step, the first one first", func(f *pathFacts) []string { return f.Services }),
)

func (*pathFacts) Table() *event.Table { return pathTable }

func init() {
	register(Spec{
		Name: "lateral-path", Doc: "somebody goes from host to host over sessions none of whose steps was seen before",
		Family: "remote-execution", Technique: []string{"T1021", "T1570"},
		Class: event.Novelty, Severity: event.Medium,
		Wants: []string{"flow.alive", "flow.end"}, Facts: pathTable, New: newLateralPath,
	})
}
