package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// programFacts is what a finding of executable-transfer rests on.
type programFacts struct {
	Way     string // share, http, ftp or socket
	Class   string // kind of program by its first bytes
	Count   int
	Written bool // put there by the client; else fetched
	Signs   []string
	Points  int
}

var programTable = event.NewTable("executable-transfer", "A program on the move where it should not be.",
	event.String("brandmelder.program.way", event.Technical, "how it went: share, http, ftp or socket", func(f *programFacts) (string, bool) { return f.Way, true }),
	event.String("brandmelder.program.class", event.Technical, "kind of program by its first bytes", func(f *programFacts) (string, bool) { return f.Class, f.Class != "" }),
	event.Int("brandmelder.program.count", event.Technical, "programs so far", func(f *programFacts) (int64, bool) { return int64(f.Count), true }),
	event.Bool("brandmelder.program.written", event.Technical, "the client put it there", func(f *programFacts) (bool, bool) { return true, f.Written }),
	event.Bool("brandmelder.program.fetched", event.Technical, "the client took it from there", func(f *programFacts) (bool, bool) { return true, !f.Written && (f.Way == "share" || f.Way == "http") }),
	event.Strings("brandmelder.program.signs", event.Technical, "what is unusual about the download", func(f *programFacts) []string { return f.Signs }),
	event.Int("brandmelder.program.points", event.Technical, "weight of these signs; four is a finding", func(f *programFacts) (int64, bool) { return int64(f.Points), f.Points > 0 }),
)

func (*programFacts) Table() *event.Table { return programTable }

func init() {
	register(Spec{
		Name:      "executable-transfer",
		Doc:       "a program moves to or from a hidden share, or comes from a bare address, under a false type or raw on a socket",
		Family:    "executable-transfer",
		Technique: []string{"T1570", "T1105"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"smb", "http", "ftp-data", "talk"},
		Facts:     programTable,
		New:       newProgram,
	})
}
