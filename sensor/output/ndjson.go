package output

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "ndjson", Doc: "one JSON document a line, appended to a file or - for standard output", What: Everything,
		Settings: func() Settings { return &ndjsonSettings{Path: "-"} }, Open: openNDJSON,
	})
}

type ndjsonSettings struct {
	Path string `yaml:"path"`
}

// Where is the file.
func (s *ndjsonSettings) Where() string { return s.Path }

// NDJSON writes one document a line.
type NDJSON struct {
	w    *bufio.Writer
	file *os.File // nil: the writer is the caller's
}

// NewNDJSON writes to w, which stays the caller's.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{w: bufio.NewWriterSize(w, 1<<16)} }

func openNDJSON(env Env, s Settings) (Sink, error) {
	c := s.(*ndjsonSettings)
	if c.Path == "-" {
		return NewNDJSON(env.Stdout), nil
	}
	f, err := os.OpenFile(c.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	n := NewNDJSON(f)
	n.file = f
	return n, nil
}

// Write writes documents and hands them to the system. After an error a part of
// them may stand in the file; a reader tells repeats by event.id.
func (n *NDJSON) Write(_ context.Context, docs []event.Doc) error {
	for _, d := range docs {
		n.w.Write(d.JSON)
		n.w.WriteByte('\n')
	}
	if err := n.w.Flush(); err != nil {
		return fmt.Errorf("ndjson: %w", err)
	}
	return nil
}

// Close ends the file; a writer of the caller is only flushed.
func (n *NDJSON) Close() error {
	err := n.w.Flush()
	if n.file != nil {
		err = errors.Join(err, n.file.Sync(), n.file.Close())
	}
	return err
}
