package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// elasticCheck is the verb's flags.
type elasticCheck struct {
	elastic
	sensorKey string
}

func elasticCheckCommand() *cobra.Command {
	var e elasticCheck
	c := &cobra.Command{
		Use: "check", Short: "what differs on the server, what a key may do, and how much will come",
		Long: "Check compares the server with what install would put there and changes nothing. With --sensor-key it\n" +
			"says whether a sensor's key may do what it must, and no more. From the journal on this machine it\n" +
			"says how many documents and bytes a day are to be expected. It ends with 1 where something is wrong.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return e.run(c.Context(), c.OutOrStdout()) },
	}
	c.Flags().StringVar(&e.sensorKey, "sensor-key", "", "file with the key of a sensor")
	e.flags(c)
	return c
}

// targetHealth is what check finds.
type targetHealth struct {
	Server     string          `json:"server"`
	Licence    string          `json:"licence,omitempty"`
	Lifecycle  string          `json:"lifecycle"`
	Namespace  string          `json:"namespace"`
	Changes    []ingest.Change `json:"changes"`
	Rights     []ingest.Right  `json:"rights,omitempty"`
	Expected   []daily         `json:"expected,omitempty"`
	Problems   []string        `json:"problems"`
	journalDir string
}

// daily is how much of a dataset comes a day.
type daily struct {
	Dataset   string  `json:"dataset"`
	Documents float64 `json:"documents_a_day"`
	Bytes     float64 `json:"bytes_a_day"` // of JSON
	Days      int     `json:"kept_days"`
}

func (e *elasticCheck) run(ctx context.Context, w io.Writer) error {
	admin, can, err := e.open(ctx)
	if err != nil {
		return err
	}
	h := &targetHealth{Server: can.String(), Licence: can.Licence, Lifecycle: can.Lifecycle, Namespace: e.tenant.Namespace}
	if h.Changes, err = e.changes(ctx, admin, can); err != nil {
		return err
	}
	if e.sensorKey != "" {
		if h.Rights, err = e.rights(ctx); err != nil {
			return err
		}
	}
	if h.Expected, h.journalDir, err = e.expected(); err != nil {
		return err
	}
	h.judge()
	if e.asJSON {
		err = json.NewEncoder(w).Encode(h)
	} else {
		h.print(w)
	}
	if err == nil && len(h.Problems) > 0 {
		err = bad("%d problems", len(h.Problems))
	}
	return err
}

// rights asks with the sensor's own key what it may do.
func (e *elasticCheck) rights(ctx context.Context) ([]ingest.Right, error) {
	own := ingest.Settings{Hosts: e.server.Hosts, CAFile: e.server.CAFile, Fingerprint: e.server.Fingerprint, APIKeyFile: e.sensorKey, Timeout: time.Minute}
	client, err := ingest.Open(own)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return (&ingest.Admin{Transport: client}).Rights(ctx, &e.tenant)
}

func (h *targetHealth) judge() {
	h.Problems = []string{}
	if n := len(h.Changes); n > 0 {
		h.Problems = append(h.Problems, fmt.Sprintf("%d things differ: brandmelder elastic install puts them right", n))
	}
	if h.Lifecycle == "" {
		h.Problems = append(h.Problems, "nothing removes old documents on this server")
	}
	for _, r := range h.Rights {
		if r.Has != r.Wanted {
			h.Problems = append(h.Problems, "the sensor's key: "+r.String())
		}
	}
}

func (h *targetHealth) print(w io.Writer) {
	fmt.Fprintf(w, "server        %s, licence %s\n", h.Server, cmp.Or(h.Licence, "none"))
	fmt.Fprintf(w, "old documents %s\n", cmp.Or(h.Lifecycle, "nothing removes them"))
	fmt.Fprintf(w, "tenant        %s\n", h.Namespace)
	printChanges(w, h.Changes)
	for _, r := range h.Rights {
		fmt.Fprintln(w, "key          ", r)
	}
	if len(h.Expected) == 0 {
		fmt.Fprintf(w, "expected      no journal in %s: run has stored nothing there yet\n", h.journalDir)
	}
	var documents, bytes float64
	for _, d := range h.Expected {
		fmt.Fprintf(w, "expected      %-10s %12.0f documents %12.1f MB of JSON a day, kept %d days\n", d.Dataset, d.Documents, d.Bytes/1e6, d.Days)
		documents, bytes = documents+d.Documents, bytes+d.Bytes
	}
	if len(h.Expected) > 0 {
		fmt.Fprintf(w, "expected      %-10s %12.0f documents %12.1f MB of JSON a day\n", "together", documents, bytes/1e6)
	}
	for _, p := range h.Problems {
		fmt.Fprintln(w, "PROBLEM      ", p)
	}
}

// expected is what comes a day, from the journal.
func (e *elasticCheck) expected() (list []daily, dir string, err error) {
	state, err := e.state()
	if err != nil {
		return nil, "", err
	}
	dir = journalIn(state)
	list, err = perDay(dir, e.Retention, shipped(e.Outputs))
	return list, dir, err
}

// shipped is what the first Elasticsearch of the outputs gets, or would get if there were one.
func shipped(outputs []config.Output) output.Choice {
	for i := range outputs {
		if outputs[i].Name == "elasticsearch" {
			return outputs[i].Choice()
		}
	}
	return output.Choice{What: output.Everything}
}

const (
	// shortest is the least time that a day is reckoned from: a minute of a run says
	// little, but not nothing.
	shortest = time.Minute
	// counted documents of a series tell how many come a day, and take a second to read.
	counted = 500_000
)

// perDay reckons how much of each dataset comes a day of what is wanted, from the oldest
// documents that the journal holds and the time that they span. No journal is nothing.
func perDay(dir string, r config.Retention, wanted output.Choice) (list []daily, err error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, series := range []event.Series{event.Telemetry, event.Decisions} {
		part, err := seriesPerDay(dir, series, r, wanted)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(a, b daily) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return list, nil
}

func seriesPerDay(dir string, series event.Series, r config.Retention, wanted output.Choice) (list []daily, err error) {
	counts := map[string]*daily{}
	var first, last int64
	n := 0
	_, err = journal.Read(dir, series, 0, func(x journal.Entry) bool {
		if first == 0 {
			first = x.Time
		}
		first, last = min(first, x.Time), max(last, x.Time)
		if n++; wanted.Wants(&x.Doc) {
			d := counts[x.Dataset]
			if d == nil {
				d = &daily{Dataset: x.Dataset, Days: daysOf(x.Dataset, r)}
				counts[x.Dataset] = d
			}
			d.Documents++
			d.Bytes += float64(len(x.JSON))
		}
		return n < counted
	})
	days := max(time.Duration(last-first), shortest).Hours() / 24
	for _, d := range counts {
		d.Documents /= days
		d.Bytes /= days
		list = append(list, *d)
	}
	return list, err
}
