package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// anomaly passes on what a parser found to be against its protocol: it is worth
// a line for who looks into a host, and never an alarm of its own. One finding
// per client, server and kind of anomaly in a day.
type anomaly struct {
	env  Env
	seen *baseline.Map[anomalyKey, anomalyCount]
}

type anomalyKey struct {
	client, server netip.Addr
	kind           string
}

type anomalyCount struct {
	n     int
	first int64
	told  int // count at the latest finding
}

const (
	anomalyKeys   = 16384
	anomalyMemory = 24 * 3600 * second
	anomalyAgain  = 10 // further findings at ten, a hundred, a thousand times: the count is the news
)

func newAnomaly(env Env, decode Decoder) (Detector, error) {
	return &anomaly{env: env, seen: baseline.NewMap[anomalyKey, anomalyCount](env.State, "anomaly.seen", anomalyKeys, anomalyMemory)}, decode(&struct{}{})
}

func (a *anomaly) Tick(int64, Report) {}

func (a *anomaly) Observe(e *event.Event, report Report) {
	kind := event.TextOf(e.Data, "brandmelder.anomaly.kind")
	if kind == "" || e.Flow == nil {
		return
	}
	f := e.Flow
	key := anomalyKey{f.Client.Addr(), f.Server.Addr(), strings.Clone(kind)}
	c, fresh := a.seen.Touch(key, e.Time)
	if fresh {
		c.first = e.Time
	}
	c.n++
	if c.told > 0 && c.n < anomalyAgain*c.told {
		return
	}
	c.told = c.n
	report(event.Finding{
		Key: key.client.String() + " " + key.server.String() + " " + kind, Time: e.Time, Onset: c.first,
		Subject: a.env.Know.Entity(key.client), Peer: a.env.Know.Entity(key.server), Port: f.Server.Port(),
		Flows: []event.FlowRef{f.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(c.n), Unit: "anomalies", N: c.n},
		Facts:    &anomalyFacts{Kind: kind, Protocol: f.App, Count: c.n}, Score: 30,
	})
}

// anomalyFacts is what a finding of anomaly rests on.
type anomalyFacts struct {
	Kind, Protocol string
	Count          int // times seen between the two today
}

var anomalyTable = event.NewTable("anomaly", "Something against the rules of its protocol.",
	event.String("brandmelder.anomaly.kind", event.Technical, "what was wrong", func(f *anomalyFacts) (string, bool) { return f.Kind, true }),
	event.String("brandmelder.anomaly.protocol", event.Technical, "protocol it was seen in", func(f *anomalyFacts) (string, bool) { return f.Protocol, f.Protocol != "" }),
	event.Int("brandmelder.anomaly.count", event.Technical, "times it was seen between the two", func(f *anomalyFacts) (int64, bool) { return int64(f.Count), true }),
)

func (*anomalyFacts) Table() *event.Table { return anomalyTable }

func init() {
	register(Spec{
		Name:      "anomaly",
		Doc:       "a parser found something against the rules of its protocol",
		Family:    "policy",
		Technique: []string{"T1562"}, // bytes that two readers see differently blind one of them
		Class:     event.Absolute,
		Severity:  event.Low,
		Wants:     []string{"anomaly"},
		Facts:     anomalyTable,
		New:       newAnomaly,
	})
}
