package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/view"
)

// kept is how long this sensor, and an index behind it, keeps what.
func (s *settings) kept() health.Kept {
	k, r := keep(s.Retention), s.Retention
	return health.Kept{
		Decisions: int(k.Decisions / day), Telemetry: int(k.Telemetry / day), Coverage: r.Health, GB: r.JournalGB,
		Index: map[string]int{"auth": r.Auth, "flow_summaries": r.FlowSummaries, "flow": r.Flow, "protocols": r.Protocols, "health": r.Health, "headers": r.Headers},
	}
}

// outputs reads from files how those that are wanted stand, whichever process is away.
func (s *settings) outputs(state string, wanted func(*config.Output) bool) (list []health.Output, err error) {
	for i := range s.Outputs {
		o := &s.Outputs[i]
		if !wanted(o) {
			continue
		}
		own, err := o.Settings()
		if err != nil {
			return nil, err
		}
		one := health.Output{Name: o.Called(), Kind: o.Name, Where: own.Where(), View: o.Sees(), What: o.Choice().What}
		if err := delivery.Tell(&one, journalIn(state), outputDir(state, o)); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// onDisk is what the journal has.
func onDisk(dir string) (j health.Journal, err error) {
	for series, into := range map[event.Series]*health.Series{event.Decisions: &j.Decisions, event.Telemetry: &j.Telemetry} {
		if err := seriesOn(dir, series, into); err != nil {
			return j, err
		}
	}
	return j, nil
}

func seriesOn(dir string, series event.Series, into *health.Series) error {
	next, err := journal.Head(dir, series)
	if err != nil {
		return err
	}
	into.Documents = max(next, 1) - 1
	if into.Bytes, err = journal.Size(dir, series); err != nil {
		return err
	}
	gone, err := journal.Expired(dir, series)
	for _, g := range gone {
		if into.Expired == nil {
			into.Expired = map[string]uint64{}
		}
		into.Expired[g.Reason] += g.Last - g.First + 1
	}
	if err != nil {
		return err
	}
	_, err = journal.Read(dir, series, 0, func(e journal.Entry) bool {
		into.Oldest = time.Unix(0, e.Time).UTC()
		return false
	})
	return err
}

// health is what of the document is read from files, and what run says or said last.
func (s *settings) health(state string) (now health.Status, err error) {
	now = health.Status{
		Sensor: s.observer().Name, Version: version, Configuration: s.Hash(), State: state, At: time.Now().UTC(),
		Kept: s.kept(), Ships: s.ships(), Sending: sending(state),
	}
	if now.Outputs, err = s.outputs(state, every); err != nil {
		return now, err
	}
	if now.Journal, err = onDisk(journalIn(state)); err != nil {
		return now, err
	}
	if a, err := ask(state, asked{Ask: "status"}); err == nil {
		now.Up, now.Run = true, &a.Run
	} else if now.Run, err = lastWord(state); err != nil {
		return now, err
	}
	if now.Run != nil {
		now.Minute, now.Detectors = now.Run.Minute, now.Run.Line.Detectors
	}
	now.Synchronised = synchronised()
	now.Judge()
	return now, nil
}

// ofRun is the document as run itself makes it, for the index: what ship has is as
// ship told.
func (r *run) ofRun(state string, own *health.Run) *health.Status {
	now := &health.Status{
		Sensor: r.observer().Name, Version: version, Configuration: r.Hash(), State: state, At: own.At, Up: !own.Ended, Run: own,
		Minute: own.Minute, Detectors: own.Line.Detectors, Kept: r.kept(),
		Ships: r.ships(), Sending: own.At.Sub(own.ShippedAt) < wordEvery,
	}
	now.Outputs, _ = r.outputs(state, local) // what cannot be read now is told the next time
	now.Outputs = append(now.Outputs, own.Shipped...)
	now.Journal, _ = onDisk(journalIn(state))
	now.Judge()
	return now
}

// sending reports whether ship runs: it holds its lock.
func sending(state string) bool {
	f, err := os.Open(filepath.Join(shipDir(state), "lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// synchronised asks the kernel whether a program keeps the clock; nil where it may not
// be asked, as in the units.
func synchronised() *bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return nil
	}
	is := state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
	return &is
}

func statusCommand() *cobra.Command {
	var s settings
	asJSON := false
	c := &cobra.Command{
		Use: "status", Short: "what the sensor saw last, stored and keeps", Args: cobra.NoArgs,
		Long: "Status says first whether the network can be seen, and of what is lost why and what to do about it. It works\n" +
			"while run is down too. Exit 0: clear; 1: PARTLY, some of it is not seen; 2: BLIND or DOWN, or wrong use.",
		RunE: func(c *cobra.Command, _ []string) error {
			now, err := s.status()
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.OutOrStdout()).Encode(now)
			} else {
				printStatus(c.OutOrStdout(), &now)
			}
			if code := now.Sight.Code(); code > 0 && err == nil {
				return &exitError{code: code}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "for machines")
	s.flag(c)
	return c
}

// status is the whole document, with what only the view over the journal knows.
func (s *settings) status() (now health.Status, err error) {
	standing, _, err := s.standing()
	if err != nil {
		return now, err
	}
	v, state, err := s.view()
	if err != nil {
		return now, err
	}
	if now, err = s.health(state); err != nil {
		return now, err
	}
	if now.Upgrade, err = lastUpgrade(state); err != nil {
		return now, err
	}
	if err := learnedInto(&now.Detectors, learnedIn(state)); err != nil {
		return now, err
	}
	if v == nil {
		return now, nil
	}
	defer v.Close()
	if now.Minute == nil {
		text, err := v.Coverage()
		if err != nil {
			return now, err
		}
		if text != "" {
			if now.Minute, err = minuteOf([]byte(text)); err != nil {
				return now, err
			}
		}
	}
	if now.Blind, err = v.Blind(blindShown); err != nil {
		return now, err
	}
	now.Stored, err = storedIn(v, len(standing))
	return now, err
}

// learnedInto adds what the files of the detectors say to what run says of them.
func learnedInto(d *health.Detectors, dir string) error {
	saved, err := lessons(dir)
	for _, l := range d.Lessons { // run knows better how far one is
		i := slices.IndexFunc(saved, func(s health.Lesson) bool { return s.Detector == l.Detector })
		if i < 0 {
			saved = append(saved, l)
			continue
		}
		l.Entries, l.Saved = saved[i].Entries, saved[i].Saved
		saved[i] = l
	}
	d.Lessons, d.Total = saved, len(detect.All())
	return err
}

// storedIn is what people are told and have decided.
func storedIn(v *view.View, suppressions int) (*health.Stored, error) {
	c, err := v.Counts()
	if err != nil {
		return nil, err
	}
	s := &health.Stored{
		Alerts: c.Alerts, Open: c.Open, Exercise: c.Exercise, Incidents: c.Incidents,
		Decisions: c.Decisions, Minutes: c.Coverage, Suppressions: suppressions,
	}
	if s.Hour, err = v.Since(time.Now().Add(-time.Hour).UnixNano()); err != nil {
		return nil, err
	}
	for exercise, into := range map[bool]**health.Alert{false: &s.LastAlert, true: &s.LastDrill} {
		a, err := v.Last(exercise)
		if err != nil {
			return nil, err
		}
		if a.ID != "" {
			*into = &health.Alert{ID: a.ID, At: time.Unix(0, a.Time).UTC(), Severity: a.Severity, Detector: a.Detector}
		}
	}
	return s, nil
}

// blindShown is how many times without sight status tells.
const blindShown = 5
