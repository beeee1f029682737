// Package manual makes the manual pages from what they describe: the commands, and
// the documented configuration. What is not in the code is not in the manual.
package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// page is a manual page in the making, in the man macros of roff (man(7)).
type page struct{ strings.Builder }

// escape keeps roff from reading text as requests: a backslash, a hyphen that is to
// stay one, and a full stop or an apostrophe that begins a line.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func newPage(name string, section int, version string) *page {
	p := &page{}
	fmt.Fprintf(p, ".TH %s %d \"\" \"brandmelder %s\" \"Brandmelder\"\n", escape(strings.ToUpper(name)), section, escape(version))
	return p
}

func (p *page) section(title string) { fmt.Fprintf(p, ".SH %s\n", escape(title)) }

func (p *page) text(text string) { fmt.Fprintf(p, "%s\n", escape(text)) }

// item is a term and what it means.
func (p *page) item(term, meaning string) {
	fmt.Fprintf(p, ".TP\n.B %s\n%s\n", escape(term), escape(meaning))
}

// verbatim keeps its lines as they are.
func (p *page) verbatim(text string) { fmt.Fprintf(p, ".EX\n%s\n.EE\n", escape(text)) }

// Question is one that check asks: its name, and what it finds.
type Question struct{ Name, Finds string }

// Program is brandmelder(8): every verb with its flags, and how to read what check says.
func Program(root *cobra.Command, version string, questions []Question) []byte {
	p := newPage(root.Name(), 8, version)
	p.section("NAME")
	p.text(root.Name() + " - " + root.Short)
	p.section("SYNOPSIS")
	fmt.Fprintf(p, ".B %s\n.I command\n[\\fIflags\\fR]\n", escape(root.Name()))
	p.section("DESCRIPTION")
	p.text("Watches the traffic of a network on a mirror port and raises alerts about intruders: strange logins,\n" +
		"beacons, data that leaves, and what surrounds them. It stores what it saw in a journal on disk.")
	p.section("COMMANDS")
	verbs(p, root)
	p.checks(questions)
	p.section("EXIT STATUS")
	p.item("0", "done")
	p.item("1", "it ran, and found what it was asked about to be bad")
	p.item("2", "wrong use or configuration; the message names file, line and column. Of status also: nothing is seen")
	p.section("FILES")
	p.item("/etc/brandmelder/brandmelder.yaml", "the configuration, see brandmelder.yaml(5)")
	p.item("/var/lib/brandmelder", "the state: journal, alerts, what was learned")
	p.section("SEE ALSO")
	p.text("brandmelder.yaml(5)")
	return []byte(p.String())
}

// checks says how to read what check prints.
func (p *page) checks(questions []Question) {
	p.section("READING CHECK")
	p.text("The lines at the top are what was found to be so, each behind the name of its question. Below them stands what is\n" +
		"not as it should be, in paragraphs of these lines:")
	p.item("PROBLEM", "what is wrong, about which interface or file, and the question that found it in brackets; check exits 1")
	p.item("note", "the same, but the sensor does its work: nothing has to be done")
	p.item("lost", "what the sensor cannot see, keep or send as long as it stays so")
	p.item("switch", "what to change on the switch, where that is at fault")
	p.item("mend", "a command to copy, or a line of the configuration")
	p.WriteString(".PP\n")
	p.text("The last line counts both. Begin with config and names: with a wrong file or interface the rest says little, and\n" +
		"check exits 2. Then sees, host and the mirror questions: what the mirror port shows decides what can be found. Then\n" +
		"the others, in any order. After each repair ask again, with sudo, or what only root may see stays unknown. Once the sensor runs,\n" +
		"status says whether it sees.")
	p.WriteString(".PP\n")
	p.text("The questions:")
	for _, q := range questions {
		p.item(q.Name, q.Finds)
	}
}

// verbs describes what a person can type, innermost commands only.
func verbs(p *page, c *cobra.Command) {
	for _, sub := range c.Commands() {
		switch {
		case sub.Hidden || sub.Name() == "help":
		case sub.HasAvailableSubCommands():
			verbs(p, sub)
		default:
			verb(p, sub)
		}
	}
}

func verb(p *page, c *cobra.Command) {
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(p, ".SS %s\n%s\n", escape(c.UseLine()), escape(about))
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			term += " " + value
		}
		p.item(term, usage)
	})
}

// Configuration is brandmelder.yaml(5): the documented file, as it is.
func Configuration(file []byte, version string) []byte {
	p := newPage("brandmelder.yaml", 5, version)
	p.section("NAME")
	p.text("brandmelder.yaml - configuration of brandmelder")
	p.section("DESCRIPTION")
	p.text("YAML, read strictly: an unknown key is an error that names its line and the nearest known key.\nEvery key follows with its default; a file needs only what differs.")
	p.section("KEYS")
	p.verbatim(strings.TrimSpace(string(file)))
	p.section("SEE ALSO")
	p.text("brandmelder(8)")
	return []byte(p.String())
}
