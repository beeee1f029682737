package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// stagingFacts is what was gathered inside and what of it left.
type stagingFacts struct {
	Servers       int
	Gathered, Out uint64
	Usual         uint64
	Seconds       float64
	Place         string
	Handed        bool
}

var stagingTable = event.NewTable("data-staging", "Much gathered from many servers, of which a part leaves.",
	event.Int("brandmelder.data_staging.servers", event.Technical, "servers inside that at least 1 MB was read from, at most 16", func(f *stagingFacts) (int64, bool) { return int64(f.Servers), true }),
	event.Int("brandmelder.data_staging.gathered", event.Technical, "payload read from servers inside, bytes", func(f *stagingFacts) (int64, bool) { return int64(f.Gathered), true }),
	event.Int("brandmelder.data_staging.out", event.Technical, "payload that then left, bytes", func(f *stagingFacts) (int64, bool) { return int64(f.Out), true }),
	event.Int("brandmelder.data_staging.most_before", event.Technical, "most that the host read on a day before, fading with time, bytes", func(f *stagingFacts) (int64, bool) { return int64(f.Usual), true }),
	event.Float("brandmelder.data_staging.seconds", event.Technical, "time from the first that was gathered, s", func(f *stagingFacts) (float64, bool) { return f.Seconds, true }),
	event.String("brandmelder.data_staging.destination", event.Technical, "name of the place, or its address where no name is known", func(f *stagingFacts) (string, bool) { return f.Place, true }),
	event.Bool("brandmelder.data_staging.handed", event.Technical, "another host had gathered it and handed it on", func(f *stagingFacts) (bool, bool) { return true, f.Handed }),
)

func (*stagingFacts) Table() *event.Table { return stagingTable }

func init() {
	register(Spec{
		Name:      "data-staging",
		Doc:       "a host gathers much from many servers inside, and a part of it leaves to a place that is new",
		Family:    "exfiltration",
		Technique: []string{"T1074.002", "T1039", "T1048"},
		Class:     event.Novelty,
		Severity:  event.High,
		Wants:     []string{"flow.start", "flow.alive", "flow.end"},
		Facts:     stagingTable,
		New:       newDataStaging,
	})
}
