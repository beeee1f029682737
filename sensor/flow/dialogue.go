package flow

import "github.com/brandmelder/brandmelder/sensor/event"

// dialogue tells who leads a conversation whose bytes need not be readable: who
// breaks a silence with few bytes and is answered with more. A browser leads its
// server; what leads its client gives orders to it.
type dialogue struct {
	last   int64     // packet time of the latest payload
	said   [2]uint32 // bytes of the exchange at hand, by side
	led    [2]uint32 // finished exchanges, by the side that led them
	opener event.Side

	begun int64                // packet time of the exchange at hand
	gaps  [openingsMost]uint16 // distances between the latest exchanges, in openingUnit
	fresh uint8                // of them, since the last document, at most openingsMost
	next  uint8
}

const (
	dialoguePause = 1_000_000_000 // silence that parts two exchanges, ns: answers of machines come sooner
	dialogueAsked = 1 << 10       // an order or a question is no longer than this; a file is
	dialogueWhole = 1 << 18       // bytes of both sides after which it is a transfer, and nobody follows it any more
	openingsMost  = 8             // exchanges a document names: a minute's of 7.5 s each
	openingUnit   = second / 16   // rhythm is told by shares of a second, and an hour has room
)

// say notes n new bytes of a side at a packet time.
func (d *dialogue) say(s event.Side, n uint32, at int64) {
	if at-d.last >= dialoguePause || d.said == [2]uint32{} {
		d.close()
		d.opener = s
		if d.begun != 0 {
			d.gaps[d.next%openingsMost] = uint16(min(max(at-d.begun, 0)/openingUnit, 1<<16-1))
			d.next++
			d.fresh = min(d.fresh+1, openingsMost)
		}
		d.begun = at
	}
	d.last = at
	d.said[s] += n
}

// close ends the exchange at hand.
func (d *dialogue) close() {
	asked, answered := d.said[d.opener], d.said[d.opener.Other()]
	if asked > 0 && asked <= dialogueAsked && answered >= 2*asked {
		d.led[d.opener]++
	}
	d.said = [2]uint32{}
}

// leads is how many exchanges each side led, with the one at hand.
func (d dialogue) leads() [2]uint32 {
	d.close()
	return d.led
}

// talks says whether it is still looked at who leads.
func (r *record) talks() bool {
	return r.total[0].Payload+r.total[1].Payload <= dialogueWhole
}

// openings are the times at which the exchanges since the last call began, at most
// the latest openingsMost and to a sixteenth of a second; nil where there was none.
func (d *dialogue) openings() []int64 {
	if d.fresh == 0 {
		return nil
	}
	times, at := make([]int64, d.fresh), d.begun
	for i := range times {
		times[len(times)-1-i] = at
		at -= int64(d.gaps[(d.next-1-uint8(i))%openingsMost]) * openingUnit
	}
	d.fresh = 0
	return times
}
