package event

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	name  string
	n     int64
	f     float64
	addrs []netip.Addr
	parts []*part
}

type part struct{ name string }

var partTable = NewTable("part", "", String("name", Technical, "", func(p *part) (string, bool) { return p.name, true }))

var thingTable = NewTable("thing", "",
	String("b.name", Technical, "", func(t *thing) (string, bool) { return t.name, t.name != "" }),
	Int("b.c.n", Technical, "", func(t *thing) (int64, bool) { return t.n, t.n != 0 }),
	Float("a.f", Technical, "", func(t *thing) (float64, bool) { return t.f, true }),
	IPs("d.ip", Technical, "", func(t *thing) []netip.Addr { return t.addrs }),
	Objects("b.parts", "", partTable, func(t *thing, yield func(Record)) {
		for _, p := range t.parts {
			yield(p)
		}
	}),
)

func (*thing) Table() *Table { return thingTable }
func (*part) Table() *Table  { return partTable }

func TestLayout(t *testing.T) {
	l := NewLayout(thingTable)
	tests := []struct {
		name string
		in   thing
		want string
	}{
		{"all", thing{name: "x", n: 3, f: 0.5, addrs: []netip.Addr{{}, netip.MustParseAddr("fe80::1%eth0")}, parts: []*part{{"p"}, {"q"}}},
			`{"a":{"f":0.5},"b":{"c":{"n":3},"name":"x","parts":[{"name":"p"},{"name":"q"}]},"d":{"ip":["fe80::1"]}}`},
		{"absent is not empty", thing{f: 12345678901}, `{"a":{"f":12345678901}}`},
		{"escapes", thing{name: "a\"\\\x00\xff\u202e\x7fé"}, `{"a":{"f":0},"b":{"name":"a\"\\\u0000\ufffd\u202e\u007fé"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(l.Append(nil, &tt.in))
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestLongStringsAreCutAtARune(t *testing.T) {
	got := NewLayout(partTable).Append(nil, &part{strings.Repeat("é", maxString)})
	var out struct{ Name string }
	if err := json.Unmarshal(got, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Name) > maxString || !strings.HasSuffix(out.Name, "é…") {
		t.Errorf("%d bytes, ends %q", len(out.Name), out.Name[len(out.Name)-8:])
	}
}

func TestClashesPanic(t *testing.T) {
	field := func(path string) Field {
		return String(path, Technical, "", func(*part) (string, bool) { return "", false })
	}
	for _, paths := range [][]string{{"a", "a"}, {"a", "a.b"}, {"a.b", "a.b.c"}, {""}, {".a"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: no panic", paths)
				}
			}()
			var tables []*Table
			for _, p := range paths {
				tables = append(tables, NewTable("t", "", field(p)))
			}
			NewLayout(tables...)
		}()
	}
}

func TestCoverageAddsUpInAnyOrder(t *testing.T) {
	parts := []Coverage{
		{Start: 60, End: 120, Packets: 2, VLANs: []uint16{7}, Undecoded: []Tally{{"cut", 1}}},
		{Start: 60, End: 120, Packets: 3, VLANs: []uint16{3, 7}, Undecoded: []Tally{{"arp", 1}, {"cut", 2}}, Protocols: []ProtocolCoverage{{Name: "dns", Flows: 1}}},
	}
	var there, back Coverage
	there.Add(&parts[0])
	there.Add(&parts[1])
	back.Add(&parts[1])
	back.Add(&parts[0])
	if d := cmp.Diff(there, back); d != "" {
		t.Error(d)
	}
	if there.Packets != 5 || len(there.VLANs) != 2 || there.Undecoded[1].Count != 3 {
		t.Errorf("%+v", there)
	}
}

func TestFixedFieldsAreWrittenAsTheyWere(t *testing.T) {
	other := NewTable("other", "", String("a.x", Technical, "", func(p *part) (string, bool) { return p.name, p.name != "" }))
	fixed := &thing{name: "same", n: 0, f: 1.5}
	varying := NewLayout(thingTable, other)
	layout := NewLayout(thingTable, other)
	layout.Fix(0, fixed, "d.ip", "b.parts")
	addr := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for _, p := range []*part{{""}, {"y"}} {
		for _, in := range []*thing{{}, {addrs: addr}, {parts: []*part{{"p"}}, addrs: addr}} {
			in.name, in.f = fixed.name, fixed.f
			want := string(varying.Append(nil, in, p))
			if got := string(layout.Append(nil, in, p)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

func TestAppendTime(t *testing.T) {
	for _, ns := range []int64{0, 1, -1, 951782400_000000001, 1700000000_123456789, 1<<63 - 1, -1 << 63} {
		want := time.Unix(0, ns).UTC().Format(`"2006-01-02T15:04:05.000000000Z"`)
		if got := string(AppendTime(nil, ns)); got != want {
			t.Errorf("%d: got %s, want %s", ns, got, want)
		}
	}
}

// What an index would ignore or refuse is not written: keywords are cut where it
// stops to look, and a number that no float of it holds is absent.
func TestValuesFitAnIndex(t *testing.T) {
	type record struct{ Record }
	table := NewTable("limits", "Values at their limit.",
		String("word", Technical, "keyword", func(*record) (string, bool) { return strings.Repeat("é", 2000), true }),
		Strings("words", Technical, "keywords", func(*record) []string { return []string{strings.Repeat("x", 2000)} }),
		Text("text", Technical, "sentence", func(*record) (string, bool) { return strings.Repeat("x", 2000), true }),
		Float("huge", Technical, "number", func(*record) (float64, bool) { return 1e39, true }),
		Float("large", Technical, "number", func(*record) (float64, bool) { return -3e38, true }),
	)
	got := NewLayout(table).Append(nil, &record{})
	word, x := strings.Repeat("é", 510)+"…", strings.Repeat("x", 1021)+"…"
	want := `{"large":-3e+38,"text":"` + strings.Repeat("x", 2000) + `","word":"` + word + `","words":["` + x + `"]}`
	if string(got) != want {
		t.Errorf("%s", got)
	}
}

func TestEightBytesAtOnceAreAsPlainAsEach(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for c := range 256 {
		for at := range 8 {
			s := []byte("abcdefgh")
			s[at] = byte(c)
			if got := allPlain(string(s)); got != isPlain[c] {
				t.Errorf("%q: plain is %v", s, got)
			}
			for i := range s[:at] {
				s[i] = byte(r.Uint32())
			}
			if allPlain(string(s)) && !isPlain[c] {
				t.Errorf("%q is not plain", s)
			}
		}
	}
}
