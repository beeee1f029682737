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
	host := e.Flow.Addr(of).Unmap()
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
	f := x.finding(host, s, e)
	f.Peer = x.env.Know.Entity(e.Flow.Addr(1 - of))
	report(f)
}

func (x *exposures) finding(host netip.Addr, s *exposed, e *event.Event) event.Finding {
	var what []string
	for i, w := range x.words {
		if s.kinds&(1<<i) != 0 {
			what = append(what, w)
		}
	}
	return event.Finding{
		Key: host.String(), Time: e.Time, Onset: s.first,
		Subject: x.env.Know.Entity(host), Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(len(what)), Unit: "weaknesses", N: len(what)},
		Facts:    &exposureFacts{what}, Score: 50, Severity: event.Low,
	}
}

// exposureFacts is what a finding of policy rests on.
type exposureFacts struct{ What []string }

var exposureTable = event.NewTable("exposure", "What is weak about a host.",
	event.Strings("brandmelder.exposure.what", event.Technical, "weaknesses seen on the wire", func(f *exposureFacts) []string { return f.What }))

func (*exposureFacts) Table() *event.Table { return exposureTable }
