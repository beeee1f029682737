package pipeline

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// steadyPairs do what flood has them do, each every two minutes: often enough that by
// noon every list of latest things is as long as it gets.
const steadyPairs = 100

// TestNothingGrowsInADay has the same hosts do the same things all day. What detectors
// keep of a conversation they keep for a day at most, so that after 30 hours of packet
// time all is as large as it gets: another 24 hours later it is no larger.
func TestNothingGrowsInADay(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a million events")
	}
	w, s := newWeek(3, .01), newShelf(t)
	const begin, day = 30 * 60, 24 * 60 // minutes
	var after []int64
	for minutes := range begin + day {
		for k := range steadyPairs / 2 {
			w.flood(minutes%2*steadyPairs/2 + k)
		}
		sortEvents(w.events)
		for n := range w.events {
			s.observe(&w.events[n])
		}
		w.events = w.events[:0]
		for range 60 * second / detect.TickEvery {
			w.begin += detect.TickEvery
			s.tick(w.begin)
		}
		if minutes == begin-1 || minutes == begin+day-1 {
			after = append(after, heapInUse())
		}
	}
	grown := after[1] - after[0]
	fmt.Printf("%d kB after 30 hours, %d kB more a day later\n", after[0]>>10, grown>>10)
	// Some kB are the runtime's own; a word kept of each conversation would be a MB.
	if grown > 128<<10 {
		t.Errorf("the heap grew by %d kB within a day", grown>>10)
	}
}

func (s *shelf) tick(now int64) {
	for _, d := range s.detectors {
		d.Tick(now, func(event.Finding) {})
	}
}
