package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

const deliverEvery = time.Second

// consumer is one output of the configuration. It reads the journal at its own
// pace; what it could not take waits there.
type consumer struct {
	config.Output
	sink  output.Sink
	codes *output.Pseudonyms // nil: the full view
	had   journal.Delivery
	err   error // of the latest try
}

// consumers opens the outputs of the configuration.
func (s *settings) consumers(stdout io.Writer, state string, seed []byte) (list []*consumer, err error) {
	for _, o := range s.Outputs {
		c := &consumer{Output: o}
		if o.Sees() == config.Pseudonyms {
			if c.codes, err = s.pseudonyms(seed); err != nil {
				return list, err
			}
		}
		if c.sink, err = open(o, output.Env{Stdout: stdout, StateDir: state}); err != nil {
			return list, fmt.Errorf("output %s: %w", o.Name, err)
		}
		list = append(list, c)
	}
	return list, nil
}

func open(o config.Output, env output.Env) (output.Sink, error) {
	for _, s := range output.All() {
		if s.Name == o.Name {
			return s.Open(env, func(into any) error { return o.Decode(into) })
		}
	}
	return nil, errors.New("is not on the shelf; see list outputs")
}

// pseudonyms is the view for outputs outside of the institution.
func (s *settings) pseudonyms(seed []byte) (*output.Pseudonyms, error) {
	return output.NewPseudonyms(seed, pipeline.Tables(), func(d event.Document) { alert.Reword(s.Lang, d) })
}

// cursor names the consumer by what it writes to, so that the order of the
// configuration does not matter.
func (c *consumer) cursor() string {
	sum := sha256.Sum256([]byte(c.Path + "\x00" + c.Sees()))
	return c.Name + "-" + hex.EncodeToString(sum[:4])
}

// deliver hands the consumer what it has not had.
func (c *consumer) deliver(journalDir string) {
	d, err := journal.Deliver(journalDir, c.cursor(), c.write)
	c.had.Delivered += d.Delivered
	c.had.Missing += d.Missing
	c.err = err
}

func (c *consumer) write(docs []event.Doc) error {
	if c.codes == nil {
		return c.sink.Write(docs)
	}
	coded := make([]event.Doc, len(docs))
	for i, d := range docs {
		var err error
		if coded[i], err = c.codes.Doc(d); err != nil {
			return err
		}
	}
	return c.sink.Write(coded)
}

// follow delivers each second, until ctx ends.
func (c *consumer) follow(ctx context.Context, journalDir string) {
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.deliver(journalDir)
		}
	}
}

// finish delivers the rest and tells how it went.
func (c *consumer) finish(journalDir string) string {
	c.deliver(journalDir)
	s := fmt.Sprintf("%s %s: %d delivered, %d expired before", c.Name, c.Path, c.had.Delivered, c.had.Missing)
	if err := errors.Join(c.err, c.sink.Close()); err != nil {
		s += "; the rest waits in the journal: " + err.Error()
	}
	return s
}

// followAll starts the consumers; the function that it returns ends them, when
// the journal is complete, and tells how it went.
func followAll(list []*consumer, journalDir string) (finish func() []string) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, c := range list {
		running.Go(func() { c.follow(ctx, journalDir) })
	}
	return func() (lines []string) {
		stop()
		running.Wait()
		for _, c := range list {
			lines = append(lines, c.finish(journalDir))
		}
		return lines
	}
}
