package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// roundPackets is how many packets make a round: the unit in which a replay
// hands packets to the shards and takes their events back. It does not depend on
// the number of shards, so nothing that is cut at its end does.
const roundPackets = 4096

// round is one step of a replay.
type round struct {
	batches []batch         // one a shard
	events  [][]event.Event // one a shard, and one of the intake
	epoch   uint32
	clock   int64
	last    bool
	done    sync.WaitGroup
}

// batch is the packets of one shard in one round, with their bytes copied.
type batch struct {
	packets []item
	bytes   []byte
}

type item struct {
	headers decode.Headers
	ingress string
	epoch   uint32
	clock   int64
	step    bool  // no packet, but a new epoch
	before  int64 // of a step: the clock before it
}

// add copies a packet into the batch. Slices into bytes are laid out when the
// batch is read, since the buffer may still move.
func (b *batch) add(h *decode.Headers, ingress string, epoch uint32, clock int64) {
	b.packets = append(b.packets, item{headers: *h, ingress: ingress, epoch: epoch, clock: clock})
	b.bytes = append(append(b.bytes, h.Payload...), h.ARP...)
}

// each hands out the packets with their bytes in place.
func (b *batch) each(yield func(*item)) {
	rest := b.bytes
	for i := range b.packets {
		p := &b.packets[i]
		n, m := len(p.headers.Payload), len(p.headers.ARP)
		p.headers.Payload = rest[:n:n]
		if p.headers.ARP != nil {
			p.headers.ARP = rest[n : n+m : n+m]
		}
		rest = rest[n+m:]
		yield(p)
	}
}

func (b *batch) reset() { b.packets, b.bytes = b.packets[:0], b.bytes[:0] }

// replay reads the source to its end with one goroutine that reads and decodes,
// the shards, and the caller's, on which everything after the merge runs.
func (l *Line) replay(ctx context.Context, in *intake) error {
	if len(l.shards) == 1 {
		return l.replayPlain(ctx, in)
	}
	fresh, merge := make(chan *round, 4), make(chan *round, 4)
	queues := make([]chan *round, len(l.shards))
	for i := range queues {
		queues[i] = make(chan *round, 4)
		go l.shards[i].work(i, queues[i])
	}
	for range cap(fresh) {
		fresh <- newRound(len(l.shards))
	}
	var failed error
	go func() {
		failed = l.readRounds(ctx, in, fresh, queues, merge)
		close(merge)
		for _, q := range queues {
			close(q)
		}
	}()
	for r := range merge {
		r.done.Wait()
		l.after.merge(r.events, r.epoch, r.clock)
		r.reset()
		fresh <- r
	}
	return failed
}

func newRound(shards int) *round {
	return &round{batches: make([]batch, shards), events: make([][]event.Event, shards+1)}
}

func (r *round) reset() {
	for i := range r.batches {
		r.batches[i].reset()
	}
	for i := range r.events {
		clear(r.events[i])
		r.events[i] = r.events[i][:0]
	}
}

// readRounds cuts the source into rounds and hands each to all shards.
func (l *Line) readRounds(ctx context.Context, in *intake, fresh <-chan *round, queues []chan *round, merge chan<- *round) error {
	var h decode.Headers
	for {
		r := <-fresh
		own := len(r.events) - 1
		in.onStep = func(epoch uint32, before, clock int64) {
			for i := range r.batches {
				b := &r.batches[i]
				b.packets = append(b.packets, item{step: true, epoch: epoch, before: before, clock: clock})
			}
		}
		in.emit = func(e event.Event) { r.events[own] = append(r.events[own], e) }
		err := in.fill(ctx, &h, func() {
			r.batches[int(h.Lane)%len(queues)].add(&h, in.ingress(h.Interface), in.clock.epoch, in.clock.now)
		})
		if r.last = err != nil; r.last {
			in.close(in.clock.now)
		}
		r.epoch, r.clock = in.clock.epoch, in.clock.now
		sortEvents(r.events[own])
		r.done.Add(len(queues))
		for _, q := range queues {
			q <- r
		}
		merge <- r
		if r.last {
			return ignoreEOF(err)
		}
	}
}

// fill reads one round of packets and calls use for each that has headers.
func (in *intake) fill(ctx context.Context, h *decode.Headers, use func()) error {
	for range roundPackets {
		usable, err := in.next(h)
		if err != nil {
			return err
		}
		if usable {
			use()
		}
	}
	return ctx.Err()
}

// work runs a shard of a replay.
func (s *shard) work(number int, rounds <-chan *round) {
	for r := range rounds {
		s.out = r.events[number]
		r.batches[number].each(func(p *item) {
			if p.step {
				s.step(p.epoch, p.before, p.clock)
				return
			}
			s.packet(&p.headers, p.ingress, p.epoch, p.clock)
		})
		s.advance(r.epoch, r.clock)
		if r.last {
			s.close(r.epoch, r.clock)
		}
		r.events[number] = s.take(nil)
		r.done.Done()
	}
}

// replayPlain is a replay on one goroutine, without a copy.
func (l *Line) replayPlain(ctx context.Context, in *intake) error {
	var h decode.Headers
	s := l.shards[0]
	var own []event.Event
	in.emit = func(e event.Event) { own = append(own, e) }
	in.onStep = s.step
	for {
		err := in.fill(ctx, &h, func() { s.packet(&h, in.ingress(h.Interface), in.clock.epoch, in.clock.now) })
		s.advance(in.clock.epoch, in.clock.now)
		if err != nil {
			in.close(in.clock.now)
			s.close(in.clock.epoch, in.clock.now)
		}
		sortEvents(own)
		events := [][]event.Event{s.take(nil), own}
		l.after.merge(events, in.clock.epoch, in.clock.now)
		clear(events[0])
		clear(own)
		s.out, own = events[0][:0], own[:0]
		if err != nil {
			return ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
