package check

func init() {
	register(Spec{Name: "mirror-loss", Doc: "packets that come twice, cut, or not at all, and packets that the mirror port sends", Run: loss})
}

const (
	// A copy now and then is a switch that learns; one in a hundred is how it was set up.
	manyDuplicates = 0.01
	// One packet in a thousand is a hole in a conversation of usual length.
	manyDrops = 0.001
)

func loss(e *Env) (found []Problem) {
	for _, s := range e.mirrors() {
		found = append(found, s.duplicates(e)...)
		found = append(found, s.drops(e)...)
		if s.Truncated > 0 {
			found = append(found, Problem{
				About:  s.Name,
				What:   say("%d of %d packets are cut", "%d van %d pakketten zijn afgekapt", s.Truncated, s.Packets),
				Lost:   say("the content that protocols are read from", "de inhoud waaruit protocollen gelezen worden"),
				Mend:   "ip link set " + s.Name + " mtu 9216",
				Switch: say("switch off truncation (slicing) of the mirror session, and allow jumbo frames on its way", "zet afkappen (truncation, slicing) van de mirrorsessie uit en laat jumboframes toe op de weg ernaartoe"),
			})
		}
		if s.Sent > 0 && len(s.Own) == 0 {
			found = append(found, Problem{
				About: s.Name,
				What:  say("%d packets were sent by the mirror port", "%d pakketten zijn door de mirrorpoort verzonden", s.Sent),
				Lost:  say("silence: the sensor can be seen, and may confuse the switch", "stilte: de sensor is te zien, en kan de switch in de war brengen"),
				Mend:  prepare(e, s.Name),
			})
		}
	}
	return found
}

func (s *Sight) duplicates(e *Env) []Problem {
	if s.Duplicates < fewFrames || float64(s.Duplicates) < manyDuplicates*float64(s.Packets) {
		return nil
	}
	return []Problem{{
		About:  s.Name,
		What:   say("%d of %d packets came twice", "%d van %d pakketten kwamen dubbel", s.Duplicates, s.Packets),
		Lost:   say("room on the link and time of the processor; long transfers cannot be cut short in the kernel", "ruimte op de verbinding en rekentijd; lange overdrachten zijn niet in de kernel af te kappen"),
		Mend:   e.Command + " check " + s.Name,
		Switch: say("a packet is copied where it enters and where it leaves: mirror each port in one direction (rx), or only the uplinks", "een pakket wordt bij binnenkomst en bij vertrek gekopieerd: spiegel elke poort in één richting (rx), of alleen de uplinks"),
	}}
}

func (s *Sight) drops(e *Env) (found []Problem) {
	if s.Dropped > 0 && float64(s.Dropped) > manyDrops*float64(s.Packets) {
		found = append(found, Problem{
			About: s.Name,
			What:  say("the kernel dropped %d packets beside %d that were read", "de kernel gooide %d pakketten weg naast %d die gelezen zijn", s.Dropped, s.Packets),
			Lost:  say("pieces of conversations, so logins and transfers are read in part", "stukken van gesprekken: logins en overdrachten worden half gelezen"),
			Mend:  "top -H",
		})
	}
	if s.Missed > 0 && float64(s.Missed) > manyDrops*float64(s.Packets) {
		found = append(found, Problem{
			About:  s.Name,
			What:   say("the card had no room for %d packets", "de kaart had geen plaats voor %d pakketten", s.Missed),
			Lost:   say("pieces of conversations, so logins and transfers are read in part", "stukken van gesprekken: logins en overdrachten worden half gelezen"),
			Mend:   biggerRing(s.Name),
			Switch: say("mirror less to this port, or give it a faster one", "spiegel minder naar deze poort, of geef een snellere"),
		})
	}
	return found
}
