package check

import (
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

func init() {
	register(Spec{Name: "host", Doc: "a mirror port that the host itself uses", Run: ownTraffic})
}

func ownTraffic(e *Env) (found []Problem) {
	for _, name := range e.ports() {
		own, err := iface.Carries(name)
		if err != nil || len(own) == 0 {
			continue
		}
		found = append(found, Problem{
			About: name, Note: len(e.Mirror) == 0, // what is only proposed may be left
			What: say("the host itself uses it: it %s", "de host gebruikt hem zelf: %s", strings.Join(own, ", ")),
			Lost: say("silence, and speed: the kernel must keep what is for the host, so packets cannot be dropped early", "stilte, en snelheid: de kernel moet houden wat voor de host is, dus pakketten zijn niet vroeg weg te gooien"),
			Mend: unused(name, own),
		})
	}
	return found
}

// unused takes the host's own traffic off an interface, where one command can.
func unused(name string, own []string) string {
	for _, text := range own {
		if strings.HasPrefix(text, "has the address ") {
			return "sudo ip address flush dev " + name
		}
	}
	return fmt.Sprintf("sudo ip route flush dev %s", name)
}
