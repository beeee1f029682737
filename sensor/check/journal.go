package check

import (
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

func init() {
	register(Spec{Name: "journal", Doc: "alerts and decisions on disk, read from the first to the last", Run: journalHealth})
}

func journalHealth(e *Env) []Problem {
	whole, rest, err := journal.Verify(e.Journal, event.Decisions)
	if rest > 0 { // a run may be in the middle of one
		time.Sleep(time.Second)
		whole, rest, err = journal.Verify(e.Journal, event.Decisions)
	}
	lost := say("alerts and decisions of people that stood there", "alarmen en beslissingen van mensen die daar stonden")
	mend := "ls -l " + e.Journal
	if err != nil {
		return []Problem{{About: e.Journal, Lost: lost, Mend: mend,
			What: say("cannot be read: %v", "is niet te lezen: %v", err)}}
	}
	if rest > 0 {
		return []Problem{{About: e.Journal, Lost: lost, Mend: mend,
			What: say("%d bytes behind a damaged document cannot be read", "%d bytes achter een beschadigd document zijn niet te lezen", rest)}}
	}
	e.fact(e.Journal, say("%d alerts and decisions, all readable", "%d alarmen en beslissingen, allemaal leesbaar", whole))
	return nil
}
