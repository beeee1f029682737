package check

import (
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

func init() {
	register(Spec{Name: "offload", Doc: "what the card and the kernel of a mirror port change in frames, and the size of its ring", Run: offload})
}

func offload(e *Env) (found []Problem) {
	for _, name := range e.ports() {
		for _, which := range iface.Offloads(name) {
			lost := say("frames as they crossed the wire: merged ones have wrong sizes, times and counts", "frames zoals ze over de draad gingen: samengevoegde hebben verkeerde maten, tijden en aantallen")
			if which == "rx-vlan-hw-parse" || which == "rx-vlan-stag-hw-parse" {
				lost = say("the VLAN tag in the frame, for programs in the kernel", "het VLAN-label in het frame, voor programma's in de kernel")
			}
			found = append(found, Problem{
				About: name, Lost: lost, Mend: prepare(e, name),
				What: say("the offload %s is on", "de offload %s staat aan", which),
			})
		}
		now, most := iface.Ring(name)
		if most > 0 {
			e.fact(name, say("the card's ring holds %d frames, and could hold %d", "de ring van de kaart houdt %d frames, en kan er %d houden", now, most))
		}
		if now > 0 && now < min(most, smallRing) {
			found = append(found, Problem{
				About: name,
				What:  say("the card's ring holds only %d frames", "de ring van de kaart houdt maar %d frames", now),
				Lost:  say("packets in bursts", "pakketten in pieken"),
				Mend:  biggerRing(name),
			})
		}
	}
	return found
}

// smallRing frames of 1500 bytes are 5 ms of 10 Gbit/s: less than a processor may be
// away for.
const smallRing = 4096

func biggerRing(name string) string {
	_, most := iface.Ring(name)
	return fmt.Sprintf("sudo ethtool -G %s rx %d", name, max(most, smallRing))
}
