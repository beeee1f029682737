package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	questions "github.com/brandmelder/brandmelder/sensor/check"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

// setup is the verb's flags, which answer its questions.
type setup struct {
	checking
	answers
	yes, replace bool
	in           *bufio.Scanner // who answers what no flag does; nil: nobody
	w            io.Writer
	kept         string // what the file before is called now, "" there was none
}

func setupCommand() *cobra.Command {
	s := setup{}
	c := &cobra.Command{
		Use: "setup", Short: "look at the interfaces, propose the mirror port, and write the configuration",
		Long: "Setup looks at every interface for a while, says what it sees there and which one looks like the mirror\n" +
			"port, asks at most five questions, and writes a configuration of at most ten lines. An answer may be given\n" +
			"as a flag; --yes takes what is proposed for the others, and is needed without a terminal. What the host\n" +
			"does not use is made fit to listen while it is looked at, and set back afterwards. Nothing is started:\n" +
			"the command to type is the line before the last, and the last says what the mirror is worth.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s.w = c.OutOrStdout()
			if isTerminal(os.Stdin) && !s.yes {
				s.in = bufio.NewScanner(os.Stdin)
			}
			return s.run()
		},
	}
	f := c.Flags()
	f.BoolVar(&s.yes, "yes", false, "take what is proposed, and ask nothing")
	f.BoolVar(&s.replace, "replace", false, "write anew a file that was filled in before; it is kept beside, as FILE.old")
	f.DurationVar(&s.length, "for", 10*time.Second, "how long to look at the traffic")
	s.answers.flags(c)
	s.fileFlag(c, config.SystemFile)
	return c
}

func (s *setup) run() error {
	s.file, s.system = cmp.Or(s.file, config.SystemFile), config.SystemState
	if os.Geteuid() != 0 {
		return fmt.Errorf("setup looks at interfaces and writes %s, which needs the rights of root; type: %s", s.file, sudo())
	}
	if s.in == nil && !s.yes {
		return errors.New("setup asks questions, and this is no terminal: say --yes to take what is proposed, and give answers as flags")
	}
	if err := cmp.Or(s.given(), s.free()); err != nil {
		return err
	}
	s.Config = config.Default()
	s.Lang = s.language()
	e := s.env(nil, nil)
	state, err := s.StateDir(s.system) // still as root, who writes the file
	if err != nil {
		return err
	}
	stateOf(e, state)
	if err := s.look(e); err != nil {
		return err
	}
	if err := s.ask(e); err != nil {
		return err
	}
	if err := s.write(e); err != nil {
		return err
	}
	return s.judge(e)
}

// say prints a line in the language of the messages.
func (s *setup) say(en, nl string, values ...any) {
	fmt.Fprintf(s.w, s.phrase(en, nl)+"\n", values...)
}

// phrase chooses between the languages.
func (s *setup) phrase(en, nl string) string { return questions.Words{EN: en, NL: nl}.In(s.Lang) }

// look shows what each interface sees.
func (s *setup) look(e *questions.Env) error {
	s.say("looking at every interface for %s …", "elke interface wordt %s bekeken …", s.length)
	room := &iface.Room{Dir: filepath.Join(iface.RunDir(), "setup"), Say: func(string, ...any) {}}
	if err := room.RestoreAll(); err != nil { // of a setup that was killed
		return ifaceError(err)
	}
	defer restoredAtAnEnd(room)()
	wake(room)
	for _, sight := range e.Sights() {
		text := s.phrase("is down", "staat uit")
		switch {
		case sight.Failed != nil:
			text = sight.Failed.Error()
		case sight.Up:
			text = sight.Tell().In(s.Lang)
		}
		if len(sight.Own) > 0 {
			text += s.phrase(" (the host's own: it ", " (van de host zelf: ") + strings.Join(sight.Own, ", ") + ")"
		}
		printWrapped(s.w, sight.Name, text)
	}
	return nil
}

// judge reads what was written as run would, and ends with what the mirror is worth.
func (s *setup) judge(e *questions.Env) error {
	if err := s.load(); err != nil {
		return err
	}
	now := s.env(nil, nil)
	e.File, e.Mirror, e.Absent, e.JournalGB, e.Servers = now.File, now.Mirror, now.Absent, now.JournalGB, now.Servers
	e.Refused = now.Refused
	r := e.Ask()
	r.Problems = worth(r.Problems)
	reportProblems(s.w, s.Lang, &r)
	fmt.Fprintln(s.w)
	if s.kept != "" {
		s.say("what was there before is kept: %s", "wat er stond is bewaard: %s", s.kept)
	}
	s.say("written: %s", "geschreven: %s", s.file)
	s.say("next: %s", "nu: %s", s.next())
	for _, line := range e.Verdict() {
		fmt.Fprintln(s.w, line.In(s.Lang))
	}
	return nil
}

// worth are the problems that are more than notes, without what the service mends
// itself when it prepares the mirror port.
func worth(all []questions.Problem) (some []questions.Problem) {
	for _, p := range all {
		if !p.Note && p.Check() != "offload" {
			some = append(some, p)
		}
	}
	return some
}

// next is the command that starts the sensor.
func (s *setup) next() string {
	units := "brandmelder"
	if s.elastic != "" {
		units += " brandmelder-ship"
	}
	for _, dir := range []string{"/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"} {
		if _, err := os.Stat(dir + "/brandmelder.service"); err != nil || s.file != config.SystemFile {
			continue
		}
		if s.kept != "" { // it may run, and reads its interfaces at its start only
			return fmt.Sprintf("sudo systemctl enable %s && sudo systemctl restart %[1]s", units)
		}
		return "sudo systemctl enable --now " + units
	}
	return fmt.Sprintf("sudo %s run -c %s", os.Args[0], s.file)
}
