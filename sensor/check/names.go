package check

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

func init() {
	register(Spec{Name: "names", Doc: "are there interfaces of the names that the configuration has", Run: names})
}

func names(e *Env) (found []Problem) {
	all, err := iface.Names()
	if err != nil {
		return nil
	}
	for _, name := range e.Mirror {
		if !slices.Contains(all, name) {
			found = append(found, Problem{
				About: name,
				What:  say("there is no such interface; there are: %s", "die interface is er niet; er zijn: %s", strings.Join(all, ", ")),
				Lost:  say("everything that is mirrored to it", "alles wat ernaartoe gespiegeld wordt"),
				Mend:  e.naming(e.likely(all)...),
			})
		}
	}
	return found
}

// naming is how the configuration comes to name interfaces.
func (e *Env) naming(names ...string) string {
	line := "mirror: [" + strings.Join(names, ", ") + "]"
	if e.File == "" {
		return line
	}
	return line + "  # in " + e.File + "; then: sudo systemctl restart brandmelder"
}

// likely are the interfaces that could be meant: that which looks like the mirror port,
// else all but the loopback.
func (e *Env) likely(all []string) []string {
	if best := e.Proposal(); best != "" {
		return []string{best}
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == "lo" })
}
