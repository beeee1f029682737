package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// icmpTunnel finds pings that carry something. An honest reply holds exactly what
// its request did (RFC 792, RFC 4443 4.2), or its front where the stack is small;
// an honest ping changes only the time and the count in front of a fixed filling.
// The record does that comparison; here is decided how much of it is chance.
type icmpTunnel struct {
	env   Env
	pairs *baseline.Map[pair, icmpTold]
}

const (
	icmpTunnelPairs  = 16384
	icmpTunnelMemory = 3600 * second
	// Replies that differ from their request. One or two come from programs that
	// use an id again before the late reply of its first use is back.
	icmpTunnelReplies = 4
	// Requests whose filling changes, and their bytes: two screens of a command's
	// output, which no program for measuring sends.
	icmpTunnelCarriers = 16
	icmpTunnelBytes    = 1000
	// Different words that are all a request says. A program that measures says one.
	icmpTunnelWords = 2
	icmpTunnelSure  = 10_000 // bytes from which it is data and not commands
)

type icmpTold struct{ amount int64 }

func newICMPTunnel(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &icmpTunnel{env, baseline.NewMap[pair, icmpTold](env.State, "icmp-tunnel.pairs", icmpTunnelPairs, icmpTunnelMemory)}, nil
}

func (d *icmpTunnel) Tick(int64, Report) {}

func (d *icmpTunnel) Observe(e *event.Event, report Report) {
	f := icmpTunnelFacts{
		Requests: event.NumberOf(e.Data, "brandmelder.icmp.requests"), Replies: event.NumberOf(e.Data, "brandmelder.icmp.replies"),
		Different: event.NumberOf(e.Data, "brandmelder.icmp.mismatched"), Carriers: event.NumberOf(e.Data, "brandmelder.icmp.carriers"),
		Words: event.NumberOf(e.Data, "brandmelder.icmp.words"),
		Bytes: event.NumberOf(e.Data, "brandmelder.icmp.source.payload") + event.NumberOf(e.Data, "brandmelder.icmp.destination.payload"),
	}
	answers := f.Different >= icmpTunnelReplies
	requests := f.Carriers >= icmpTunnelCarriers && event.NumberOf(e.Data, "brandmelder.icmp.carried") >= icmpTunnelBytes
	if e.Flow == nil || !answers && !requests && f.Words < icmpTunnelWords {
		return
	}
	told, _ := d.pairs.Touch(pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}, e.Time)
	amount := f.Different + f.Carriers + f.Words
	if amount < 2*told.amount {
		return
	}
	told.amount = amount
	report(d.finding(e, &f, answers))
}

func (d *icmpTunnel) finding(e *event.Event, f *icmpTunnelFacts, answers bool) event.Finding {
	severity, score := event.Medium, 65.0
	if answers || f.Bytes >= icmpTunnelSure {
		severity, score = event.High, 85
	}
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	return event.Finding{
		Key: client.String() + " " + server.String(), Time: e.Time, Onset: e.Flow.Start,
		Subject: d.env.Know.Entity(client), Peer: d.env.Know.Entity(server),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(f.Different + f.Carriers + f.Words), Unit: "packets", N: int(f.Requests + f.Replies)},
		Facts:    f, Score: score, Severity: severity,
	}
}

// icmpTunnelFacts is what a finding rests on: the pair since its flow began.
type icmpTunnelFacts struct{ Requests, Replies, Different, Carriers, Words, Bytes int64 }

var icmpTunnelTable = event.NewTable("icmp-tunnel", "Pings that carry data.",
	event.Int("brandmelder.icmp_tunnel.requests", event.Technical, "echo requests", func(f *icmpTunnelFacts) (int64, bool) { return f.Requests, true }),
	event.Int("brandmelder.icmp_tunnel.replies", event.Technical, "echo replies", func(f *icmpTunnelFacts) (int64, bool) { return f.Replies, true }),
	event.Int("brandmelder.icmp_tunnel.different", event.Technical, "replies that differ from their request", func(f *icmpTunnelFacts) (int64, bool) { return f.Different, true }),
	event.Int("brandmelder.icmp_tunnel.carriers", event.Technical, "requests whose filling changes", func(f *icmpTunnelFacts) (int64, bool) { return f.Carriers, true }),
	event.Int("brandmelder.icmp_tunnel.words", event.Technical, "different words that are all a request says", func(f *icmpTunnelFacts) (int64, bool) { return f.Words, f.Words > 0 }),
	event.Int("brandmelder.icmp_tunnel.bytes", event.Technical, "bytes in echoes of both sides", func(f *icmpTunnelFacts) (int64, bool) { return f.Bytes, true }),
)

func (*icmpTunnelFacts) Table() *event.Table { return icmpTunnelTable }

func init() {
	register(Spec{
		Name:      "icmp-tunnel",
		Doc:       "pings that carry data: replies unlike their requests, or a filling that changes",
		Family:    "icmp-tunnel",
		Technique: []string{"T1095", "T1048.003"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"icmp"},
		Facts:     icmpTunnelTable,
		New:       newICMPTunnel,
	})
}
