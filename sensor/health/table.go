package health

import (
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Table is what of the document goes to an index: figures, and no address, name of a
// person or text of another machine.
func (s *Status) Table() *event.Table { return Table }

// Table is the table of Status.
var Table = event.NewTable("status", "How the sensor is doing.", append(figures(),
	event.Text("message", event.Technical, "one sentence", func(s *Status) (string, bool) { return s.sentence(), true }),
	word("sight", "clear, partly, blind or down: whether the network can be seen", func(s *Status) string { return s.Sight.State }),
	event.Time(path+"sight_since", event.Technical, "since when it is blind", func(s *Status) int64 {
		if s.Sight.Since.IsZero() {
			return 0
		}
		return s.Sight.Since.UnixNano()
	}),
	event.Strings(path+"sight_why", event.Technical, "why it is not clear, a sentence each", func(s *Status) []string { return s.Sight.Why }),
	word("configuration", "hash of what is in force", func(s *Status) string { return s.Configuration }),
	event.Time(path+"since", event.Technical, "when the process that captures began", func(s *Status) int64 { return s.Run.Since.UnixNano() }),
	last("alert", "the newest alert", func(r *Run) *Alert { return r.LastAlert }),
	last("drill", "the newest alert of the exercise", func(r *Run) *Alert { return r.LastDrill }),
	event.Strings(path+"learning", event.Technical, "detectors that still learn", func(s *Status) (names []string) {
		for _, l := range s.Detectors.Lessons {
			if l.Until != nil {
				names = append(names, l.Detector)
			}
		}
		return names
	}),
	event.Objects(path+"lost", "what was lost, by where and why", tallyTable, func(s *Status, yield func(event.Record)) {
		for _, t := range s.Run.Line.Drops.Tallies() {
			yield(&t)
		}
	}),
	event.Objects(path+"outputs", "how each output stands", outputTable, func(s *Status, yield func(event.Record)) {
		for i := range s.Outputs {
			yield(&s.Outputs[i])
		}
	}),
)...)

const path = "brandmelder.status."

func word(name, doc string, get func(*Status) string) event.Field {
	return event.String(path+name, event.Technical, doc, func(s *Status) (string, bool) { return get(s), get(s) != "" })
}

func last(name, doc string, get func(*Run) *Alert) event.Field {
	return event.Time(path+"last_"+name, event.Technical, doc, func(s *Status) int64 {
		if a := get(s.Run); a != nil {
			return a.At.UnixNano()
		}
		return 0
	})
}

func figures() (fields []event.Field) {
	count := func(name, doc string, get func(*Status) uint64) {
		fields = append(fields, event.Int(path+name, event.Technical, doc, func(s *Status) (int64, bool) { return int64(get(s)), true }))
	}
	count("packets", "packets since it began", func(s *Status) uint64 { return s.Run.Line.Packets })
	count("bytes", "bytes of these on the wire", func(s *Status) uint64 { return s.Run.Line.Bytes })
	count("dropped", "packets that the kernel had no room for", func(s *Status) uint64 { return s.Run.Line.Drops.Kernel })
	count("flows", "flows that are live", func(s *Status) uint64 { return s.Run.Line.Flows.Live })
	count("events", "events since it began", func(s *Status) uint64 { return s.Run.Line.Events })
	count("journaled", "documents on disk since it began", func(s *Status) uint64 { return s.Run.Journaled })
	count("shed", "documents that the journal could not take", func(s *Status) uint64 { return s.Run.Shed })
	count("journal_bytes", "size of the journal", func(s *Status) uint64 { return uint64(s.Journal.Decisions.Bytes + s.Journal.Telemetry.Bytes) })
	count("detectors.total", "detectors", func(s *Status) uint64 { return uint64(s.Detectors.Total) })
	count("detectors.live", "detectors that have nothing more to learn", func(s *Status) uint64 { return uint64(s.Detectors.Live()) })
	return fields
}

// sentence says it for people who search.
func (s *Status) sentence() string {
	l := &s.Run.Line
	return fmt.Sprintf("%s; %d packets, %d dropped, %d flows, %d of %d detectors live",
		s.Sight, l.Packets, l.Drops.Kernel, l.Flows.Live, s.Detectors.Live(), s.Detectors.Total)
}

// Tally is how much was lost somewhere for one reason.
type Tally struct {
	Where, Why string
	Count      uint64
}

// Table describes it.
func (t *Tally) Table() *event.Table { return tallyTable }

var tallyTable = event.NewTable("lost", "What was lost.",
	event.String("where", event.Technical, "kernel, undecoded, shed, evicted, unread or broken", func(t *Tally) (string, bool) { return t.Where, true }),
	event.String("why", event.Technical, "the reason there", func(t *Tally) (string, bool) { return t.Why, t.Why != "" }),
	event.Int("count", event.Technical, "how many packets, events or flows", func(t *Tally) (int64, bool) { return int64(t.Count), true }),
)

// Table describes an output.
func (o *Output) Table() *event.Table { return outputTable }

var outputTable = event.NewTable("output", "How an output stands.",
	event.String("name", event.Technical, "what it is called", func(o *Output) (string, bool) { return o.Name, true }),
	event.Int("pending", event.Technical, "documents that wait", func(o *Output) (int64, bool) { return int64(o.Both().Pending), true }),
	event.Int("acknowledged", event.Technical, "documents that it took", func(o *Output) (int64, bool) { return int64(o.Both().Acknowledged), true }),
	event.Int("dead_letters", event.Technical, "documents that it will not take", func(o *Output) (int64, bool) { return int64(o.Both().Dead), true }),
	event.Int("expired", event.Technical, "documents that expired before it took them", func(o *Output) (int64, bool) { return int64(o.Both().Expired), true }),
	event.Bool("waiting", event.Technical, "something holds it up", func(o *Output) (bool, bool) { return o.Both().Error != "", true }),
)
