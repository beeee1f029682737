package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

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
	if err := r.load(); err != nil {
		return err
	}
	source, err := capture.Files(files, capture.Options{Stdin: c.InOrStdin(), Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer source.Close()
	w, finish, err := create(r.out, c.OutOrStdout())
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, finish()) }()
	write, sum, err := r.writer(w)
	if err != nil {
		return err
	}
	settings, err := r.line(r.shards, &event.Observer{Name: "replay", Namespace: r.Namespace}, []byte("replay"))
	if err != nil {
		return err
	}
	settings.AlertsOnly = r.alertsOnly
	if r.learned != "" {
		settings.Learned = pipeline.Learned{Dir: learnedIn(r.learned), Found: found}
	}
	line, err := pipeline.New(settings, write)
	if err != nil {
		return err
	}
	account, err := line.Replay(c.Context(), source)
	err = firstError(err, sum())
	account.Print(c.ErrOrStderr())
	return err
}

// writer returns what takes the documents, and what then says what they come to.
// What it cannot write, the buffer remembers until it is flushed.
func (r *replay) writer(w *bufio.Writer) (write func(event.Doc), sum func() error, err error) {
	take := func(event.Doc) bool { return true }
	if r.alertsOnly {
		take = isAlert
	}
	var show func(event.Doc)
	switch sum = func() error { return nil }; r.output {
	case "ndjson":
		show = func(d event.Doc) {
			w.Write(d.JSON)
			w.WriteByte('\n')
		}
	case "table":
		table := output.NewTable(w, pipeline.Tables()...)
		show = func(d event.Doc) { table.Write(context.Background(), []event.Doc{d}) }
		sum = table.Sum
	default:
		return nil, nil, fmt.Errorf("--output %s: choose table or ndjson", r.output)
	}
	return func(d event.Doc) {
		if take(d) {
			show(d)
		}
	}, sum, nil
}

// isAlert reports whether a document is an alert of revision 0.
// Later ones have its id and their number.
func isAlert(d event.Doc) bool { return d.Dataset == "alert" && !strings.Contains(d.ID, "-") }

// create opens the file to write to.
func create(name string, stdout io.Writer) (*bufio.Writer, func() error, error) {
	if name == "-" {
		w := bufio.NewWriterSize(stdout, 1<<16)
		return w, w.Flush, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, err
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
