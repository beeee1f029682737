package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// ransomware finds a client that encrypts the files of a share: many files in a
// short time whose readable content is replaced by evenly spread bytes, whose names
// get one and the same new extension, and a note in every directory.
type ransomware struct {
	env     Env
	clients *baseline.Map[pair, encrypting]
}

const (
	cryptPairs = 4096
	cryptIdle  = 600 * second
	// Published measurements of 26 families on shares (Berrueta et al. 2022) show
	// tens of files in ten seconds; people and programs that rewrite files one by one
	// stay below this in a minute.
	cryptWindow = 60 * second
	cryptFiles  = 15
	// A machine that processes messages renames files of one kind; what takes all
	// that it finds meets several.
	cryptOrigins = 3
	cryptNotes   = 5 // directories with the same new text
)

func newRansomware(env Env, decode Decoder) (Detector, error) {
	return &ransomware{env, baseline.NewMap[pair, encrypting](env.State, "ransomware.clients", cryptPairs, cryptIdle)}, decode(&struct{}{})
}

func (x *ransomware) Tick(int64, Report) {}

func (x *ransomware) Observe(e *event.Event, report Report) {
	if e.Flow == nil || !changesFile(e.Data) {
		return
	}
	p := pairOf(e.Flow)
	c, _ := x.clients.Touch(p, e.Time)
	if c.told == 0 && (c.since == 0 || e.Time-c.since > cryptWindow) {
		*c = encrypting{since: e.Time, read: c.read[:0]}
	}
	c.flows = noteFlow(c.flows, e.Flow)
	c.enter(e.Data)
	severity := c.severity()
	if n := c.rewritten + c.most().count; severity > 0 && (severity > c.severest || n >= 2*c.told) {
		c.told, c.severest = n, max(severity, c.severest)
		report(x.finding(p, c, e))
	}
}

// changesFile reports whether a record is about a file and changes something, or
// shows what was in it.
func changesFile(r event.Record) bool {
	switch event.TextOf(r, "brandmelder.smb.command") {
	case "close":
		return event.TextOf(r, "brandmelder.smb.pipe") == "" && event.TextOf(r, "brandmelder.smb.share.type") != "pipe"
	case "rename", "delete":
		return event.TextOf(r, "brandmelder.smb.status") == "STATUS_SUCCESS"
	}
	return false
}

// severity is 0 where nothing stands out.
func (c *encrypting) severity() event.Severity {
	top := c.most()
	rewritten := c.rewritten >= cryptFiles
	renamed := top.count >= cryptFiles && len(top.origins) >= cryptOrigins
	signs := 0
	for _, sign := range []bool{rewritten, renamed, c.noted() >= cryptNotes} {
		if sign {
			signs++
		}
	}
	switch {
	case signs >= 2:
		return event.Critical
	case rewritten:
		return event.High
	case renamed:
		return event.Medium
	}
	return 0
}

func (x *ransomware) finding(p pair, c *encrypting, e *event.Event) event.Finding {
	top := c.most()
	f := event.Finding{
		Key: p.client.String() + " " + p.server.String(), Time: e.Time, Onset: c.since,
		Subject: x.env.Know.Entity(p.client), Peer: x.env.Know.Entity(p.server), Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), c.flows...), FlowsTotal: len(c.flows),
		Observed: event.Measure{Value: float64(c.rewritten + top.count), Unit: "files", N: c.rewritten + top.count},
		Baseline: event.Measure{Value: cryptFiles, Unit: "files"},
		Facts: &cryptFacts{Rewritten: c.rewritten, Renamed: top.count, Extension: top.extension, Notes: c.noted(),
			Seconds: float64(e.Time-c.since) / float64(second)},
		Score: 85, Severity: c.severest,
	}
	return f
}

// cryptFacts is what a finding of ransomware rests on.
type cryptFacts struct {
	Rewritten, Renamed, Notes int
	Extension                 string
	Seconds                   float64
}

var cryptTable = event.NewTable("ransomware", "Files of a share are encrypted.",
	event.Int("brandmelder.ransomware.rewritten", event.Technical, "files whose content became evenly spread", func(f *cryptFacts) (int64, bool) { return int64(f.Rewritten), true }),
	event.Int("brandmelder.ransomware.renamed", event.Technical, "files that got the same new extension", func(f *cryptFacts) (int64, bool) { return int64(f.Renamed), true }),
	event.String("brandmelder.ransomware.extension", event.Technical, "that extension", func(f *cryptFacts) (string, bool) { return f.Extension, f.Renamed > 0 && f.Extension != "" }),
	event.Int("brandmelder.ransomware.notes", event.Technical, "directories that got a text of the same name", func(f *cryptFacts) (int64, bool) { return int64(f.Notes), true }),
	event.Float("brandmelder.ransomware.seconds", event.Technical, "time since the first of them, s", func(f *cryptFacts) (float64, bool) { return f.Seconds, true }),
)

func (*cryptFacts) Table() *event.Table { return cryptTable }

func init() {
	register(Spec{
		Name: "ransomware", Doc: "a client encrypts the files of a share: contents become even, names get one new extension, notes appear",
		Family: "ransomware", Technique: []string{"T1486"},
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"smb"}, Facts: cryptTable, New: newRansomware,
	})
}
