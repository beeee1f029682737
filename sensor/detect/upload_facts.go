package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// uploadFacts is what a finding of upload rests on: an hour, or less.
type uploadFacts struct {
	Bytes, Back uint64  // payload to the place, and from it
	Seconds     float64 // from the first of it to now
	Place       string
	Share       float64 // of all that the host sent outside in that hour
}

var uploadTable = event.NewTable("upload", "A lot of data sent to a place outside that nobody else here uses.",
	event.Int("brandmelder.upload.bytes", event.Technical, "payload sent there within the hour, bytes", func(f *uploadFacts) (int64, bool) { return int64(f.Bytes), true }),
	event.Int("brandmelder.upload.bytes_back", event.Technical, "payload that came back, bytes", func(f *uploadFacts) (int64, bool) { return int64(f.Back), true }),
	event.Float("brandmelder.upload.seconds", event.Technical, "time it took, s", func(f *uploadFacts) (float64, bool) { return f.Seconds, true }),
	event.String("brandmelder.upload.destination", event.Technical, "name of the place, or its address where no name is known", func(f *uploadFacts) (string, bool) { return f.Place, true }),
	event.Float("brandmelder.upload.share", event.Technical, "share of all that the host sent outside in that hour, 0 to 1", func(f *uploadFacts) (float64, bool) { return f.Share, true }),
)

func (*uploadFacts) Table() *event.Table { return uploadTable }

func init() {
	register(Spec{
		Name:      "upload",
		Doc:       "a host sends a lot within an hour to a place outside that nobody else here uses",
		Family:    "exfiltration",
		Technique: []string{"T1048", "T1567"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"flow.start", "flow.alive", "flow.end"},
		Facts:     uploadTable,
		New:       newUpload,
	})
}
