package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/capture"
)

func init() {
	register(Spec{Name: "sees", Doc: "what each interface sees, which one looks like the mirror port, and whether it shows only a few hosts", Run: sees})
}

func sees(e *Env) (found []Problem) {
	for _, s := range e.Sights() {
		switch {
		case errors.Is(s.Failed, capture.ErrPermission):
			return []Problem{{
				About: s.Name,
				What:  say("the traffic cannot be looked at without CAP_NET_RAW", "zonder CAP_NET_RAW is het verkeer niet te bekijken"),
				Lost:  say("nothing can be said about the mirror", "over de mirror valt niets te zeggen"),
				Mend:  e.Again,
			}}
		case s.Failed != nil:
			found = append(found, Problem{
				About: s.Name,
				What:  say("the traffic cannot be looked at: %v", "het verkeer is niet te bekijken: %v", s.Failed),
				Lost:  say("nothing can be said about the mirror", "over de mirror valt niets te zeggen"),
				Mend:  "ip link show " + s.Name,
			})
		case !s.Up:
			e.fact(s.Name, say("is down", "staat uit"))
		default:
			e.fact(s.Name, s.Tell())
		}
	}
	return append(found, e.propose()...)
}

// Tell is one line about an interface.
func (s *Sight) Tell() Words {
	if s.Packets == 0 {
		return say("not one packet", "geen enkel pakket")
	}
	tags := make([]string, 0, len(s.VLANs))
	for _, id := range s.vlanIDs() {
		tags = append(tags, fmt.Sprint(id))
	}
	list, lijst := "no VLAN tags", "geen VLAN-labels"
	if len(tags) > 0 {
		list = fmt.Sprintf("%d VLANs (%s)", len(tags), strings.Join(tags[:min(len(tags), 10)], " "))
		lijst = strings.Replace(list, "VLANs", "VLAN's", 1)
	}
	seconds := max(s.Took.Seconds(), 0.001)
	return say("%.0f packets/s, %.1f Mbit/s, %d hosts, %s, %.0f %% of %d conversations two-way, %d dropped, %d duplicates, %d sent%s",
		"%.0f pakketten/s, %.1f Mbit/s, %d hosts, %s, %.0f %% van %d gesprekken in beide richtingen, %d gemist, %d dubbel, %d verzonden%s",
		float64(s.Packets)/seconds, float64(s.Bytes)*8e-6/seconds, len(s.Hosts), two{list, lijst}, 100*s.Ways.Share(),
		s.Ways.One+s.Ways.Two, s.Dropped+s.Missed, s.Duplicates, s.Sent, s.seen())
}

// Verdict is what a mirror port is worth, in one line for each.
func (e *Env) Verdict() (lines []Words) {
	for _, s := range e.mirrors() {
		_, not := s.roles()
		text := say("%s: %d hosts, %d VLANs, %s, %d drops", "%s: %d hosts, %d VLAN's, %s, %d gemist",
			s.Name, len(s.Hosts), len(s.VLANs), s.Ways.share(), s.Dropped+s.Missed)
		switch {
		case s.Failed != nil || !s.Up || s.Foreign < fewForeign:
			text = say("%s: sees no traffic between others", "%s: ziet geen verkeer tussen anderen", s.Name)
		case len(not[0]) > 0:
			text.EN += "; not seen: " + strings.Join(not[0], ", ")
			text.NL += "; niet gezien: " + strings.Join(not[1], ", ")
		}
		lines = append(lines, text)
	}
	return lines
}

func (w Ways) share() two {
	if w.One+w.Two == 0 {
		return two{"no conversations", "geen gesprekken"}
	}
	percent := fmt.Sprintf("%.0f %% ", 100*w.Share())
	return two{percent + "two-way", percent + "in beide richtingen"}
}

func (s *Sight) vlanIDs() (ids []uint16) {
	for id := range s.VLANs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// roles are who should be on a mirror of a care institution, by the protocols that
// only they answer.
var roles = []struct {
	name      two
	protocols []string
}{
	{two{"domain controllers", "domeincontrollers"}, []string{"kerberos", "cldap"}},
	{two{"DNS servers", "DNS-servers"}, []string{"dns"}},
	{two{"DHCP servers", "DHCP-servers"}, []string{"dhcp"}},
	{two{"image archives (PACS)", "beeldarchieven (PACS)"}, []string{"dicom"}},
	{two{"HL7 systems", "HL7-systemen"}, []string{"hl7"}},
	{two{"file servers", "bestandsservers"}, []string{"smb"}},
}

// roles are who answers, with the number of them, and who was not seen at all, in
// English and in Dutch.
func (s *Sight) roles() (some, not [2][]string) {
	for _, r := range roles {
		n := 0
		for _, p := range r.protocols {
			n += len(s.Servers[p])
		}
		for i, name := range [2]string{r.name.en, r.name.nl} {
			if n > 0 {
				some[i] = append(some[i], fmt.Sprintf("%d %s", n, name))
			} else {
				not[i] = append(not[i], name)
			}
		}
	}
	return some, not
}

func (s *Sight) seen() two {
	some, not := s.roles()
	text := func(i int, seen, notSeen string) (t string) {
		if len(some[i]) > 0 {
			t += "; " + seen + strings.Join(some[i], ", ")
		}
		if len(not[i]) > 0 {
			t += "; " + notSeen + strings.Join(not[i], ", ")
		}
		return t
	}
	return two{text(0, "seen: ", "not seen: "), text(1, "gezien: ", "niet gezien: ")}
}

// propose names the mirror port where the configuration does not, and contradicts it
// where another interface sees what it does not.
func (e *Env) propose() []Problem {
	best := e.proposal()
	if best == nil {
		if len(e.Mirror) > 0 || e.For == 0 {
			return nil
		}
		return []Problem{{
			What: say("no interface sees traffic between others", "geen enkele interface ziet verkeer tussen anderen"),
			Lost: say("everything: nothing is mirrored to this machine", "alles: er wordt niets naar deze machine gespiegeld"),
			Mend: e.naming("IFACE"),
			Switch: say("send a copy of the uplinks and of the servers' ports to the port of this machine (SPAN, mirror, TAP)",
				"stuur een kopie van de uplinks en van de serverpoorten naar de poort van deze machine (SPAN, mirror, TAP)"),
		}}
	}
	e.fact(best.Name, say("looks like the mirror port: %d packets between others", "lijkt de mirrorpoort: %d pakketten tussen anderen", best.Foreign))
	line := e.naming(best.Name)
	if len(e.Mirror) == 0 {
		return []Problem{{
			About: best.Name, Note: true,
			What: say("the configuration names no mirror port, and this one looks like it", "de configuratie noemt geen mirrorpoort, en deze lijkt het te zijn"),
			Lost: say("a run watches the interface of the default route and plays the exercise beside it", "run bekijkt de interface van de standaardroute en speelt de oefening ernaast"),
			Mend: line,
		}}
	}
	if slices.Contains(e.Mirror, best.Name) || e.mirrorSees() {
		return e.thin()
	}
	return []Problem{{
		About: strings.Join(e.Mirror, ", "),
		What:  say("sees nothing of others, but %s does: the wrong interface is named", "ziet niets van anderen, maar %s wel: de verkeerde interface is genoemd", best.Name),
		Lost:  say("everything that is mirrored to %s", "alles wat naar %s gespiegeld wordt", best.Name),
		Mend:  line,
	}}
}

// The smallest ward has more devices than this, of which the quietest asks for its
// gateway each few minutes. Only private addresses are counted.
const fewHosts = 10

// thin are mirror ports that work, and see so little that the switch may copy less of
// the network than is meant.
func (e *Env) thin() (found []Problem) {
	for _, s := range e.mirrors() {
		_, not := s.roles()
		if s.Foreign < fewForeign || len(s.Hosts) >= fewHosts || len(not[0]) < len(roles)-1 {
			continue
		}
		found = append(found, Problem{
			About: s.Name, Note: true,
			What: say("works, but only %d private addresses are seen on it, and none of: %s", "werkt, maar er zijn maar %d privé-adressen te zien, en geen van: %s", len(s.Hosts), two{strings.Join(not[0], ", "), strings.Join(not[1], ", ")}),
			Lost: say("whatever the switch does not copy", "alles wat de switch niet kopieert"),
			Switch: say("list which ports and VLANs the mirror session copies: the uplinks and the servers' ports belong to it",
				"kijk welke poorten en VLAN's de mirrorsessie kopieert: de uplinks en de serverpoorten horen erbij"),
			Mend: e.Command + " check " + s.Name,
		})
	}
	return found
}

func (e *Env) mirrorSees() bool {
	return slices.ContainsFunc(e.mirrors(), func(s *Sight) bool { return s.Foreign >= fewForeign })
}
