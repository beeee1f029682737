package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// suppressions are those that stand now.
func suppressions(journalDir string, now time.Time) ([]alert.Suppression, error) {
	list, err := decisions(journalDir)
	return alert.Standing(list, now), err
}

// decide writes a decision of a person into the journal.
func (s *settings) decide(d alert.Decision) error {
	state, err := s.state()
	if err != nil {
		return err
	}
	d.Time = time.Now().UnixNano()
	if d.Owner == "" {
		d.Owner = person()
	}
	if d.Owner == "" {
		return errors.New("who decides this? say it with --owner NAME")
	}
	if err := journal.Decide(journalIn(state), d.Doc(s.observer())); err != nil {
		return err
	}
	ask(state, asked{Ask: "decided"}) // a run that does not hear it looks by itself
	return nil
}

// person is who sits at the keyboard.
func person() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "root" {
		return u.Username
	}
	return ""
}

// suppressAdd is the verb's flags.
type suppressAdd struct {
	settings
	alert.Decision
	expiry, source, destination string
}

func suppressCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "suppress",
		Short: "let alerts pass without an answer, for a time and for a reason",
		Long: "What a suppression covers is still written, with its id, but opens no incident. A run that\n" +
			"goes on applies it within a second, to alerts raised from then on; replay applies none.",
	}
	c.AddCommand(suppressAddCommand(), suppressListCommand(), suppressEndCommand())
	return c
}

func suppressAddCommand() *cobra.Command {
	a := suppressAdd{}
	c := &cobra.Command{
		Use: "add", Short: "add a suppression", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.run(c.OutOrStdout(), time.Now()) },
	}
	f := c.Flags()
	f.StringVar(&a.Owner, "owner", "", "who answers for it")
	f.StringVar(&a.Reason, "reason", "", "why these alerts need no answer")
	f.StringVar(&a.expiry, "expiry", "", "when it ends: 2026-12-31, or from now such as 30d or 12h")
	f.StringVar(&a.Scope.Detector, "detector", "", "alerts of this detector")
	f.StringVar(&a.Scope.Family, "family", "", "alerts of this family")
	f.StringVar(&a.source, "source", "", "alerts about this address or network as the source")
	f.StringVar(&a.destination, "destination", "", "alerts about this address or network as the destination")
	a.flag(c)
	return c
}

func (a *suppressAdd) run(w io.Writer, now time.Time) (err error) {
	if err := a.load(); err != nil {
		return err
	}
	if err := a.scope(); err != nil {
		return err
	}
	if a.expiry != "" {
		if a.Expiry, err = expiry(a.expiry, now); err != nil {
			return err
		}
	}
	a.Action, a.Suppression = alert.Suppress, alert.NewID()[:8]
	s := alert.Suppression{ID: a.Suppression, Owner: a.Owner, Reason: a.Reason, Expiry: a.Expiry, Scope: a.Scope}
	if err := s.Validate(); err != nil {
		return fmt.Errorf("%w; see suppress add --help", err)
	}
	if err := a.decide(a.Decision); err != nil {
		return err
	}
	fmt.Fprintf(w, "suppression %s stands until %s; a run that goes on applies it within a second\n", s.ID, date(s.Expiry))
	fmt.Fprintf(w, "next: suppress end %s ends it before\n", s.ID)
	return nil
}

// scope reads the networks and refuses a detector that does not exist, which
// would suppress nothing.
func (a *suppressAdd) scope() error {
	if name := a.Scope.Detector; name != "" && !isDetector(name) {
		return fmt.Errorf("unknown detector %q; see list detectors", name)
	}
	if a.source != "" {
		p, err := config.ParsePrefix(a.source)
		if err != nil {
			return fmt.Errorf("--source: %w", err)
		}
		a.Scope.Source = p
	}
	if a.destination != "" {
		p, err := config.ParsePrefix(a.destination)
		if err != nil {
			return fmt.Errorf("--destination: %w", err)
		}
		a.Scope.Destination = p
	}
	return nil
}

func isDetector(name string) bool {
	for _, s := range detect.All() {
		if s.Name == name {
			return true
		}
	}
	return false
}
