package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/view"
)

// detail is what alerts show reads from an alert's document.
type detail struct {
	Rule   struct{ Name string }
	Threat struct {
		Technique struct{ ID []string }
	}
	Brandmelder struct {
		Observed, Baseline quantity
		Risk               struct{ Reasons []string }
		Incident           struct{ ID string }
		Flows              []flowSeen
		Text               map[string]wording
	}
}

type quantity struct {
	Value float64
	Unit  string
}

func (q quantity) String() string {
	if q.Unit == "" {
		return ""
	}
	return strconv.FormatFloat(q.Value, 'f', -1, 64) + " " + q.Unit
}

type wording struct {
	Title, Why, Other string
	Steps             []string
}

type flowSeen struct {
	Source, Destination string // address and port
	CommunityID         string `json:"community_id"`
}

func alertsShowCommand() *cobra.Command {
	var s settings
	asJSON, asPage, lang := false, false, ""
	c := &cobra.Command{
		Use: "show ID", Short: "everything that an alert says", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := s.alert(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				fmt.Fprintln(c.OutOrStdout(), a.JSON)
				return nil
			}
			lang = cmp.Or(lang, s.Lang)
			if lang != "en" && lang != "nl" {
				return fmt.Errorf("--lang %q: choose en or nl", lang)
			}
			if !asPage {
				return showAlert(c.OutOrStdout(), &a, lang)
			}
			incident, err := s.incident(&a)
			if err != nil {
				return err
			}
			return writePage(c.OutOrStdout(), &a, incident, lang)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "the newest document")
	c.Flags().BoolVar(&asPage, "html", false, "one page that needs nothing else")
	c.Flags().StringVar(&lang, "lang", "", "en or nl; without it that of the configuration")
	s.flag(c)
	return c
}

// showAlert prints an alert as a person decides on it: what, why, what else, and
// what to do first.
func showAlert(w io.Writer, a *view.Alert, lang string) error {
	var d detail
	if err := json.Unmarshal([]byte(a.JSON), &d); err != nil {
		return fmt.Errorf("alert %s: %w", a.ID, err)
	}
	part := func(name, text string) {
		for i, line := range output.Wrap(text, output.Width-14) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "%-13s %s\n", name, line)
		}
	}
	text := d.Brandmelder.Text[lang]
	fmt.Fprintln(w, output.Clip(alertHead(a), output.Width))
	part("id", a.ID)
	part("found", cmp.Or(text.Title, d.Rule.Name))
	part("message", a.Message)
	part("observed", d.Brandmelder.Observed.String())
	part("usual", d.Brandmelder.Baseline.String())
	part("why", text.Why)
	part("or else", text.Other)
	for i, step := range text.Steps {
		part("step "+strconv.Itoa(i+1), step)
	}
	part("ATT&CK", strings.Join(d.Threat.Technique.ID, " "))
	part("risk", strings.Join(d.Brandmelder.Risk.Reasons, "; "))
	part("incident", d.Brandmelder.Incident.ID)
	for i, f := range d.Brandmelder.Flows {
		part("flow "+strconv.Itoa(i+1), fmt.Sprintf("%s → %s  %s", f.Source, f.Destination, f.CommunityID))
	}
	if a.State == "open" {
		fmt.Fprintf(w, "next: alerts ack %s, or alerts close %s --verdict true|false|benign\n", a.ID[:min(len(a.ID), idShown)], a.ID[:min(len(a.ID), idShown)])
	}
	return nil
}
