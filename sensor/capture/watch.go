package capture

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// watch reads rings, one or several, as one source: a block of each in turn.
type watch struct {
	rings  []*ring
	index  []uint16 // into names, by ring
	names  []string
	polls  []unix.PollFd
	at     int // the ring being read
	closed bool
}

func newWatch(rings ...*ring) *watch {
	w := &watch{rings: rings, polls: make([]unix.PollFd, len(rings))}
	for _, r := range rings {
		i := slices.Index(w.names, r.name)
		if i < 0 {
			i = len(w.names)
			w.names = append(w.names, r.name)
		}
		w.index = append(w.index, uint16(i))
	}
	return w
}

// Join makes one source of several that Live opened, so that one goroutine reads
// a ring of each interface. A busy interface does not keep the others waiting, and
// one that is down or gone leaves the others alone. Packets come in order of time
// within a ring, not between rings, which are at most their block timeout (20 ms)
// and the reading of one block apart. The sources belong to the joined one
// afterwards. It panics when one is not of Live.
func Join(sources []Source) Source {
	var rings []*ring
	for _, s := range sources {
		w, ok := s.(*watch)
		if !ok {
			panic(fmt.Sprintf("capture: join %T, which is not an interface's", s))
		}
		rings = append(rings, w.rings...)
	}
	return newWatch(rings...)
}

func (w *watch) Read(p *event.Packet) error {
	if w.closed {
		return io.EOF
	}
	for {
		if r := w.rings[w.at]; r.left > 0 {
			r.packet(p)
			p.Interface = w.index[w.at]
			return nil
		}
		switch found, err := w.turn(); {
		case err != nil:
			return err
		case found:
			continue
		}
		if err := w.wait(); err != nil {
			return err
		}
	}
}

// turn moves to the next ring that has a block.
func (w *watch) turn() (found bool, err error) {
	from := w.at
	for i := range w.rings {
		at := (from + 1 + i) % len(w.rings)
		ready, err := w.rings[at].ready()
		if err != nil {
			return false, err
		}
		if ready && !found {
			w.at, found = at, true
		}
	}
	return found, nil
}

// wait sleeps until a ring has a block, or says that none had one for a while.
func (w *watch) wait() error {
	for i, r := range w.rings {
		w.polls[i] = unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN}
	}
	n, err := unix.Poll(w.polls, int(pollFor/time.Millisecond))
	switch {
	case err == unix.EINTR: // signals in a row must not hold up the reader's clock
		return ErrIdle
	case err != nil:
		return fmt.Errorf("capture on %s: poll: %w", w.rings[0].name, err)
	case n == 0:
		return ErrIdle
	}
	for i := range w.polls {
		if w.polls[i].Revents&unix.POLLERR != 0 {
			w.rings[i].followed = time.Time{} // something happened to the interface
		}
	}
	return nil
}

// Stats adds up the rings.
func (w *watch) Stats() Stats {
	s := Stats{Interfaces: slices.Clone(w.names), Called: make([]string, len(w.names))}
	for i, r := range w.rings {
		r.addTo(&s)
		s.Called[w.index[i]] = r.link.called()
	}
	slices.SortStableFunc(s.Blind, func(a, b Blindness) int { return int(min(max(a.From-b.From, -1), 1)) })
	s.Blind = s.Blind[max(0, len(s.Blind)-maxBlind):]
	return s
}

// Close gives the rings' memory back and ends promiscuous mode at once. The bytes
// of the last packet are gone with it, so the reader calls it, or whoever waited
// for the reader to end.
func (w *watch) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	var errs []error
	for _, r := range w.rings {
		errs = append(errs, r.free())
	}
	return errors.Join(errs...)
}
