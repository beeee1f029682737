package pipeline

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	// A part is sent at least this often, so that an alert is not held up by the
	// merge and an idle shard does not hold up the others.
	partEvery = 100 * time.Millisecond
	// A packet may sit in the ring until its block is full or times out; the clock
	// of a silent shard stays this far behind the time of day.
	ringDelay = int64(250 * time.Millisecond)
	// A full ring is read within this time after its source was stopped.
	stopWithin = 5 * time.Second
	// Past this many events that wait for detection, a shard sheds the cheap kinds.
	maxWaiting = 64 * 1024
)

// part is what a live shard hands to the merge: its events up to a mark, in order.
type part struct {
	shard  int
	events []event.Event
	epoch  uint32
	mark   int64
	tally  tally
}

// Live watches the sources, one per shard, until the context ends, and closes them. Capture never
// waits for detection: a shard whose events are not taken in time sheds them by
// kind and counts that. Where one source fails all end: the order of events waits for
// every one of them.
func (l *Line) Live(ctx context.Context, sources []capture.Source) (Accounting, error) {
	parts := make(chan part, 4*len(sources))
	var readers sync.WaitGroup
	failed := make([]error, len(sources))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for i, source := range sources {
		in := newIntake(source, i, nil)
		share := l.c.Flow.Share(len(sources))
		if steerer, ok := source.(capture.Steerer); ok {
			share.Steer = steerer.Steer
		}
		s := newShard(0, 1, share)
		s.canary = newCanary()
		l.intakes, l.shards = append(l.intakes, in), append(l.shards, s)
		readers.Go(func() {
			if failed[i] = s.watch(ctx, i, in, parts); failed[i] != nil {
				stop()
			}
		})
	}
	go func() {
		readers.Wait()
		close(parts)
	}()
	l.mergeLive(parts, len(sources))
	l.after.close()
	for _, source := range sources {
		failed = append(failed, source.Close())
	}
	a := l.account()
	a.Left = a.Capture.Seen - min(a.Capture.Seen, a.Capture.Delivered+a.Capture.Counted+a.Capture.Dropped)
	return a, errors.Join(failed...)
}

// watch is the goroutine of one live shard.
func (s *shard) watch(ctx context.Context, number int, in *intake, parts chan<- part) error {
	runtime.LockOSThread()
	var h decode.Headers
	in.emit, in.onStep = s.emit, s.step
	next := time.Now().Add(partEvery)
	for n := 0; ctx.Err() == nil; n++ {
		usable, err := in.next(&h)
		switch {
		case errors.Is(err, capture.ErrIdle):
			in.idle(time.Now().UnixNano() - ringDelay)
		case err != nil:
			s.finish(number, in, parts)
			return ignoreEOF(err)
		case usable:
			s.packet(&h, in.ingress(h.Interface), in.clock.epoch, in.clock.now)
			if n%64 != 0 { // a look at the time of day costs as much as a packet
				continue
			}
		}
		if now := time.Now(); now.After(next) {
			next = now.Add(partEvery)
			in.look(now.UnixNano() - ringDelay)
			s.release(in, now)
			s.send(number, in, parts)
		}
	}
	err := s.drain(in, &h)
	s.finish(number, in, parts)
	return err
}

// drain reads what is in the ring when the run ends: all of it where the source can
// be stopped, else for at most two parts' time.
func (s *shard) drain(in *intake, h *decode.Headers) (err error) {
	patience := 2 * partEvery
	if stopper, ok := in.source.(capture.Stopper); ok {
		err, patience = stopper.Stop(), stopWithin
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		usable, over := in.next(h)
		if over != nil {
			return err
		}
		if usable {
			s.packet(h, in.ingress(h.Interface), in.clock.epoch, in.clock.now)
		}
	}
	return err
}

// send offers the merge what the shard has; when the merge is behind, the events
// stay, and the cheap kinds go first.
func (s *shard) send(number int, in *intake, parts chan<- part) {
	s.advance(in.clock.epoch, in.clock.now)
	select {
	case parts <- part{number, s.out, in.clock.epoch, in.clock.now, s.tally(in)}:
		s.out = nil
	default:
		s.shed()
	}
}

// finish ends the shard and waits for the merge to take the rest.
func (s *shard) finish(number int, in *intake, parts chan<- part) {
	in.endBlind(time.Now().UnixNano())
	in.close(in.clock.now)
	s.close(in.clock.epoch, in.clock.now)
	parts <- part{number, s.out, in.clock.epoch, in.clock.now, s.tally(in)}
	s.out = nil
}

// shedOrder is which kinds are dropped when detection is behind; what is not
// named goes last.
var shedOrder = map[string]int{"flow.alive": 0, "dns": 1, "http": 1, "tls": 1, "flow.start": 2}

// shed drops waiting events, cheap kinds first, until half of the room is free.
func (s *shard) shed() {
	for rank := 0; rank <= 3 && len(s.out) > maxWaiting; rank++ {
		kept := s.out[:0]
		for _, e := range s.out {
			r, named := shedOrder[e.Kind]
			if !named {
				r = 3
			}
			if r == rank && e.Kind != "coverage" && e.Kind != canaryKind {
				s.shedded = event.AddTally(s.shedded, e.Kind, 1)
				continue
			}
			kept = append(kept, e)
		}
		clear(s.out[len(kept):])
		s.out = kept
	}
}

// mergeLive runs the events of all shards in one order. An event is run when
// every shard's mark has passed it; the marks of silent shards follow the time
// of day, so the wait is bounded.
func (l *Line) mergeLive(parts <-chan part, shards int) {
	waiting := make([][]event.Event, shards)
	marks := make([]event.Place, shards)
	tallies := make([]tally, shards)
	var told time.Time
	for p := range parts {
		waiting[p.shard] = append(waiting[p.shard], p.events...)
		marks[p.shard] = event.Place{Epoch: p.epoch, Clock: p.mark}
		low := marks[0]
		for _, m := range marks[1:] {
			if m.Compare(low) < 0 {
				low = m
			}
		}
		if low.Clock == 0 && shards > 1 { // a shard that never saw a packet has no clock
			low = event.Place{Epoch: p.epoch, Clock: p.mark - ringDelay}
		}
		ready := make([][]event.Event, shards)
		for i, events := range waiting {
			n := 0
			for n < len(events) && events[n].Place.Compare(low) < 0 {
				n++
			}
			ready[i], waiting[i] = events[:n:n], events[n:]
		}
		l.after.merge(ready, low.Epoch, low.Clock)
		if tallies[p.shard] = p.tally; time.Since(told) >= tellEvery {
			told = time.Now()
			l.tell(tallies)
		}
	}
	l.after.merge(waiting, l.after.epoch, l.after.now)
}
