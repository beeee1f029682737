package baseline

import (
	"slices"
	"testing"
)

func keys(m *Map[int, string]) (out []int) {
	for k := range m.All {
		out = append(out, k)
	}
	return out
}

func TestMap(t *testing.T) {
	s := NewStore()
	m := NewMap[int, string](s, "things", 3, 100)
	var gone []int
	m.OnGone(func(k int, _ *string) { gone = append(gone, k) })
	for i := range 3 {
		v, fresh := m.Touch(i, int64(i))
		if !fresh {
			t.Fatalf("%d is not fresh", i)
		}
		*v = "v"
	}
	if v, fresh := m.Touch(0, 5); fresh || *v != "v" {
		t.Error("0 was forgotten")
	}
	if got := keys(m); !slices.Equal(got, []int{0, 2, 1}) {
		t.Errorf("order %v", got)
	}
	m.Touch(3, 6)
	if got := keys(m); !slices.Equal(got, []int{3, 0, 2}) || m.Evicted() != 1 {
		t.Errorf("after eviction %v, %d evicted", got, m.Evicted())
	}
	m.Expire(103)
	if got := keys(m); !slices.Equal(got, []int{3, 0}) {
		t.Errorf("after expiry %v", got)
	}
	if !slices.Equal(gone, []int{1, 2}) {
		t.Errorf("gone %v", gone)
	}
	m.Delete(0)
	if m.Get(0) != nil || m.Get(3) == nil || m.Len() != 1 {
		t.Error("delete")
	}
	if g := s.Gauges(); len(g) != 1 || g[0].Name() != "things" || g[0].Cap() != 3 {
		t.Errorf("gauges %v", g)
	}
}

func TestMapHoldsItsCapUnderAFlood(t *testing.T) {
	const limit, flood = 1000, 200_000
	m := NewMap[int, [4]int](NewStore(), "flood", limit, 0)
	for i := range flood {
		m.Touch(i, int64(i))
	}
	if m.Len() != limit || m.Evicted() != flood-limit || len(m.slots) != limit+1 {
		t.Errorf("len %d evicted %d slots %d", m.Len(), m.Evicted(), len(m.slots))
	}
}
