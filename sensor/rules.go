package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	embedded "github.com/brandmelder/brandmelder/rules"
	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/proto"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// words are the records that rules may speak of, by the kind of event.
func words() rule.Words {
	traffic := (&event.Traffic{}).Table()
	all := rule.Words{
		"flow.start": traffic, "flow.alive": traffic, "flow.end": traffic,
		"auth": (&event.Login{}).Table(), "anomaly": flow.AnomalyTable,
	}
	for _, s := range proto.All() {
		for _, t := range s.Tables {
			all[t.Name] = t
		}
	}
	return all
}

// ruleFiles is the folder that takes the place of the embedded rules, or these.
func ruleFiles(dir string) (files fs.FS, where string, err error) {
	if dir == "" {
		return embedded.Files, "the rules that are built in", nil
	}
	switch info, err := os.Stat(dir); {
	case err != nil:
		return nil, "", fmt.Errorf("%s cannot be read: make that folder, or leave rules_dir out to use those that are built in: %w", dir, err)
	case !info.IsDir():
		return nil, "", fmt.Errorf("%s is a file: name the folder in which it stands", dir)
	}
	return os.DirFS(dir), dir, nil
}

func loadRules(dir string) (*rule.Set, error) {
	files, where, err := ruleFiles(dir)
	if err != nil {
		return nil, err
	}
	set, err := rule.Load(files, words(), alert.CheckRuleText)
	there, _ := fs.ReadDir(files, ".")
	if err == nil && len(set.Rules) == 0 && len(there) > 0 { // an empty folder means that none are wanted
		err = fmt.Errorf("%s has no rules: they are files that end in .yml or .yaml, in the folder itself and not in one below it; an empty folder says that none are wanted", where)
	}
	return set, err
}

// rules reads the rules of the configuration.
func (s *settings) rules() (*atomic.Pointer[rule.Set], error) {
	set, err := loadRules(s.RulesDir)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	p := &atomic.Pointer[rule.Set]{}
	p.Store(set)
	return p, nil
}

func rulesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "rules in the Sigma format: list, test, explain",
		Long: "Rules describe single events. Those that are built in can be replaced by a folder: rules_dir in the\n" +
			"configuration, or the folder that test is given.",
	}
	c.AddCommand(rulesListCommand(), rulesTestCommand(), rulesExplainCommand())
	return c
}

// rulesFrom reads the rules of -c, or of the one argument.
func rulesFrom(s *settings, args []string) (*rule.Set, string, error) {
	if err := s.load(); err != nil {
		return nil, "", err
	}
	dir := s.RulesDir
	if len(args) > 0 {
		dir = args[0]
	}
	_, where, err := ruleFiles(dir)
	if err != nil {
		return nil, "", err
	}
	set, err := loadRules(dir)
	return set, where, err
}

func rulesListCommand() *cobra.Command {
	var s settings
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "the rules in force", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, _, err := rulesFrom(&s, nil)
			if err != nil {
				return err
			}
			head := []string{"id", "level", "family", "looks at", "title"}
			var rows [][]string
			for _, r := range set.Rules {
				id := r.ID
				if !asJSON {
					id = id[:8]
				}
				rows = append(rows, []string{id, r.Level, r.Family, strings.Join(r.Kinds, " "), r.Name})
			}
			if asJSON {
				return listJSON(c.OutOrStdout(), head, rows)
			}
			return listTable(c.OutOrStdout(), head, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	s.flag(c)
	return c
}

func rulesTestCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "test [FOLDER]", Short: "read rules and prove each on its own events", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, where, err := rulesFrom(&s, args)
			if err != nil {
				return err
			}
			yes, no := 0, 0
			for _, r := range set.Rules {
				y, n := r.Proofs()
				yes, no = yes+y, no+n
			}
			fmt.Fprintf(c.OutOrStdout(), "%d rules from %s: %d events match as they should, %d do not, as they should\n", len(set.Rules), where, yes, no)
			return nil
		},
	}
	s.flag(c)
	return c
}

func rulesExplainCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use: "explain ID", Short: "what a rule looks for, in the fields of the records", Args: cobra.ExactArgs(1),
		Long: "The id may be shortened to what tells it apart.",
		RunE: func(c *cobra.Command, args []string) error {
			set, _, err := rulesFrom(&s, nil)
			if err != nil {
				return err
			}
			var found []*rule.Rule
			for _, r := range set.Rules {
				if strings.HasPrefix(r.ID, args[0]) {
					found = append(found, r)
				}
			}
			switch len(found) {
			case 0:
				return fmt.Errorf("no rule has an id that begins with %s: see `brandmelder rules list`", args[0])
			case 1:
				return explainRule(c.OutOrStdout(), found[0])
			}
			return fmt.Errorf("%d rules have an id that begins with %s: write more of it", len(found), args[0])
		},
	}
	s.flag(c)
	return c
}

func explainRule(w io.Writer, r *rule.Rule) error {
	yes, no := r.Proofs()
	_, err := fmt.Fprintf(w, "%s\n\n%s\n\nid         %s (%s)\nlevel      %s: severity %d\nfamily     %s\nATT&CK     %s\nlooks at   %s\nfinds      %s\nshows      %s\nproven on  %d events that match, %d that do not\n",
		r.Name, strings.TrimSpace(r.Description), r.ID, r.File, r.Level, r.Severity, r.Family, strings.Join(r.Technique, " "),
		strings.Join(r.Kinds, " "), r.Explain(), strings.Join(r.Fields, ", "), yes, no)
	for _, f := range r.FalsePositives {
		_, more := fmt.Fprintf(w, "can also be %s\n", f)
		err = errors.Join(err, more)
	}
	return err
}

// ruledFamilies are those of which one of the embedded rules finds something.
func ruledFamilies() map[string]bool {
	families := map[string]bool{}
	if set, err := loadRules(""); err == nil {
		for _, r := range set.Rules {
			families[r.Family] = true
		}
	}
	return families
}
