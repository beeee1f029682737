package baseline

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type place struct {
	host netip.Addr
	name string
}

type habit struct {
	first   netip.Addr
	few     [2]netip.Addr
	hours   []uint16
	names   []string
	weight  float64
	share   float32
	small   int8
	told    bool
	inner   struct{ a, b int64 }
	nothing struct{}
}

// learned is a store with one kept map of each kind, and one that is not kept.
func learned() (*Store, *Map[place, habit], *Map[string, int64]) {
	s := NewStore()
	habits := Keep(s, NewMap[place, habit](s, "one.habits", 100, 0))
	counts := Keep(s, NewMap[string, int64](s, "two.counts", 100, 0))
	NewMap[string, func()](s, "one.passing", 100, 0)
	s.Learn("one", 1000)
	return s, habits, counts
}

func fill(habits *Map[place, habit], counts *Map[string, int64]) {
	a := netip.MustParseAddr
	h, _ := habits.Touch(place{a("10.0.0.1"), "ward"}, 5)
	*h = habit{first: a("fe80::1%eth0"), few: [2]netip.Addr{a("::ffff:10.0.0.1"), {}}, hours: []uint16{1, 65535}, names: []string{"", "x"},
		weight: -0.5, share: 1.5, small: -128, told: true, inner: struct{ a, b int64 }{-1 << 63, 1<<63 - 1}}
	habits.Touch(place{}, 6)
	for i := range 10 {
		n, _ := counts.Touch(fmt.Sprint(i), int64(i))
		*n = int64(i)
	}
}

// dump is all that a map holds, with times and order.
func dump[K comparable, V any](m *Map[K, V]) (out []string) {
	for i := m.ring[0].next; i != 0; i = m.ring[i].next {
		out = append(out, fmt.Sprintf("%+v", m.slots[i].key)+fmt.Sprintf("%+v %d", m.slots[i].value, m.ring[i].touched))
	}
	return out
}

// save writes what changed, as a run that ends does.
func save(t *testing.T, dir string, s *Store, now int64) {
	t.Helper()
	if err := NewKeeper(dir, "v1", func(err error) { t.Error(err) }, s).Close(now); err != nil {
		t.Fatal(err)
	}
}

func TestRestoreGivesBackAll(t *testing.T) {
	dir := t.TempDir()
	s, habits, counts := learned()
	fill(habits, counts)
	save(t, dir, s, 20)
	again, h, c := learned()
	for _, r := range again.Restore(dir) {
		if r.Err != nil || r.Empty {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	if d := cmp.Diff(dump(habits), dump(h)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(dump(counts), dump(c)); d != "" {
		t.Error(d)
	}
}

func TestOnlyWhatChangedIsWritten(t *testing.T) {
	dir := t.TempDir()
	s, habits, counts := learned()
	fill(habits, counts)
	s.Learning(1)
	k := NewKeeper(dir, "v1", func(err error) { t.Error(err) }, s)
	k.Tick(2000)
	k.Tick(2001) // a minute has not passed
	counts.Delete("3")
	if err := k.Close(2002); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "two.snap.1")); err != nil {
		t.Error("what changed has no second generation")
	}
	if _, err := os.Stat(filepath.Join(dir, "one.snap.1")); err == nil {
		t.Error("what did not change was written again")
	}
}

// A lesson goes on after a pause, and the pause does not count.
func TestLessonGoesOn(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := learned()
	s.Learning(100)
	save(t, dir, s, 700)
	again, _, _ := learned()
	again.Restore(dir)
	rest := again.Learning(10_000)
	if len(rest) != 1 || rest[0].Name != "one" || rest[0].Until() != 10_400 {
		t.Errorf("after 600 of 1000: %+v", rest)
	}
	if rest := again.Learning(10_400); len(rest) != 0 {
		t.Errorf("it is over: %+v", rest)
	}
	save(t, dir, again, 10_401)
	third, _, _ := learned()
	third.Restore(dir)
	if rest := third.Learning(99_000); len(rest) != 0 {
		t.Errorf("once learned, always learned: %+v", rest)
	}
}

// Whatever happened to the newest generation, the one before is taken.
func TestBrokenSnapshots(t *testing.T) {
	dir := t.TempDir()
	s, habits, counts := learned()
	fill(habits, counts)
	save(t, dir, s, 10)
	before := dump(counts)
	counts.Touch("new", 50)
	save(t, dir, s, 60)
	path := filepath.Join(dir, "two.snap")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole { // cut at each byte, then one bit wrong in each byte
		wrong := slices.Clone(whole)
		wrong[n] ^= 1 << (n % 8)
		for _, b := range [][]byte{whole[:n], wrong} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			again, _, c := learned()
			list := again.Restore(dir)
			if r := list[1]; r.Name != "two" || r.Err == nil || r.Empty || cmp.Diff(before, dump(c)) != "" {
				t.Fatalf("byte %d: %+v, %v", n, r, dump(c))
			}
		}
	}
}

func TestNothingUsableBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	s, habits, counts := learned()
	fill(habits, counts)
	s.Learning(1)
	save(t, dir, s, 500)
	other := NewStore() // the same detector, with another form of its map
	m := Keep(other, NewMap[place, uint8](other, "one.habits", 100, 0))
	other.Learn("one", 1000)
	r := other.Restore(dir)[0]
	if r.Err == nil || !r.Empty || m.Len() != 0 {
		t.Errorf("%+v with %d entries", r, m.Len())
	}
	rest := other.Learning(600)
	if len(rest) != 1 || rest[0].Until() != 1600 || !strings.Contains(rest[0].Again, "v1") {
		t.Errorf("learning begins anew and says why: %+v", rest)
	}
	if r := NewKeeper(dir, "v2", func(error) {}, other).Close(601); r != nil {
		t.Error(r)
	}
	heads, err := Heads(dir)
	if err != nil || len(heads) != 2 || heads[0].Version != "v2" || heads[0].Lesson.Again == "" || heads[1].Entries != 10 {
		t.Errorf("%+v %v", heads, err)
	}
}

// A body with a right checksum and a wrong content must not be half loaded.
func TestForgedBody(t *testing.T) {
	s, habits, counts := learned()
	fill(habits, counts)
	g := s.groups()[0]
	body := g.body(0)
	for n := range body {
		again, h, _ := learned()
		if err := again.groups()[0].load(body[:n]); err == nil || h.Len() != 0 {
			t.Fatalf("cut at %d: %v with %d entries", n, err, h.Len())
		}
	}
	again, h, _ := learned()
	if err := again.groups()[0].load(append(slices.Clone(body), 0)); err == nil || h.Len() != 0 {
		t.Error("a byte too many was taken")
	}
}

func TestKeepRefusesPointers(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a map of pointers was taken")
		}
	}()
	s := NewStore()
	Keep(s, NewMap[string, *int](s, "x.y", 1, 0))
}

func BenchmarkEncode(b *testing.B) {
	s := NewStore()
	m := Keep(s, NewMap[netip.Addr, place](s, "know.names", 100_000, 0))
	for i := range 100_000 {
		v, _ := m.Touch(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), int64(i))
		v.name = "host-of-the-hospital.example.org"
	}
	for b.Loop() {
		s.groups()[0].body(0)
	}
}
