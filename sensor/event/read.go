package event

import (
	"net/netip"
	"sync"
)

// The functions below read one fact of a record by its path, for rooms that do
// not know the record's type. What is absent, or of another type, is zero.

// values are what getters fill: behind a call that the compiler cannot see through
// each would be made anew, and detectors read many facts of each event.
var values = sync.Pool{New: func() any { return new(Value) }}

// read has use look at the fact if it is there, of one of the types.
func read[T any](r Record, path string, list bool, use func(*Value) T, types ...Type) (out T) {
	if r == nil {
		return out
	}
	f := r.Table().Lookup(path)
	if f == nil || f.List != list {
		return out
	}
	for _, t := range types {
		if f.Type == t {
			v := values.Get().(*Value)
			if f.Get(r, v) {
				out = use(v)
			}
			*v = Value{}
			values.Put(v)
			return out
		}
	}
	return out
}

// Has reports whether the fact is there.
func Has(r Record, path string) bool {
	if r == nil {
		return false
	}
	f := r.Table().Lookup(path)
	if f == nil {
		return false
	}
	v := values.Get().(*Value)
	ok := f.Get(r, v)
	*v = Value{}
	values.Put(v)
	return ok
}

// TextOf reads a keyword, a wildcard or a sentence.
func TextOf(r Record, path string) string {
	return read(r, path, false, func(v *Value) string { return v.Str }, TypeKeyword, TypeWildcard, TypeText)
}

// TextsOf reads a list of keywords. The slice is the record's: not to be changed.
func TextsOf(r Record, path string) []string {
	return read(r, path, true, func(v *Value) []string { return v.Strs }, TypeKeyword)
}

// NumberOf reads a whole number, or a time in ns since 1970.
func NumberOf(r Record, path string) int64 {
	return read(r, path, false, func(v *Value) int64 { return v.Int }, TypeLong, TypeDate)
}

// NumbersOf reads a list of whole numbers. The slice is the record's: not to be changed.
func NumbersOf(r Record, path string) []int64 {
	return read(r, path, true, func(v *Value) []int64 { return v.Ints }, TypeLong)
}

// ShareOf reads a number with decimals.
func ShareOf(r Record, path string) float64 {
	return read(r, path, false, func(v *Value) float64 { return v.Float }, TypeFloat)
}

// IsTrue reads a fact that is true or not.
func IsTrue(r Record, path string) bool {
	return read(r, path, false, func(v *Value) bool { return v.Int != 0 }, TypeBool)
}

// AddrOf reads an address, IPv4 unmapped and without zone.
func AddrOf(r Record, path string) netip.Addr {
	return read(r, path, false, func(v *Value) netip.Addr { return v.Addr.Unmap().WithZone("") }, TypeIP)
}

// AddrsOf reads a list of addresses. The slice is the record's: not to be changed.
func AddrsOf(r Record, path string) []netip.Addr {
	return read(r, path, true, func(v *Value) []netip.Addr { return v.Addrs }, TypeIP)
}
