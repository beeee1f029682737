package main

import (
	"cmp"
	"crypto/rand"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// redactor takes out of a text what a bundle may not hold: what names a person, a host
// or a network, or is a secret, becomes the code that the view with pseudonyms has for it.
type redactor struct {
	codes *output.Pseudonyms
	words []string // that are coded wherever they stand, the longest first
}

const leastWord = 4 // characters of such a word

// newRedactor codes with the sensor's own secret, or where that cannot be read with one
// that nobody has.
func (s *settings) newRedactor(state string) (*redactor, error) {
	seed, err := os.ReadFile(seedIn(state))
	if err != nil || len(seed) != seedSize {
		seed = make([]byte, seedSize)
		rand.Read(seed)
	}
	codes, err := s.pseudonyms(seed)
	if err != nil {
		return nil, err
	}
	r := &redactor{codes: codes}
	host, _ := os.Hostname()
	r.learn(s.observer().Name, host)
	return r, nil
}

// learn notes what must not be said anywhere.
func (r *redactor) learn(words ...string) {
	for _, w := range words {
		if len(w) >= leastWord && !slices.Contains(common, w) {
			r.words = append(r.words, w)
		}
	}
	slices.SortFunc(r.words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

// common are words that name nobody, and would be missed in a log.
var common = []string{"http", "https", "true", "false", "auto", "sensor", "brandmelder", config.SystemState, filepath.Dir(config.SystemFile), "/root"}

// spoken are the keys whose values are figures or words of our own. All other values of
// a configuration are coded, whatever they are.
var spoken = regexp.MustCompile(`^(lang|capture|mirror|metrics|retention\..*|limits\..*|zones\.criticality|` +
	`outputs\.(name|party|view|what|datasets\..*|per_minute|timeout|refresh|plain|transport|format|facility|tls))$`)

// ownWords are what such a word can be; ownFigure is a number, a duration, 1 in 10, or the
// address of this machine itself.
var (
	ownWords = strings.Fields("en nl auto xdp ring provider full pseudonyms alerts incidents all on off true false tls tcp udp " +
		"plain cef starttls none high critical hoog kritiek")
	ownFigure = regexp.MustCompile(`^(\d+(ns|us|ms|s|m|h)?|1 in \d+|127\.\d+\.\d+\.\d+:\d+|\[::1\]:\d+)$`)
	ifaceName = regexp.MustCompile(`^[a-z0-9._-]{1,15}$`) // IFNAMSIZ less one
)

// tells reports whether a value may be said as it is.
func tells(path, value string) bool {
	return spoken.MatchString(path) && (ownFigure.MatchString(value) || slices.Contains(ownWords, value) ||
		path == "mirror" && ifaceName.MatchString(value) || path == "outputs.name" && output.Find(value) != nil)
}

// keyShape is what a key looks like; nothing else does.
var keyShape = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,31}$`)

// configuration rewrites a file that people wrote, and learns from it what must not be
// said elsewhere. One that is no YAML is left out: anything may be anywhere in it.
func (r *redactor) configuration(text []byte) string {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return "# empty, or no YAML: left out\n"
	}
	root.HeadComment, root.FootComment = "", ""
	r.node(root.Content[0], "")
	out, err := yaml.Marshal(&root)
	if err != nil {
		return "# cannot be written\n"
	}
	return string(out)
}

// node rewrites what stands below a path of keys.
func (r *redactor) node(n *yaml.Node, path string) {
	n.HeadComment, n.LineComment, n.FootComment, n.Anchor = "", "", "", ""
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			r.node(n.Content[i+1], strings.TrimPrefix(path+"."+key.Value, "."))
			key.HeadComment, key.LineComment, key.FootComment, key.Anchor = "", "", "", ""
			if !keyShape.MatchString(key.Value) {
				r.code(key)
			}
		}
	case yaml.SequenceNode:
		for _, v := range n.Content {
			r.node(v, path)
		}
	case yaml.ScalarNode:
		figure := strings.HasPrefix(path, "detectors.") && slices.Contains([]string{"!!int", "!!float", "!!bool"}, n.Tag)
		if !figure && n.Tag != "!!null" && n.Value != "" && !tells(path, n.Value) {
			r.value(path, n.Value)
			r.code(n)
		}
	default: // an alias, whose value is told where it is defined
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "(alias)"}
	}
}

func (r *redactor) code(n *yaml.Node) {
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: r.codes.Code(n.Value)}
}

// value learns a value, the parts of it that could stand alone, and of a file of a
// secret what it holds.
func (r *redactor) value(path, text string) {
	const smallFile = 4 << 10
	if strings.HasSuffix(path, "_file") {
		if b, err := os.ReadFile(text); err == nil && len(b) <= smallFile {
			r.learn(parts(string(b))...)
		}
	}
	r.learn(text)
	if !strings.HasPrefix(text, "/") { // the folders of a path are no secret
		r.learn(parts(text)...)
	}
}

// parts are the halves of a key, the user and the password of an address, the lines of
// a file.
func parts(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n:@/,", c) })
}

// What could name a host or a person in a line of a log.
var (
	quoted   = regexp.MustCompile(`'[^']*'|"[^"]*"|\x60[^\x60]*\x60`)
	address  = regexp.MustCompile(`[0-9A-Fa-f:.]*(?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)`)
	mail     = regexp.MustCompile(`[\w.+-]+@[\w.-]+`)
	hostName = regexp.MustCompile(`\b(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z]{2,}\b`)
	tokens   = regexp.MustCompile(`[A-Za-z0-9+/=_-]{24,}`)
	ours     = regexp.MustCompile(`\.(go|yaml|json|service|seg|snap|sock|db|pem|key|log|txt)$`)
)

// text redacts free text.
func (r *redactor) text(s string) string {
	for _, word := range r.words {
		s = strings.ReplaceAll(s, word, r.codes.Code(word))
	}
	s = mail.ReplaceAllStringFunc(s, r.codes.Code)
	s = address.ReplaceAllStringFunc(s, func(a string) string {
		if strings.Count(a, ":") == 2 && len(a) == len("15:04:05") && !strings.ContainsAny(a, "abcdefABCDEF.") {
			return a // a time of day
		}
		if _, err := netip.ParseAddr(strings.TrimRight(a, ":.")); err != nil && strings.Count(a, ":") < 5 && strings.Count(a, ".") < 3 {
			return a
		}
		return r.codes.Code(a)
	})
	return hostName.ReplaceAllStringFunc(s, func(name string) string {
		if ours.MatchString(name) {
			return name
		}
		return r.codes.Code(name)
	})
}

// log redacts a line of a log, where anything may be quoted. What an alert says is left
// out: it is about people and hosts.
func (r *redactor) log(line string) string {
	if before, _, found := strings.Cut(line, " ALERT"); found {
		return r.text(before) + " ALERT …"
	}
	line = quoted.ReplaceAllString(line, "'…'")
	return tokens.ReplaceAllString(r.text(line), "***")
}
