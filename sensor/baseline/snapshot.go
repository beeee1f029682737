package baseline

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"
)

// kept is a map whose entries survive the run.
type kept interface {
	Gauge
	shape() string
	dirty() bool
	append(b []byte) []byte
	load(b []byte) (rest []byte, err error)
	clear()
}

// keptMap is a Map with the codecs of its types.
type keptMap[K comparable, V any] struct {
	*Map[K, V]
	key, value codec
}

// Keep marks a map as one that holds what was learned: it is saved and restored.
// Keys and values are of plain content; what does not fit panics here.
func Keep[K comparable, V any](s *Store, m *Map[K, V]) *Map[K, V] {
	s.kept = append(s.kept, &keptMap[K, V]{m, codecOf(reflect.TypeFor[K]()), codecOf(reflect.TypeFor[V]())})
	return m
}

func (m *keptMap[K, V]) shape() string { return m.name + " " + m.key.shape + " " + m.value.shape }
func (m *keptMap[K, V]) dirty() bool   { return m.changed }

// append writes the number of entries, then each from the oldest on: the time of
// its latest touch, key, value.
func (m *keptMap[K, V]) append(b []byte) []byte {
	m.changed = false
	b = binary.AppendUvarint(b, uint64(m.index.used))
	for i := m.ring[0].prev; i != 0; i = m.ring[i].prev {
		s := &m.slots[i]
		b = binary.AppendVarint(b, m.ring[i].touched)
		b = m.key.write(b, reflect.ValueOf(&s.key).Elem())
		b = m.value.write(b, reflect.ValueOf(&s.value).Elem())
	}
	return b
}

func (m *keptMap[K, V]) load(b []byte) ([]byte, error) {
	n, b, err := uvarint(b)
	for ; n > 0 && err == nil; n-- {
		touched, used := binary.Varint(b)
		if used <= 0 {
			return nil, errShort
		}
		var k K
		if b, err = m.key.read(b[used:], reflect.ValueOf(&k).Elem()); err != nil {
			break
		}
		v, _ := m.Touch(k, touched)
		b, err = m.value.read(b, reflect.ValueOf(v).Elem())
	}
	m.changed = false
	return b, err
}

// clear forgets all entries.
func (m *keptMap[K, V]) clear() {
	fresh := &Map[K, V]{name: m.name, limit: m.limit, idle: m.idle, gone: m.gone, index: newIndex[K](), slots: make([]slot[K, V], 1)}
	*m.Map = *fresh
}

// Lesson is how long a detector has to learn before it may speak of what is new.
// Time in which the sensor did not run does not count.
type Lesson struct {
	Name   string `json:"name"`
	Since  int64  `json:"since"`           // packet time, ns; 0 not begun
	Length int64  `json:"length"`          // ns
	Again  string `json:"again,omitempty"` // why it had to begin anew

	left int64 // when the run before ended, ns; 0 once this one has begun
}

// Learn tells the store that the detector of this name learns for so long.
func (s *Store) Learn(name string, length int64) *Lesson {
	l := &Lesson{Name: name, Length: length}
	s.lessons = append(s.lessons, l)
	return l
}

// Until is when the lesson is over, ns; 0 before it begins.
func (l *Lesson) Until() int64 {
	if l.Since == 0 {
		return 0
	}
	return l.Since + l.Length
}

// Over reports whether it is. A lesson begins when it is first asked for, and goes
// on after a pause as if there had been none.
func (l *Lesson) Over(now int64) bool {
	if l.Since == 0 {
		l.Since = now
	}
	if l.left != 0 {
		l.Since += max(now-l.left, 0)
		l.left = 0
	}
	return now >= l.Until()
}

// Learning lists the lessons that are not over, by name.
func (s *Store) Learning(now int64) (rest []Lesson) {
	for _, l := range s.lessons {
		if !l.Over(now) {
			rest = append(rest, *l)
		}
	}
	slices.SortFunc(rest, func(a, b Lesson) int { return cmp.Compare(a.Name, b.Name) })
	return rest
}

// group is what one snapshot holds: the kept maps of one detector, and its lesson.
type group struct {
	name   string
	maps   []kept
	lesson *Lesson
	open   bool // it may stand on disk as going on
}

// groups sorts the kept maps by the detector in their names.
func (s *Store) groups() (list []*group) {
	find := func(name string) *group {
		for _, g := range list {
			if g.name == name {
				return g
			}
		}
		list = append(list, &group{name: name})
		return list[len(list)-1]
	}
	for _, m := range s.kept {
		name, _, _ := strings.Cut(m.Name(), ".")
		g := find(name)
		g.maps = append(g.maps, m)
	}
	for _, l := range s.lessons {
		g := find(l.Name)
		g.lesson, g.open = l, true
	}
	slices.SortFunc(list, func(a, b *group) int { return cmp.Compare(a.name, b.name) })
	return list
}

// schema names what the body of the snapshot looks like.
func (g *group) schema() string {
	h := fnv.New128a()
	for _, m := range g.maps {
		fmt.Fprintln(h, m.shape())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// dirty reports whether there is something to save. A lesson that goes on is, so
// that a restart counts the time up to the last minute.
func (g *group) dirty(now int64) bool {
	return g.open || g.lesson != nil && !g.lesson.Over(now) || slices.ContainsFunc(g.maps, kept.dirty)
}

func (g *group) body(now int64) (b []byte) {
	g.open = g.lesson != nil && !g.lesson.Over(now)
	for _, m := range g.maps {
		b = m.append(b)
	}
	return b
}

// load fills the maps from a body, or leaves them empty with an error.
func (g *group) load(b []byte) (err error) {
	for _, m := range g.maps {
		if b, err = m.load(b); err != nil {
			break
		}
	}
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("%d bytes are left over", len(b))
	}
	if err != nil {
		for _, m := range g.maps {
			m.clear()
		}
	}
	return err
}
