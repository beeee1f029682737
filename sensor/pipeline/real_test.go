package pipeline

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// Kinds of real traffic that cross rooms, seen in the documents.

var (
	anna  = craft.NewHost("10.0.0.10")
	berta = craft.NewHost("10.0.0.20")
)

const request = "GET /plan HTTP/1.1\r\nHost: ward.example.org\r\n\r\n"

func ok(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// browsing is one plain request with its answer: 10 packets.
func browsing() *craft.Trace {
	t := craft.NewTrace()
	c := t.Open(anna, berta, 40000, 80)
	c.Ask(request)
	c.Answer(ok("hello"))
	c.Close()
	return t
}

// framed makes a trace of the same frames, each as change returns it.
func framed(t *craft.Trace, change func(i int, frame []byte) [][]byte) *craft.Trace {
	out := craft.NewTrace()
	for i, p := range t.Packets() {
		for _, f := range change(i, p.Data) {
			out.Add(f)
		}
	}
	return out
}

// tagged puts an 802.1Q tag into a frame.
func tagged(frame []byte, id uint16) []byte {
	f := append([]byte(nil), frame[:12]...)
	f = binary.BigEndian.AppendUint32(f, craft.VLAN(id))
	return append(f, frame[12:]...)
}

func fromAnna(frame []byte) bool { return frame[29] == 10 }

// plain is what the documents of browsing have to say however it was seen.
var plain = map[string]any{
	"source.ip": "10.0.0.10", "destination.ip": "10.0.0.20", "network.protocol": "http",
	"brandmelder.flow.total.source.packets": 6, "brandmelder.flow.total.destination.packets": 4,
	"brandmelder.flow.state": "SF",
}

func TestPlain(t *testing.T) {
	d := see(t, browsing())
	wants(t, d.one(t, "flow-end"), plain)
	wants(t, d.one(t, "http"), map[string]any{"http.response.status_code": 200, "url.domain": "ward.example.org"})
}

func TestTagOnOneDirectionOnly(t *testing.T) {
	d := see(t, framed(browsing(), func(_ int, f []byte) [][]byte {
		if fromAnna(f) {
			f = tagged(f, 30)
		}
		return [][]byte{f}
	}))
	end := d.one(t, "flow-end")
	wants(t, end, plain)
	wants(t, end, map[string]any{"network.vlan.id": "30"})
	d.one(t, "http")
}

func TestSameFiveTupleInThreeVLANs(t *testing.T) {
	trace := craft.NewTrace()
	var talks []*craft.Conversation
	for i, id := range []uint16{10, 20, 30} {
		c := trace.Dial(anna, berta, 40000, 80)
		c.Skip(true, 100_000*i) // initial sequence numbers of its own
		talks = append(talks, c)
		trace.Tags = []uint32{craft.VLAN(id)}
		c.Segment(true, craft.SYN, nil)
		c.Segment(false, craft.SYN|craft.ACK, nil)
		c.Segment(true, craft.ACK, nil)
	}
	for i, c := range talks {
		trace.Tags = []uint32{craft.VLAN(uint16(10 + 10*i))}
		c.Ask(request)
		c.Answer(ok("hello"))
		c.Close()
	}
	d := see(t, trace)
	if ends, asks := d.of("flow-end"), d.of("http"); len(ends) != 3 || len(asks) != 3 {
		t.Fatalf("%d conversations, %d requests, want 3 and 3", len(ends), len(asks))
	}
	seen := map[string]bool{}
	for _, end := range d.of("flow-end") {
		wants(t, end, plain)
		seen[text(end, "network.vlan.id")] = true
	}
	if !seen["10"] || !seen["20"] || !seen["30"] {
		t.Errorf("VLANs %v", seen)
	}
}

func TestEachPacketTwoToFourTimes(t *testing.T) {
	for copies := 2; copies <= 4; copies++ {
		d := see(t, framed(browsing(), func(_ int, f []byte) (out [][]byte) {
			for n := range copies {
				out = append(out, hop(f, byte(n)))
			}
			return out
		}))
		end := d.one(t, "flow-end")
		wants(t, end, plain)
		wants(t, end, map[string]any{
			"brandmelder.flow.total.source.duplicates":    5 * (copies - 1), // those of the last ACK come after the end
			"brandmelder.flow.total.source.retransmitted": nil,
		})
		d.one(t, "http")
	}
}

// Whoever sums up what an output gets, sums up the truth, also where it gets the ends alone:
// the counters that everybody knows stand in the end, whole, and nowhere else.
func TestSumsOfFlowsAreTheTruth(t *testing.T) {
	trace := craft.NewTrace()
	c := trace.Open(anna, berta, 40000, 80)
	for range 4 {
		trace.Now += int64(50 * time.Second)
		c.Ask(request)
		c.Answer(ok(strings.Repeat("x", 3000)))
	}
	c.Close()
	d := see(t, trace)
	sums := map[string]int{}
	before := append(d.of("flow-start"), d.of("flow-alive")...)
	if len(before) < 4 {
		t.Fatalf("only %d documents before the end", len(before))
	}
	end := d.one(t, "flow-end")
	for _, doc := range append(before, end) {
		for _, what := range []string{"packets", "bytes", "payload"} {
			for _, side := range []string{"source", "destination"} {
				sums[what] += int(get(doc, "brandmelder.flow."+side+"."+what).(float64))
			}
		}
	}
	for _, doc := range before {
		wants(t, doc, map[string]any{"network.bytes": nil, "network.packets": nil, "source.bytes": nil, "destination.packets": nil})
	}
	both := func(what string) int {
		return int(get(end, "brandmelder.flow.total.source."+what).(float64) + get(end, "brandmelder.flow.total.destination."+what).(float64))
	}
	for what, sum := range sums {
		if whole := both(what); sum != whole || whole < 20 {
			t.Errorf("%s: %d in all documents together, %d in the end", what, sum, whole)
		}
	}
	wants(t, end, map[string]any{"network.bytes": both("bytes"), "network.packets": both("packets")})
}

func TestSnaplenCountsEqualTheFullFile(t *testing.T) {
	trace := craft.NewTrace()
	for i := range uint16(20) {
		c := trace.Open(anna, berta, 41000+i, 80)
		c.Ask(request)
		c.Answer(ok(strings.Repeat("x", 4000)))
		c.Close()
	}
	full, cut := seeFile(t, pcap(t, trace, 0)).of("flow-end"), seeFile(t, pcap(t, trace, 54)).of("flow-end")
	if len(full) != 20 || len(cut) != 20 {
		t.Fatalf("%d and %d conversations, want 20", len(full), len(cut))
	}
	for i := range full {
		for _, path := range []string{"source.port", "network.bytes", "network.packets", "brandmelder.flow.total.source.bytes",
			"brandmelder.flow.total.destination.bytes", "brandmelder.flow.total.destination.payload", "brandmelder.flow.state"} {
			if a, b := get(full[i], path), get(cut[i], path); a != b {
				t.Errorf("%s: %v with 54 bytes, %v in full", path, b, a)
			}
		}
	}
}

func TestFramesOf64KiB(t *testing.T) {
	trace := craft.NewTrace()
	c := trace.Open(anna, berta, 40000, 80)
	c.Ask(request)
	c.MSS = 65000
	c.Answer(ok(strings.Repeat("x", 200_000)))
	c.Close()
	d := see(t, trace)
	wants(t, d.one(t, "flow-end"), map[string]any{"brandmelder.flow.total.destination.payload": len(ok(strings.Repeat("x", 200_000)))})
	wants(t, d.one(t, "http"), map[string]any{"http.response.body.bytes": 200_000})
}

func TestLengthZeroBySegmentationOffload(t *testing.T) {
	d := see(t, framed(browsing(), func(_ int, f []byte) [][]byte {
		if len(f) > 60 {
			f = append([]byte(nil), f...)
			f[16], f[17] = 0, 0
		}
		return [][]byte{f}
	}))
	wants(t, d.one(t, "flow-end"), plain)
	d.one(t, "http")
}

func TestWrongChecksums(t *testing.T) {
	spoil := func(f []byte) []byte {
		f = append([]byte(nil), f...)
		f[14+20+16] ^= 0x55
		return f
	}
	offload := see(t, framed(browsing(), func(_ int, f []byte) [][]byte {
		if fromAnna(f) {
			f = spoil(f)
		}
		return [][]byte{f}
	}))
	end := offload.one(t, "flow-end")
	wants(t, end, plain)
	wants(t, end, map[string]any{"brandmelder.flow.total.source.bad_checksums": 6})
	offload.one(t, "http")

	single := see(t, framed(browsing(), func(i int, f []byte) [][]byte {
		if i == 5 { // the response, behind a SYN-ACK that was right
			return [][]byte{spoil(f), f}
		}
		return [][]byte{f}
	}))
	end = single.one(t, "flow-end")
	wants(t, end, map[string]any{"brandmelder.flow.total.destination.bad_checksums": 1, "brandmelder.flow.total.source.bad_checksums": nil})
	wants(t, single.one(t, "http"), map[string]any{"http.response.status_code": 200})
}
