// Package baseline keeps what is usual: maps with a cap, an age limit and a count
// of what they had to forget. It knows nothing of packets.
package baseline

import "slices"

// Store makes the bounded maps of one run and knows them all by name, so that
// their sizes and evictions can be shown.
type Store struct {
	gauges  []Gauge
	kept    []kept
	lessons []*Lesson
}

// Gauge is the state of one bounded map.
type Gauge interface {
	Name() string
	Len() int
	Cap() int
	Evicted() uint64 // entries that had to make room
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{} }

// Gauges lists the maps in the order of their names.
func (s *Store) Gauges() []Gauge {
	out := slices.Clone(s.gauges)
	slices.SortFunc(out, func(a, b Gauge) int {
		if a.Name() < b.Name() {
			return -1
		}
		return 1
	})
	return out
}

// Map holds at most a fixed number of entries. The one not touched for longest
// makes room, and an entry not touched for the idle time is gone. Iteration is
// in order of the latest touch, so it is the same in every replay.
// One goroutine uses it.
type Map[K comparable, V any] struct {
	name    string
	limit   int
	idle    int64
	index   index[K]
	slots   []slot[K, V]
	ring    []turn // of the slot with the same number
	free    []int32
	evicted uint64
	expired uint64
	gone    func(K, *V)
	changed bool // since it was last encoded
}

type slot[K comparable, V any] struct {
	key   K
	value V
}

// turn stands apart from its slot: to bring one to the front touches its neighbours,
// and these are small together.
type turn struct {
	touched    int64
	prev, next int32 // ring through turn 0: next is the older one
}

// NewMap makes a map of at most limit entries that live for idle ns of packet
// time after their latest touch, and tells the store of it.
func NewMap[K comparable, V any](s *Store, name string, limit int, idle int64) *Map[K, V] {
	m := &Map[K, V]{name: name, limit: limit, idle: idle, index: newIndex[K](), slots: make([]slot[K, V], 1), ring: make([]turn, 1)}
	s.gauges = append(s.gauges, m)
	return m
}

// OnGone has f called with each entry that is evicted or expires, before it goes.
func (m *Map[K, V]) OnGone(f func(K, *V)) { m.gone = f }

func (m *Map[K, V]) Name() string    { return m.name }
func (m *Map[K, V]) Len() int        { return m.index.used }
func (m *Map[K, V]) Cap() int        { return m.limit }
func (m *Map[K, V]) Evicted() uint64 { return m.evicted }

// Get returns the entry, or nil; it does not touch it. The pointer is valid until
// the next Touch of another key.
func (m *Map[K, V]) Get(k K) *V {
	if i := find(&m.index, m.slots, k, m.index.hash(k)); i != 0 {
		return &m.slots[i].value
	}
	return nil
}

// Touch returns the entry, made new (zero) where there was none or its time was
// up. now never goes back by more than the disorder of a capture.
func (m *Map[K, V]) Touch(k K, now int64) (v *V, fresh bool) {
	m.Expire(now)
	hash := m.index.hash(k)
	i := find(&m.index, m.slots, k, hash)
	if fresh = i == 0; fresh {
		i = m.take()
		m.slots[i].key = k
		m.index.insert(spot{hash, i})
		m.link(i)
	} else if m.ring[0].next != i { // it is not the first already
		m.unlink(i)
		m.link(i)
	}
	m.ring[i].touched = now
	m.changed = true
	return &m.slots[i].value, fresh
}

// Expire removes the entries whose time is up.
func (m *Map[K, V]) Expire(now int64) {
	for m.idle > 0 {
		oldest := m.ring[0].prev
		if oldest == 0 || now-m.ring[oldest].touched <= m.idle {
			return
		}
		m.expired++
		m.remove(oldest)
	}
}

// Delete removes an entry; OnGone is not told.
func (m *Map[K, V]) Delete(k K) {
	if i := find(&m.index, m.slots, k, m.index.hash(k)); i != 0 {
		m.drop(i)
	}
}

// All hands out the entries, latest touched first, until yield returns false.
// Entries must not be added or removed meanwhile.
func (m *Map[K, V]) All(yield func(K, *V) bool) {
	for i := m.ring[0].next; i != 0; i = m.ring[i].next {
		if !yield(m.slots[i].key, &m.slots[i].value) {
			return
		}
	}
}

// take finds a slot, making room when the map is full.
func (m *Map[K, V]) take() int32 {
	if m.index.used >= m.limit {
		m.evicted++
		m.remove(m.ring[0].prev)
	}
	if n := len(m.free); n > 0 {
		i := m.free[n-1]
		m.free = m.free[:n-1]
		return i
	}
	if n := len(m.slots); n == cap(m.slots) { // by half, and never past the limit
		more := min(n+n/2+8, m.limit+1)
		m.slots = append(make([]slot[K, V], 0, more), m.slots...)
		m.ring = append(make([]turn, 0, more), m.ring...)
	}
	m.slots, m.ring = append(m.slots, slot[K, V]{}), append(m.ring, turn{})
	return int32(len(m.slots) - 1)
}

func (m *Map[K, V]) remove(i int32) {
	if m.gone != nil {
		m.gone(m.slots[i].key, &m.slots[i].value)
	}
	m.drop(i)
}

func (m *Map[K, V]) drop(i int32) {
	m.changed = true
	m.unlink(i)
	m.index.remove(spot{m.index.hash(m.slots[i].key), i})
	m.slots[i] = slot[K, V]{}
	m.free = append(m.free, i)
}

func (m *Map[K, V]) link(i int32) {
	first := m.ring[0].next
	m.ring[i].prev, m.ring[i].next = 0, first
	m.ring[0].next, m.ring[first].prev = i, i
}

func (m *Map[K, V]) unlink(i int32) {
	t := &m.ring[i]
	m.ring[t.prev].next, m.ring[t.next].prev = t.next, t.prev
}
