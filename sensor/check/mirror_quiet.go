package check

func init() {
	register(Spec{Name: "mirror-quiet", Doc: "a mirror port that shows nothing, or only what any port of a switch shows", Run: quiet})
}

func quiet(e *Env) (found []Problem) {
	for _, s := range e.mirrors() {
		switch {
		case !s.Up:
			found = append(found, Problem{
				About:  s.Name,
				What:   say("the mirror port is down", "de mirrorpoort staat uit"),
				Lost:   say("everything: no packet can be seen", "alles: er is geen pakket te zien"),
				Mend:   prepare(e, s.Name),
				Switch: say("see that the cable is in and the port is not shut down", "kijk of de kabel erin zit en of de poort niet uitgezet is"),
			})
		case s.Failed != nil: // told by sees
		case s.Packets == 0:
			found = append(found, Problem{
				About:  s.Name,
				What:   say("not one packet came in %.0f s", "er kwam geen enkel pakket in %.0f s", s.Took.Seconds()),
				Lost:   say("everything: nothing is mirrored to this port", "alles: er wordt niets naar deze poort gespiegeld"),
				Mend:   "ethtool " + s.Name,
				Switch: say("make the mirror session active, with this port as its destination", "zet de mirrorsessie aan, met deze poort als bestemming"),
			})
		case s.Foreign < fewForeign:
			found = append(found, Problem{
				About: s.Name,
				What: say("of %d packets in %.0f s only %d went between others: it is an ordinary port, not a mirror",
					"van %d pakketten in %.0f s gingen er maar %d tussen anderen: dit is een gewone poort, geen mirror", s.Packets, s.Took.Seconds(), s.Foreign),
				Lost:   say("what hosts say to each other: only broadcasts are seen", "wat hosts met elkaar bespreken: alleen broadcasts zijn te zien"),
				Mend:   "tcpdump -ni " + s.Name + " -c 20 not broadcast and not multicast",
				Switch: say("make this port the destination of a mirror session", "maak van deze poort de bestemming van een mirrorsessie"),
			})
		}
	}
	return found
}
