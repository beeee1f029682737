package flow

import (
	"encoding/binary"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// record is what is known of one live conversation. It holds no pointer, so the
// garbage collector does not look at the table.
type record struct {
	key      event.Key
	number   uint64 // of the first packet; 0: the slot is free
	first    int64
	last     int64
	deadline int64
	aliveAt  int64
	total    [2]event.Count
	told     [2]event.Count // as of the latest document
	tags     [2]event.Tags
	macs     [2]event.MAC
	order    [2]order
	synTime  int64
	rtt      int64
	history  [historyMax]byte

	chain      int32 // next record in the same bucket
	prev, next int32 // in the list of its class
	aprev      int32 // in the list of flows with packets since their last document
	anext      int32

	historyLen uint8
	class      class
	flags      flags
	clientIsA  bool
	probed     uint8 // datagrams that were looked at for a protocol
	done       bool  // nobody wants the bytes
}

type flags uint16

const (
	sawClient flags = 1 << iota
	sawServer
	synClient
	synServer
	finClient
	finServer
	rstClient
	rstServer
	payloadSeen
	midStream
	goodClient // a checksum of the client was right
	goodServer
	started  // flow.start was written
	inAlive  // is in the alive list
	tagInKey // broadcast or link-local: the tags belong to the key
)

func (f flags) has(x flags) bool { return f&x == x }

// table is the live conversations: a slab that grows to its cap and no further,
// with a hash index. Records that only differ in their VLAN tags share a chain.
type table struct {
	records []record // 0 is no record
	flows   []*event.Flow
	talks   []*conversation
	heads   []int32
	free    int32 // chain of free slots
	live    int
	limit   int
	seed    uint64
}

func (t *table) init(limit int, seed uint64) {
	size := 8
	for size < limit {
		size *= 2
	}
	t.limit, t.seed = limit, seed
	t.records = make([]record, 1)
	t.flows = make([]*event.Flow, 1)
	t.talks = make([]*conversation, 1)
	t.heads = make([]int32, size)
}

func (t *table) bucket(k *event.Key) *int32 {
	x := t.seed ^ uint64(k.APort)<<48 ^ uint64(k.BPort)<<32 ^ uint64(k.Segment)<<8 ^ uint64(k.Proto)
	for i := 0; i < 16; i += 8 {
		x = mix(x ^ binary.LittleEndian.Uint64(k.A[i:]))
		x = mix(x ^ binary.LittleEndian.Uint64(k.B[i:]))
	}
	return &t.heads[x&uint64(len(t.heads)-1)]
}

// mix is the finaliser of MurmurHash3 (Appleby, public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x * 0xc4ceb9fe1a85ec53
}

// add takes a free slot; full reports that there is none.
func (t *table) add(k *event.Key) (i int32, full bool) {
	switch {
	case t.free != 0:
		i = t.free
		t.free = t.records[i].chain
	case len(t.records) <= t.limit:
		i = int32(len(t.records))
		t.records = append(t.records, record{})
		t.flows = append(t.flows, nil)
		t.talks = append(t.talks, nil)
	default:
		return 0, true
	}
	head := t.bucket(k)
	t.records[i] = record{key: *k, chain: *head}
	*head = i
	t.live++
	return i, false
}

// remove frees a slot.
func (t *table) remove(i int32) {
	at := t.bucket(&t.records[i].key)
	for *at != i {
		at = &t.records[*at].chain
	}
	*at = t.records[i].chain
	t.records[i] = record{chain: t.free}
	t.flows[i], t.talks[i] = nil, nil
	t.free = i
	t.live--
}

func (t *table) each(yield func(int32)) {
	for i := 1; i < len(t.records); i++ {
		if t.records[i].number != 0 {
			yield(int32(i))
		}
	}
}

func (t *table) byNumber() []int32 {
	out := make([]int32, 0, t.live)
	t.each(func(i int32) { out = append(out, i) })
	slices.SortFunc(out, func(a, b int32) int {
		if t.records[a].number < t.records[b].number {
			return -1
		}
		return 1
	})
	return out
}

// list is a queue of records through the links that its kind uses: a record with
// a later deadline never stands before one with an earlier.
type list struct {
	first, last int32
	isAlive     bool
}

func (q *list) links(r *record) (prev, next *int32) {
	if q.isAlive {
		return &r.aprev, &r.anext
	}
	return &r.prev, &r.next
}

func (q *list) push(t *table, i int32) {
	prev, next := q.links(&t.records[i])
	*prev, *next = q.last, 0
	if q.last != 0 {
		_, after := q.links(&t.records[q.last])
		*after = i
	} else {
		q.first = i
	}
	q.last = i
}

func (q *list) remove(t *table, i int32) {
	prev, next := q.links(&t.records[i])
	if *prev != 0 {
		_, after := q.links(&t.records[*prev])
		*after = *next
	} else {
		q.first = *next
	}
	if *next != 0 {
		before, _ := q.links(&t.records[*next])
		*before = *prev
	} else {
		q.last = *prev
	}
	if q.isAlive {
		t.records[i].flags &^= inAlive
	}
}
