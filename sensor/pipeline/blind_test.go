package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// dark is a source without a packet that was blind.
type dark struct {
	blind  []capture.Blindness
	closed int
}

func (d *dark) Read(*event.Packet) error { return io.EOF }
func (d *dark) Stats() capture.Stats {
	return capture.Stats{Blind: append([]capture.Blindness(nil), d.blind...)}
}
func (d *dark) Close() error { d.closed++; return nil }

// noon is 2024-05-01 12:00 UTC.
const noon = int64(1714564800) * second

// early is a source whose first packet comes after a while.
type early struct {
	dark
	seen uint64
}

func (e *early) Stats() capture.Stats { return capture.Stats{Seen: e.seen} }

// A line that waits for its first packet is not in 1970: a minute of then would begin
// every lesson there, and end it with the first packet.
func TestNoMinuteBeforeTheFirstPacket(t *testing.T) {
	source := &early{}
	var ends []int64
	in := newIntake(source, 0, func(e event.Event) { ends = append(ends, e.Data.(*event.Coverage).End) })
	in.idle(noon)
	source.seen = 5
	in.clock.stamp(noon + 1)
	in.count()
	in.idle(noon + 2*minute)
	if !slices.Equal(ends, []int64{noon + minute}) {
		t.Error(ends)
	}
}

// Each change is told once: the loss, the return, a loss that was over at once.
func TestBlindIsTold(t *testing.T) {
	var docs []string
	d := newDocument(&event.Observer{}, func(doc event.Doc) { docs = append(docs, doc.Dataset+" "+string(doc.JSON)) })
	source := &dark{}
	in := newIntake(source, 0, func(e event.Event) { d.event(&e, nil) })
	look := func(b ...capture.Blindness) {
		source.blind = b
		in.look(noon)
	}
	first := capture.Blindness{From: noon - minute, Interface: "eth1", Reason: capture.Down}
	back := first
	back.To = noon
	short := capture.Blindness{From: noon + 1, To: noon + 2, Interface: "eth1", Reason: capture.Gone}
	look()
	look(first)
	look(first)
	look(back)
	look(back, short)
	ids := map[any]bool{}
	var got []string
	for _, text := range docs {
		dataset, object, _ := strings.Cut(text, " ")
		var doc map[string]any
		if err := json.Unmarshal([]byte(object), &doc); err != nil {
			t.Fatal(err)
		}
		ids[get(doc, "event.id")] = true
		got = append(got, fmt.Sprintf("%s %v %v %v %v %v %v", dataset, get(doc, "event.action"), get(doc, "event.start"), get(doc, "event.end"),
			get(doc, "event.reason"), get(doc, "observer.ingress.interface.name"), get(doc, "message")))
	}
	want := []string{
		"health capture-blind 2024-05-01T11:59:00.000000000Z <nil> down eth1 eth1: blind since 2024-05-01 11:59:00 UTC: it was down",
		"health capture-blind 2024-05-01T11:59:00.000000000Z 2024-05-01T12:00:00.000000000Z down eth1 eth1: blind from 2024-05-01 11:59:00 UTC to 2024-05-01 12:00:00 UTC: it was down",
		"health capture-blind 2024-05-01T12:00:00.000000001Z 2024-05-01T12:00:00.000000002Z gone eth1 eth1: blind from 2024-05-01 12:00:00 UTC to 2024-05-01 12:00:00 UTC: it was gone",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(ids) != len(want) {
		t.Error(diff, ids)
	}
}

// What is blind when the run ends is told with its end, also where no packet ever
// came, and the source is closed once.
func TestBlindEndsWithTheRun(t *testing.T) {
	source := &dark{blind: []capture.Blindness{{From: time.Now().UnixNano() - 5*second, Interface: "eth1", Reason: capture.NoCarrier}}}
	var docs []event.Doc
	line, err := New(settings(1, flow.Config{}), func(d event.Doc) {
		d.JSON = slices.Clone(d.JSON)
		docs = append(docs, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.Live(t.Context(), []capture.Source{source}); err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 || docs[0].Dataset != "health" || !strings.Contains(string(docs[0].JSON), `"duration":5`) {
		t.Error(docs)
	}
	if last := docs[len(docs)-1]; last.Dataset != "coverage" || !strings.Contains(string(last.JSON), `"blind":`) {
		t.Errorf("%s", last.JSON)
	}
	if source.closed != 1 {
		t.Errorf("closed %d times", source.closed)
	}
}

func TestBlindness(t *testing.T) {
	all := []capture.Blindness{{From: 10, To: 30}, {From: 50, To: 70}, {From: 90}}
	for span, want := range map[[2]int64]int64{{0, 100}: 50, {20, 60}: 20, {30, 50}: 0, {95, 100}: 5, {60, 60}: 0} {
		if got := blindness(all, span[0], span[1]); got != want {
			t.Errorf("%v: %d, want %d", span, got, want)
		}
	}
	if got := blindness([]capture.Blindness{{From: 0}, {From: 0}}, 0, 10); got != 10 {
		t.Errorf("two at a time: %d", got)
	}
}
