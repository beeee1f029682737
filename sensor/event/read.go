package event

import "net/netip"

// The functions below read one fact of a record by its path, for rooms that do
// not know the record's type. What is absent, or of another type, is zero.

// read reads the fact into v and reports whether it is there.
func read(r Record, path string, v *Value, list bool, types ...Type) bool {
	if r == nil {
		return false
	}
	f := r.Table().Lookup(path)
	if f == nil || f.List != list {
		return false
	}
	for _, t := range types {
		if f.Type == t {
			return f.Get(r, v)
		}
	}
	return false
}

// Has reports whether the fact is there.
func Has(r Record, path string) bool {
	var v Value
	if r == nil {
		return false
	}
	f := r.Table().Lookup(path)
	return f != nil && f.Get(r, &v)
}

// TextOf reads a keyword, a wildcard or a sentence.
func TextOf(r Record, path string) string {
	var v Value
	read(r, path, &v, false, TypeKeyword, TypeWildcard, TypeText)
	return v.Str
}

// TextsOf reads a list of keywords. The slice is the record's: not to be changed.
func TextsOf(r Record, path string) []string {
	var v Value
	read(r, path, &v, true, TypeKeyword)
	return v.Strs
}

// NumberOf reads a whole number, or a time in ns since 1970.
func NumberOf(r Record, path string) int64 {
	var v Value
	read(r, path, &v, false, TypeLong, TypeDate)
	return v.Int
}

// NumbersOf reads a list of whole numbers. The slice is the record's: not to be changed.
func NumbersOf(r Record, path string) []int64 {
	var v Value
	read(r, path, &v, true, TypeLong)
	return v.Ints
}

// ShareOf reads a number with decimals.
func ShareOf(r Record, path string) float64 {
	var v Value
	read(r, path, &v, false, TypeFloat)
	return v.Float
}

// IsTrue reads a fact that is true or not.
func IsTrue(r Record, path string) bool {
	var v Value
	return read(r, path, &v, false, TypeBool) && v.Int != 0
}

// AddrOf reads an address, IPv4 unmapped and without zone.
func AddrOf(r Record, path string) netip.Addr {
	var v Value
	if !read(r, path, &v, false, TypeIP) {
		return netip.Addr{}
	}
	return v.Addr.Unmap().WithZone("")
}

// AddrsOf reads a list of addresses. The slice is the record's: not to be changed.
func AddrsOf(r Record, path string) []netip.Addr {
	var v Value
	read(r, path, &v, true, TypeIP)
	return v.Addrs
}
