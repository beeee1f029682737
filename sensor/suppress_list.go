package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// expiry reads a date (its end, here) or a time from now; it must be ahead.
func expiry(text string, now time.Time) (int64, error) {
	var at time.Time
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n <= 36500 {
			at = now.AddDate(0, 0, n)
		}
	} else if length, err := time.ParseDuration(text); err == nil {
		at = now.Add(length)
	} else if date, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		at = date.AddDate(0, 0, 1)
	}
	switch {
	case at.IsZero():
		return 0, fmt.Errorf("--expiry %q: write a date such as 2026-12-31, or 30d or 12h", text)
	case !at.After(now):
		return 0, fmt.Errorf("--expiry %s is in the past", text)
	}
	return at.UnixNano(), nil
}

func date(ns int64) string { return time.Unix(0, ns).Format("2006-01-02 15:04") }

func suppressListCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "list", Short: "the suppressions that stand", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.listSuppressions(c.OutOrStdout()) },
	}
	s.flag(c)
	return c
}

func (s *settings) listSuppressions(w io.Writer) error {
	standing, journal, err := s.standing()
	if err != nil {
		return err
	}
	if len(standing) == 0 {
		fmt.Fprintf(w, "no suppression stands; looked in %s\n", journal)
		return nil
	}
	for i := range standing {
		x := &standing[i]
		fmt.Fprintln(w, output.Clip(fmt.Sprintf("%s  until %s  owner %s", x.ID, date(x.Expiry), x.Owner), output.Width))
		for _, line := range output.Wrap(scopeText(x.Scope)+": "+x.Reason, output.Width-4) {
			fmt.Fprintln(w, "    "+line)
		}
	}
	return nil
}

// standing are the suppressions that stand, and the journal they are in.
func (s *settings) standing() ([]alert.Suppression, string, error) {
	if err := s.load(); err != nil {
		return nil, "", err
	}
	state, err := s.state()
	if err != nil {
		return nil, "", err
	}
	list, err := suppressions(journalIn(state), time.Now())
	return list, journalIn(state), err
}

func scopeText(c alert.Scope) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("detector", c.Detector)
	add("family", c.Family)
	if c.Source.IsValid() {
		add("source", c.Source.String())
	}
	if c.Destination.IsValid() {
		add("destination", c.Destination.String())
	}
	return strings.Join(parts, ", ")
}

func suppressEndCommand() *cobra.Command {
	var s settings
	d := alert.Decision{Action: alert.Unsuppress}
	c := &cobra.Command{
		Use: "end ID", Short: "end a suppression before its time", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			standing, journal, err := s.standing()
			if err != nil {
				return err
			}
			for _, x := range standing {
				if x.ID == args[0] {
					d.Suppression = x.ID
					fmt.Fprintf(c.OutOrStdout(), "suppression %s ends; so it does in a run that goes on\n", x.ID)
					return s.decide(d)
				}
			}
			return bad("no suppression %s stands in %s; see suppress list", args[0], journal)
		},
	}
	c.Flags().StringVar(&d.Owner, "owner", "", "who decides it; without it the user at the keyboard")
	c.Flags().StringVar(&d.Reason, "reason", "", "why")
	s.flag(c)
	return c
}
