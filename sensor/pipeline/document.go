package pipeline

import (
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// document turns events into documents.
type document struct {
	observer *event.Observer
	emit     func(event.Doc)
	layouts  map[shelf]*event.Layout
	header   event.Header
	ends     ends
	scratch  []byte // a document grows here, and is copied when its length is known
}

// shelf is what a layout is made for: a record by itself may say in a field of its own
// what the flow says otherwise.
type shelf struct {
	table  *event.Table
	ofFlow bool
}

func newDocument(o *event.Observer, emit func(event.Doc)) *document {
	return &document{observer: o, emit: emit, layouts: map[shelf]*event.Layout{}}
}

// shape is how ECS files a kind of record: dataset, category, type.
type shape struct {
	dataset        string
	category, kind []string
}

var (
	network  = []string{"network"}
	sessions = map[string]shape{
		"auth":     {"auth", []string{"authentication"}, []string{"start"}},
		"smb":      {"smb", []string{"network", "file"}, []string{"protocol", "access"}},
		"ftp":      {"file", []string{"network", "file"}, []string{"protocol", "access"}},
		"ftp-data": {"file", []string{"network", "file"}, []string{"protocol", "access"}},
		"http":     {"http", []string{"network", "web"}, []string{"protocol", "access"}},
		"anomaly":  {"health", network, []string{"info"}},
		"clock":    {"health", network, []string{"change"}},

		"capture.blind": {"health", network, []string{"info"}},
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
		return shape{"flow", network, types}
	}
	return shape{kind, network, []string{"protocol", "info"}}
}

// event writes the document of an event.
func (d *document) event(e *event.Event, k *know.Know) {
	s := shapeOf(e.Kind)
	d.header = event.Header{
		Time: e.Time, Kind: "event", Dataset: s.dataset, Action: strings.ReplaceAll(e.Kind, ".", "-"),
		ID: eventID(e), Category: s.category, Type: s.kind, Observer: d.observer,
	}
	if e.Flow == nil {
		d.write(e.Data, nil)
		return
	}
	d.header.Tags = d.observer.Tags(e.Flow.Ingress)
	d.ends.fill(e.Flow, k)
	d.write(e.Data, e.Flow)
}

// coverage writes the document of a minute.
func (d *document) coverage(c *event.Coverage) {
	d.header = event.Header{
		Time: c.End, Kind: "metric", Dataset: "coverage", Action: "coverage",
		Category: network, Type: []string{"info"}, Observer: d.observer,
	}
	d.header.ID = idOf(c.Start, c.End, 0, "coverage")
	d.write(c, nil)
}

func (d *document) write(data event.Record, f *event.Flow) {
	key := shelf{data.Table(), f != nil}
	l := d.layouts[key]
	if l == nil {
		tables := []*event.Table{event.HeaderTable, data.Table(), nil, nil}
		if f != nil {
			tables[2], tables[3] = flowTable, endsTable
		}
		l = event.NewLayout(tables...)
		d.layouts[key] = l
	}
	records := [4]event.Record{&d.header, data, nil, nil}
	if f != nil {
		records[2], records[3] = f, &d.ends
	}
	d.scratch = l.Append(d.scratch[:0], records[:]...)
	d.emit(event.Doc{
		Dataset: d.header.Dataset, ID: d.header.ID, Time: d.header.Time,
		JSON: slices.Clone(d.scratch),
	})
}

var flowTable = (*event.Flow)(nil).Table()

// eventID is the same in every replay of the same packets: it hashes the place.
func eventID(e *event.Event) string {
	p := e.Place
	return idOf(p.Clock, int64(p.Number), int64(p.Epoch)<<34|int64(p.Phase)<<32|int64(p.N), e.Kind)
}

func idOf(a, b, c int64, kind string) string {
	var buf [24]byte
	for i, x := range [3]int64{a, b, c} {
		for j := range 8 {
			buf[8*i+j] = byte(x >> (8 * j))
		}
	}
	h := fnv.New128a()
	h.Write(buf[:])
	h.Write([]byte(kind))
	return hex.EncodeToString(h.Sum(buf[:0])[:12])
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
