package know

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// mmdb encodes the few types that a database of one network needs
// (MaxMind DB file format 2.0).
func mmdb(v any) []byte {
	head := func(kind, size int) []byte {
		if kind > 7 {
			return []byte{byte(size), byte(kind - 7)}
		}
		return []byte{byte(kind<<5 | size)}
	}
	switch v := v.(type) {
	case string:
		if n := len(v); n >= 29 { // one more byte of size
			return append([]byte{2<<5 | 29, byte(n - 29)}, v...)
		}
		return append(head(2, len(v)), v...)
	case uint16:
		return binary.BigEndian.AppendUint16(head(5, 2), v)
	case uint32:
		return binary.BigEndian.AppendUint32(head(6, 4), v)
	case uint64:
		return binary.BigEndian.AppendUint64(head(9, 8), v)
	case float64:
		return binary.BigEndian.AppendUint64(head(3, 8), math.Float64bits(v))
	case []string:
		b := head(11, len(v))
		for _, s := range v {
			b = append(b, mmdb(s)...)
		}
		return b
	case map[string]any:
		b := head(7, len(v))
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			b = append(append(b, mmdb(k)...), mmdb(v[k])...)
		}
		return b
	}
	panic("mmdb: type")
}

// writeDB writes a database that knows the IPv4 network first.0.0.0/8 alone.
func writeDB(t *testing.T, kind string, first byte, record map[string]any) string {
	t.Helper()
	const nodes = 8
	var b []byte
	node := func(v int) { b = append(b, byte(v>>16), byte(v>>8), byte(v)) }
	for depth := range nodes {
		sides := [2]int{nodes, nodes} // not found
		bit := first >> (7 - depth) & 1
		sides[bit] = depth + 1
		if depth == nodes-1 {
			sides[bit] = nodes + 16 // the first record
		}
		node(sides[0])
		node(sides[1])
	}
	b = append(b, make([]byte, 16)...)
	b = append(b, mmdb(record)...)
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	b = append(b, mmdb(map[string]any{
		"node_count": uint32(nodes), "record_size": uint16(24), "ip_version": uint16(4),
		"database_type": kind, "languages": []string{"en"},
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0),
		"build_epoch": uint64(1), "description": map[string]any{"en": "test"},
	})...)
	path := filepath.Join(t.TempDir(), kind+".mmdb")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlace(t *testing.T) {
	city := writeDB(t, "GeoLite2-City", 81, map[string]any{
		"country":  map[string]any{"iso_code": "NL"},
		"city":     map[string]any{"names": map[string]any{"en": "Utrecht"}},
		"location": map[string]any{"latitude": 52.1, "longitude": 5.1, "accuracy_radius": uint16(20)},
	})
	asn := writeDB(t, "GeoLite2-ASN", 81, map[string]any{
		"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example Net",
	})
	k := mustNew(t, Config{CityDB: city, ASNDB: asn, Zones: []Zone{{Name: "branch", Networks: nets("81.9.0.0/16")}}})
	want := Place{Country: "NL", City: "Utrecht", ASN: 64500, Organization: "Example Net", Located: true, Latitude: 52.1, Longitude: 5.1, Radius: 20}
	for a, want := range map[string]Place{
		"81.2.3.4": want, "::ffff:81.2.3.4": want,
		"82.2.3.4": {}, "10.0.0.1": {}, "2a00::1": {},
		"81.9.0.1": {}, // our own branch
	} {
		if got := k.Place(addr(a)); got != want {
			t.Errorf("Place(%s) = %+v, want %+v", a, got, want)
		}
	}
	if got := mustNew(t, Config{}).Place(addr("81.2.3.4")); got != (Place{}) {
		t.Errorf("without databases: %+v", got)
	}
}

func TestBadDatabase(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.mmdb")
	if err := os.WriteFile(bad, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{CityDB: bad}, {ASNDB: bad}, {CityDB: bad + ".missing"}} {
		if _, err := New(c); err == nil {
			t.Errorf("New(%+v) succeeds", c)
		}
	}
}
