package capture

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name:  "xdp",
		Doc:   "a mirror port of this host, whose packets a program in the kernel counts (XDP)",
		Live:  true,
		Match: func(string, []byte) bool { return false }, // only by its name: it ends frames
		Open:  func(name string, o Options) ([]Source, error) { return XDP([]string{name}, o) },
	})
	register(Spec{
		Name:  "filter",
		Doc:   "an interface of this host, whose packets a program in the kernel counts behind the driver (a socket's filter)",
		Live:  true,
		Match: func(string, []byte) bool { return false }, // by its name, or where XDP cannot be
		Open:  func(name string, o Options) ([]Source, error) { return Filter([]string{name}, o) },
	})
}

// ErrOwnTraffic says that frames may not end at an interface because the host uses it.
var ErrOwnTraffic = errors.New("frames may not end there, since the host itself uses it")

const (
	// Between two looks at an empty ring: to wake up costs more than to read.
	restUsual = 4 * time.Millisecond
	restLeast = time.Millisecond      // where an eighth of the ring was filled meanwhile
	restMost  = 16 * time.Millisecond // where nothing came, time after time: 10 Gbit/s bring 20 MB in it, and a ring has 32
	lookEvery = 4 * time.Second       // for all counters: well below the 30 s after which silence ends a conversation
	lookParts = 16
	tickAfter = 256 // records between two looks at the time
)

// XDP opens o.Rings sources on interfaces that are mirror ports. A program in the
// kernel counts every packet where it arrives and hands over those of conversations
// that are still read (see Steerer); of the others come counters, every few seconds
// and before whatever follows them, so that sums always equal the interface. Frames end
// there unless o.Look: an interface that the host uses is refused with ErrOwnTraffic.
// All packets between two addresses come to one source.
func XDP(names []string, o Options) ([]Source, error) { return tapped(names, o, false) }

// Filter is XDP behind the driver: the same program is the filter of a packet socket,
// which never gets a frame itself. It may be on any interface, takes nothing from the
// host and sees what that sends too.
func Filter(names []string, o Options) ([]Source, error) { return tapped(names, o, true) }

func tapped(names []string, o Options, filter bool) ([]Source, error) {
	t, err := newTap(names, o, filter)
	if err != nil {
		return nil, errors.Join(err, t.leave())
	}
	var all []Source
	for i, m := range t.mirror.Rings {
		ring, err := openRing(m)
		if err != nil {
			for _, s := range all {
				err = errors.Join(err, s.Close())
			}
			return nil, errors.Join(err, t.leave())
		}
		t.users++
		all = append(all, &xdp{tap: t, first: i == 0, ring: ring, rest: restUsual, offset: clockOffset(),
			table: newFlowTable(t.table, t.wide, t.totals, t.mirror.CPUs, len(t.mirror.Rings), i, t.sets)})
	}
	return all, t.leave()
}

func possibleCPUs() (int, error) {
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return 0, fmt.Errorf("capture: count the processors: %w", err)
	}
	return n, nil
}

// xdp is one ring of a tap, with its part of the flow cache.
type xdp struct {
	tap   *tap
	first bool
	ring  *bpfRing
	table *flowTable

	delta   event.FlowDelta
	waiting []glimpse // counters to tell when the ring was read to mark
	mark    uint64
	urgent  []glimpse // counters to tell before the next record
	ended   uint64    // end of the record that they belong to
	from    uint32    // set at which the next look at the table begins
	due     time.Time
	records int
	rest    time.Duration
	offset  int64 // of the time of day from the kernel's clock, ns
	last    bool  // the last look was taken

	packets, bytes uint64
	shown          struct{ packets, bytes atomic.Uint64 }

	mu     sync.Mutex // held to read the sums and to end
	closed bool
	final  Stats
}

// Read hands out frames, and counters where a conversation is not read: p.Delta.
func (x *xdp) Read(p *event.Packet) error {
	if x.closed {
		return io.EOF
	}
	var began time.Time
	for {
		if x.counted(p) {
			return nil
		}
		if x.records++; x.records%tickAfter == 0 {
			if err := x.tick(time.Now()); err != nil {
				return err
			}
		}
		if r := x.ring.next(); r != nil {
			if x.take(r, p) {
				return nil
			}
			continue
		}
		now := time.Now()
		if began.IsZero() {
			began = now
		}
		switch err := x.tick(now); {
		case err != nil:
			return err
		case len(x.waiting) > 0 && x.ring.behind >= x.mark:
			continue
		case x.last:
			x.show()
			return io.EOF
		case now.Sub(began) >= pollFor:
			return ErrIdle
		}
		x.wait()
	}
}

// wait leaves an empty ring alone for a while.
func (x *xdp) wait() {
	before := x.ring.written()
	time.Sleep(x.rest)
	x.rest = restAfter(x.rest, int(x.ring.written()-before), len(x.ring.data)/2) // the bytes stand there twice
}

// restAfter is how long a ring of size bytes may be left alone next, where came bytes
// came within the last rest: none of them is ever 0, which would be to wait without rest.
func restAfter(rest time.Duration, came, size int) time.Duration {
	switch {
	case came > size/8:
		return restLeast
	case came > 0:
		return restUsual
	}
	most := restMost * time.Duration(size) / ringDefault
	return max(restUsual, min(2*rest, most, restMost))
}

// tick does what is due now and then: the clock, the interfaces, counters.
func (x *xdp) tick(now time.Time) error {
	x.show()
	if x.tap.stopped.Load() {
		if !x.last && len(x.waiting) == 0 && x.ring.behind == x.ring.written() {
			x.last = true
			x.look(x.table.sets)
		}
		return nil
	}
	if now.Before(x.due) {
		return nil
	}
	if x.due = now.Add(lookEvery / lookParts); x.from == 0 {
		x.offset = clockOffset()
	}
	if len(x.waiting) == 0 {
		x.look((x.table.sets + lookParts - 1) / lookParts)
	}
	if x.first {
		return x.tap.follow()
	}
	return nil
}

// look copies what n sets have counted, to be told when the ring was read so far.
func (x *xdp) look(n uint32) {
	if x.last {
		x.from = 0
	}
	x.waiting = x.table.look(x.from, n, x.waiting[:0])
	x.mark = x.ring.written()
	if x.from += n; x.from >= x.table.sets {
		x.from = 0
	}
}

// clockOffset is the time of day less the kernel's monotonic clock.
func clockOffset() int64 {
	var mono, wall unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil || unix.ClockGettime(unix.CLOCK_REALTIME, &wall) != nil {
		return 0
	}
	return wall.Nano() - mono.Nano()
}

// counted fills p with counters that wait and are due, if any of them are new.
func (x *xdp) counted(p *event.Packet) bool {
	for len(x.urgent) > 0 {
		g := &x.urgent[0]
		x.urgent = x.urgent[1:]
		if x.tell(g, p) {
			return true
		}
	}
	for len(x.waiting) > 0 && x.ring.behind >= x.mark {
		g := &x.waiting[0]
		x.waiting = x.waiting[1:]
		if x.tell(g, p) {
			return true
		}
	}
	return false
}

func (x *xdp) tell(g *glimpse, p *event.Packet) bool {
	if !x.table.tell(g, &x.delta) {
		return false
	}
	x.alone(p, g.entry.Last, g.entry.Ifindex)
	return true
}

// ending puts what other processors have counted of a conversation before the
// record of its end, which is read again then: a card may give each direction to
// another processor.
func (x *xdp) ending(r *bpf.Record) bool {
	if x.ended == x.ring.behind {
		return false
	}
	x.ended = x.ring.behind
	if x.urgent = x.table.elsewhere(r, x.urgent[:0]); len(x.urgent) == 0 {
		return false
	}
	x.ring.behind = x.ring.at
	return true
}

// alone makes p counters without a frame.
func (x *xdp) alone(p *event.Packet, at uint64, ifindex uint32) {
	x.fill(p, at, ifindex)
	p.Delta = &x.delta
}

func (x *xdp) fill(p *event.Packet, at uint64, ifindex uint32) {
	number := p.Number
	*p = event.Packet{Time: int64(at) + x.offset, Number: number, Link: linkEthernet}
	for i, port := range x.tap.ports {
		if port.index.Load() == int32(ifindex) {
			p.Interface = uint16(i)
		}
	}
}

const recordSize = int(unsafe.Sizeof(bpf.Record{}))

// take fills p with a record of the ring; false when it says nothing new.
func (x *xdp) take(b []byte, p *event.Packet) bool {
	r := (*bpf.Record)(unsafe.Pointer(&b[0]))
	const counters = 1
	if r.Kind == counters {
		if !x.table.said(r, &x.delta) {
			return false
		}
		e := (*bpf.Entry)(unsafe.Pointer(&b[recordSize]))
		name(e, (*[32]byte)(b[recordSize+int(unsafe.Sizeof(*e)):]), &x.delta)
		x.alone(p, r.Time, r.Ifindex)
		return true
	}
	if r.Ends != 0 && x.ending(r) {
		return false
	}
	x.fill(p, r.Time, r.Ifindex)
	p.Data = b[recordSize:][:r.Given:r.Given]
	p.Wire, p.Tag = r.Wire, r.Tag
	if r.Generation != 0 {
		p.Entry, p.Want = uint64(r.Generation)<<32|uint64(r.Place), event.Want(r.Verdict)
		if x.table.said(r, &x.delta) {
			p.Delta = &x.delta
		}
	}
	x.packets++
	x.bytes += uint64(r.Given)
	return true
}

// Steer is of Steerer.
func (x *xdp) Steer(entry uint64, w event.Want) { x.table.steer(entry, w) }

// Lend is of Lender. It may be called from any goroutine.
func (x *xdp) Lend(yes bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	lend := uint32(0)
	if yes {
		lend = 1
	}
	for _, t := range x.table.sums {
		atomic.StoreUint32(&t.Lend, lend)
	}
}

// Stop is of Stopper. It ends all rings of the call.
func (x *xdp) Stop() error { return x.tap.stop() }

// show lets Stats hear of the packets handed out.
func (x *xdp) show() {
	x.shown.packets.Store(x.packets)
	x.shown.bytes.Store(x.bytes)
}

// Stats adds up what the processors counted for this ring.
func (x *xdp) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return x.final
	}
	s := Stats{Delivered: x.shown.packets.Load(), Bytes: x.shown.bytes.Load()}
	for _, t := range x.table.sums {
		given, counted := atomic.LoadUint64(&t.Given), atomic.LoadUint64(&t.Counted)
		dropped := atomic.LoadUint64(&t.Lost) + atomic.LoadUint64(&t.Missed)
		s.Seen += given + counted + dropped
		s.Counted += counted
		s.Dropped += dropped
		s.Unread += atomic.LoadUint64(&t.CountedBytes)
		s.Freezes += atomic.LoadUint64(&t.Full)
	}
	for _, p := range x.tap.ports {
		s.Interfaces, s.Called = append(s.Interfaces, p.said), append(s.Called, p.link.called())
		if x.first {
			p.link.mu.Lock()
			s.Notes = append(s.Notes, p.notes...)
			s.Blind = append(s.Blind, p.blind...)
			p.link.mu.Unlock()
		}
	}
	return s
}

// Close takes the program off with the last ring and gives the memory back.
func (x *xdp) Close() error {
	x.show()
	final := x.Stats()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed, x.final = true, final
	x.ring.close()
	return x.tap.leave()
}
