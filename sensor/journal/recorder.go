package journal

import (
	"bytes"
	"errors"
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
	weighEvery   = 5 * time.Second // what stands beside the journal: it grows while people look at alerts
)

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
	beside    int64             // bytes of the rest, when it was last weighed
	expired   time.Time         // when old ones were last looked for
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
	j.largest = min(maxSegment, max(keep.Bytes/32, leastSegment)) // it is forgotten as a whole
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
	flush, weigh := time.NewTicker(flushEvery), time.NewTicker(weighEvery)
	defer flush.Stop()
	defer weigh.Stop()
	r.expire(time.Now(), event.Telemetry, 0)
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
		case now := <-weigh.C:
			r.beside = r.keep.beside()
			if r.full(0) || now.Sub(r.expired) >= expireEvery {
				r.expire(now, event.Telemetry, 0)
			}
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
		for len(docs) > 0 { // in parts that one segment has room for
			part := r.part(docs)
			if err := r.append(docs[:part]); err != nil {
				for _, d := range docs[:part] {
					r.lost[d.Dataset]++
				}
				r.shed.Add(uint64(part))
			}
			docs = docs[part:]
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

// part is how many documents from the first on fill a segment.
func (r *Recorder) part(docs []event.Doc) (n int) {
	for left := r.j.largest; n < len(docs) && (left > 0 || n == 0); n++ {
		left -= recordSize(&docs[n])
	}
	return n
}

func (r *Recorder) append(docs []event.Doc) error {
	n := int64(2 * headSize) // each series may begin a segment
	for i := range docs {
		n += recordSize(&docs[i])
	}
	if r.full(n) || r.j.made != r.segments {
		r.expire(time.Now(), docs[0].Keep, n)
	}
	var err error
	if docs[0].Keep == event.Telemetry && r.full(n) {
		err = errFull
	} else {
		err = r.j.Append(docs)
	}
	if err != nil {
		r.broken = err
		return err
	}
	r.size += n
	r.journaled.Add(uint64(len(docs)))
	return nil
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
