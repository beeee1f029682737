package event

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// every has a fact of each type.
type every struct{ name string }

func (*every) Table() *Table { return everyTable }

var everyTable = NewTable("every", "",
	String("a.name", Technical, "", func(e *every) (string, bool) { return e.name, e.name != "" }),
	Int("a.n", Technical, "", func(*every) (int64, bool) { return 1 << 62, true }),
	Float("a.share", Technical, "", func(*every) (float64, bool) { return 0.25, true }),
	Bool("b.yes", Technical, "", func(*every) (bool, bool) { return true, true }),
	Bool("b.no", Technical, "", func(*every) (bool, bool) { return false, true }),
	IP("b.ip", Technical, "", func(*every) netip.Addr { return netip.MustParseAddr("2001:db8::1") }),
	Time("c", Technical, "", func(*every) int64 { return 1_700_000_000_123_456_789 }),
	Strings("d.s", Technical, "", func(*every) []string { return []string{"x", "y"} }),
	Ints("d.n", Technical, "", func(*every) []int64 { return []int64{3, -4} }),
	IPs("d.ip", Technical, "", func(*every) []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.0.0.1")} }),
	Objects("d.o", "", thingTable, func(*every, func(Record)) {}),
)

// What was written reads back as it was: written again it gives the same bytes.
func TestStored(t *testing.T) {
	for _, e := range []*every{{"ann"}, {}} {
		written := NewLayout(everyTable).Append(nil, e)
		d, err := ParseDocument(written)
		if err != nil {
			t.Fatal(err)
		}
		r := everyTable.Stored(d)
		again := NewLayout(r.Table()).Append(nil, r)
		if d := cmp.Diff(string(written), string(again)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(facts(e), facts(r), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Error(d)
		}
	}
}

// facts are what rooms that know no type read of it.
func facts(r Record) []any {
	return []any{
		TextOf(r, "a.name"), NumberOf(r, "a.n"), ShareOf(r, "a.share"), IsTrue(r, "b.yes"), IsTrue(r, "b.no"), AddrOf(r, "b.ip"),
		NumberOf(r, "c"), TextsOf(r, "d.s"), NumbersOf(r, "d.n"), AddrsOf(r, "d.ip"),
		TextOf(r, "a.n"), NumberOf(r, "d.n"), TextOf(r, "d.s"), AddrOf(r, "a.name"), TextOf(r, "d.o"), // of another type: nothing
	}
}

// A document that is not what its table says has the fact not at all.
func TestStoredOtherwise(t *testing.T) {
	d, err := ParseDocument([]byte(`{"a":{"name":1,"n":"x","share":true},"b":{"yes":"true","ip":"ann"},"c":"now","d":{"s":"x","n":[1.5],"ip":[true]}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := everyTable.Stored(d)
	for _, path := range everyTable.Paths() {
		if Has(r, path) {
			t.Errorf("%s is there", path)
		}
	}
	for _, text := range []string{"", "{", "[1]", "{} {}"} {
		if _, err := ParseDocument([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestDocumentPut(t *testing.T) {
	d := Document{"a": "in the way"}
	d.Put(everyTable.Lookup("a.name"), &every{"ann"})
	d.Put(everyTable.Lookup("d.s"), &every{})
	if d.At("a.name") != "ann" || d.At("a.name.deeper") != nil {
		t.Error(d)
	}
	if d.Put(everyTable.Lookup("a.name"), &every{}); d.At("a.name") != nil {
		t.Error(d)
	}
}
