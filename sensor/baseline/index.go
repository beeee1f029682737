package baseline

import "hash/maphash"

// index finds the slot of a key. The keys themselves are in the slots only: here
// are their numbers, by hash, each in the first free place from where it belongs
// (linear probing). Hashes differ from run to run; nothing that can be seen does.
type index[K comparable] struct {
	seed   maphash.Seed
	places []spot // their number is a power of two
	used   int
}

// spot has the hash beside the slot, so that a search touches no slot but its own.
type spot struct {
	hash uint32
	slot int32 // 0 is none
}

func newIndex[K comparable]() index[K] {
	return index[K]{seed: maphash.MakeSeed(), places: make([]spot, 8)}
}

func (x *index[K]) hash(k K) uint32 { return uint32(maphash.Comparable(x.seed, k)) }

// find returns the slot of a key, 0 where there is none.
func find[K comparable, V any](x *index[K], slots []slot[K, V], k K, hash uint32) int32 {
	mask := uint32(len(x.places) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		p := x.places[at]
		if p.slot == 0 || p.hash == hash && slots[p.slot].key == k {
			return p.slot
		}
	}
}

// insert adds a slot that is not in it, and grows at three quarters.
func (x *index[K]) insert(s spot) {
	if x.used++; 4*x.used > 3*len(x.places) {
		old := x.places
		x.places = make([]spot, 2*len(old))
		for _, p := range old {
			if p.slot != 0 {
				x.put(p)
			}
		}
	}
	x.put(s)
}

func (x *index[K]) put(p spot) {
	mask := uint32(len(x.places) - 1)
	at := p.hash & mask
	for x.places[at].slot != 0 {
		at = (at + 1) & mask
	}
	x.places[at] = p
}

// remove takes a slot out and moves up those that stood behind it for want of room.
func (x *index[K]) remove(s spot) {
	x.used--
	mask := uint32(len(x.places) - 1)
	at := s.hash & mask
	for x.places[at].slot != s.slot {
		at = (at + 1) & mask
	}
	for next := (at + 1) & mask; x.places[next].slot != 0; next = (next + 1) & mask {
		home := x.places[next].hash & mask
		if (next-home)&mask >= (next-at)&mask {
			x.places[at] = x.places[next]
			at = next
		}
	}
	x.places[at] = spot{}
}
