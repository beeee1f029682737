package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/output"
)

func journalCommand() *cobra.Command {
	c := &cobra.Command{Use: "journal", Short: "look at what is stored and what outputs would not take"}
	c.AddCommand(journalLsCommand(), journalVerifyCommand(), deadLettersCommand(), resendCommand())
	return c
}

// journalVerb is a verb about the journal of the state directory.
func journalVerb(use, short string, run func(s *settings, state string, w io.Writer) error) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.load(); err != nil {
				return err
			}
			state, err := s.state()
			if err != nil {
				return err
			}
			return run(&s, state, c.OutOrStdout())
		},
	}
	s.flag(c)
	return c
}

var seriesNames = map[event.Series]string{event.Decisions: "decisions", event.Telemetry: "telemetry"}

func journalLsCommand() *cobra.Command {
	return journalVerb("ls", "the files of the journal, what expired, and how far each output is", func(s *settings, state string, w io.Writer) error {
		for _, series := range delivery.Lanes {
			if err := listSeries(w, journalIn(state), series); err != nil {
				return err
			}
		}
		list, err := s.outputs(state, every)
		for i := range list {
			fmt.Fprintf(w, "output %s: %s\n", list[i].Name, list[i].Both())
		}
		return err
	})
}

func listSeries(w io.Writer, dir string, series event.Series) error {
	files, err := journal.List(dir, series)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %d files\n", seriesNames[series], len(files))
	for _, f := range files {
		fmt.Fprintf(w, "  %s  %d to %d, %d bytes, from %s to %s\n", f.Name, f.First, f.Next-1, f.Size, moment(f.Oldest), moment(f.Newest))
	}
	gone, err := journal.Expired(dir, series)
	for _, g := range gone {
		fmt.Fprintf(w, "  %d to %d expired by %s\n", g.First, g.Last, g.Reason)
	}
	return err
}

func moment(ns int64) string {
	if ns == 0 {
		return "-"
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339)
}

func journalVerifyCommand() *cobra.Command {
	return journalVerb("verify", "read every record and its checksum; exit code 1 if some are damaged", func(_ *settings, state string, w io.Writer) error {
		var records, damaged uint64
		for _, series := range delivery.Lanes {
			files, err := journal.List(journalIn(state), series)
			if err != nil {
				return err
			}
			for _, f := range files {
				records += f.Records
				damaged += f.Next - f.First - f.Records
				if bad := f.Next - f.First - f.Records; bad > 0 || f.Torn > 0 {
					fmt.Fprintf(w, "%s %s: %d records are damaged, %d bytes at its end are torn\n", seriesNames[series], f.Name, bad, f.Torn)
				}
			}
		}
		fmt.Fprintf(w, "%d records are whole\n", records)
		if damaged > 0 {
			return bad("%d records are damaged", damaged)
		}
		return nil
	})
}

// letterFlags choose an output for the verbs about dead letters.
type letterFlags struct {
	settings
	output string
	asJSON bool
	all    bool
}

// outputs calls see with each output that the flags choose.
func (l *letterFlags) outputs(see func(o *config.Output, dir string) error) error {
	if err := l.load(); err != nil {
		return err
	}
	state, err := l.state()
	if err != nil {
		return err
	}
	var names []string
	found := false
	for i := range l.Outputs {
		o := &l.Outputs[i]
		names = append(names, o.Called())
		if l.output != "" && l.output != o.Called() {
			continue
		}
		found = true
		if err := see(o, outputDir(state, o)); err != nil {
			return err
		}
	}
	if !found && l.output != "" {
		slices.Sort(names)
		return fmt.Errorf("there is no output %s; choose %s", l.output, strings.Join(names, ", "))
	}
	return nil
}

func deadLettersCommand() *cobra.Command {
	var l letterFlags
	c := &cobra.Command{
		Use: "dead-letters", Short: "documents that an output will not take, with the field that it blames", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return l.list(c.OutOrStdout()) },
	}
	c.Flags().StringVar(&l.output, "output", "", "only those of this `output`")
	c.Flags().BoolVar(&l.asJSON, "json", false, "for machines, with the documents")
	l.flag(c)
	return c
}

func (l *letterFlags) list(w io.Writer) error {
	n := 0
	err := l.outputs(func(o *config.Output, dir string) error {
		dead, again, err := delivery.Letters(dir)
		n += len(dead)
		for i := range dead {
			if l.asJSON {
				err = errors.Join(err, json.NewEncoder(w).Encode(&dead[i]))
				continue
			}
			l.print(w, o.Called(), &dead[i])
		}
		if len(again) > 0 && !l.asJSON {
			fmt.Fprintf(w, "%s: %d more are being sent again\n", o.Called(), len(again))
		}
		return err
	})
	if n == 0 && err == nil && !l.asJSON {
		fmt.Fprintln(w, "no dead letters")
	}
	return err
}

func (l *letterFlags) print(w io.Writer, called string, d *delivery.Letter) {
	head := fmt.Sprintf("%s  %s  %s  to %s: status %d %s", d.ID[:min(len(d.ID), idShown)], moment(d.Time), d.Dataset, called, d.Status, d.Type)
	if d.Field != "" {
		head += ", field " + d.Field
	}
	fmt.Fprintln(w, output.Clip(head, output.Width))
	for _, line := range output.Wrap(d.Reason, output.Width-4) {
		fmt.Fprintln(w, "    "+line)
	}
}

func resendCommand() *cobra.Command {
	var l letterFlags
	c := &cobra.Command{
		Use: "resend [ID]", Short: "send dead letters again, once what they were refused for is mended", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id := ""
			switch {
			case len(args) == 1 && !l.all:
				id = args[0]
			case len(args) == 1 || !l.all:
				return errors.New("give the beginning of an id, or --all")
			}
			return l.resend(c.OutOrStdout(), id)
		},
	}
	c.Flags().StringVar(&l.output, "output", "", "only those of this `output`")
	c.Flags().BoolVar(&l.all, "all", false, "all of them")
	l.flag(c)
	return c
}

func (l *letterFlags) resend(w io.Writer, id string) error {
	total := 0
	err := l.outputs(func(o *config.Output, dir string) error {
		n, err := delivery.Resend(dir, id)
		if total += n; n > 0 {
			fmt.Fprintf(w, "%s: %d will be sent again\n", o.Called(), n)
		}
		return err
	})
	if err == nil && total == 0 {
		return bad("no dead letter has an id that begins with %q; see journal dead-letters", id)
	}
	return err
}
