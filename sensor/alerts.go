package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/view"
)

func alertsCommand() *cobra.Command {
	c := &cobra.Command{Use: "alerts", Short: "look at alerts that run stored, and decide about them"}
	c.AddCommand(alertsListCommand(), alertsShowCommand(), alertsAckCommand(), alertsCloseCommand())
	return c
}

// view loads the configuration and opens the view of the state directory; it is
// nil where no run has stored anything.
func (s *settings) view() (v *view.View, state string, err error) {
	if err := s.load(); err != nil {
		return nil, "", err
	}
	if state, err = s.state(); err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(journalIn(state)); errors.Is(err, os.ErrNotExist) {
		return nil, state, nil
	}
	if v, err = view.Open(state, oldest(s.Retention, time.Now())); errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w; type it with sudo, or name your own state_dir with -c", err)
	}
	return v, state, err
}

// alertsList is the verb's flags.
type alertsList struct {
	settings
	asJSON, open bool
	limit        int
}

func alertsListCommand() *cobra.Command {
	var l alertsList
	c := &cobra.Command{
		Use: "list", Short: "alerts, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return l.run(c.OutOrStdout()) },
	}
	c.Flags().BoolVar(&l.asJSON, "json", false, "the newest document of each, one a line")
	c.Flags().BoolVar(&l.open, "open", false, "only those that are neither closed nor suppressed")
	c.Flags().IntVar(&l.limit, "limit", 100, "at most so many")
	l.flag(c)
	return c
}

func (l *alertsList) run(w io.Writer) error {
	v, state, err := l.view()
	if err != nil {
		return err
	}
	var list []view.Alert
	if v != nil {
		defer v.Close()
		if list, err = v.Alerts(l.open, l.limit); err != nil {
			return err
		}
	}
	switch {
	case l.asJSON:
		for _, a := range list {
			fmt.Fprintln(w, a.JSON)
		}
	case len(list) == 0:
		fmt.Fprintf(w, "no alerts in %s\n", journalIn(state))
		fmt.Fprintln(w, "run stores alerts there; replay shows what it finds and stores nothing")
	default:
		for _, a := range list {
			fmt.Fprintln(w, output.Clip(alertHead(&a), output.Width))
			for _, line := range output.Wrap(a.Message, output.Width-4) {
				fmt.Fprintln(w, "    "+line)
			}
		}
	}
	return nil
}

// idShown is how much of an id is shown; the verbs take any beginning of it that
// only one alert has.
const idShown = 8

func alertHead(a *view.Alert) string {
	state := a.State
	switch {
	case a.State == "closed":
		state = "closed as " + a.Verdict + " by " + a.Owner
	case a.State == "acknowledged":
		state = "acknowledged by " + a.Owner
	case a.Suppression != "":
		state = "suppressed by " + a.Suppression
	}
	if a.Exercise {
		state = "exercise, " + state
	}
	return fmt.Sprintf("%s  %s  %-8s  %s  %s  %s", a.ID[:min(len(a.ID), idShown)], date(a.Time), output.Level(a.Severity),
		a.Family, strings.Trim(a.Source+" → "+a.Target, "→ "), state)
}

// alert finds one alert for the verbs that are about one.
func (s *settings) alert(id string) (view.Alert, error) {
	v, state, err := s.view()
	if err != nil {
		return view.Alert{}, err
	}
	if v == nil {
		return view.Alert{}, bad("no alerts in %s: no run has stored anything there", journalIn(state))
	}
	defer v.Close()
	a, err := v.Alert(id)
	if errors.Is(err, view.ErrNone) {
		return a, bad("alert %s: %w in %s; see alerts list", id, err, journalIn(state))
	}
	return a, err
}

func alertsAckCommand() *cobra.Command {
	return decideCommand("ack", "say that somebody looks at an alert", alert.Acknowledge)
}

func alertsCloseCommand() *cobra.Command {
	c := decideCommand("close", "say what an alert was", alert.CloseAlert)
	c.MarkFlagRequired("verdict")
	return c
}

// decideCommand is a verb that decides about one alert.
func decideCommand(name, short, action string) *cobra.Command {
	var s settings
	d := alert.Decision{Action: action}
	c := &cobra.Command{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return s.decideAlert(c.OutOrStdout(), args[0], d) },
	}
	if action == alert.CloseAlert {
		c.Flags().StringVar(&d.Verdict, "verdict", "", "true (an attack), false (not so), or benign (so, but allowed)")
	}
	c.Flags().StringVar(&d.Owner, "owner", "", "who decides it; without it the user at the keyboard")
	c.Flags().StringVar(&d.Reason, "reason", "", "why")
	s.flag(c)
	return c
}

func (s *settings) decideAlert(w io.Writer, id string, d alert.Decision) error {
	if d.Action == alert.CloseAlert && !isVerdict(d.Verdict) {
		return fmt.Errorf("--verdict %q: choose true, false or benign", d.Verdict)
	}
	a, err := s.alert(id)
	if err != nil {
		return err
	}
	d.Alert = a.ID
	if err := s.decide(d); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s\n", a.ID, strings.TrimPrefix(d.Action, "alert-"))
	return nil
}

func isVerdict(s string) bool {
	for _, v := range alert.Verdicts {
		if s == v {
			return true
		}
	}
	return false
}
