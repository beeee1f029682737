package event

import (
	"net/netip"
	"sync"
)

// The functions below read one fact of a record by its path, for rooms that do
// not know the record's type. What is absent, or of another type, is zero.

// read asks a fact for a value of the one type that it may have.
func read[T any](r Record, path string) (out T) {
	if r == nil {
		return out
	}
	if f := r.Table().Lookup(path); f != nil {
		if one, ok := f.one.(func(Record) (T, bool)); ok {
			if v, ok := one(r); ok {
				return v
			}
		}
	}
	return out
}

// values are what getters of any type fill: behind a call that the compiler cannot
// see through each would be made anew.
var values = sync.Pool{New: func() any { return new(Value) }}

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
	return read[string](r, path)
}

// TextsOf reads a list of keywords. The slice is the record's: not to be changed.
func TextsOf(r Record, path string) []string {
	return read[[]string](r, path)
}

// NumberOf reads a whole number, or a time in ns since 1970.
func NumberOf(r Record, path string) int64 {
	return read[int64](r, path)
}

// NumbersOf reads a list of whole numbers. The slice is the record's: not to be changed.
func NumbersOf(r Record, path string) []int64 {
	return read[[]int64](r, path)
}

// ShareOf reads a number with decimals.
func ShareOf(r Record, path string) float64 {
	return read[float64](r, path)
}

// IsTrue reads a fact that is true or not.
func IsTrue(r Record, path string) bool {
	return read[bool](r, path)
}

// AddrOf reads an address, IPv4 unmapped and without zone.
func AddrOf(r Record, path string) netip.Addr {
	return read[netip.Addr](r, path).Unmap().WithZone("")
}

// AddrsOf reads a list of addresses. The slice is the record's: not to be changed.
func AddrsOf(r Record, path string) []netip.Addr {
	return read[[]netip.Addr](r, path)
}
