package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// medical watches who uses the archive and the message bus:
//
//   - titles that an archive refuses, several of one host: it looks for one that
//     exists (user-enumeration: a title is a name, and no secret is guessed);
//   - queries and retrievals faster than people open studies (exfiltration). A
//     prefetch or a migration does the same, so it is a note, and an alarm where
//     the archive has been known for two weeks and host or destination are new;
//   - images or messages exchanged with an address outside (exfiltration);
//   - a new sender at a message bus that is known for two weeks (policy, a note:
//     a new interface is ordinary work that somebody ordered).
type medical struct {
	env     Env
	guesses *baseline.Map[medicalPair, medicalTitles]
	bulk    *baseline.Map[medicalPair, medicalBulk]
	flows   *baseline.Map[medicalFlow, int64] // requests counted so far
	servers *baseline.Map[medicalServer, int64]
	known   *baseline.Map[medicalUse, int64] // first use, ns
	outside *baseline.Map[medicalPair, bool]
}

const (
	medicalEntries = 8192
	medicalLearn   = 14 * day
	medicalMemory  = 45 * day

	// A technician tries a few spellings; a device that is set up wrong tries one
	// title again and again.
	medicalTitlesMost = 5
	// In ten minutes. Who opens a study each ten seconds asks 60 times.
	medicalRequests = 100
	medicalWindow   = 600 * second
)

// medicalTitles is the pairs of titles that a server refused.
type medicalTitles struct {
	onset  int64
	titles []string
	told   int
	flows  []event.FlowRef
}

// medicalBulk is the requests of the latest window.
type medicalBulk struct {
	begin        int64
	requests     int64
	told         int64
	operations   []string
	destinations []string
	novel        bool
	flows        []event.FlowRef
}

type medicalFlow struct {
	flow                   event.Key
	start                  int64
	operation, destination string
}

type medicalServer struct {
	server   netip.Addr
	protocol string
}

// medicalUse is a host at a server, with what it names: a destination or a sender.
type medicalUse struct {
	pair medicalPair
	name string
}

func newMedical(env Env, decode Decoder) (Detector, error) {
	s := env.State
	s.Learn("medical-anomaly", medicalLearn)
	return &medical{
		env:     env,
		guesses: baseline.NewMap[medicalPair, medicalTitles](s, "medical-anomaly.titles", medicalEntries, day),
		bulk:    baseline.NewMap[medicalPair, medicalBulk](s, "medical-anomaly.bulk", medicalEntries, medicalWindow),
		flows:   baseline.NewMap[medicalFlow, int64](s, "medical-anomaly.flows", medicalEntries, day),
		servers: baseline.Keep(s, baseline.NewMap[medicalServer, int64](s, "medical-anomaly.servers", medicalEntries, medicalMemory)),
		known:   baseline.Keep(s, baseline.NewMap[medicalUse, int64](s, "medical-anomaly.uses", medicalEntries, medicalMemory)),
		outside: baseline.NewMap[medicalPair, bool](s, "medical-anomaly.outside", medicalEntries, day),
	}, decode(&struct{}{})
}

func (m *medical) Tick(int64, Report) {}

func (m *medical) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	k := medicalPair{e.Flow.Client.Addr(), e.Flow.Server.Addr(), e.Flow.App}
	if strings.HasSuffix(event.TextOf(e.Data, "brandmelder.dicom.reason"), "-ae-not-recognized") {
		m.refused(e, k, report)
		return
	}
	m.abroad(e, k, report)
	since, fresh := m.servers.Touch(medicalServer{k.server, k.protocol}, e.Time)
	if fresh {
		*since = e.Time
	}
	learned := e.Time-*since >= medicalLearn
	switch e.Kind {
	case "dicom":
		m.retrieved(e, k, learned, *since, report)
	case "hl7":
		if sender := event.TextOf(e.Data, "brandmelder.hl7.sender"); event.TextOf(e.Data, "brandmelder.hl7.type") != "ACK" && m.novel(k, sender, e.Time) && learned {
			f := m.finding(e, k, e.Time, &medicalFacts{Protocol: k.protocol, Sender: sender})
			f.Key, f.Family, f.Severity, f.Class, f.Score = "sender "+f.Key+" "+sender, "policy", event.Low, event.Novelty, 40
			f.Baseline = event.Measure{Value: 0, Unit: "messages", Since: *since}
			report(f)
		}
	}
}

// novel notes a use and reports whether it is less than a day old.
func (m *medical) novel(k medicalPair, name string, at int64) bool {
	first, fresh := m.known.Touch(medicalUse{k, strings.Clone(name)}, at)
	if fresh {
		*first = at
	}
	return fresh
}

func (m *medical) refused(e *event.Event, k medicalPair, report Report) {
	g, fresh := m.guesses.Touch(k, e.Time)
	if fresh {
		g.onset = e.Time
	}
	title := event.TextOf(e.Data, "brandmelder.dicom.calling_ae") + " → " + event.TextOf(e.Data, "brandmelder.dicom.called_ae")
	if slices.Contains(g.titles, title) || len(g.titles) == 256 {
		return
	}
	g.titles = append(g.titles, title)
	g.flows = noteFlow(g.flows, e.Flow)
	n := len(g.titles)
	if n < medicalTitlesMost || g.told > 0 && n < 2*g.told {
		return
	}
	g.told = n
	f := m.finding(e, k, g.onset, &medicalFacts{Protocol: k.protocol, Titles: slices.Clone(g.titles), Tried: n})
	f.Key, f.Family, f.Score = "titles "+f.Key, "user-enumeration", 80
	f.Flows, f.FlowsTotal = slices.Clone(g.flows), n
	f.Observed = event.Measure{Value: float64(n), Unit: "titles", N: n}
	report(f)
}

// abroad reports a partner outside, once a day.
func (m *medical) abroad(e *event.Event, k medicalPair, report Report) {
	in := m.env.Know.Internal
	if in(k.client) == in(k.server) {
		return
	}
	if told, _ := m.outside.Touch(k, e.Time); !*told {
		*told = true
		f := m.finding(e, k, e.Time, &medicalFacts{Protocol: k.protocol, Outside: true})
		f.Key = "outside " + f.Key
		report(f)
	}
}

func (m *medical) retrieved(e *event.Event, k medicalPair, learned bool, since int64, report Report) {
	op := event.TextOf(e.Data, "brandmelder.dicom.operation")
	if op != "c-find" && op != "c-move" && op != "c-get" || event.IsTrue(e.Data, "brandmelder.dicom.reversed") {
		return
	}
	to := event.TextOf(e.Data, "brandmelder.dicom.move_destination")
	n := m.more(e, op, to)
	novel := m.novel(k, to, e.Time) && learned
	b, _ := m.bulk.Touch(k, e.Time)
	if e.Time-b.begin > medicalWindow {
		*b = medicalBulk{begin: e.Time}
	}
	b.requests, b.novel = b.requests+n, b.novel || novel
	b.flows = noteFlow(b.flows, e.Flow)
	if !slices.Contains(b.operations, op) {
		b.operations = append(b.operations, op)
	}
	if to != "" {
		b.destinations = keep(b.destinations, to, 8)
	}
	if b.requests < medicalRequests || b.told > 0 && b.requests < 2*b.told {
		return
	}
	b.told = b.requests
	f := m.finding(e, k, b.begin, &medicalFacts{Protocol: k.protocol, Requests: b.requests, Operations: slices.Clone(b.operations), Destinations: slices.Clone(b.destinations), Novel: b.novel,
		Seconds: float64(e.Time-b.begin) / second})
	f.Key, f.Severity, f.Score = "bulk "+f.Key, event.Low, 45
	if b.novel {
		f.Severity, f.Score, f.Class = event.Medium, 70, event.Novelty
		f.Baseline = event.Measure{Value: 0, Unit: "requests", Since: since}
	}
	f.Flows, f.FlowsTotal = slices.Clone(b.flows), len(b.flows)
	f.Observed = event.Measure{Value: float64(b.requests), Unit: "requests", N: int(b.requests)}
	report(f)
}

// more is how many requests are new in this record of an association.
func (m *medical) more(e *event.Event, op, to string) int64 {
	n := event.NumberOf(e.Data, "brandmelder.dicom.requests")
	last, _ := m.flows.Touch(medicalFlow{e.Flow.Key, e.Flow.Start, op, strings.Clone(to)}, e.Time)
	d := max(n-*last, 0)
	*last = n
	return d
}

func (m *medical) finding(e *event.Event, k medicalPair, onset int64, facts *medicalFacts) event.Finding {
	return event.Finding{
		Key: k.client.String() + " " + k.server.String() + " " + k.protocol, Time: e.Time, Onset: onset,
		Subject: m.env.Know.Entity(k.client), Peer: m.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1, Score: 65, Facts: facts,
	}
}
