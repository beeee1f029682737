package check

import (
	"fmt"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

// mirrors are the sights of the mirror ports: those that are named, else the one that
// looks most like it.
func (e *Env) mirrors() (all []*Sight) {
	if len(e.Mirror) == 0 {
		if best := e.proposal(); best != nil {
			return []*Sight{best}
		}
		return nil
	}
	for _, s := range e.Sights() {
		if slices.Contains(e.Mirror, s.Name) {
			all = append(all, s)
		}
	}
	join(all)
	return all
}

// ports are the names of the mirror ports that there are.
func (e *Env) ports() (all []string) {
	names, _ := iface.Names()
	for _, name := range e.Mirror {
		if slices.Contains(names, name) {
			all = append(all, name)
		}
	}
	if best := e.proposal(); len(e.Mirror) == 0 && best != nil {
		all = append(all, best.Name)
	}
	return all
}

// proposal is the interface that sees most of what others say to each other; one that
// the host itself uses only where no other sees anything. nil: none sees anything.
func (e *Env) proposal() (best *Sight) {
	for _, s := range e.Sights() {
		if s.Foreign < fewForeign {
			continue
		}
		if best == nil || best.better(s) {
			best = s
		}
	}
	return best
}

// fewForeign packets between others come by on any port of a switch while it learns
// where a host is.
const fewForeign = 20

func (s *Sight) better(than *Sight) bool {
	if free, itsFree := len(s.Own) == 0, len(than.Own) == 0; free != itsFree {
		return itsFree
	}
	return than.Foreign > s.Foreign
}

// Proposal is the name of the interface that looks like the mirror port, "" none does.
func (e *Env) Proposal() string {
	if best := e.proposal(); best != nil {
		return best.Name
	}
	return ""
}

func prepare(e *Env, name string) string {
	return fmt.Sprintf("sudo %s iface prepare %s", e.Command, name)
}
