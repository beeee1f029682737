package check

func init() {
	register(Spec{Name: "mirror-oneway", Doc: "a mirror that shows one direction of conversations", Run: oneWay})
}

const (
	fewWays = 5 // conversations below which a share says nothing
	// Every conversation of TCP has two sides. Where the way back takes another route a
	// few are seen from one side only; a tenth is a direction or a link that is missing.
	enoughTwoWay = 0.9
)

func oneWay(e *Env) (found []Problem) {
	for _, s := range e.mirrors() {
		if s.Ways.missing() {
			found = append(found, Problem{
				About: s.Name,
				What: say("%d of %d conversations show one direction only", "van %[2]d gesprekken tonen er %[1]d maar één richting",
					s.Ways.One, s.Ways.One+s.Ways.Two),
				Lost:   say("answers: whether a login succeeded, what was fetched, who is the server", "antwoorden: of een login slaagde, wat er opgehaald werd, wie de server is"),
				Mend:   e.Command + " check " + s.Name,
				Switch: say("the switch mirrors only ingress (rx) or only egress (tx): set both", "de switch spiegelt alleen ingress (rx) of alleen egress (tx): stel beide in"),
			})
			continue
		}
		for _, id := range s.vlanIDs() {
			w := s.VLANs[id].Ways
			if w.missing() {
				found = append(found, Problem{
					About: s.Name,
					What: say("in VLAN %d %d of %d conversations show one direction only", "in VLAN %d tonen %d van %d gesprekken maar één richting",
						id, w.One, w.One+w.Two),
					Lost:   say("answers in this VLAN", "antwoorden in dit VLAN"),
					Mend:   e.Command + " check " + s.Name,
					Switch: say("mirror VLAN %d on ingress and egress, or on both uplinks", "spiegel VLAN %d bij ingress en egress, of op beide uplinks", id),
				})
			}
		}
	}
	return found
}

func (w Ways) missing() bool { return w.One+w.Two >= fewWays && w.Share() < enoughTwoWay }
