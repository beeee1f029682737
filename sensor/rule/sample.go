package rule

import (
	"net/netip"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// sample is an event that a rule brings along to prove itself: facts by path, of
// the types that the real records have.
type sample struct {
	at    *yaml.Node
	event event.Event
}

type spelt struct{ table *event.Table }

func (s *spelt) Table() *event.Table { return s.table }

// prove matches the rule against its own events.
func (r *Rule) prove(f *file, s *source) (err error) {
	if r.yes, err = s.samples(f.Own.Yes); err != nil {
		return err
	}
	if r.no, err = s.samples(f.Own.No); err != nil {
		return err
	}
	for i := range r.yes {
		if !r.Match(&r.yes[i].event) {
			return strict.At(r.yes[i].at, "rule %q does not match this event, which is under yes", r.Name)
		}
	}
	for i := range r.no {
		if r.Match(&r.no[i].event) {
			return strict.At(r.no[i].at, "rule %q matches this event, which is under no", r.Name)
		}
	}
	return nil
}

// Proofs is how many events the rule was proven on: those that match and those
// that do not.
func (r *Rule) Proofs() (yes, no int) { return len(r.yes), len(r.no) }

func (s *source) samples(nodes []yaml.Node) (out []sample, err error) {
	for i := range nodes {
		n := &nodes[i]
		if n.Kind != yaml.MappingNode {
			return nil, strict.At(n, "an event is a map of fields")
		}
		var fields []event.Field
		taken := map[string]bool{}
		for j := 0; j+1 < len(n.Content); j += 2 {
			path, f, err := s.field(n.Content[j], n.Content[j].Value)
			if err != nil {
				return nil, err
			}
			if taken[path] {
				return nil, strict.At(n.Content[j], "%s stands twice", path)
			}
			taken[path] = true
			spelt, err := spell(path, f, n.Content[j+1])
			if err != nil {
				return nil, err
			}
			fields = append(fields, spelt)
		}
		out = append(out, sample{n, event.Event{Kind: s.kinds[0], Data: &spelt{event.NewTable(s.kinds[0], "", fields...)}}})
	}
	return out, nil
}

// spell makes a field that always has the value.
func spell(path string, f *event.Field, n *yaml.Node) (out event.Field, err error) {
	type r = *spelt
	var texts []string
	if n.Kind == yaml.SequenceNode {
		err = n.Decode(&texts)
	} else {
		texts = []string{n.Value}
	}
	if err != nil || len(texts) == 0 || f.Type == event.TypeObject {
		return out, strict.At(n, "%s cannot be spelt like this", path)
	}
	switch f.Type {
	case event.TypeIP:
		var addrs []netip.Addr
		for _, t := range texts {
			a, err := netip.ParseAddr(t)
			if err != nil {
				return out, strict.At(n, "%s: %q is no address", path, t)
			}
			addrs = append(addrs, a)
		}
		if f.List {
			return event.IPs(path, f.Privacy, "", func(r) []netip.Addr { return addrs }), nil
		}
		return event.IP(path, f.Privacy, "", func(r) netip.Addr { return addrs[0] }), nil
	case event.TypeLong, event.TypeFloat, event.TypeDate, event.TypeBool:
		return spellNumber(path, f, n, texts)
	}
	if f.List {
		return event.Strings(path, f.Privacy, "", func(r) []string { return texts }), nil
	}
	return event.String(path, f.Privacy, "", func(r) (string, bool) { return texts[0], true }), nil
}

func spellNumber(path string, f *event.Field, n *yaml.Node, texts []string) (out event.Field, err error) {
	type r = *spelt
	var numbers []float64
	var whole []int64
	for _, t := range texts {
		x, err := strconv.ParseFloat(t, 64)
		if t == "true" || t == "false" {
			x, err = 0, nil
			if t == "true" {
				x = 1
			}
		}
		if err != nil {
			return out, strict.At(n, "%s: %q is no number", path, t)
		}
		numbers, whole = append(numbers, x), append(whole, int64(x))
	}
	switch {
	case f.List:
		return event.Ints(path, f.Privacy, "", func(r) []int64 { return whole }), nil
	case f.Type == event.TypeFloat:
		return event.Float(path, f.Privacy, "", func(r) (float64, bool) { return numbers[0], true }), nil
	case f.Type == event.TypeBool:
		return event.Bool(path, f.Privacy, "", func(r) (bool, bool) { return whole[0] != 0, true }), nil
	}
	return event.Int(path, f.Privacy, "", func(r) (int64, bool) { return whole[0], true }), nil
}
