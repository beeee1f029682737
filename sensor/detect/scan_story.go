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
	groups  int // that made an alarm
	onset   int64
	widest  scanKey
	targets int   // of the widest group
	probe   probe // latest
	told    bool  // the alarm was reported
	due     bool  // changed since the latest report
}

// tell reports a new story, and queues one that goes on.
func (s *scan) tell(kind string, k scanKey, g *scanGroup, p probe, e *event.Event, report Report) {
	at := scanStoryKey{p.client, kind}
	st, fresh := s.stories.Touch(at, e.Time)
	if fresh {
		st.onset = g.first
	}
	if !g.counted {
		g.counted = true
		st.groups++
	}
	if g.count++; g.count > st.targets {
		st.widest, st.targets = k, g.count
	}
	st.probe = p
	if !st.told {
		st.told = true
		s.report(kind, st, e.Time, report)
	} else if !st.due {
		st.due = true
		s.growing = append(s.growing, at)
	}
}

// Tick tells the new figures of the scans that go on.
func (s *scan) Tick(now int64, report Report) {
	for _, at := range s.growing {
		if st := s.stories.Get(at); st != nil && st.due {
			st.due = false
			s.report(at.kind, st, now, report)
		}
	}
	s.growing = s.growing[:0]
}

func (s *scan) report(kind string, st *scanStory, at int64, report Report) {
	g := s.groups.Get(st.widest)
	if g == nil || !g.alarmed {
		return // made room for others, and may have begun anew since
	}
	n := max(g.targets(), g.count) // the count misses those whose marks others made
	f := &scanFacts{Kind: kind, Transport: st.probe.transport(), Failed: n, Answered: g.answered, Hosts: n, Ports: 1, Slow: g.slow,
		Stealth: st.widest.stealth, Seconds: float64(g.last-st.onset) / float64(second)}
	switch kind {
	case "vertical":
		f.Hosts, f.Ports = st.groups, n
	case "horizontal":
		if !st.widest.server.IsValid() { // else its groups are small networks
			f.Ports = st.groups
		}
	case "sweep":
		f.Ports = 0
	}
	found := s.finding(f, st.widest, st.probe, at)
	found.Onset, found.Score = st.onset, certainty(g.walk)
	found.Flows, found.FlowsTotal = slices.Clone(g.flows), g.total
	report(found)
}

func (s *scan) finding(facts *scanFacts, k scanKey, p probe, at int64) event.Finding {
	f := event.Finding{
		Key: fmt.Sprintf("%s %s", k.client, facts.Kind), Time: at,
		Subject: s.env.Know.Entity(k.client), Port: k.port,
		Observed: event.Measure{Value: float64(facts.Failed), Unit: "targets", N: facts.Failed + facts.Answered},
		Baseline: event.Measure{Value: 0.2, Unit: "unanswered per first contact"},
		Facts:    facts,
	}
	if k.server.IsValid() && k.port == 0 {
		f.Peer = s.env.Know.Entity(k.server)
	}
	if allowedFrom(s.env, k.client, p.server) {
		f.Severity = event.Low
	}
	return f
}

func (p probe) transport() string {
	if p.proto == protoARP {
		return "arp"
	}
	if p.proto == protoAny {
		return "ip"
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
