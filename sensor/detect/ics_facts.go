package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// icsFacts is what a finding of ics-command rests on: commands, a search, or a
// new master.
type icsFacts struct {
	Protocol   string
	Operations []string

	Commands, Accepted, Refused int64
	Devices                     int

	Searched         int // all of the next three that count
	Addresses        int64
	Units, Functions int

	Masters int     // that the device had
	Known   float64 // for how long, s
	Writes  bool
}

var icsTable = event.NewTable("ics-command", "Commands, searches and new masters at industrial and building controllers.", icsFields()...)

func icsFields() []event.Field {
	count := func(path, doc string, get func(*icsFacts) (int64, bool)) event.Field {
		return event.Int("brandmelder.ics."+path, event.Technical, doc, get)
	}
	some := func(n int64) (int64, bool) { return n, n > 0 }
	return []event.Field{
		event.String("brandmelder.ics.protocol", event.Technical, "protocol of the controller", func(f *icsFacts) (string, bool) { return f.Protocol, f.Protocol != "" }),
		event.Strings("brandmelder.ics.operations", event.Technical, "what was asked", func(f *icsFacts) []string { return f.Operations }),
		count("commands", "commands given", func(f *icsFacts) (int64, bool) { return some(f.Commands) }),
		count("accepted", "commands accepted", func(f *icsFacts) (int64, bool) { return f.Accepted, f.Commands > 0 }),
		count("refused", "commands refused", func(f *icsFacts) (int64, bool) { return f.Refused, f.Commands > 0 }),
		count("devices", "controllers they were given to, counted to 64", func(f *icsFacts) (int64, bool) { return some(int64(f.Devices)) }),
		count("searched", "different things asked for that the controller does not have", func(f *icsFacts) (int64, bool) { return some(int64(f.Searched)) }),
		count("addresses", "of them addresses, counted to 64", func(f *icsFacts) (int64, bool) { return f.Addresses, f.Searched > 0 }),
		count("units", "of them units", func(f *icsFacts) (int64, bool) { return int64(f.Units), f.Searched > 0 }),
		count("functions", "of them functions", func(f *icsFacts) (int64, bool) { return int64(f.Functions), f.Searched > 0 }),
		count("masters", "masters that the controller had", func(f *icsFacts) (int64, bool) { return some(int64(f.Masters)) }),
		event.Float("brandmelder.ics.known", event.Technical, "for how long, s", func(f *icsFacts) (float64, bool) { return f.Known, f.Masters > 0 }),
		event.Bool("brandmelder.ics.writes", event.Technical, "the new master writes", func(f *icsFacts) (bool, bool) { return true, f.Writes }),
	}
}

func (*icsFacts) Table() *event.Table { return icsTable }

func init() {
	register(Spec{
		Name:      "ics-command",
		Doc:       "a controller is stopped, restarted, reprogrammed or searched, or has a new master",
		Family:    "ics-command",
		Technique: []string{"T0858", "T0816", "T0843", "T0846"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"ot"},
		Facts:     icsTable,
		New:       newICSCommand,
	})
}
