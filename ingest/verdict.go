package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// blocked is the type of a refusal that ends when somebody makes room.
const blocked = "cluster_block_exception"

// hopeless reports whether a document will be refused however often it is sent.
func hopeless(v *verdict) bool {
	switch v.status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusUnauthorized, http.StatusForbidden:
		return false
	}
	return v.failed || v.status >= 300 && v.status < 500
}

// again sets when a document is tried again.
func (s *Sender) again(i *item, v *verdict) error {
	now := time.Now()
	i.due = now.Add(s.o.Backoff.After(i.tries))
	if v.status >= 500 {
		s.doubt(i, now) // a shard may have it
	}
	err := fmt.Errorf("%s is refused for now: status %d: %s", i.doc.Dataset, v.status, v.fault)
	if v.status == http.StatusForbidden && v.fault.Type != blocked || v.status == http.StatusUnauthorized {
		i.due = now.Add(s.o.Backoff.After(max(i.tries, 3))) // no server changes its mind about rights within a second
		return fmt.Errorf("%w: paused until the key may write to it: %w", ErrSetup, err)
	}
	return err
}

// doubt says that a document may be stored. Until it could be found there is no use in
// asking; others go on.
func (s *Sender) doubt(i *item, now time.Time) {
	i.unknown = now
	if found := now.Add(s.o.Visible); i.due.Before(found) {
		i.due = found
	}
}

func letterOf(d *event.Doc, v *verdict) Dead {
	letter := Dead{Doc: *d, Status: v.status, Type: v.fault.Type, Reason: v.fault.Reason, Field: v.fault.Field}
	if v.failed {
		letter.Type, letter.Reason = "failure_store", "it lies in the failure store of its stream, where no search finds it"
	}
	return letter
}

// bury hands documents over that the server never takes; what cannot be kept on disk
// yet is tried again.
func (s *Sender) bury(items []*item, letters []Dead) error {
	if len(letters) == 0 {
		return nil
	}
	if err := s.o.Dead(letters); err != nil {
		for _, i := range items {
			i.due = time.Now().Add(s.o.Backoff.After(i.tries))
		}
		return fmt.Errorf("keep what the server refuses: %w", err)
	}
	for _, i := range items {
		i.settled = true
	}
	s.count.Dead += uint64(len(items))
	return nil
}

// failed deals with a batch that has no verdicts.
func (s *Sender) failed(batch []*item, err error) error {
	now := time.Now()
	switch {
	case errors.Is(err, errUnknown):
		for _, i := range batch {
			s.doubt(i, now)
		}
	case errors.Is(err, errTooBig), errors.Is(err, errForm):
		return s.halve(batch, err)
	}
	return err
}

// halve makes batches smaller; a document that is refused by itself is dead. What is
// too large stays so, what is malformed is one of the documents.
func (s *Sender) halve(batch []*item, err error) error {
	if len(batch) > 1 {
		total := 0
		for _, i := range batch {
			total += i.size
		}
		s.most = max(total/2, 1)
		return err
	}
	status, kind := http.StatusRequestEntityTooLarge, "too_large"
	if errors.Is(err, errForm) {
		status, kind = http.StatusBadRequest, "malformed"
		s.most = maxBatchBytes
	}
	r := (*Refused)(nil)
	errors.As(err, &r)
	v := verdict{status: status, fault: fault{Type: kind, Reason: r.Said}}
	if buried := s.bury(batch, []Dead{letterOf(batch[0].doc, &v)}); buried != nil {
		return buried
	}
	return err
}
