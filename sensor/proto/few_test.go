package proto

import "testing"

func TestFewKeepsTheYoungest(t *testing.T) {
	f := few[int, string]{}
	for i := range 10 {
		old, evicted := f.put(i, string(rune('a'+i)), 3)
		if evicted != (i >= 3) || evicted && old != string(rune('a'+i-3)) {
			t.Errorf("put %d: evicted %q %v", i, old, evicted)
		}
	}
	if f.evicted != 7 || len(f.entries) != 3 {
		t.Errorf("%d evicted and %d kept, want 7 and 3", f.evicted, len(f.entries))
	}
	if f.get(6) != nil || f.get(7) == nil || *f.get(9) != "j" {
		t.Error("the youngest three are not there")
	}
}

func TestFewPopsAndReplaces(t *testing.T) {
	f := few[int, int]{}
	f.put(1, 10, 2)
	f.put(2, 20, 2)
	if _, evicted := f.put(1, 11, 2); evicted || len(f.entries) != 2 {
		t.Error("replacing a value made another one go")
	}
	if v, ok := f.pop(1); !ok || v != 11 {
		t.Errorf("popped %d, %v", v, ok)
	}
	if _, ok := f.pop(1); ok || f.get(2) == nil {
		t.Error("an entry was popped twice, or the wrong one")
	}
}
