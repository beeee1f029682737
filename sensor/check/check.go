// Package check is the shelf of questions whether this machine is ready and its mirror
// healthy. Each answers with problems: what is wrong, what is lost by it, and the
// command that mends it. A question looks; it changes nothing and sends nothing.
package check

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"sync"
	"time"
)

// Words are a text in the languages of the sensor.
type Words struct{ EN, NL string }

// two is a value that differs by language.
type two struct{ en, nl string }

// say fills both languages with the same values, of which those of two with their own.
func say(en, nl string, values ...any) Words {
	if len(values) == 0 {
		return Words{en, nl}
	}
	dutch := slices.Clone(values)
	for i, v := range values {
		if v, ok := v.(two); ok {
			values[i], dutch[i] = v.en, v.nl
		}
	}
	return Words{fmt.Sprintf(en, values...), fmt.Sprintf(nl, dutch...)}
}

// In is the text in a language, English where it is not Dutch.
func (w Words) In(lang string) string {
	if lang == "nl" {
		return w.NL
	}
	return w.EN
}

// Problem is one thing that is not as it should be.
type Problem struct {
	About  string // interface or file that it is about, "" the machine
	Note   bool   // good to know; the sensor does its work
	What   Words  // what is wrong
	Lost   Words  // what is lost by it
	Mend   string // a command, or a line of the configuration, that mends it
	Switch Words  // what to change on the switch, where that is at fault

	check string
}

// Check is the name of the question that found it.
func (p *Problem) Check() string { return p.check }

// Fact is something that was found to be so.
type Fact struct {
	Check, About string
	Text         Words
}

// Zone is a part of the network that the configuration names.
type Zone struct {
	Name     string
	Networks []netip.Prefix
}

// Env is what a question may ask. Its fields are set before the first question.
type Env struct {
	For       time.Duration // how long to look at the traffic; 0 not at all
	Interface []string      // to look at; empty: all
	Mirror    []string      // that are meant to be mirror ports; empty: the one that looks like it
	Absent    error         // one of these that there is not, and those that there are
	Zones     []Zone

	File      string   // of the configuration, "" the defaults
	FileError error    // why it is not in force
	Fresh     []string // keys that this version knows, and neither the one before nor File
	State     string   // directory
	Lend      func()   // asks a run that ends frames at its mirror ports to leave them to the host for 3 s
	Journal   string   // directory
	JournalGB float64  // that the configuration lets the state grow to
	Places    []string // databases
	Rules     func() (int, error)
	Servers   []Server
	Refused   []Refused                         // outputs
	Expected  func() (documents, bytes float64) // a day; 0: not known yet
	Command   string                            // this program, as it was called
	Again     string                            // the whole command with the rights of root

	once   sync.Once
	sights []*Sight
	facts  []Fact
}

// Spec describes a question.
type Spec struct {
	Name string
	Doc  string // one line for people
	Run  func(*Env) []Problem
}

var registry []*Spec

// register puts a question on the shelf: once per name, from an init function.
func register(s Spec) {
	for _, other := range registry {
		if other.Name == s.Name {
			panic(fmt.Sprintf("check: %s registered twice", s.Name))
		}
	}
	registry = append(registry, &s)
	sort.Slice(registry, func(i, j int) bool { return registry[i].Name < registry[j].Name })
}

// All lists the questions by name. The slice is the caller's, the specs are not.
func All() []*Spec { return slices.Clone(registry) }

// fact tells what was found to be so.
func (e *Env) fact(about string, text Words) {
	e.facts = append(e.facts, Fact{About: about, Text: text})
}

// Report is what all questions found, in the order of their names.
type Report struct {
	Facts    []Fact
	Problems []Problem
}

// Ask asks all questions.
func (e *Env) Ask() (r Report) {
	for _, s := range registry {
		e.facts = nil
		for _, p := range s.Run(e) {
			p.check = s.Name
			r.Problems = append(r.Problems, p)
		}
		for _, f := range e.facts {
			f.Check = s.Name
			r.Facts = append(r.Facts, f)
		}
	}
	return r
}

// Bad counts the problems that are more than notes.
func (r *Report) Bad() (n int) {
	for i := range r.Problems {
		if !r.Problems[i].Note {
			n++
		}
	}
	return n
}
