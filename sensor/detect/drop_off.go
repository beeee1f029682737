package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// dropOff finds data that is left at a service which takes it from anyone, such as
// file senders, paste sites and chat interfaces, or that leaves over SSH or rsync.
// That alone is a note: people send holiday pictures and partners get exports. An
// alarm is much of it to a place that is new to the house, once that is learned; and
// a program's parcel at a place where nobody needs an account.
type dropOff struct {
	env    Env
	lesson *baseline.Lesson
	names  *baseline.Map[pair, string] // as the client asked for it in TLS or HTTP
	sums   *baseline.Map[uploadPair, dropSum]
	places rarePlaces
}

type dropSum struct {
	first int64
	bytes uint64
	told  uint64
	grave bool
	refs  []event.FlowRef
}

const (
	dropPairs = 8192
	dropNamed = 16384
	dropLearn = 7 * day
	// A text, a screen or a form is less; the parcel of a program that steals is more.
	dropLeast = 1_000_000
	dropMuch  = 20_000_000
)

// dropShells are the services of a shell, by which files leave: SSH, rsync, rsh.
var dropShells = []uint16{22, 873, 514}

func newDropOff(env Env, decode Decoder) (Detector, error) {
	s := env.State
	return &dropOff{
		env:    env,
		lesson: s.Learn("drop-off", dropLearn),
		names:  baseline.NewMap[pair, string](s, "drop-off.names", dropNamed, 3600*second),
		sums:   baseline.NewMap[uploadPair, dropSum](s, "drop-off.pairs", dropPairs, day),
		places: newRarePlaces(s, "drop-off.places"),
	}, decode(&struct{}{})
}

func (d *dropOff) Tick(int64, Report) {}

func (d *dropOff) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	if !d.env.Know.Internal(k.client) || d.env.Know.Internal(k.server) {
		return
	}
	learned := d.lesson.Over(e.Time)
	t, ok := e.Data.(*event.Traffic)
	if !ok {
		d.name(e, k)
		return
	}
	up, down := t.Delta[event.Client].Payload, t.Delta[event.Server].Payload
	if !pushes(up, down) {
		return
	}
	if place, kind := d.place(e.Flow, k); kind != dropNone {
		if rare, _ := d.places.note(place, k.client, e.Time); rare || kind != dropShell { // a partner's is known
			d.count(e, k, place, kind, up, rare, learned, report)
		}
	}
}

// name notes what the client calls a server, if it is one of the list.
func (d *dropOff) name(e *event.Event, k pair) {
	host := event.TextOf(e.Data, "tls.client.server_name")
	if e.Kind == "http" {
		host = event.TextOf(e.Data, "url.domain")
	}
	if place, kind := dropPlace(strings.ToLower(host)); kind != dropNone {
		name, _ := d.names.Touch(k, e.Time)
		*name = place
	}
}

func (d *dropOff) place(f *event.Flow, k pair) (string, dropKind) {
	if name := d.names.Get(k); name != nil {
		return dropPlace(*name)
	}
	host := placeOf(d.env, k.server)
	if place, kind := dropPlace(host); kind != dropNone {
		return place, kind
	}
	if f.Proto == 6 && (f.App == "ssh" || f.App == "rsync" || f.App == "" && slices.Contains(dropShells, f.Server.Port())) {
		return host, dropShell
	}
	return "", dropNone
}

func (d *dropOff) count(e *event.Event, k pair, place string, kind dropKind, up uint64, rare, learned bool, report Report) {
	s, fresh := d.sums.Touch(uploadPair{k.client, place}, e.Time)
	if fresh || e.Time-s.first >= day {
		*s = dropSum{first: e.Time}
	}
	s.bytes += up
	s.refs = noteFlow(s.refs, e.Flow)
	grave := rare && dropGrave(kind, s.bytes, learned)
	if s.bytes < dropLeast || s.bytes < 2*s.told && (s.grave || !grave) {
		return
	}
	s.told, s.grave = s.bytes, s.grave || grave
	severity := event.Low
	if s.grave {
		severity = event.Medium
	}
	report(d.finding(e, k, place, kind, s, severity))
}

// dropGrave says whether as much at a rare place of that kind is an alarm. A place
// without an account, and a name made a minute ago, are nobody's partner.
func dropGrave(kind dropKind, bytes uint64, learned bool) bool {
	if kind == dropAnonymous || kind == dropTunnel {
		return bytes >= dropMuch || learned && bytes >= dropLeast
	}
	return learned && bytes >= dropMuch
}

func (d *dropOff) finding(e *event.Event, k pair, place string, kind dropKind, s *dropSum, severity event.Severity) event.Finding {
	f := event.Finding{
		Key: k.client.String() + " " + place, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(s.bytes), Unit: "bytes", N: len(s.refs)},
		Facts:    &dropFacts{Bytes: s.bytes, Place: place, Kind: dropKinds[kind]}, Score: 65, Severity: severity,
	}
	if _, err := netip.ParseAddr(place); err != nil {
		f.Peer.Domain = place
	}
	return f
}

type dropFacts struct {
	Bytes       uint64
	Place, Kind string
}

var dropTable = event.NewTable("drop-off", "Data left at services that take it from anyone, or sent out over SSH or rsync.",
	event.Int("brandmelder.drop_off.bytes", event.Technical, "payload sent there within a day, bytes", func(f *dropFacts) (int64, bool) { return int64(f.Bytes), true }),
	event.String("brandmelder.drop_off.destination", event.Technical, "name of the service, or the address", func(f *dropFacts) (string, bool) { return f.Place, true }),
	event.String("brandmelder.drop_off.kind", event.Technical, "cloud, anonymous, messenger, tunnel or shell", func(f *dropFacts) (string, bool) { return f.Kind, true }),
)

func (*dropFacts) Table() *event.Table { return dropTable }

func init() {
	register(Spec{
		Name: "drop-off", Doc: "data is left at a file sender, paste site or chat interface, or leaves over SSH or rsync to a place that is new",
		Family: "exfiltration", Technique: []string{"T1567.002", "T1567.003", "T1048.001", "T1102"},
		Class: event.Absolute, Severity: event.Low,
		Wants: []string{"flow.start", "flow.alive", "flow.end", "tls", "http"}, Facts: dropTable, New: newDropOff,
	})
}
