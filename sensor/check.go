package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/iface"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// checking is the verb's flags.
type checking struct {
	settings
	asJSON bool
	length time.Duration
}

func checkCommand() *cobra.Command {
	v := checking{}
	c := &cobra.Command{
		Use:   "check [IFACE…]",
		Short: "is this machine ready, is the mirror healthy: each problem with its fix",
		Long: "Check looks at every interface for a while, or at those named as mirror ports, and asks what can be\n" +
			"wrong with the machine, the configuration and the mirror. It changes nothing. Exit 0: all is well,\n" +
			"or there are notes only; 1: problems; 2: wrong configuration, or no such interface.",
		RunE: func(c *cobra.Command, names []string) error { return v.check(c.OutOrStdout(), names) },
	}
	c.Flags().BoolVar(&v.asJSON, "json", false, "for machines")
	c.Flags().DurationVar(&v.length, "for", 10*time.Second, "how long to look at the traffic; 0 not at all")
	v.flag(c)
	return c
}

func (v *checking) check(w io.Writer, names []string) error {
	if err := known(names); err != nil {
		return err
	}
	wrong := v.load()
	if wrong != nil {
		v.Config = config.Default()
	}
	e, err := v.env(names, wrong)
	if err != nil {
		return err
	}
	r := e.Ask()
	if v.asJSON {
		err = reportJSON(w, v.Lang, e, &r)
	} else {
		reportText(w, v.Lang, &r)
	}
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return errors.New("the configuration is wrong")
	case len(names) == 0 && known(v.Mirror) != nil:
		return known(v.Mirror)
	case r.Bad() > 0:
		return bad("%d problems", r.Bad())
	}
	return nil
}

// known refuses names of interfaces that there are not.
func known(names []string) error {
	all, err := iface.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("%w: %s; there are: %s", iface.ErrMissing, name, strings.Join(all, ", "))
		}
	}
	return nil
}

// env is what the questions may ask.
func (v *checking) env(names []string, wrong error) (*questions.Env, error) {
	state, err := v.state()
	if err != nil {
		return nil, err
	}
	mirror := names
	if len(names) == 0 {
		mirror = v.Mirror
	}
	e := &questions.Env{
		For: v.length, Interface: names, Mirror: mirror, File: v.file, FileError: wrong,
		State: state, Lend: func() { ask(state, asked{Ask: "lend"}) }, Journal: journalIn(state), JournalGB: v.Retention.JournalGB,
		Places: []string{v.Geo.City, v.Geo.ASN}, Command: os.Args[0], Again: sudo(),
		Rules: func() (int, error) {
			set, err := loadRules(v.RulesDir)
			if err != nil {
				return 0, err
			}
			return len(set.Rules), nil
		},
	}
	for _, z := range v.Know().Zones {
		e.Zones = append(e.Zones, questions.Zone{Name: z.Name, Networks: z.Networks})
	}
	return e, nil
}

// reportText prints the facts, then the problems.
func reportText(w io.Writer, lang string, r *questions.Report) {
	line := func(name, text string) {
		for i, part := range output.Wrap(text, output.Width-15) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "%-14s %s\n", name, part)
		}
	}
	for _, f := range r.Facts {
		line(f.Check, about(f.About)+f.Text.In(lang))
	}
	label := labels[lang]
	for i := range r.Problems {
		p := &r.Problems[i]
		name := label.problem
		if p.Note {
			name = label.note
		}
		fmt.Fprintln(w)
		line(name, about(p.About)+p.What.In(lang)+" ["+p.Check()+"]")
		line("  "+label.lost, p.Lost.In(lang))
		if s := p.Switch.In(lang); s != "" {
			line("  switch", s)
		}
		fmt.Fprintf(w, "%-14s %s\n", "  "+label.mend, p.Mend) // never wrapped: it is to be copied
	}
	fmt.Fprintf(w, "\n"+label.end+"\n", r.Bad(), len(r.Problems)-r.Bad())
}

func about(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

// labels are the words around what the questions say.
var labels = map[string]struct{ problem, note, lost, mend, end string }{
	"en": {"PROBLEM", "note", "lost", "mend", "%d problems, %d notes"},
	"nl": {"PROBLEEM", "opmerking", "gemis", "oplossing", "%d problemen, %d opmerkingen"},
}

// finding is a problem or a fact for machines.
type finding struct {
	Check  string `json:"check"`
	About  string `json:"about,omitempty"`
	Level  string `json:"level,omitempty"` // problem or note
	What   string `json:"what"`
	Lost   string `json:"lost,omitempty"`
	Mend   string `json:"mend,omitempty"`
	Switch string `json:"switch,omitempty"`
}

func reportJSON(w io.Writer, lang string, e *questions.Env, r *questions.Report) error {
	all := struct {
		Version  string    `json:"version"`
		Proposal string    `json:"proposal,omitempty"` // the interface that looks like the mirror port
		Bad      int       `json:"bad"`
		Problems []finding `json:"problems"`
		Facts    []finding `json:"facts"`
	}{version, e.Proposal(), r.Bad(), []finding{}, []finding{}}
	for i := range r.Problems {
		p := &r.Problems[i]
		level := "problem"
		if p.Note {
			level = "note"
		}
		all.Problems = append(all.Problems, finding{p.Check(), p.About, level, p.What.In(lang), p.Lost.In(lang), p.Mend, p.Switch.In(lang)})
	}
	for _, f := range r.Facts {
		all.Facts = append(all.Facts, finding{Check: f.Check, About: f.About, What: f.Text.In(lang)})
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(all)
}
