package flow

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// none is no slot.
const none = int32(-1)

// class is how long a conversation may be silent. Within a class deadlines are in
// order of arrival, because the line clock never goes back: a list is a queue.
type class uint8

// The order is the order in which room is made.
const (
	closed      class = iota // over, kept to recognise stray packets
	halfOpen                 // TCP without an answer and without data
	silent                   // other protocols without an answer
	oneSided                 // TCP data from one side only
	answered                 // other protocols with an answer; TCP with both ends done
	established              // TCP
	alive                    // no timeout: the minutes of each conversation's own life
	classes
)

var timeouts = [classes]int64{closedLinger, halfOpenAfter, silentAfter, establishedAfter, answeredAfter, establishedAfter, aliveEvery}

// record is one conversation. It holds no pointer, so the collector never walks
// the table.
type record struct {
	key           event.Key
	tags          [2]event.Tags // by side, as the rest
	mac           [2]event.MAC
	first, last   int64  // packet times
	number        uint64 // of the first packet
	hard          int64  // line clock at which it has lived long enough
	total, told   [2]event.Count
	tcp           [2]half
	dialogue      dialogue
	synAt, backAt int64 // packet times of SYN and SYN-ACK
	rtt           int64
	history       [24]byte
	historyLen    uint8
	noted         [2]uint16 // letters of the history that a side already has
	other         uint32    // sequence number of a SYN within a living connection
	ingress       uint16
	tunnel        uint16 // index into the lane's tunnels, 0 none
	clientIsA     bool
	midStream     bool
	pinned        bool    // tags belong to the key
	announced     bool    // flow.start was written
	stale         bool    // the view misses something that was learnt
	over          bool    // flow.end was written
	unread        bool    // its bytes are of no interest any more
	reopened      bool    // other is valid
	kept          bool    // the source was told to keep its packets back: what is missing may be counted there
	good          [2]bool // a checksum of this side was right once
	odd           uint8   // anomalies already said
	state         event.TCPState
	app           uint16 // 1 + index of the Spec, 0 unknown
	stream        int32
	class         class

	chain int32 // next in the hash chain, or in the free list
	hash  uint32
	idle  link // queue of the class
	life  link // queue of the minutes
}

// link is a place in a queue.
type link struct {
	prev, next int32
	deadline   int64
}

// table finds conversations by key and orders them by deadline.
type table struct {
	seed    uint64
	records []record
	used    int32 // records below were used at least once
	free    int32
	heads   []int32
	mask    uint32
	queues  [classes]queue
	due     int64 // no deadline is earlier; it may be too early, since deadlines are put off
}

type queue struct{ first, last int32 }

func newTable(size int, seed uint64) table {
	buckets := 1 << bits.Len(uint(2*size-1))
	t := table{seed: seed, records: make([]record, size), free: none, heads: make([]int32, buckets), mask: uint32(buckets - 1), due: math.MaxInt64}
	for i := range t.queues {
		t.queues[i] = queue{none, none}
	}
	return t
}

// hash mixes with the seed by folded multiplication, so that nobody outside can
// choose keys that meet in one chain.
func (t *table) hash(k *event.Key, tags event.Tags) uint32 { return narrow(t.wide(k, tags)) }

func narrow(h uint64) uint32 { return uint32(h ^ h>>32) }

func (t *table) wide(k *event.Key, tags event.Tags) uint64 {
	le := binary.LittleEndian
	h := t.seed ^ 0x9e3779b97f4a7c15
	ports := uint64(k.APort)<<48 | uint64(k.BPort)<<32 | uint64(k.Segment)<<16 | uint64(k.Proto)<<8 | uint64(tags.N)
	for _, w := range [6]uint64{
		le.Uint64(k.A[:]), le.Uint64(k.A[8:]), le.Uint64(k.B[:]), le.Uint64(k.B[8:]),
		ports, uint64(tags.ID[0])<<16 | uint64(tags.ID[1]),
	} {
		hi, lo := bits.Mul64(h^w, 0xd6e8feb86659fd93^t.seed<<1)
		h = hi ^ lo + 0xa0761d6478bd642f
	}
	return h
}

// take gives an empty record in its chain, or none when the table is full.
func (t *table) take(hash uint32) int32 {
	slot := t.free
	switch {
	case slot != none:
		t.free = t.records[slot].chain
	case int(t.used) < len(t.records):
		slot = t.used
		t.used++
	default:
		return none
	}
	head := &t.heads[hash&t.mask]
	t.records[slot] = record{hash: hash, chain: *head - 1, stream: none}
	*head = slot + 1
	return slot
}

// release takes the record out of its chain and queues.
func (t *table) release(slot int32) {
	r := &t.records[slot]
	t.leave(slot, r.class)
	t.leave(slot, alive)
	head := &t.heads[r.hash&t.mask]
	if *head-1 == slot {
		*head = r.chain + 1
	} else {
		p := *head - 1
		for t.records[p].chain != slot {
			p = t.records[p].chain
		}
		t.records[p].chain = r.chain
	}
	*r = record{chain: t.free}
	t.free = slot
}

func (t *table) link(slot int32, c class) *link {
	if c == alive {
		return &t.records[slot].life
	}
	return &t.records[slot].idle
}

// join puts the record at the end of a queue.
func (t *table) join(slot int32, c class, deadline int64) {
	q := &t.queues[c]
	t.due = min(t.due, deadline)
	*t.link(slot, c) = link{prev: q.last, next: none, deadline: deadline}
	if q.last == none {
		q.first = slot
	} else {
		t.link(q.last, c).next = slot
	}
	q.last = slot
}

func (t *table) leave(slot int32, c class) {
	q, l := &t.queues[c], *t.link(slot, c)
	if l.prev == none {
		q.first = l.next
	} else {
		t.link(l.prev, c).next = l.next
	}
	if l.next == none {
		q.last = l.prev
	} else {
		t.link(l.next, c).prev = l.prev
	}
}

// touch gives the record its full time again, in class c.
func (t *table) touch(slot int32, c class, clock int64) {
	r := &t.records[slot]
	if r.class == c && t.queues[c].last == slot {
		r.idle.deadline = clock + timeouts[c]
		return
	}
	t.leave(slot, r.class)
	r.class = c
	t.join(slot, c, clock+timeouts[c])
}

// earliest is the queue whose first deadline is due next; the minute of a life
// stands before the end of one. It looks at conversations that are in no cache,
// so a lane asks only where the clock has passed due.
func (t *table) earliest() (c class, slot int32, deadline int64) {
	slot, t.due = none, math.MaxInt64
	for i := range classes {
		q := alive - i
		if head := t.queues[q].first; head != none {
			if d := t.link(head, q).deadline; slot == none || d < deadline {
				c, slot, deadline, t.due = q, head, d, d
			}
		}
	}
	return c, slot, deadline
}

// victim is the conversation that has to make room: one that is over, else the
// oldest of the lowest class that has any.
func (t *table) victim() int32 {
	for c := range alive {
		if t.queues[c].first != none {
			return t.queues[c].first
		}
	}
	return none
}

// rebase moves all deadlines, keeping what remains of them.
func (t *table) rebase(by int64) {
	t.due = math.MinInt64
	for c := range classes {
		for slot := t.queues[c].first; slot != none; slot = t.link(slot, c).next {
			t.link(slot, c).deadline += by
			if c == alive {
				t.records[slot].hard += by
			}
		}
	}
}
