package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// status is how the sensor is doing, in one document.
type status struct {
	Version       string           `json:"version"`
	Configuration string           `json:"configuration"` // hash
	State         string           `json:"state"`
	Alerts        int              `json:"alerts"`
	Open          int              `json:"open"`
	Exercise      int              `json:"exercise"` // of the alerts
	Incidents     int              `json:"incidents"`
	Decisions     int              `json:"decisions"`
	Minutes       int              `json:"minutes"` // of coverage
	Suppressions  int              `json:"suppressions"`
	Retention     config.Retention `json:"retention"`
	Kept          onDisk           `json:"kept"`
	Running       *answered        `json:"running,omitempty"`
	Outputs       []seen           `json:"outputs"`
	Coverage      json.RawMessage  `json:"coverage,omitempty"` // the newest document
	Blind         []string         `json:"blind,omitempty"`    // the newest times without sight, newest first
	Learned       []lesson         `json:"learned,omitempty"`
}

// onDisk is how long this disk keeps what, in days.
type onDisk struct {
	Decisions int `json:"decisions"` // alerts, incidents and what people decided
	Telemetry int `json:"telemetry"` // logins, flows and health in the journal
	Coverage  int `json:"coverage"`  // minutes of coverage in the view
	GB        int `json:"gb"`        // and at most this much telemetry
}

// seen is what one output gets to see, and how it stands with each series.
type seen struct {
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Where     string            `json:"where"`
	View      string            `json:"view"`
	What      string            `json:"what"`
	Decisions delivery.Standing `json:"decisions"`
	Telemetry delivery.Standing `json:"telemetry"`
	Adds      bool              `json:"adds_up"`
}

// account is an output's with both series together.
func (s *seen) account() (sum delivery.Standing) {
	sum.Join(&s.Decisions)
	sum.Join(&s.Telemetry)
	return sum
}

func (s *settings) kept() onDisk {
	k := keep(s.Retention)
	return onDisk{Decisions: int(k.Decisions / day), Telemetry: int(k.Telemetry / day), Coverage: s.Retention.Health, GB: s.Retention.JournalGB}
}

// seen reads from files how the outputs stand, whichever process is away.
func (s *settings) seen(state string) (list []seen, err error) {
	for i := range s.Outputs {
		o := &s.Outputs[i]
		own, err := o.Settings()
		if err != nil {
			return nil, err
		}
		one := seen{Name: o.Called(), Kind: o.Name, Where: own.Where(), View: o.Sees(), What: o.Choice().What}
		dir := outputDir(state, o)
		if one.Decisions, err = delivery.Stand(journalIn(state), dir, event.Decisions); err != nil {
			return nil, err
		}
		if one.Telemetry, err = delivery.Stand(journalIn(state), dir, event.Telemetry); err != nil {
			return nil, err
		}
		one.Adds = one.Decisions.Adds() && one.Telemetry.Adds()
		list = append(list, one)
	}
	return list, nil
}

func statusCommand() *cobra.Command {
	var s settings
	asJSON := false
	c := &cobra.Command{
		Use: "status", Short: "what the sensor saw last, stored and keeps", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			now, err := s.status()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(now)
			}
			return now.print(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "for machines")
	s.flag(c)
	return c
}

func (s *settings) status() (now status, err error) {
	standing, _, err := s.standing()
	if err != nil {
		return now, err
	}
	v, state, err := s.view()
	if err != nil {
		return now, err
	}
	now = status{Version: version, Configuration: s.Hash(), State: state, Suppressions: len(standing),
		Retention: s.Retention, Kept: s.kept()}
	if now.Outputs, err = s.seen(state); err != nil {
		return now, err
	}
	if a, err := ask(state, asked{Ask: "status"}); err == nil {
		now.Running = &a
	}
	if now.Learned, err = lessons(learnedIn(state)); err != nil {
		return now, err
	}
	if v == nil {
		return now, nil
	}
	defer v.Close()
	counts, err := v.Counts()
	if err != nil {
		return now, err
	}
	now.Alerts, now.Open, now.Exercise, now.Incidents = counts.Alerts, counts.Open, counts.Exercise, counts.Incidents
	now.Decisions, now.Minutes = counts.Decisions, counts.Coverage
	coverage, err := v.Coverage()
	if err != nil {
		return now, err
	}
	now.Coverage = json.RawMessage(coverage)
	now.Blind, err = v.Blind(blindShown)
	return now, err
}

// blindShown is how many times without sight status tells.
const blindShown = 5

// coverageSeen is what status prints of a coverage document.
type coverageSeen struct {
	Brandmelder struct {
		Coverage struct {
			End                    string
			Seen, Dropped, Packets uint64
			Duplicates             uint64
			OneWayShare            float64 `json:"one_way_share"`
			GapBytes               uint64  `json:"gap_bytes"`
			Flows                  struct{ Opened, Evicted uint64 }
			Protocols              []struct{ Name string }
		}
	}
}

func (s *status) print(w io.Writer) error {
	line := func(name, format string, args ...any) {
		for i, text := range output.Wrap(fmt.Sprintf(format, args...), output.Width-15) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "%-14s %s\n", name, text)
		}
	}
	line("version", "%s", s.Version)
	line("configuration", "%s", s.Configuration)
	line("state", "%s", s.State)
	if r := s.Running; r != nil {
		line("running", "since %s, process %d: %d packets, %d dropped, %d flows, %d documents journaled",
			r.Since.Local().Format("2006-01-02 15:04:05"), r.PID, r.Packets, r.Dropped, r.Flows, r.Journaled)
		line("rights", "%s", r.Rights)
	} else {
		line("running", "no: what follows is from the files")
	}
	line("alerts", "%d, of which %d open and %d of the exercise; %d incidents, %d decisions, %d suppressions stand",
		s.Alerts, s.Open, s.Exercise, s.Incidents, s.Decisions, s.Suppressions)
	k, r := s.Kept, s.Retention
	line("kept here", "alerts, incidents and decisions %d days; logins, flows and health %d days or %d GB; coverage %d days",
		k.Decisions, k.Telemetry, k.GB, k.Coverage)
	line("in an index", "auth %d days, flow summaries %d, flow %d, protocols %d, health %d; headers %d; payload never",
		r.Auth, r.FlowSummaries, r.Flow, r.Protocols, r.Health, r.Headers)
	line("views", "here full, for who can read the state directory")
	for i := range s.Outputs {
		o := &s.Outputs[i]
		line("", "output %s %s: %s, %s", o.Name, o.Where, o.View, o.What)
	}
	for i := range s.Outputs {
		sum := s.Outputs[i].account()
		line("output", "%s: %s", s.Outputs[i].Name, &sum)
	}
	for _, text := range s.Blind {
		line("blind", "%s", text)
	}
	for _, l := range s.Learned {
		line("learned", "%s", l)
	}
	if len(s.Coverage) == 0 {
		line("coverage", "none yet: run writes it each minute; replay stores nothing")
		return nil
	}
	var seen coverageSeen
	if err := json.Unmarshal(s.Coverage, &seen); err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	c := seen.Brandmelder.Coverage
	line("coverage", "minute to %s, of %d in the journal", c.End, s.Minutes)
	line("", "%d packets, %d of %d dropped by the kernel, %d duplicates", c.Packets, c.Dropped, c.Seen, c.Duplicates)
	line("", "%d flows opened, %d evicted, %.0f %% of the ended one-way, %d bytes never seen, %d protocols",
		c.Flows.Opened, c.Flows.Evicted, 100*c.OneWayShare, c.GapBytes, len(c.Protocols))
	return nil
}
