package pipeline

import (
	"slices"
	"sync/atomic"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// maxGap is the silence over which ticks are not repeated one by one.
const maxGap = 15 * minute

// after is everything behind the merge: one goroutine over one ordered stream,
// know → detect → alert as plain calls.
type after struct {
	clinical  clinical
	know      *know.Know
	detectors []detector
	kinds     map[string]*kind // of events, filled as they are met
	desk      *alert.Desk
	document  *document // nil: only alerts are written
	orders    atomic.Pointer[order]
	stores    []*baseline.Store
	keeper    *baseline.Keeper // nil: nothing is saved

	epoch  uint32
	first  int64 // line clock of the first event
	now    int64 // line clock of the merge; never goes back within an epoch
	tick   int64 // next tick
	minute *event.Coverage
	events uint64
	rest   []baseline.Lesson // that are not over

	canaries []atomic.Uint64 // that came out, by live shard
}

type detector struct {
	detect.Detector
	spec   *detect.Spec
	report detect.Report
}

// kind is what is to be done with events of one kind.
type kind struct {
	wanted []*detector // by, in order of name
	count  uint64
}

func (a *after) kind(name string) *kind {
	k := a.kinds[name]
	if k == nil {
		k = &kind{}
		for i := range a.detectors {
			d := &a.detectors[i]
			if slices.Contains(d.spec.Wants, name) || slices.Contains(d.spec.Wants, detect.AllKinds) {
				k.wanted = append(k.wanted, d)
			}
		}
		a.kinds[name] = k
	}
	return k
}

// merge puts the sorted streams of one round into one order and runs them. Then
// everything happens that is due at clock.
func (a *after) merge(streams [][]event.Event, epoch uint32, clock int64) {
	a.obey()
	for {
		best := -1
		for i, s := range streams {
			if len(s) > 0 && (best < 0 || s[0].Place.Compare(streams[best][0].Place) < 0) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		a.observe(&streams[best][0])
		streams[best] = streams[best][1:]
	}
	a.advance(epoch, clock)
}

// observe runs one event.
func (a *after) observe(e *event.Event) {
	if e.Kind == canaryKind {
		arrived(a.canaries, e)
		return
	}
	a.advance(e.Place.Epoch, e.Place.Clock)
	if c, ok := e.Data.(*event.Coverage); ok {
		a.cover(c)
		return
	}
	k := a.kind(e.Kind)
	k.count++
	a.events++
	e = a.clinical.strip(e)
	a.know.Observe(e)
	if a.document != nil {
		a.document.event(e, a.know)
	}
	for _, d := range k.wanted {
		d.Observe(e, d.report)
	}
}

// report completes a finding with what its Spec says.
func (a *after) report(s *detect.Spec) detect.Report {
	return func(f event.Finding) {
		f.Detector = s.Name
		if f.Family == "" {
			f.Family = s.Family
		}
		if f.Severity == 0 {
			f.Severity = s.Severity
		}
		f.Class = max(f.Class, s.Class) // one that is absolute may have findings that had to be learned
		if a.visiting(&f) {
			f.Severity = event.Low
		}
		a.desk.Raise(f)
	}
}

// visiting reports whether a finding is of what a visitor's own device does with the
// world outside: nothing of ours is at stake, and nobody here can put it right.
func (a *after) visiting(f *event.Finding) bool {
	in := a.know.Internal
	return a.know.Guest(f.Subject.Addr) && f.Peer.Addr.IsValid() && !in(f.Peer.Addr)
}

// advance runs the ticks up to clock. A tick stands before the events at its time.
func (a *after) advance(epoch uint32, clock int64) {
	if clock <= 0 { // no packet yet, so no time
		return
	}
	if epoch != a.epoch || a.now == 0 {
		a.closeMinute()
		if a.now == 0 {
			a.first = clock
			a.lessons(clock)
		}
		a.epoch, a.now, a.tick = epoch, clock, ceilTick(clock)
		return
	}
	a.now = max(a.now, clock)
	for a.tick <= a.now {
		a.runTick(a.tick)
		if a.tick += detect.TickEvery; a.now-a.tick > maxGap {
			a.tick = ceilTick(a.now) - detect.TickEvery
		}
	}
	if a.minute != nil && a.now > a.minute.End {
		a.closeMinute()
	}
}

func (a *after) runTick(now int64) {
	for i := range a.detectors {
		d := &a.detectors[i]
		d.Tick(now, d.report)
	}
	a.desk.Tick(now)
	a.lessons(now)
}

func ceilTick(t int64) int64 { return (t/detect.TickEvery + 1) * detect.TickEvery }

// cover adds a part of a minute's coverage. Parts of one minute follow each
// other, since a minute's place is before everything else at its end.
func (a *after) cover(part *event.Coverage) {
	if a.minute != nil && a.minute.End != part.End {
		a.closeMinute()
	}
	if a.minute == nil {
		a.minute = &event.Coverage{}
	}
	a.minute.Add(part)
}

// closeMinute writes the coverage of a minute that is over.
func (a *after) closeMinute() {
	c := a.minute
	if c == nil {
		return
	}
	a.minute = nil
	a.desk.Cover(c)
	if a.document != nil {
		a.document.coverage(c)
	}
}

// close ends the run: a last tick, the last minute.
func (a *after) close() {
	if a.now != 0 {
		a.runTick(a.now)
	}
	a.closeMinute()
	a.desk.Close(a.now)
	if a.keeper != nil {
		a.keeper.Close(a.now)
	}
}
