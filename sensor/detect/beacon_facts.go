package detect

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// beaconFacts is what a finding of beacon rests on.
type beaconFacts struct {
	CheckIns int      // calls so far
	Period   float64  // s
	Jitter   float64  // share of the period by which intervals stray, 0 to 1
	Missed   float64  // share of check-ins left out, 0 to 1
	Score    float64  // −log10 of the share of chance series as regular as this
	Bar      float64  // that the score had to pass
	Calls    string   // what they are
	Up, Down int64    // median payload of a call, bytes
	Others   int      // other hosts that use the place
	Signs    []string // what is odd about it, as c2-channel calls it
	Place    string
}

func (b *beacon) finding(e *event.Event, p beaconPair, c *beaconCalls, calls []checkIn, score, bar float64, r rhythm, others int, odd signs) event.Finding {
	up, down := medianSizes(calls)
	server, place := e.Flow.Server.Addr(), p.place
	if p.way == beaconAlike {
		place = placeOf(b.env, server)
	}
	peer := b.env.Know.Entity(server)
	switch {
	case p.way == beaconAsks: // of a resolver, who has no part in it
		peer = event.Entity{Domain: place}
	case place != server.String():
		peer.Domain = place
	}
	return event.Finding{
		Key: p.key(), Time: e.Time, Onset: calls[0].at,
		Subject: b.env.Know.Entity(e.Flow.Client.Addr()), Peer: peer, Port: p.port,
		Flows: slices.Compact(slices.Clone(c.refs)), FlowsTotal: c.seen,
		Observed: event.Measure{Value: r.period, Unit: "s", N: c.seen},
		Facts: &beaconFacts{CheckIns: c.seen, Period: r.period, Jitter: r.jitter, Missed: r.missed, Score: score, Bar: bar, Calls: beaconWays[p.way],
			Up: up, Down: down, Others: others, Place: place, Signs: odd.names()},
		Score: min(40+6*score, 95),
	}
}

// medianSizes are those of the calls whose conversation is over.
func medianSizes(calls []checkIn) (up, down int64) {
	ups, downs := sizesOf(calls)
	if len(ups) == 0 {
		return 0, 0
	}
	return int64(ups[len(ups)/2]), int64(downs[len(downs)/2])
}

// sizesOf are the payloads of the calls whose conversation is over, each sorted.
func sizesOf(calls []checkIn) (ups, downs []uint32) {
	for _, c := range calls {
		if c.up > 0 || c.down > 0 {
			ups, downs = append(ups, c.up), append(downs, c.down)
		}
	}
	slices.Sort(ups)
	slices.Sort(downs)
	return ups, downs
}

var beaconTable = event.NewTable("beacon", "A client that calls one place like a timer does.",
	event.Int("brandmelder.beacon.checkins", event.Technical, "calls so far", func(f *beaconFacts) (int64, bool) { return int64(f.CheckIns), true }),
	event.Float("brandmelder.beacon.period_s", event.Technical, "period of the timer, s", func(f *beaconFacts) (float64, bool) { return f.Period, true }),
	event.Float("brandmelder.beacon.jitter", event.Technical, "share of the period by which the calls stray, 0 to 1", func(f *beaconFacts) (float64, bool) { return f.Jitter, true }),
	event.Float("brandmelder.beacon.missed", event.Technical, "share of check-ins left out, 0 to 1", func(f *beaconFacts) (float64, bool) { return f.Missed, true }),
	event.Float("brandmelder.beacon.score", event.Technical, "-log10 of the share of chance series as regular as this, at most 9", func(f *beaconFacts) (float64, bool) { return f.Score, true }),
	event.Float("brandmelder.beacon.bar", event.Technical, "score that the calls had to pass, with what this site has taught", func(f *beaconFacts) (float64, bool) { return f.Bar, true }),
	event.String("brandmelder.beacon.calls", event.Technical, "what the calls are", func(f *beaconFacts) (string, bool) { return f.Calls, true }),
	event.Int("brandmelder.beacon.size_up", event.Technical, "median payload that a call sends, bytes", func(f *beaconFacts) (int64, bool) { return f.Up, f.Up > 0 }),
	event.Int("brandmelder.beacon.size_down", event.Technical, "median payload that a call gets, bytes", func(f *beaconFacts) (int64, bool) { return f.Down, f.Down > 0 }),
	event.Int("brandmelder.beacon.other_hosts", event.Technical, "other hosts that use the place", func(f *beaconFacts) (int64, bool) { return int64(f.Others), true }),
	event.Strings("brandmelder.beacon.signs", event.Technical, "what else is odd about it; without that it is a note", func(f *beaconFacts) []string { return f.Signs }),
	event.String("brandmelder.beacon.destination", event.Technical, "name of the place, or its address where no name is known", func(f *beaconFacts) (string, bool) { return f.Place, true }),
)

func (*beaconFacts) Table() *event.Table { return beaconTable }

func init() {
	register(Spec{
		Name:      "beacon",
		Doc:       "a client calls a place outside like a timer does: by connections, in one connection, by look-ups or pings",
		Family:    "beacon",
		Technique: []string{"T1071", "T1029"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"dicom", "dns", "flow.alive", "flow.end", "flow.start", "hl7", "http", "tls"},
		Facts:     beaconTable,
		New:       newBeacon,
	})
}
