package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/health"
)

// tellEvery is how old a glance may be.
const tellEvery = time.Second

// tally is what only the goroutine of a shard may count; it goes with each part.
type tally struct {
	undecoded map[string]uint64
	shed      []event.Tally
	flow      flow.Count
}

func (s *shard) tally(in *intake) tally {
	t := tally{undecoded: map[string]uint64{}, shed: slices.Clone(s.shedded)}
	for reason, n := range in.undecoded {
		if n > 0 {
			t.undecoded[decode.Reason(reason).String()] = n
		}
	}
	for _, lane := range s.lanes {
		if lane != nil {
			t.flow.Add(lane.Count())
		}
	}
	return t
}

// tell leaves what the merge and the shards count where any goroutine may read it.
func (l *Line) tell(tallies []tally) {
	a := l.after
	g := &health.Line{
		Events: a.events, Kinds: map[string]uint64{}, Findings: a.desk.Count().Findings, Steps: a.epoch, Detectors: a.lively(),
		Drops: health.Drops{Undecoded: map[string]uint64{}, Shed: map[string]uint64{}},
	}
	if a.now != 0 {
		g.Clock = time.Unix(0, a.now).UTC()
	}
	for name, k := range a.kinds {
		g.Kinds[name] = k.count
	}
	var flows flow.Count
	for i := range tallies {
		for reason, n := range tallies[i].undecoded {
			g.Drops.Undecoded[reason] += n
		}
		for _, t := range tallies[i].shed {
			g.Drops.Shed[t.Name] += t.Count
		}
		flows.Add(tallies[i].flow)
	}
	g.Flows = health.Flows{Live: flows.Live, Created: flows.Created, Ended: flows.Ended(), Evicted: flows.Evicted()}
	g.Drops.Evicted = map[string]uint64{"half-open": flows.EvictedHalfOpen, "established": flows.EvictedEstablished}
	g.Drops.Unread, g.Drops.Broken = flows.StolenStreams, flows.Panics
	l.glance.Store(g)
}

// lively says which detectors still learn.
func (a *after) lively() health.Detectors {
	d := health.Detectors{Total: len(a.detectors)}
	for i := range a.rest {
		d.Lessons = append(d.Lessons, LessonOf(&a.rest[i], a.now))
	}
	return d
}

// Glance is how a live line is doing, at this moment. It may be called from any
// goroutine while the line runs on these sources.
func (l *Line) Glance(sources []capture.Source) health.Line {
	var g health.Line
	if newest := l.glance.Load(); newest != nil {
		g = *newest
	}
	g.Canaries = l.Canaries()
	for _, source := range sources {
		s := source.Stats()
		g.Seen += s.Seen
		g.Packets += s.Delivered + s.Counted
		g.Bytes += s.Bytes + s.Unread
		g.Drops.Kernel += s.Dropped
		g.Drops.Freezes += s.Freezes
		one := health.Interface{Name: strings.Join(s.Interfaces, ",")}
		for _, b := range s.Blind {
			if b.To == 0 {
				one.Since, one.Reason = time.Unix(0, b.From).UTC(), string(b.Reason)
			}
		}
		g.Interfaces = append(g.Interfaces, one)
	}
	return g
}
