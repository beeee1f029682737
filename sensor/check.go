package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/deploy"
	"github.com/brandmelder/brandmelder/ingest"
	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/iface"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
	"github.com/brandmelder/brandmelder/sensor/secret"
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
			"wrong with the machine, the configuration, the mirror, and the Elasticsearch of the outputs. It changes\n" +
			"nothing. An interface is named by name, mac:ADDRESS or pci:PLACE. Exit 0: all is well, or there are notes\n" +
			"only; 1: problems; 2: wrong configuration, or no such interface.",
		RunE: func(c *cobra.Command, names []string) error { return v.check(c.OutOrStdout(), names) },
	}
	c.Flags().BoolVar(&v.asJSON, "json", false, "for machines")
	c.Flags().DurationVar(&v.length, "for", 10*time.Second, "how long to look at the traffic; 0 not at all")
	v.flag(c)
	return c
}

func (v *checking) check(w io.Writer, names []string) error {
	names, err := interfaces(names)
	if err != nil {
		return err
	}
	wrong := v.load()
	if wrong == nil {
		wrong = v.starts()
	}
	if wrong != nil {
		v.Config = config.Default()
	}
	e := v.env(names, wrong)
	state, err := v.state()
	if err != nil {
		return err
	}
	stateOf(e, state)
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
	case e.Absent != nil:
		return e.Absent
	case r.Bad() > 0:
		return bad("%d problems", r.Bad())
	}
	return nil
}

// starts says what of the configuration the detectors of run would not take; rules, databases of places and outputs
// have questions of their own.
func (v *checking) starts() error {
	know := v.Know()
	know.CityDB, know.ASNDB = "", ""
	_, err := pipeline.New(pipeline.Config{Shards: 1, Know: know, Detectors: v.Detector}, func(event.Doc) {})
	return err
}

// refused are the outputs that ship would not start with. Elasticsearch has a question of its own, and a local output
// is made by looking at it.
func (v *checking) refused() (list []questions.Refused) {
	for i := range v.Outputs {
		o := &v.Outputs[i]
		spec := output.Find(o.Name)
		own, _ := o.Settings() // load has looked at them
		if _, elastic := own.(*output.Elasticsearch); elastic || !spec.Remote {
			continue
		}
		sink, err := spec.Open(output.Env{Namespace: v.Namespace, Lang: v.Lang}, own)
		if err == nil {
			err = sink.Close()
		}
		if err != nil && !elsewhere(err) {
			list = append(list, questions.Refused{Name: o.Called(), Err: err})
		}
	}
	return list
}

// elsewhere reports whether an output may well open for the service, which has secrets and may read files of its own.
func elsewhere(err error) bool {
	return errors.Is(err, secret.ErrElsewhere) || os.Geteuid() != 0 && errors.Is(err, fs.ErrPermission)
}

// interfaces are the names of those that are meant, by name, mac:… or pci:…. What there
// is not stays as it was said.
func interfaces(said []string) (names []string, missing error) {
	for _, one := range said {
		name, err := iface.Name(one)
		if err != nil {
			name, missing = one, cmp.Or(missing, err)
		}
		names = append(names, name)
	}
	return names, missing
}

// env is what the questions may ask; where the state is the caller says.
func (v *checking) env(names []string, wrong error) *questions.Env {
	e := &questions.Env{
		For: v.length, Interface: names, Mirror: names, File: v.file, FileError: wrong,
		JournalGB: v.Retention.JournalGB,
		Places:    []string{v.Geo.City, v.Geo.ASN}, Command: os.Args[0], Again: sudo(),
		Rules: func() (int, error) {
			set, err := loadRules(v.RulesDir)
			if err != nil {
				return 0, err
			}
			return len(set.Rules), nil
		},
	}
	e.Refused = v.refused()
	e.Fresh = fresh(documentedBefore, v.file)
	if len(names) == 0 {
		e.Mirror, e.Absent = interfaces(v.Mirror)
	}
	e.Servers, e.Expected = v.servers(), func() (documents, bytes float64) {
		list, _ := perDay(e.Journal, v.Retention, shipped(v.Outputs)) // what cannot be read the journal's own question tells
		for _, d := range list {
			documents, bytes = documents+d.Documents, bytes+d.Bytes
		}
		return documents, bytes
	}
	for _, z := range v.Know().Zones {
		e.Zones = append(e.Zones, questions.Zone{Name: z.Name, Networks: z.Networks})
	}
	return e
}

// documentedBefore is where the package keeps the documented configuration of the version before.
const documentedBefore = "/usr/lib/brandmelder/previous/brandmelder.yaml"

// fresh are the keys that came with the latest upgrade and are not in a person's file; none without an upgrade or a
// file. What cannot be read of that file is told elsewhere.
func fresh(earlier, own string) []string {
	before, err := os.ReadFile(earlier)
	text, wrong := os.ReadFile(own)
	if err != nil || wrong != nil {
		return nil
	}
	keys, _ := config.Since(deploy.Configuration, before, text)
	return keys
}

// stateOf says where the state is, and whom to ask for a mirror port that a run holds.
func stateOf(e *questions.Env, state string) {
	e.State, e.Journal = state, journalIn(state)
	e.Lend = func() { ask(state, asked{Ask: "lend"}) }
}

// patience with a server that does not answer.
const patience = 10 * time.Second

// servers are those of the outputs, each with its key already read: by who types, and
// not as the owner of the state.
func (v *checking) servers() (list []questions.Server) {
	for i := range v.Outputs {
		o := &v.Outputs[i]
		settings, _ := o.Settings() // load has looked at them
		e, ok := settings.(*output.Elasticsearch)
		if !ok {
			continue
		}
		e.Timeout = min(e.Timeout, patience)
		client, err := ingest.Open(e.Settings)
		list = append(list, questions.Server{Name: o.Called(), Where: strings.Join(e.Hosts[:min(len(e.Hosts), 1)], ""),
			Standing: func() (*ingest.Standing, error) {
				if err != nil {
					return nil, err
				}
				defer client.Close()
				tenant := &ingest.Tenant{Namespace: v.Namespace, Space: ingest.SpaceOf(v.Namespace)}
				return client.Standing(context.Background(), datasets(v.Retention), tenant)
			}})
	}
	return list
}

// reportText prints the facts, then the problems.
func reportText(w io.Writer, lang string, r *questions.Report) {
	for _, f := range r.Facts {
		printWrapped(w, f.Check, about(f.About)+f.Text.In(lang))
	}
	reportProblems(w, lang, r)
	fmt.Fprintf(w, "\n"+labels[lang].end+"\n", r.Bad(), len(r.Problems)-r.Bad())
}

func reportProblems(w io.Writer, lang string, r *questions.Report) {
	label := labels[lang]
	for i := range r.Problems {
		p := &r.Problems[i]
		name := label.problem
		if p.Note {
			name = label.note
		}
		fmt.Fprintln(w)
		printWrapped(w, name, about(p.About)+p.What.In(lang)+" ["+p.Check()+"]")
		printWrapped(w, "  "+label.lost, p.Lost.In(lang))
		if s := p.Switch.In(lang); s != "" {
			printWrapped(w, "  switch", s)
		}
		fmt.Fprintf(w, "%-14s %s\n", "  "+label.mend, p.Mend) // never wrapped: it is to be copied
	}
}

// printWrapped prints a text beside its name.
func printWrapped(w io.Writer, name, text string) {
	for i, part := range output.Wrap(text, output.Width-15) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(w, "%-14s %s\n", name, part)
	}
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
