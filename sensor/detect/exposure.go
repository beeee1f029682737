package detect

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// exposures is the ledger of a detector of policy: what is weak about hosts of ours,
// each told once a day with all that is known of the host by then. They are notes for
// who keeps the network in order and never alarms.
type exposures struct {
	env   Env
	words []string // of the weaknesses, by place
	hosts *baseline.Map[netip.Addr, exposed]
}

// exposed is what is weak about one host.
type exposed struct {
	kinds, told uint32
	first       int64
	day         int64 // since 1970, of the latest finding
}

const (
	exposureHosts = 8192
	exposureDay   = 24 * 3600 * second
)

func newExposures(env Env, name string, words []string) *exposures {
	return &exposures{env: env, words: words, hosts: baseline.NewMap[netip.Addr, exposed](env.State, name+".hosts", exposureHosts, exposureDay)}
}

func (x *exposures) Tick(int64, Report) {}

// note enters a weakness of one side of a flow and reports it where the day has not
// heard of it. A host outside is not ours to mend.
func (x *exposures) note(kind int, of event.Side, e *event.Event, report Report) {
	host := e.Flow.Addr(of)
	if !x.env.Know.Internal(host) {
		return
	}
	s, fresh := x.hosts.Touch(host, e.Time)
	if fresh {
		s.first = e.Time
	}
	if day := e.Time / exposureDay; day != s.day {
		s.told, s.day = 0, day
	}
	s.kinds |= 1 << kind
	if s.told&(1<<kind) != 0 {
		return
	}
	s.told |= s.kinds
	report(x.finding(of, e, s))
}

func (x *exposures) finding(of event.Side, e *event.Event, s *exposed) event.Finding {
	facts := &exposureFacts{}
	for i, w := range x.words {
		if s.kinds&(1<<i) != 0 {
			facts.What = append(facts.What, w)
		}
	}
	host, other := e.Flow.Addr(of), e.Flow.Addr(of.Other())
	f := event.Finding{
		Key: host.String(), Time: e.Time, Onset: s.first,
		Subject: x.env.Know.Entity(host), Peer: x.env.Know.Entity(other),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(len(facts.What)), Unit: "weaknesses", N: len(facts.What)},
		Facts:    facts, Score: 50, Severity: event.Low,
	}
	if of == event.Server {
		facts.Port = e.Flow.Server.Port()
	} else {
		f.Port = e.Flow.Server.Port()
	}
	return f
}

// exposureFacts is what a finding of policy rests on.
type exposureFacts struct {
	What []string
	Port uint16 // of the weak service; 0 where the client is what is weak
}

var exposureTable = event.NewTable("exposure", "What is weak about a host.",
	event.Strings("brandmelder.exposure.what", event.Technical, "weaknesses seen on the wire", func(f *exposureFacts) []string { return f.What }),
	event.Int("brandmelder.exposure.port", event.Technical, "port of the host's own service that is weak", func(f *exposureFacts) (int64, bool) { return int64(f.Port), f.Port > 0 }),
)

func (*exposureFacts) Table() *event.Table { return exposureTable }
