package ingest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	maxBatchDocs  = 2000
	maxBatchBytes = 5 << 20
)

// Options are what a Sender needs beside its client.
type Options struct {
	Namespace string
	Visible   time.Duration // after which a stored document is surely found: refresh_interval + 1 s
	Backoff   Backoff
	// Dead keeps documents that the server will never take. They are on disk when it
	// returns without an error.
	Dead func([]Dead) error
	// Note is told what holds the sender up, and nil when it goes on.
	Note func(error)
}

// Dead is a document that the server refuses for what it is.
type Dead struct {
	Doc    event.Doc
	Status int    // of its verdict
	Type   string // of the error
	Reason string
	Field  string // that the server blames, "" none
}

// Count is what became of documents so far.
type Count struct {
	Stored   uint64 // by this sender
	Found    uint64 // stored before: told by 409 or by asking for the ids
	Dead     uint64
	Doubtful uint64 // sent again although they may be stored, since the key may not ask
	Retried  uint64 // documents that were sent more than once
	Requests uint64
}

// Sender stores documents in their data streams. One goroutine uses it.
type Sender struct {
	client *Client
	o      Options
	most   int // bytes of one batch; less after a 413
	count  Count
	held   int       // failures of whole batches in a row
	until  time.Time // no request before
	told   bool      // Note has been told of trouble
}

// NewSender returns a sender over a client, which stays the caller's.
func NewSender(c *Client, o Options) *Sender {
	if o.Backoff == (Backoff{}) {
		o.Backoff = DefaultBackoff
	}
	if o.Note == nil {
		o.Note = func(error) {}
	}
	return &Sender{client: c, o: o, most: maxBatchBytes}
}

// Count is what became of documents so far.
func (s *Sender) Count() Count { return s.count }

// item is a document that has no last verdict yet.
type item struct {
	doc     *event.Doc
	size    int
	tries   int
	due     time.Time
	unknown time.Time // it may be stored since then; zero: it is not
	settled bool
}

// Write returns when each document is stored or kept as a dead letter. It returns an
// error only when ctx ends; then each may be stored or not, and Resume goes on.
func (s *Sender) Write(ctx context.Context, docs []event.Doc) error {
	return s.settle(ctx, docs, time.Time{})
}

// Resume is Write for documents that an earlier sender may have sent.
func (s *Sender) Resume(ctx context.Context, docs []event.Doc) error {
	return s.settle(ctx, docs, time.Now())
}

func (s *Sender) settle(ctx context.Context, docs []event.Doc, unknown time.Time) error {
	items := make([]item, len(docs))
	todo := make([]*item, len(docs))
	for i := range docs {
		items[i] = item{doc: &docs[i], size: size(&docs[i]), unknown: unknown}
		todo[i] = &items[i]
	}
	for len(todo) > 0 {
		batch, wait := s.next(todo, time.Now())
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
		if len(batch) > 0 {
			s.round(ctx, batch)
			todo = slices.DeleteFunc(todo, func(i *item) bool { return i.settled })
		}
	}
	return ctx.Err()
}

// next takes the documents that are due, as many as one request may hold; without
// any, wait is how long until there are some.
func (s *Sender) next(todo []*item, now time.Time) (batch []*item, wait time.Duration) {
	if wait = s.until.Sub(now); wait > 0 {
		return nil, wait
	}
	bytes, soonest := 0, time.Time{}
	for _, i := range todo {
		if i.due.After(now) {
			if soonest.IsZero() || i.due.Before(soonest) {
				soonest = i.due
			}
			continue
		}
		if len(batch) > 0 && (bytes+i.size > s.most || len(batch) == maxBatchDocs) {
			break
		}
		bytes += i.size
		batch = append(batch, i)
	}
	if len(batch) == 0 {
		wait = soonest.Sub(now)
	}
	return batch, max(wait, 0)
}

// round gives each document of a batch its verdict, or the time of its next try.
func (s *Sender) round(ctx context.Context, batch []*item) {
	var trouble error // of single documents; the others go on
	batch, err := s.missing(ctx, batch)
	if err == nil && len(batch) > 0 {
		trouble, err = s.send(ctx, batch)
	}
	if err == nil {
		s.held = 0
		s.note(trouble)
		return
	}
	if errors.Is(err, errTooBig) || errors.Is(err, errForm) {
		return // it is halved, which needs no waiting
	}
	s.held++
	s.until = time.Now().Add(s.o.Backoff.After(s.held))
	if ctx.Err() == nil {
		s.note(err)
	}
}

func (s *Sender) note(err error) {
	if err != nil || s.told {
		s.o.Note(err)
	}
	s.told = err != nil
}

// missing settles the documents of which it was unknown whether they are stored and
// that are, and returns the rest. Those stored last are seen after a refresh.
func (s *Sender) missing(ctx context.Context, batch []*item) ([]*item, error) {
	var doubtful []*event.Doc
	var since time.Time
	for _, i := range batch {
		if !i.unknown.IsZero() {
			doubtful = append(doubtful, i.doc)
			if i.unknown.After(since) {
				since = i.unknown
			}
		}
	}
	if len(doubtful) == 0 {
		return batch, nil
	}
	if err := Sleep(ctx, time.Until(since.Add(s.o.Visible))); err != nil {
		return nil, err
	}
	found, err := s.client.stored(ctx, s.o.Namespace, doubtful)
	if errors.Is(err, errMayNotAsk) {
		s.count.Doubtful += uint64(len(doubtful))
		err = nil
	}
	if err != nil {
		return nil, err
	}
	left := batch[:0:0]
	for _, i := range batch {
		i.unknown = time.Time{}
		if found[i.doc] {
			i.settled = true
			s.count.Found++
			continue
		}
		left = append(left, i)
	}
	return left, nil
}

// send is one request. trouble is what holds single documents up, err the whole batch.
func (s *Sender) send(ctx context.Context, batch []*item) (trouble, err error) {
	docs := make([]*event.Doc, len(batch))
	for n, i := range batch {
		docs[n] = i.doc
		if i.tries++; i.tries == 2 {
			s.count.Retried++
		}
	}
	s.count.Requests++
	verdicts, err := s.client.bulk(ctx, s.o.Namespace, docs)
	if err != nil {
		return nil, s.failed(batch, err)
	}
	var dead []*item
	var letters []Dead
	for n, i := range batch {
		v := &verdicts[n]
		switch {
		case v.status == http.StatusConflict:
			i.settled = true
			s.count.Found++
		case v.status < 300 && !v.failed:
			i.settled = true
			s.count.Stored++
		case hopeless(v):
			dead, letters = append(dead, i), append(letters, letterOf(i.doc, v))
		default:
			trouble = s.again(i, v)
		}
	}
	return errors.Join(s.bury(dead, letters), trouble), nil
}
