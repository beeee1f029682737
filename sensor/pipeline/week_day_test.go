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

// TestNothingGrowsInADay has the same hosts do the same things all day: the heap is as
// large after 24 hours of packet time as after 12.
func TestNothingGrowsInADay(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a million events")
	}
	w, s := newWeek(3, .01), newShelf(t)
	var after [2]int64
	for minutes := range 24 * 60 {
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
		if minutes%(12*60) == 12*60-1 {
			after[minutes/(12*60)] = heapInUse()
		}
	}
	grown := after[1] - after[0]
	fmt.Printf("%d kB after 12 hours, %d kB more after 24\n", after[0]>>10, grown>>10)
	// Some kB are the runtime's own; a word kept of each conversation would be a MB.
	if grown > 128<<10 {
		t.Errorf("the heap grew by %d kB between hour 12 and hour 24", grown>>10)
	}
}

func (s *shelf) tick(now int64) {
	for _, d := range s.detectors {
		d.Tick(now, func(event.Finding) {})
	}
}
