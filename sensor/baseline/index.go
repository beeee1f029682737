package baseline

import "hash/maphash"

// index finds the slot of a key. The keys themselves are in the slots only: here
// are their numbers, by hash, each in the first free place from where it belongs
// (linear probing). Hashes differ from run to run; nothing that can be seen does.
type index[K comparable] struct {
	seed   maphash.Seed
	places []int32 // slots, 0 is none; their number is a power of two
	used   int
}

func newIndex[K comparable]() index[K] {
	return index[K]{seed: maphash.MakeSeed(), places: make([]int32, 8)}
}

func (x *index[K]) hash(k K) uint32 { return uint32(maphash.Comparable(x.seed, k)) }

// find returns the slot of a key, 0 where there is none.
func find[K comparable, V any](x *index[K], slots []slot[K, V], k K, hash uint32) int32 {
	mask := uint32(len(x.places) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		i := x.places[at]
		if i == 0 || slots[i].hash == hash && slots[i].key == k {
			return i
		}
	}
}

// insert adds a slot that is not in it, and grows at three quarters.
func insert[K comparable, V any](x *index[K], slots []slot[K, V], i int32) {
	if x.used++; 4*x.used > 3*len(x.places) {
		old := x.places
		x.places = make([]int32, 2*len(old))
		for _, j := range old {
			if j != 0 {
				x.put(j, slots[j].hash)
			}
		}
	}
	x.put(i, slots[i].hash)
}

func (x *index[K]) put(i int32, hash uint32) {
	mask := uint32(len(x.places) - 1)
	at := hash & mask
	for x.places[at] != 0 {
		at = (at + 1) & mask
	}
	x.places[at] = i
}

// remove takes a slot out and moves up those that stood behind it for want of room.
func remove[K comparable, V any](x *index[K], slots []slot[K, V], i int32) {
	x.used--
	mask := uint32(len(x.places) - 1)
	at := slots[i].hash & mask
	for x.places[at] != i {
		at = (at + 1) & mask
	}
	for next := (at + 1) & mask; x.places[next] != 0; next = (next + 1) & mask {
		home := slots[x.places[next]].hash & mask
		if (next-home)&mask >= (next-at)&mask {
			x.places[at] = x.places[next]
			at = next
		}
	}
	x.places[at] = 0
}
