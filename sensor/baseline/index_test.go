package baseline

import (
	"math/rand/v2"
	"testing"
)

// Whatever is added and removed, the index finds what a plain map would.
func TestIndexFindsWhatIsThere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	m := NewMap[uint64, uint64](NewStore(), "t", 5000, 0)
	plain := map[uint64]uint64{}
	for range 200_000 {
		k := r.Uint64N(4000)
		switch v := m.Get(k); {
		case v == nil != (plain[k] == 0), v != nil && *v != plain[k]:
			t.Fatalf("key %d: %v, want %d", k, v, plain[k])
		case r.IntN(2) == 0:
			w, _ := m.Touch(k, 1)
			*w = 1 + r.Uint64N(100)
			plain[k] = *w
		default:
			m.Delete(k)
			delete(plain, k)
		}
	}
	if m.Len() != len(plain) {
		t.Errorf("%d entries, want %d", m.Len(), len(plain))
	}
}

// Touching what is there allocates nothing.
func TestTouchAllocatesNothing(t *testing.T) {
	type key struct {
		name string
		port uint16
	}
	m := NewMap[key, int](NewStore(), "t", 100, 0)
	name := "host"
	m.Touch(key{name, 1}, 0)
	if n := testing.AllocsPerRun(100, func() { m.Touch(key{name, 1}, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
