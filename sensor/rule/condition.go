package rule

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/strict"
)

// node is a part of a condition.
type node interface {
	match(*Reading) bool
	String() string
}

type allOf []node

func (a allOf) match(r *Reading) bool {
	for _, n := range a {
		if !n.match(r) {
			return false
		}
	}
	return true
}

func (a allOf) String() string { return join(a, " and ") }

type anyOf []node

func (a anyOf) match(r *Reading) bool {
	for _, n := range a {
		if n.match(r) {
			return true
		}
	}
	return false
}

func (a anyOf) String() string { return join(a, " or ") }

type not struct{ node }

func (n not) match(r *Reading) bool { return !n.node.match(r) }
func (n not) String() string        { return "not " + n.node.String() }

func join(parts []node, word string) string {
	if len(parts) == 1 {
		return parts[0].String()
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.String()
	}
	return "(" + strings.Join(texts, word) + ")"
}

// maxDepth is how deep parentheses of a condition may nest.
const maxDepth = 32

// compile reads a detection: named searches, and the condition over them.
func compile(detection *yaml.Node, s *source) (node, error) {
	if detection.Kind != yaml.MappingNode {
		return nil, strict.At(detection, "detection: named searches and a condition")
	}
	c := &condition{searches: map[string]node{}}
	for i := 0; i+1 < len(detection.Content); i += 2 {
		key, value := detection.Content[i], detection.Content[i+1]
		switch key.Value {
		case "condition":
			if err := writable(value); err != nil {
				return nil, err
			}
			c.at, c.tokens = value, tokens(value.Value)
		case "timeframe":
			return nil, strict.At(key, "timeframe is not supported: a rule describes one event")
		default:
			n, err := search(value, s)
			if err == nil && c.searches[key.Value] != nil {
				err = strict.At(key, "search %q stands twice: the second would take the place of the first", key.Value)
			}
			if err != nil {
				return nil, err
			}
			c.searches[key.Value], c.names = n, append(c.names, key.Value)
		}
	}
	if c.at == nil || len(c.tokens) == 0 {
		return nil, strict.At(detection, "detection has no condition")
	}
	n, err := c.or(0)
	if err == nil && len(c.tokens) > 0 {
		err = strict.At(c.at, "condition: %q stands where and, or or the end was expected", c.tokens[0])
	}
	return n, err
}

// writable refuses by name what Sigma's conditions may be and ours are not.
func writable(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.SequenceNode:
		return strict.At(n, "condition: a list is not supported: write one condition, with or between them")
	case strings.Contains(n.Value, "|"):
		return strict.At(n, "condition: what stands behind | (count, near …) is not supported: a rule describes one event")
	}
	return nil
}

// condition reads Sigma's conditions by recursive descent.
type condition struct {
	at       *yaml.Node
	tokens   []string
	searches map[string]node
	names    []string // of the searches, as they stand
}

func tokens(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

// take removes the next token if it is one of words.
func (c *condition) take(words ...string) bool {
	if len(c.tokens) == 0 || !slices.Contains(words, strings.ToLower(c.tokens[0])) {
		return false
	}
	c.tokens = c.tokens[1:]
	return true
}

func (c *condition) or(depth int) (node, error) {
	var parts anyOf
	for {
		n, err := c.and(depth)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, n); !c.take("or") {
			return single(parts, anyOf(parts)), nil
		}
	}
}

func (c *condition) and(depth int) (node, error) {
	var parts allOf
	for {
		n, err := c.one(depth)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, n); !c.take("and") {
			return single(parts, allOf(parts)), nil
		}
	}
}

func single(parts []node, whole node) node {
	if len(parts) == 1 {
		return parts[0]
	}
	return whole
}

// one is a search, a count of searches, a negation or what stands in parentheses.
func (c *condition) one(depth int) (node, error) {
	if depth > maxDepth {
		return nil, strict.At(c.at, "condition: nested more than %d deep", maxDepth)
	}
	switch {
	case len(c.tokens) == 0:
		return nil, strict.At(c.at, "condition: it ends where a search was expected")
	case c.take("not"):
		n, err := c.one(depth + 1)
		return not{n}, err
	case c.take("("):
		n, err := c.or(depth + 1)
		if err == nil && !c.take(")") {
			err = strict.At(c.at, "condition: ( without )")
		}
		return n, err
	}
	name := c.tokens[0]
	c.tokens = c.tokens[1:]
	if (name == "1" || name == "any" || name == "all") && c.take("of") {
		return c.counted(name)
	}
	if n := c.searches[name]; n != nil {
		return n, nil
	}
	return nil, strict.At(c.at, "condition: %s", strict.Unknown("search", name, c.names))
}

// counted is "1 of selection_*" and its kin.
func (c *condition) counted(how string) (node, error) {
	if len(c.tokens) == 0 {
		return nil, strict.At(c.at, "condition: %s of what?", how)
	}
	pattern := c.tokens[0]
	c.tokens = c.tokens[1:]
	var parts []node
	for _, name := range c.names {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, strict.At(c.at, "condition: pattern %q: %v", pattern, err)
		}
		if ok || pattern == "them" && !strings.HasPrefix(name, "_") {
			parts = append(parts, c.searches[name])
		}
	}
	if len(parts) == 0 {
		return nil, strict.At(c.at, "condition: no search is called %s", pattern)
	}
	if how == "all" {
		return allOf(parts), nil
	}
	return anyOf(parts), nil
}

// search is a map of fields that must all match, or a list of such maps.
func search(n *yaml.Node, s *source) (node, error) {
	switch n.Kind {
	case yaml.SequenceNode:
		var parts anyOf
		for _, item := range n.Content {
			p, err := search(item, s)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
		if len(parts) == 0 {
			return nil, strict.At(n, "an empty list matches nothing")
		}
		return parts, nil
	case yaml.MappingNode:
		var parts allOf
		for i := 0; i+1 < len(n.Content); i += 2 {
			if strings.HasPrefix(n.Content[i].Value, "|") {
				return nil, noWords(n)
			}
			p, err := newTest(n.Content[i], n.Content[i+1], s)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
		if len(parts) == 0 {
			return nil, strict.At(n, "an empty search matches everything")
		}
		return parts, nil
	}
	return nil, noWords(n)
}

func noWords(n *yaml.Node) error {
	return strict.At(n, "a search is a map of fields: words without a field cannot be looked for, since records have no raw text")
}
