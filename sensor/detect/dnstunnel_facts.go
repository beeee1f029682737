package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// tunnelFacts is what a finding of dns-tunnel rests on: an hour, or less.
type tunnelFacts struct {
	Domain  string
	Names   int     // different names asked for
	Bytes   float64 // that names and answers can have carried
	Back    int64   // of these in answers
	Rate    float64 // bytes/s since the first look-up
	Longest int64   // bytes of the longest label
	Type    string  // most asked type of record
	Fast    bool
}

func (d *dnsTunnel) finding(e *event.Event, p tunnelPair, s *tunnelSum, bytes float64, fast bool) event.Finding {
	f := &tunnelFacts{
		Domain: p.domain, Names: s.names.count(), Bytes: bytes, Back: s.down,
		Rate: bytes * second / float64(max(e.Time-s.start, second)), Longest: s.longest, Type: s.commonType(), Fast: fast,
	}
	severity, score := event.Medium, 65.0
	if fast {
		severity, score = event.High, 90
	}
	peer := d.env.Know.Entity(e.Flow.Server.Addr())
	peer.Domain = p.domain
	return event.Finding{
		Key: p.client.String() + " " + p.domain, Time: e.Time, Onset: s.start,
		Subject: d.env.Know.Entity(p.client), Peer: peer, Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{s.ref}, FlowsTotal: 1,
		Observed: event.Measure{Value: bytes, Unit: "bytes", N: s.queries},
		Baseline: event.Measure{Value: tunnelSlowBytes, Unit: "bytes"},
		Facts:    f, Score: score, Severity: severity,
	}
}

// commonType is the most asked type; of equals the one that was first.
func (s *tunnelSum) commonType() string {
	best := s.types[0]
	for _, t := range s.types[1:] {
		if t.n > best.n {
			best = t
		}
	}
	return strings.Clone(best.name)
}

var tunnelTable = event.NewTable("dns-tunnel", "Data that is carried in look-ups below one domain.",
	event.String("brandmelder.dns_tunnel.domain", event.Technical, "registered domain", func(f *tunnelFacts) (string, bool) { return f.Domain, f.Domain != "" }),
	event.Int("brandmelder.dns_tunnel.names", event.Technical, "different names asked for within the hour", func(f *tunnelFacts) (int64, bool) { return int64(f.Names), true }),
	event.Int("brandmelder.dns_tunnel.bytes", event.Technical, "bytes that names and answers can have carried", func(f *tunnelFacts) (int64, bool) { return int64(f.Bytes), true }),
	event.Int("brandmelder.dns_tunnel.bytes_back", event.Technical, "of these in answers, bytes", func(f *tunnelFacts) (int64, bool) { return f.Back, true }),
	event.Float("brandmelder.dns_tunnel.bytes_per_second", event.Technical, "their rate, bytes/s", func(f *tunnelFacts) (float64, bool) { return f.Rate, true }),
	event.Int("brandmelder.dns_tunnel.longest_label", event.Technical, "longest label, bytes", func(f *tunnelFacts) (int64, bool) { return f.Longest, f.Longest > 0 }),
	event.String("brandmelder.dns_tunnel.record_type", event.Technical, "most asked type of record", func(f *tunnelFacts) (string, bool) { return f.Type, f.Type != "" }),
	event.Bool("brandmelder.dns_tunnel.fast", event.Technical, "one minute alone was enough", func(f *tunnelFacts) (bool, bool) { return f.Fast, true }),
)

func (*tunnelFacts) Table() *event.Table { return tunnelTable }

func init() {
	register(Spec{
		Name:      "dns-tunnel",
		Doc:       "data is carried in look-ups below one domain",
		Family:    "dns-tunnel",
		Technique: []string{"T1071.004", "T1048.003"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"dns"},
		Facts:     tunnelTable,
		New:       newDNSTunnel,
	})
}
