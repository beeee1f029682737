package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// An upgrade is the package's work: its scripts ask the new program whether it can read the configuration and the
// state (check), start it, ask it whether it works (judge), and put the version before back where it does not (back).

const (
	// withinKey is the variable that says how long a new version has to prove itself; 120 s without it.
	withinKey   = "BRANDMELDER_UPGRADE_WITHIN"
	within      = 120 * time.Second
	askAgain    = 500 * time.Millisecond
	freshReport = 5 * time.Second // ship tells each second
	proof       = 3               // canaries of each shard: one may be luck
)

// upgrade is the latest one, as it is kept in the state directory.
type upgrade struct{ health.Upgrade }

func upgradeIn(state string) string { return filepath.Join(state, "upgrade.json") }
func beforeIn(state string) string  { return filepath.Join(state, "state.before") }

// lastUpgrade is nil where there was none.
func lastUpgrade(state string) (*health.Upgrade, error) {
	b, err := os.ReadFile(upgradeIn(state))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	u := &health.Upgrade{}
	return u, json.Unmarshal(b, u)
}

func (u *upgrade) keep(state string) error {
	b, err := json.Marshal(u)
	if err == nil {
		err = lasting.Disk{}.Place(upgradeIn(state), b)
	}
	return err
}

func upgradeCommand() *cobra.Command {
	c := &cobra.Command{Use: "upgrade", Hidden: true, Short: "for the package: does this version work here"}
	verb := func(use, short string, args cobra.PositionalArgs, run func(s *settings, state string, args []string, w io.Writer) error) {
		var s settings
		v := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(c *cobra.Command, args []string) error {
			if err := s.load(); err != nil {
				return err
			}
			state, err := s.state()
			if err != nil {
				return err
			}
			return run(&s, state, args, c.OutOrStdout())
		}}
		s.flag(v)
		c.AddCommand(v)
	}
	verb("check", "can it read the configuration and the state of the version that runs", cobra.NoArgs, (*settings).upgradeCheck)
	verb("judge", "does it work, within "+withinKey, cobra.NoArgs, (*settings).upgradeJudge)
	verb("back WHY", "note that this version came back, and give it what was learned before", cobra.ExactArgs(1), (*settings).upgradeBack)
	return c
}

// upgradeCheck changes nothing but its own note: the version that runs goes on meanwhile.
func (s *settings) upgradeCheck(state string, _ []string, w io.Writer) error {
	c, err := s.line(1, s.observer(), nil)
	if err != nil {
		return err
	}
	var anew []string
	c.Learned = pipeline.Learned{Dir: learnedIn(state), Version: version, Found: func(r baseline.Restored) {
		if r.Err != nil && r.Empty {
			anew = append(anew, r.Name)
		}
	}}
	if _, err := pipeline.New(c, func(event.Doc) {}); err != nil {
		return err
	}
	for _, series := range delivery.Lanes {
		if _, err := journal.List(journalIn(state), series); err != nil {
			return fmt.Errorf("the journal cannot be read: %w", err)
		}
	}
	if len(anew) > 0 {
		fmt.Fprintf(w, "begin to learn anew in %s: %s\n", version, strings.Join(anew, ", "))
	}
	if err := copyFolder(learnedIn(state), beforeIn(state)); err != nil {
		return err
	}
	u := &upgrade{health.Upgrade{To: version, At: time.Now(), Outcome: "begun"}}
	if a, err := ask(state, asked{Ask: "status"}); err == nil {
		u.From, u.Delivering = a.Run.Version, delivering(&a.Run, time.Now())
	}
	return u.keep(state)
}

// delivering are the outputs of ship that work now.
func delivering(r *health.Run, now time.Time) (names []string) {
	if now.Sub(r.ShippedAt) > freshReport {
		return nil
	}
	for i := range r.Shipped {
		if o := &r.Shipped[i]; o.Both().Error == "" {
			names = append(names, o.Name)
		}
	}
	slices.Sort(names)
	return names
}

// upgradeJudge waits until capture, detection and delivery work.
func (s *settings) upgradeJudge(state string, _ []string, w io.Writer) error {
	last, err := lastUpgrade(state)
	if err != nil || last == nil {
		return errors.Join(err, errors.New("upgrade check did not come first"))
	}
	u := &upgrade{*last}
	limit := within
	if text := os.Getenv(withinKey); text != "" {
		if limit, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%s: %w", withinKey, err)
		}
	}
	for end := time.Now().Add(limit); ; time.Sleep(askAgain) {
		a, err := ask(state, asked{Ask: "status"})
		sick := u.sick(&a.Run, err, time.Now())
		if sick == "" {
			u.Outcome = "healthy"
			fmt.Fprintf(w, "brandmelder %s works: %d packets, %d canaries\n", u.To, a.Run.Line.Packets, slices.Max(a.Run.Line.Canaries))
			return u.keep(state)
		}
		if time.Now().After(end) {
			return bad("after %s: %s", limit, sick)
		}
	}
}

// sick says what does not work yet, "" nothing.
func (u *upgrade) sick(r *health.Run, err error, now time.Time) string {
	switch {
	case err != nil:
		return "capture does not answer: " + err.Error()
	case r.Version != u.To:
		return fmt.Sprintf("version %s answers instead of %s", r.Version, u.To)
	case len(r.Line.Canaries) == 0 || slices.Min(r.Line.Canaries) < proof:
		return fmt.Sprintf("detection lets no canary through: %d by capture", r.Line.Canaries)
	}
	works := delivering(r, now)
	for _, name := range u.Delivering {
		if !slices.Contains(works, name) {
			return "output " + name + " worked before and does not now" + why(r, name)
		}
	}
	return ""
}

// why is what an output says itself.
func why(r *health.Run, name string) string {
	for i := range r.Shipped {
		if o := &r.Shipped[i]; o.Name == name && o.Both().Error != "" {
			return ": " + o.Both().Error
		}
	}
	return ""
}

// upgradeBack is asked of the version that came back. Where nothing runs, it gets what was learned before: the
// newer version may have written that in a way of its own.
func (s *settings) upgradeBack(state string, args []string, w io.Writer) error {
	last, err := lastUpgrade(state)
	if err != nil {
		return err
	}
	if last == nil || last.Outcome != "begun" { // it could not even begin
		last = &health.Upgrade{At: time.Now(), To: "a newer version"}
	} else if _, err := ask(state, asked{Ask: "status"}); err != nil {
		if err := copyFolder(beforeIn(state), learnedIn(state)); err != nil {
			return err
		}
	}
	u := &upgrade{*last}
	u.Outcome, u.Why = "brandmelder "+version+" came back", args[0]
	fmt.Fprintln(w, "upgrade", u)
	return u.keep(state)
}

// copyFolder makes the files of a folder those of another, each whole at every moment. A run that writes there
// meanwhile may take a file away: it has put the same content beside, under the name of the generation before.
func copyFolder(from, to string) error {
	files, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := errors.Join(err, os.MkdirAll(to, 0o700)); err != nil {
		return err
	}
	var disk lasting.Disk
	copied := map[string]bool{}
	for _, f := range files {
		if lasting.Unfinished(f.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, f.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = disk.Lay(filepath.Join(to, f.Name()), b)
		}
		if err != nil {
			return err
		}
		copied[f.Name()] = true
	}
	old, err := os.ReadDir(to)
	for _, f := range old {
		if !copied[f.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(to, f.Name())))
		}
	}
	return errors.Join(err, disk.FlushFolder(to))
}
