package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// slowFacts is what a finding of slow-upload rests on: a day, or less.
type slowFacts struct {
	Bytes   uint64
	Seconds float64
	Hours   int
	Place   string // "" where it is several
	Places  int
	Usual   uint64
	Days    int
	Rare    float64
}

var slowTable = event.NewTable("slow-upload", "Data that trickles out to places outside that are new.",
	event.Int("brandmelder.slow_upload.bytes", event.Technical, "payload sent there within a day, bytes", func(f *slowFacts) (int64, bool) { return int64(f.Bytes), true }),
	event.Float("brandmelder.slow_upload.seconds", event.Technical, "time it took, s", func(f *slowFacts) (float64, bool) { return f.Seconds, true }),
	event.Int("brandmelder.slow_upload.hours", event.Technical, "hours of the day in which some of it went", func(f *slowFacts) (int64, bool) { return int64(f.Hours), true }),
	event.String("brandmelder.slow_upload.destination", event.Technical, "name of the place, or its address where no name is known", func(f *slowFacts) (string, bool) { return f.Place, f.Place != "" }),
	event.Int("brandmelder.slow_upload.destinations", event.Technical, "new places that it went to, where it is several together", func(f *slowFacts) (int64, bool) { return int64(f.Places), f.Place == "" }),
	event.Int("brandmelder.slow_upload.most_before", event.Technical, "most that the client sent out on a day before, fading with time, bytes", func(f *slowFacts) (int64, bool) { return int64(f.Usual), true }),
	event.Int("brandmelder.slow_upload.days", event.Technical, "days that this is known from", func(f *slowFacts) (int64, bool) { return int64(f.Days), true }),
	event.Float("brandmelder.slow_upload.rare", event.Technical, "share of the days of its group's clients that reach as much, 0 to 1", func(f *slowFacts) (float64, bool) { return f.Rare, true }),
)

func (*slowFacts) Table() *event.Table { return slowTable }

func init() {
	register(Spec{
		Name:      "slow-upload",
		Doc:       "data trickles out within a day to places outside that are new, far more than the client and its group ever send",
		Family:    "exfiltration",
		Technique: []string{"T1030", "T1048", "T1567"},
		Class:     event.Novelty,
		Severity:  event.Medium,
		Wants:     []string{"flow.start", "flow.alive", "flow.end"},
		Facts:     slowTable,
		New:       newSlowUpload,
	})
}
