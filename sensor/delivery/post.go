package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// Post is what carries the journal to one output.
type Post struct {
	Name    string // of the output among the others
	Where   string // it writes to
	Journal string // directory
	Dir     string // of its own: accounts and dead letters
	Choice  output.Choice
	Limit   int  // messages a minute, 0 without
	Single  bool // each document is acknowledged by itself
	View    func(event.Doc) (event.Doc, error)
	Env     output.Env
	Open    func(output.Env) (output.Sink, error)
	Say     func(format string, args ...any)
	Tell    func(n News, format string, args ...any) // nil: Say
	Disk    lasting.Disk
	Backoff ingest.Backoff // the zero value: the usual one
}

// News is what somebody may have to act on.
type News uint8

const (
	Waits  News = iota // something holds the output up
	GoesOn             // and no longer
	Buries             // it will not take some documents
)

// Run delivers until stop is closed and the journal is at its end, or ctx ends; a
// series that waits does not hold up the other.
func (p *Post) Run(ctx context.Context, stop <-chan struct{}) error {
	if p.Tell == nil {
		p.Tell = func(_ News, format string, args ...any) { p.Say(format, args...) }
	}
	if p.Backoff == (ingest.Backoff{}) {
		p.Backoff = ingest.DefaultBackoff
	}
	var lanes []*lane
	for _, s := range Lanes {
		l, err := p.open(s)
		if err != nil {
			return fmt.Errorf("output %s: %w", p.Name, err)
		}
		defer l.sink.Close()
		lanes = append(lanes, l)
	}
	var running sync.WaitGroup
	for _, l := range lanes {
		running.Go(func() { l.run(ctx, stop) })
	}
	running.Wait()
	return nil
}

// Tell reads how an output stands with both series into o.
func Tell(o *health.Output, journalDir, dir string) error {
	for s, account := range map[event.Series]*health.Account{event.Decisions: &o.Decisions, event.Telemetry: &o.Telemetry} {
		standing, err := Stand(journalDir, dir, s)
		if err != nil {
			return err
		}
		*account = standing.Told()
	}
	return nil
}

// Line tells how an output stands, for the end of a run.
func Line(name, where, journalDir, dir string) (string, error) {
	var o health.Output
	err := Tell(&o, journalDir, dir)
	return strings.TrimSpace(name+" "+where) + ": " + o.Both().String(), err
}

// Told is how it stands, for the document about the sensor.
func (s *Standing) Told() health.Account {
	return health.Account{
		Next: s.Next, Journaled: s.Journaled, Acknowledged: s.Acknowledged, Pending: s.Pending,
		Dead: s.Dead - s.Resent, Expired: s.expired(), Unasked: s.Unasked, HeldBack: s.HeldBack,
		Doubtful: s.Doubtful, Adds: s.Adds(), Error: s.Error, Since: s.Since,
	}
}
