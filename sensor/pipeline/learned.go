package pipeline

import (
	"time"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/health"
)

// Learned is where a line finds what the run before learned, and leaves what this
// one does. The zero value begins with nothing and leaves nothing.
type Learned struct {
	Dir     string // of the snapshots; "" none
	Version string // of this program
	Save    bool   // else they are only read
	Found   func(baseline.Restored)
	Failed  func(error) // a snapshot could not be written; called on another goroutine
}

// remember restores what was learned, and has it saved.
func (a *after) remember(l Learned, stores ...*baseline.Store) {
	a.stores = stores
	if l.Dir == "" {
		return
	}
	for _, s := range stores {
		for _, r := range s.Restore(l.Dir) {
			l.Found(r)
		}
	}
	if l.Save {
		a.keeper = baseline.NewKeeper(l.Dir, l.Version, l.Failed, stores...)
	}
}

// lessons tells the desk who still learns, and saves what was learned.
func (a *after) lessons(now int64) {
	a.rest = nil
	for _, s := range a.stores {
		a.rest = append(a.rest, s.Learning(now)...)
	}
	a.desk.Learning(a.rest)
	if a.keeper != nil {
		a.keeper.Tick(now)
	}
}

// LessonOf says how far a detector is at a time, in ns.
func LessonOf(l *baseline.Lesson, now int64) health.Lesson {
	const day = int64(24 * time.Hour)
	one := health.Lesson{Detector: l.Name, Days: int(l.Length / day), Again: l.Again}
	if l.Since != 0 && now < l.Until() {
		until := time.Unix(0, l.Until()).UTC()
		one.Day, one.Until = int((now-l.Since)/day)+1, &until
	}
	return one
}
