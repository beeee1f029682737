package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// replay is the verb's flags.
type replay struct {
	alertsOnly bool
	output     string
	out        string
	shards     int
	seen       bool // a person sees what is written
	learned    string
	settings
}

func replayCommand() *cobra.Command {
	var r replay
	c := &cobra.Command{
		Use:   "replay FILE…",
		Short: "the same line over capture files; stores nothing",
		Long: "Replay reads pcap and pcapng files (also .gz and .zst, and - for standard input) through the\n" +
			"same line as run. It starts with empty state, gives the same bytes every time, and stores nothing.\n" +
			"With --state it starts with what a sensor learned that keeps its state there.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error { return r.run(c, files) },
	}
	c.Flags().BoolVar(&r.alertsOnly, "alerts-only", false, "write alerts and nothing else")
	c.Flags().StringVar(&r.output, "output", "table", "table or ndjson")
	c.Flags().StringVar(&r.out, "out", "-", "file to write to, - for standard output")
	c.Flags().IntVar(&r.shards, "shards", 1, "packet shards, 1 to 64")
	c.Flags().StringVar(&r.learned, "state", "", "state directory to begin with; it is only read")
	r.fileFlag(c, "the defaults")
	return c
}

func (r *replay) run(c *cobra.Command, files []string) (err error) {
	if r.output != "table" && r.output != "ndjson" {
		return fmt.Errorf("--output %s: choose table or ndjson", r.output)
	}
	if err := r.load(); err != nil {
		return err
	}
	source, err := capture.Files(files, capture.Options{Stdin: c.InOrStdin(), Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer source.Close()
	settings, err := r.settingsOfLine()
	if err != nil {
		return err
	}
	var write func(event.Doc)
	line, err := pipeline.New(settings, func(d event.Doc) { write(d) })
	if err != nil {
		return err
	}
	// What was there before is overwritten only now that nothing can be refused any more.
	w, finish, err := create(r.out, files, c.OutOrStdout())
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, finish()) }()
	r.seen = r.out == "-" && isTerminal(c.OutOrStdout())
	ctx, stop := interruptible(c.Context())
	defer stop(nil)
	write, sum := r.writer(w, stop)
	end := progress(c.ErrOrStderr(), source)
	account, err := line.Replay(ctx, source)
	end()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = firstError(err, sum())
	account.Print(c.ErrOrStderr())
	return err
}

func (r *replay) settingsOfLine() (pipeline.Config, error) {
	settings, err := r.line(r.shards, &event.Observer{Name: "replay", Namespace: r.Namespace}, []byte("replay"))
	settings.AlertsOnly = r.alertsOnly
	if r.learned != "" {
		dir := learnedIn(r.learned)
		if _, err := os.Stat(dir); err != nil {
			return settings, fmt.Errorf("--state %s: no sensor keeps what it learned there: %w", r.learned, err)
		}
		settings.Learned = pipeline.Learned{Dir: dir, Found: found}
	}
	return settings, err
}

// interruptible is a context that ends with a cause: the caller's own, or the first
// Ctrl-C. After that one the next ends the process, in case nothing more comes in.
func interruptible(parent context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, stop := context.WithCancelCause(parent)
	pressed, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(pressed, func() {
		release()
		stop(bad("interrupted: only the packets above were read"))
	})
	return ctx, stop
}

// writer returns what takes the documents, and what then says what they come to. A
// replay of hours is ended by stop at once where nothing can be written any more.
func (r *replay) writer(w *bufio.Writer, stop context.CancelCauseFunc) (write func(event.Doc), sum func() error) {
	show, sum := func(d event.Doc) {
		w.Write(d.JSON)
		w.WriteByte('\n')
	}, func() error { return nil }
	if r.output == "table" {
		table := output.NewTable(w, pipeline.Tables()...)
		show = func(d event.Doc) { table.Write(context.Background(), []event.Doc{d}) }
		sum = table.Sum
	}
	return func(d event.Doc) {
		if r.alertsOnly && !isAlert(d) {
			return
		}
		show(d)
		_, err := w.Write(nil)
		if r.seen { // whole rows at once, between which a line of progress can stand
			err = w.Flush()
		}
		if err != nil {
			stop(err)
		}
	}, sum
}

// isAlert reports whether a document is an alert of revision 0.
// Later ones have its id and their number.
func isAlert(d event.Doc) bool { return d.Dataset == "alert" && !strings.Contains(d.ID, "-") }

// create opens the file to write to, which is none of those that are read.
func create(name string, files []string, stdout io.Writer) (*bufio.Writer, func() error, error) {
	if name == "-" {
		w := bufio.NewWriterSize(stdout, 1<<16)
		return w, w.Flush, nil
	}
	if there, err := os.Stat(name); err == nil {
		for _, read := range files {
			if read == "-" {
				read = "/dev/stdin"
			}
			if info, err := os.Stat(read); err == nil && os.SameFile(there, info) && info.Mode().IsRegular() {
				return nil, nil, fmt.Errorf("--out %s: that is the capture itself, which would be lost: choose another name", name)
			}
		}
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, fmt.Errorf("--out: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<16)
	return w, func() error { return firstError(w.Flush(), f.Close()) }, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
