package pipeline

import (
	"encoding/hex"
	"hash/fnv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// document turns events into documents.
type document struct {
	observer *event.Observer
	emit     func(event.Doc)
	forms    map[formKey]*form
	header   event.Header
	ends     ends
	scratch  []byte // the document at hand
}

// form is how the documents of one kind of event are written: what their header
// says of the kind is part of the layout.
type form struct {
	dataset string
	layout  *event.Layout
}

// formKey is what a form is made for: a record by itself may say in a field of its
// own what the flow says otherwise.
type formKey struct {
	kind   string
	table  *event.Table
	ofFlow bool
}

func newDocument(o *event.Observer, emit func(event.Doc)) *document {
	return &document{observer: o, emit: emit, forms: map[formKey]*form{}}
}

// form is made at the first event of a kind.
func (d *document) form(kind string, table *event.Table, ofFlow bool) *form {
	key := formKey{kind, table, ofFlow}
	if f := d.forms[key]; f != nil {
		return f
	}
	tables := []*event.Table{event.HeaderTable, table, nil, nil}
	if ofFlow {
		tables[2], tables[3] = flowTable, endsTable
	}
	s := shapeOf(kind)
	f := &form{dataset: s.dataset, layout: event.NewLayout(tables...)}
	f.layout.Fix(0, &event.Header{
		Kind: s.eventKind, Dataset: s.dataset, Action: strings.ReplaceAll(kind, ".", "-"),
		Category: s.category, Type: s.kind, Observer: d.observer,
	}, "@timestamp", "event.id", "tags")
	d.forms[key] = f
	return f
}

// shape is how ECS files a kind of record: kind of event, dataset, category, type.
type shape struct {
	eventKind, dataset string
	category, kind     []string
}

var (
	network  = []string{"network"}
	sessions = map[string]shape{
		"auth":     {"event", "auth", []string{"authentication"}, []string{"start"}},
		"smb":      {"event", "smb", []string{"network", "file"}, []string{"protocol", "access"}},
		"ftp":      {"event", "file", []string{"network", "file"}, []string{"protocol", "access"}},
		"ftp-data": {"event", "file", []string{"network", "file"}, []string{"protocol", "access"}},
		"http":     {"event", "http", []string{"network", "web"}, []string{"protocol", "access"}},
		"anomaly":  {"event", "health", network, []string{"info"}},
		"clock":    {"event", "health", network, []string{"change"}},

		"coverage": {"metric", "coverage", network, []string{"info"}},

		"capture.blind": {"event", "health", network, []string{"info"}},
		"status":        {"metric", "health", network, []string{"info"}},
	}
	flowKinds = map[string][]string{
		"flow.start": {"connection", "start"},
		"flow.alive": {"connection", "info"},
		"flow.end":   {"connection", "end"},
	}
)

func shapeOf(kind string) shape {
	if s, ok := sessions[kind]; ok {
		return s
	}
	if types, ok := flowKinds[kind]; ok {
		return shape{"event", "flow", network, types}
	}
	return shape{"event", kind, network, []string{"protocol", "info"}}
}

// event writes the document of an event.
func (d *document) event(e *event.Event, k *know.Know) {
	if e.Flow != nil {
		d.ends.fill(e.Flow, k)
	}
	d.write(e.Kind, e.Time, d.eventID(e), e.Data, e.Flow)
}

// coverage writes the document of a minute.
func (d *document) coverage(c *event.Coverage) {
	d.write("coverage", c.End, d.idOf(c.Start, c.End, 0, "coverage"), c, nil)
}

// HealthDocument is a document about the sensor itself.
func HealthDocument(o *event.Observer, s *health.Status) (out event.Doc) {
	d := newDocument(o, func(made event.Doc) { out = made })
	at := s.At.UnixNano()
	d.write("status", at, d.idOf(at, int64(s.Run.PID), 0, "status"), s, nil)
	return out
}

func (d *document) write(kind string, time int64, id string, data event.Record, f *event.Flow) {
	form := d.form(kind, data.Table(), f != nil)
	d.header = event.Header{Time: time, ID: id}
	records := [4]event.Record{&d.header, data, nil, nil}
	if f != nil {
		d.header.Tags = d.observer.Tags(f.Ingress)
		records[2], records[3] = f, &d.ends
	}
	d.scratch = form.layout.Append(d.scratch[:0], records[:]...)
	d.emit(event.Doc{Dataset: form.dataset, ID: id, Time: time, JSON: d.scratch})
}

var flowTable = (*event.Flow)(nil).Table()

// eventID is the same in every replay of the same packets: it hashes the place.
func (d *document) eventID(e *event.Event) string {
	p := e.Place
	return d.idOf(p.Clock, int64(p.Number), int64(p.Epoch)<<34|int64(p.Phase)<<32|int64(p.N), e.Kind)
}

func (d *document) idOf(a, b, c int64, kind string) string {
	var buf [24]byte
	for i, x := range [3]int64{a, b, c} {
		for j := range 8 {
			buf[8*i+j] = byte(x >> (8 * j))
		}
	}
	h := fnv.New128a()
	h.Write(d.observer.Salt)
	h.Write(buf[:])
	h.Write([]byte(kind))
	var text [24]byte
	hex.Encode(text[:], h.Sum(buf[:0])[:12])
	return string(text[:])
}

// ends is what is known about the two ends of a flow.
type ends struct {
	direction      string
	source, target string
	zones          [2]string
}

func (c *ends) fill(f *event.Flow, k *know.Know) {
	*c = ends{
		direction: k.Direction(f),
		source:    k.NameOf(f.Client.Addr()),
		target:    k.NameOf(f.Server.Addr()),
	}
	for side := range c.zones {
		if z := k.Zone(f.Addr(event.Side(side))); z != nil {
			c.zones[side] = z.Name
		}
	}
}

var endsTable = event.NewTable("context", "What is known about the two ends of a flow.",
	event.String("network.direction", event.Technical, "internal, inbound, outbound or external", func(c *ends) (string, bool) {
		return c.direction, c.direction != ""
	}),
	event.String("source.domain", event.Personal, "name that last resolved to the client", func(c *ends) (string, bool) { return c.source, c.source != "" }),
	event.String("destination.domain", event.Personal, "name that last resolved to the server", func(c *ends) (string, bool) { return c.target, c.target != "" }),
	event.String("brandmelder.zone.source", event.Technical, "zone of the client", func(c *ends) (string, bool) { return c.zones[0], c.zones[0] != "" }),
	event.String("brandmelder.zone.destination", event.Technical, "zone of the server", func(c *ends) (string, bool) { return c.zones[1], c.zones[1] != "" }),
)

func (*ends) Table() *event.Table { return endsTable }
