package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
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
	Disk    journal.Disk
	Backoff ingest.Backoff // the zero value: the usual one
}

// Run delivers until stop is closed and the journal is at its end, or ctx ends; a
// series that waits does not hold up the other.
func (p *Post) Run(ctx context.Context, stop <-chan struct{}) error {
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

// Both is how an output stands with both series together.
func Both(journalDir, dir string) (sum Standing, err error) {
	for _, s := range Lanes {
		one, err := Stand(journalDir, dir, s)
		if err != nil {
			return sum, err
		}
		sum.Join(&one)
	}
	return sum, nil
}

// Line tells how an output stands, for the end of a run.
func Line(name, where, journalDir, dir string) (string, error) {
	sum, err := Both(journalDir, dir)
	return strings.TrimSpace(name+" "+where) + ": " + sum.String(), err
}

// Gone is how many documents expired before they were delivered.
func (s *Standing) Gone() uint64 { return s.expired() }

// Join adds the account of another series.
func (s *Standing) Join(o *Standing) {
	s.Journaled += o.Journaled
	s.Pending += o.Pending
	s.Acknowledged += o.Acknowledged
	s.Unasked += o.Unasked
	s.HeldBack += o.HeldBack
	s.Dead += o.Dead
	s.Resent += o.Resent
	s.Doubtful += o.Doubtful
	s.expire(o.Expired)
	if s.Error == "" {
		s.Error, s.Since = o.Error, o.Since
	}
}

func (s *Standing) String() string {
	text := fmt.Sprintf("%d journaled = %d acknowledged + %d pending + %d dead letters + %d expired",
		s.Journaled, s.Acknowledged, s.Pending, s.Dead-s.Resent, s.expired())
	if n := s.Unasked; n > 0 {
		text += fmt.Sprintf(" + %d not asked for", n)
	}
	if n := s.HeldBack; n > 0 {
		text += fmt.Sprintf(" + %d held back and counted in a message", n)
	}
	if n := s.Doubtful; n > 0 {
		text += fmt.Sprintf("; %d may be there twice", n)
	}
	if !s.Adds() {
		text += " WRONG"
	}
	if s.Error != "" {
		text += "; waiting since " + s.Since + ": " + s.Error
	}
	return text
}
