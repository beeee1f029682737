package journal

import (
	"bytes"
	"errors"
	"math"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	maxDecisions = 10_000    // waiting; nothing else takes their room
	maxTelemetry = 64 * 1024 // waiting
	maxBatch     = 4096      // documents of one write
	flushEvery   = 250 * time.Millisecond
	expireEvery  = time.Hour
)

// Keep is how long a journal keeps what it has.
type Keep struct {
	Decisions, Telemetry time.Duration
	Bytes                int64 // of both series; a tenth is never given to telemetry
}

// Recorder is the queue between detection and the journal. Detection never waits
// for the disk: what does not fit is dropped and counted by dataset.
type Recorder struct {
	j         *Journal
	keep      Keep
	shown     func(event.Doc, error)
	decisions chan event.Doc
	telemetry chan event.Doc
	look      chan struct{} // holds one: something waits in the inbox
	decided   chan struct{} // holds one: people decided something meanwhile
	done      chan struct{}

	offered uint64
	dropped map[string]uint64 // of the goroutine that offers

	journaled atomic.Uint64
	shed      atomic.Uint64 // dropped and lost, for others to read
	turns     atomic.Uint64
	lost      map[string]uint64 // could not be written; of the journal's goroutine
	held      []event.Doc       // decisions that could not be written yet
	broken    error             // the latest that went wrong
	segments  int               // that the journal had made when it was last looked through for old ones
	size      int64             // bytes of the journal, at most
}

// Record starts the goroutine that writes j. Decisions are handed to shown once
// they are on disk, or with the error that keeps them from it: an alarm is not
// kept silent by a full disk.
func Record(j *Journal, keep Keep, shown func(event.Doc, error)) *Recorder {
	r := &Recorder{
		j: j, keep: keep, shown: shown,
		decisions: make(chan event.Doc, maxDecisions),
		telemetry: make(chan event.Doc, maxTelemetry),
		look:      make(chan struct{}, 1),
		decided:   make(chan struct{}, 1),
		done:      make(chan struct{}),
		dropped:   map[string]uint64{}, lost: map[string]uint64{},
	}
	go r.write()
	return r
}

// Put offers a document, whose bytes it copies, and never waits. One goroutine
// calls it.
func (r *Recorder) Put(d event.Doc) {
	r.offered++
	d.JSON = bytes.Clone(d.JSON)
	queue := r.telemetry
	if d.Keep == event.Decisions {
		queue = r.decisions
	}
	select {
	case queue <- d:
	default:
		r.dropped[d.Dataset]++
		r.shed.Add(1)
	}
}

// write is the journal's goroutine. Decisions are written at once, telemetry in
// batches, so that a quiet network does not cost a sync a document.
func (r *Recorder) write() {
	defer close(r.done)
	flush, expire := time.NewTicker(flushEvery), time.NewTicker(expireEvery)
	defer flush.Stop()
	defer expire.Stop()
	r.expire(time.Now(), 0)
	for ; ; r.turns.Add(1) {
		select {
		case d, open := <-r.decisions:
			if !open {
				r.flush()
				return
			}
			r.decide(gather(r.decisions, []event.Doc{d}))
		case <-flush.C:
			r.flush()
		case <-r.look:
			r.flush()
		case now := <-expire.C:
			r.expire(now, 0)
		}
	}
}

// gather takes what waits, without waiting.
func gather(queue chan event.Doc, docs []event.Doc) []event.Doc {
	for len(docs) < maxBatch {
		select {
		case d, open := <-queue:
			if !open {
				return docs
			}
			docs = append(docs, d)
		default:
			return docs
		}
	}
	return docs
}

// decide writes decisions; those that cannot be written are held and tried again.
func (r *Recorder) decide(docs []event.Doc) {
	r.held = append(r.held, docs...)
	err := r.append(r.held)
	for errors.Is(err, syscall.ENOSPC) && r.makeRoom() {
		err = r.append(r.held)
	}
	if err == nil {
		r.held = nil
	}
	for over := len(r.held) - maxDecisions; over > 0; over-- {
		r.lost[r.held[0].Dataset]++
		r.shed.Add(1)
		r.held = r.held[1:]
	}
	for _, d := range docs {
		r.shown(d, err)
	}
}

// flush writes the telemetry that waits, and what people decided meanwhile.
func (r *Recorder) flush() {
	if len(r.held) > 0 {
		r.decide(nil)
	}
	for {
		docs := gather(r.telemetry, nil)
		if len(docs) == 0 {
			break
		}
		if err := r.append(docs); err != nil {
			for _, d := range docs {
				r.lost[d.Dataset]++
			}
			r.shed.Add(uint64(len(docs)))
		}
	}
	n, err := r.j.Collect()
	if err != nil {
		r.broken = err
	}
	if n > 0 {
		select {
		case r.decided <- struct{}{}:
		default: // it is told already
		}
	}
}

// Look says that something waits in the inbox; any goroutine may.
func (r *Recorder) Look() {
	select {
	case r.look <- struct{}{}:
	default:
	}
}

// Decided tells that decisions of people came into the journal.
func (r *Recorder) Decided() <-chan struct{} { return r.decided }

func (r *Recorder) append(docs []event.Doc) error {
	n := int64(2 * headSize) // each series may begin a segment
	for i := range docs {
		n += int64(len(docs[i].JSON) + len(docs[i].ID) + len(docs[i].Dataset) + recordHead)
	}
	if r.size+n > r.keep.Bytes || r.j.made != r.segments {
		r.expire(time.Now(), n)
	}
	err := r.j.Append(docs)
	if err != nil {
		r.broken = err
		return err
	}
	r.size += n
	r.journaled.Add(uint64(len(docs)))
	return nil
}

// expire lets go what is too old, and of telemetry what has to make room for so many bytes.
func (r *Recorder) expire(now time.Time, room int64) {
	r.segments = r.j.made
	used, err := Size(r.j.dir, event.Decisions)
	_, err2 := r.j.Expire(event.Telemetry, now.Add(-r.keep.Telemetry).UnixNano(), max(r.keep.telemetry(used)-room, 0))
	_, err3 := r.j.Expire(event.Decisions, now.Add(-r.keep.Decisions).UnixNano(), r.keep.Bytes)
	left, err4 := Size(r.j.dir, event.Telemetry)
	r.size = used + left
	if err = errors.Join(err, err2, err3, err4); err != nil {
		r.broken = err
	}
}

// telemetry is how many bytes of it there may be beside so many of decisions.
func (k Keep) telemetry(decisions int64) int64 {
	return max(min(k.Bytes-k.Bytes/10, k.Bytes-decisions), 0)
}

// makeRoom gives the oldest telemetry up for an alert that found the disk full.
func (r *Recorder) makeRoom() bool {
	size, err := Size(r.j.dir, event.Telemetry)
	if err != nil {
		return false
	}
	gone, err := r.j.Expire(event.Telemetry, math.MinInt64, size-1)
	return err == nil && gone > 0
}

// Journaled is how many documents are on disk; any goroutine may ask.
func (r *Recorder) Journaled() uint64 { return r.journaled.Load() }

// Shed is how many documents did not get there; any goroutine may ask.
func (r *Recorder) Shed() uint64 { return r.shed.Load() }

// Turns grows at least each flushEvery as long as the journal's goroutine and the disk
// below it are at work; any goroutine may ask.
func (r *Recorder) Turns() uint64 { return r.turns.Load() }

// Close writes what waits and tells where everything went. The journal stays the
// caller's.
func (r *Recorder) Close() Count {
	close(r.decisions)
	<-r.done
	for _, d := range r.held {
		r.lost[d.Dataset]++
	}
	return Count{r.offered, r.journaled.Load(), tallies(r.dropped), tallies(r.lost), r.broken}
}
