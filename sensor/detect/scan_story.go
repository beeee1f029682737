package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

type scanStoryKey struct {
	client netip.Addr
	kind   string
}

// scanStory is all of one kind that a client does: one finding that grows.
type scanStory struct {
	most   int // targets of the widest group that was reported
	groups int // that made an alarm
	told   int // groups at the latest report
	onset  int64
}

// tell reports a story when it is new, or has doubled.
func (s *scan) tell(kind string, k scanKey, g *scanGroup, p probe, e *event.Event, report Report) {
	st, fresh := s.stories.Touch(scanStoryKey{p.client, kind}, e.Time)
	if fresh {
		st.onset = g.first
	}
	if !g.counted {
		g.counted = true
		st.groups++
	}
	n := g.targets()
	if n < 2*st.most && st.groups < 2*st.told {
		return
	}
	st.most, st.told = max(n, st.most), st.groups
	f := &scanFacts{Kind: kind, Transport: p.transport(), Failed: n, Answered: g.answered, Hosts: n, Ports: 1, Slow: g.slow, Stealth: k.stealth,
		Seconds: float64(e.Time-g.first) / float64(loginSecond)}
	switch kind {
	case "vertical":
		f.Hosts, f.Ports = st.groups, n
	case "horizontal":
		f.Ports = st.groups
	case "sweep":
		f.Ports = 0
	}
	report(s.finding(f, k, g.flows, g.total, g.walk, st.onset, p, e))
}

func (s *scan) finding(facts *scanFacts, k scanKey, flows []event.FlowRef, total int, walk float64, onset int64, p probe, e *event.Event) event.Finding {
	f := event.Finding{
		Key: fmt.Sprintf("%s %s", p.client, facts.Kind), Time: e.Time, Onset: onset,
		Subject: s.env.Know.Entity(p.client), Port: k.port,
		Flows: slices.Clone(flows), FlowsTotal: total,
		Observed: event.Measure{Value: float64(facts.Failed), Unit: "targets", N: facts.Failed + facts.Answered},
		Baseline: event.Measure{Value: 0.2, Unit: "unanswered per first contact"},
		Facts:    facts, Score: certainty(walk),
	}
	if k.server.IsValid() {
		f.Peer = s.env.Know.Entity(k.server)
	}
	if allowedFrom(s.env, p.client, p.server) {
		f.Severity = event.Low
	}
	return f
}

func (p probe) transport() string {
	if p.proto == protoARP {
		return "arp"
	}
	return event.ProtoName(p.proto)
}

// scanFacts is the facts of a scan; what is past 64 targets is an estimate.
type scanFacts struct {
	Kind, Transport  string
	Failed, Answered int
	Hosts, Ports     int
	Slow, Stealth    bool
	Seconds          float64
}

func (*scanFacts) Table() *event.Table { return scanTable }

var scanTable = event.NewTable("scan", "A host looks for hosts or services by trying many.",
	event.String("brandmelder.scan.kind", event.Technical, "vertical, horizontal, block or sweep", func(f *scanFacts) (string, bool) { return f.Kind, true }),
	event.String("brandmelder.scan.transport", event.Technical, "tcp, udp, icmp, arp …", func(f *scanFacts) (string, bool) { return f.Transport, true }),
	event.Int("brandmelder.scan.failed", event.Technical, "targets that did not answer, or refused; about, past 64", func(f *scanFacts) (int64, bool) { return int64(f.Failed), true }),
	event.Int("brandmelder.scan.answered", event.Technical, "targets that answered before the alarm", func(f *scanFacts) (int64, bool) { return int64(f.Answered), true }),
	event.Int("brandmelder.scan.hosts", event.Technical, "hosts tried", func(f *scanFacts) (int64, bool) { return int64(f.Hosts), true }),
	event.Int("brandmelder.scan.ports", event.Technical, "ports tried", func(f *scanFacts) (int64, bool) { return int64(f.Ports), f.Ports > 0 }),
	event.Bool("brandmelder.scan.slow", event.Technical, "spread over hours", func(f *scanFacts) (bool, bool) { return f.Slow, true }),
	event.Bool("brandmelder.scan.stealth", event.Technical, "without SYN: FIN, NULL or XMAS", func(f *scanFacts) (bool, bool) { return f.Stealth, true }),
	event.Float("brandmelder.scan.seconds", event.Technical, "time since the first target, s", func(f *scanFacts) (float64, bool) { return f.Seconds, true }),
)
