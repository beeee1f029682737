package flow

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// wire makes TCP packets by hand.
type wire struct {
	b      *bench
	time   int64
	number uint64
	id     uint16
	isn    uint32
}

func newWire(b *bench) *wire { return &wire{b: b, time: 1_800_000_000 * second, isn: 1000} }

// send hands one packet of alice (or bob) to the lane; seq counts from the first
// byte, ack likewise.
func (w *wire) send(fromAlice bool, flags uint8, seq, ack int, data string) {
	w.number++
	w.id++
	w.time += millisecond
	h := decode.Headers{
		Time: w.time, Number: w.number, IPID: w.id, TTL: 64, FromA: fromAlice,
		Key:     event.Key{A: alice.IP.As16(), B: bob.IP.As16(), APort: 40000, BPort: 7777, Proto: tcp},
		Payload: []byte(data), WireLoad: uint32(len(data)), IPLen: uint32(40 + len(data)), Sum: decode.SumGood,
		Seq: w.isn + 1 + uint32(seq), AckNo: w.isn + 1 + uint32(ack), Flags: flags, Window: 64240,
		Tags: event.Tags{Known: true},
	}
	w.b.packet(&h)
}

func (w *wire) open() {
	w.send(true, decode.SYN, -1, 0, "")
	w.send(false, decode.SYN|decode.ACK, -1, 0, "")
	w.send(true, decode.ACK, 0, 0, "")
}

func TestOrderOfBytes(t *testing.T) {
	type seg struct {
		seq  int
		data string
	}
	tests := []struct {
		name string
		segs []seg
		ack  int // of the server, before the end
		want string
		gap  uint64
	}{
		{"in order", []seg{{0, "hello"}, {5, "abc"}}, 8, "helloabc", 0},
		{"swapped", []seg{{5, "abc"}, {0, "hello"}}, 8, "helloabc", 0},
		{"sent twice", []seg{{0, "hello"}, {0, "hello"}, {5, "abc"}}, 8, "helloabc", 0},
		{"overlap, first copy wins", []seg{{0, "hello"}, {3, "XXabc"}}, 8, "helloabc", 0},
		{"held overlap, first copy wins", []seg{{0, "hello"}, {7, "cd"}, {6, "bXXe"}, {5, "a"}}, 10, "helloabcde", 0},
		{"gap that the receiver acknowledged", []seg{{0, "hello"}, {8, "def"}}, 11, "hello[3]def", 3},
		{"gap at the end of the run", []seg{{0, "hello"}, {8, "def"}}, 5, "hello[3]def", 3},
		{"keep-alive", []seg{{0, "hello"}, {4, "o"}, {5, "abc"}}, 8, "helloabc", 0},
		{"first bytes lost", []seg{{2, "hello"}}, 7, "", 2},
	}
	for _, isn := range []uint32{1000, 0xfffffff9, 0xffffffff, 0x7ffffffc} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				b := newBench(t, Config{})
				w := newWire(b)
				w.isn = isn
				w.open()
				for _, s := range tt.segs {
					w.send(true, decode.ACK, s.seq, 0, s.data)
				}
				w.send(false, decode.ACK, 0, tt.ack, "")
				_, end := b.close().one()
				if got := b.heard(event.Client); got != tt.want || end.Total[0].Gap != tt.gap {
					t.Errorf("heard %q, gap %d", got, end.Total[0].Gap)
				}
			})
		}
	}
}

func TestConflictingBytesAreSaidOnce(t *testing.T) {
	b := newBench(t, Config{})
	w := newWire(b)
	w.open()
	w.send(true, decode.ACK, 8, 0, "SAFE")
	w.send(true, decode.ACK, 8, 0, "EVIL")
	w.send(true, decode.ACK, 8, 0, "EVEN")
	w.send(true, decode.ACK, 0, 0, "hello...")
	b.close()
	if n := len(b.of("anomaly")); n != 1 || b.heard(event.Client) != "hello...SAFE" || b.lane.Count().Conflicts != 2 {
		t.Errorf("%d anomalies, heard %q", n, b.heard(event.Client))
	}
}

func TestForgedEndsChangeNothing(t *testing.T) {
	for _, flags := range []uint8{decode.RST, decode.FIN | decode.ACK} {
		b := newBench(t, Config{})
		w := newWire(b)
		w.open()
		w.send(true, decode.ACK, 0, 0, "hello")
		w.send(false, flags, 5_000_000, 5, "")
		w.send(true, flags, -5_000_000, 0, "")
		w.send(true, decode.ACK, 5, 0, " again")
		_, end := b.close().one()
		if end.State != event.StateS1 || b.lane.Count().Forged != 2 || b.heard(event.Client) != "hello again" {
			t.Errorf("state %v, %d forged, heard %q", end.State, b.lane.Count().Forged, b.heard(event.Client))
		}
	}
}

func TestStates(t *testing.T) {
	const S, F, R, A = decode.SYN, decode.FIN, decode.RST, decode.ACK
	tests := []struct {
		name string
		play func(*wire)
		want event.TCPState
		end  string
	}{
		{"no answer", func(w *wire) { w.send(true, S, -1, 0, "") }, event.StateS0, "shutdown"},
		{"refused", func(w *wire) { w.send(true, S, -1, 0, ""); w.send(false, R|A, -1001, 0, "") }, event.StateREJ, "rst"},
		{"stealth", func(w *wire) { w.send(true, S, -1, 0, ""); w.send(true, R, 0, 0, "") }, event.StateRSTOS0, "rst"},
		{"client resets", func(w *wire) { w.open(); w.send(true, R, 0, 0, "") }, event.StateRSTO, "rst"},
		{"server resets", func(w *wire) { w.open(); w.send(false, R|A, 0, 0, "") }, event.StateRSTR, "rst"},
		{"mid-stream", func(w *wire) { w.send(true, A, 0, 0, "x") }, event.StateOTH, "shutdown"},
		{"client closed", func(w *wire) { w.open(); w.send(true, F|A, 0, 0, "") }, event.StateS2, "shutdown"},
		{"server closed", func(w *wire) { w.open(); w.send(false, F|A, 0, 0, "") }, event.StateS3, "shutdown"},
		{"half open with FIN", func(w *wire) { w.send(true, S, -1, 0, ""); w.send(true, F, 0, 0, "") }, event.StateSH, "shutdown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			tt.play(newWire(b))
			if _, end := b.close().one(); end.State != tt.want || end.End != tt.end {
				t.Errorf("%v %s, want %v %s (%s)", end.State, end.End, tt.want, tt.end, end.History)
			}
		})
	}
}

func TestHalfOpenHasOneDocument(t *testing.T) {
	b := newBench(t, Config{})
	newWire(b).send(true, decode.SYN, -1, 0, "")
	if b.close(); len(b.of("flow.start")) != 0 || len(b.ends()) != 1 {
		t.Error("a SYN without an answer is worth one document")
	}
}

func TestHeldBytesAreBounded(t *testing.T) {
	b := newBench(t, Config{})
	w := newWire(b)
	w.open()
	w.send(true, decode.ACK, 0, 0, "hello")
	big := string(make([]byte, 1400))
	for i := range 200 {
		w.send(true, decode.ACK, 100+i*2000, 0, big)
		if held := b.lane.pool.held; held > maxHeld+1400 {
			t.Fatalf("%d bytes held", held)
		}
	}
	b.close()
	if b.lane.pool.held != 0 {
		t.Errorf("%d bytes still held", b.lane.pool.held)
	}
}

func TestABrokenParserCostsItsOwnFlow(t *testing.T) {
	b := newBench(t, Config{})
	w := newWire(b)
	w.open()
	w.send(true, decode.ACK, 0, 0, "hello")
	w.send(true, decode.ACK, 5, 0, "PANIC")
	w.send(true, decode.ACK, 10, 0, "more")
	_, end := b.close().one()
	if b.lane.Count().Panics != 1 || b.heard(event.Client) != "hello" || end.Total[0].Payload != 14 {
		t.Errorf("%d panics, heard %q", b.lane.Count().Panics, b.heard(event.Client))
	}
}

func TestRecognisedHoweverCut(t *testing.T) {
	b := newBench(t, Config{})
	w := newWire(b)
	w.open()
	text := "hello, this is a longer sentence in single bytes"
	for i := range len(text) {
		w.send(true, decode.ACK, i, 0, text[i:i+1])
	}
	if f, _ := b.close().one(); f.App != "echo" || b.heard(event.Client) != text {
		t.Errorf("%q: %q", f.App, b.heard(event.Client))
	}
}

func TestStreamsAreStolenNotRefused(t *testing.T) {
	b := newBench(t, Config{Streams: 1})
	tr := craft.NewTrace()
	for i := range 40 {
		tr.Open(alice, bob, uint16(1000+i), 7777).Ask("hello")
	}
	b.play(tr, nil).close()
	if got := len(b.of("note")); got != 40 || b.lane.Count().StolenStreams != 24 {
		t.Errorf("%d read, %d stolen", got, b.lane.Count().StolenStreams)
	}
}

// A proxy holds more requests open to one server than are read at one time: what
// makes room tells what was asked.
func TestStolenStreamsTellWhatTheyHeard(t *testing.T) {
	b := newBench(t, Config{Streams: 1, Specs: proto.All()})
	tr := craft.NewTrace()
	for i := range 40 {
		tr.Open(alice, bob, uint16(1000+i), 80).Ask("GET /slow HTTP/1.1\r\nHost: app.example\r\n\r\n")
	}
	b.play(tr, nil).close()
	if got := len(b.of("http")); got != 40 || b.lane.Count().StolenStreams != 24 {
		t.Errorf("%d requests told, %d stolen", got, b.lane.Count().StolenStreams)
	}
}

// shuffled sends text in pieces that overlap, come late and come twice.
func shuffled(w *wire, text string, r *rand.Rand) {
	type cut struct{ from, to int }
	var cuts []cut
	for at := 0; at < len(text); {
		to := min(at+1+r.IntN(20), len(text))
		cuts = append(cuts, cut{max(0, at-r.IntN(4)), to})
		at = to
	}
	for block := range slices.Chunk(cuts, 4) {
		r.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
	}
	for _, c := range cuts {
		for range 1 + r.IntN(2) {
			w.send(true, decode.ACK, c.from, 0, text[c.from:c.to])
		}
	}
}

func FuzzOrder(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint32(seed)<<28-50)
	}
	f.Fuzz(func(t *testing.T, seed uint64, isn uint32) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := []byte("hello")
		for range r.IntN(600) {
			text = append(text, byte('a'+r.IntN(26)))
		}
		b := newBench(t, Config{Flows: 1})
		w := newWire(b)
		w.isn = isn
		w.open()
		shuffled(w, string(text), r)
		_, end := b.close().one()
		if got := b.heard(event.Client); got != string(text) {
			t.Errorf("heard %q, want %q", got, text)
		}
		if b.lane.Count().Conflicts != 0 || b.lane.pool.held != 0 {
			t.Errorf("%d conflicts, %d held", b.lane.Count().Conflicts, b.lane.pool.held)
		}
		if end.Total[0].Payload != uint64(len(text)) || end.Total[0].Gap != 0 {
			t.Errorf("%d bytes of payload in %d", end.Total[0].Payload, len(text))
		}
	})
}
