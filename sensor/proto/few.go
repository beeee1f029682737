package proto

// few is a table of a handful of entries that a conversation must remember: the
// open files, the unanswered requests. It is searched from the front, since the
// oldest entry is mostly the one that is asked for. What adds to it says how many
// it may hold: beyond that the oldest makes room and is counted.
type few[K comparable, V any] struct {
	entries []entry[K, V]
	evicted int64
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// put adds an entry or replaces the one with this key. What had to make room is
// returned.
func (f *few[K, V]) put(key K, value V, most int) (old V, evicted bool) {
	if v := f.get(key); v != nil {
		*v = value
		return old, false
	}
	if len(f.entries) >= most {
		old, evicted = f.entries[0].value, true
		f.entries = remove(f.entries, 0)
		f.evicted++
	}
	f.entries = append(f.entries, entry[K, V]{key, value})
	return old, evicted
}

// meet points at the value of a key, which is fresh where there was none.
func (f *few[K, V]) meet(key K, fresh V, most int) *V {
	if f.get(key) == nil {
		f.put(key, fresh, most)
	}
	return f.get(key)
}

// get points at the value of a key, nil where there is none. The pointer holds
// until the table is changed.
func (f *few[K, V]) get(key K) *V {
	for i := range f.entries {
		if f.entries[i].key == key {
			return &f.entries[i].value
		}
	}
	return nil
}

// pop takes an entry out.
func (f *few[K, V]) pop(key K) (value V, ok bool) {
	for i := range f.entries {
		if f.entries[i].key == key {
			value = f.entries[i].value
			f.entries = remove(f.entries, i)
			return value, true
		}
	}
	return value, false
}

func remove[E any](s []E, i int) []E {
	copy(s[i:], s[i+1:])
	var none E
	s[len(s)-1] = none
	return s[:len(s)-1]
}
