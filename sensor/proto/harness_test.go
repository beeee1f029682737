package proto

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// said is what one side of a conversation says in one go.
type said struct {
	from event.Side
	data []byte
}

// dialogue is a conversation. testdata/README.md describes its file format.
type dialogue []said

// dialogues holds the conversations that are built in Go, by name of the Spec.
// Each protocol's test file adds its own. They must suit all of the name's Specs,
// or be keyed "name/tcp", "name/udp".
var dialogues = map[string][]dialogue{}

// same compares records by all their fields.
var same = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// run feeds a conversation to a new parser and returns its records. What was fed
// is overwritten after each call, which shows a parser that kept a part of it.
func run(s *Spec, d dialogue) []event.Record {
	var out []event.Record
	emit := func(r event.Record) { out = append(out, r) }
	p := s.New()
	for _, say := range d {
		if len(say.data) == 0 {
			continue // nor does the line feed them
		}
		data := append([]byte(nil), say.data...)
		more := p.Feed(say.from, data, emit)
		for i := range data {
			data[i] = 0xa5
		}
		if !more {
			return out // the line asks for no End then
		}
	}
	if e, ok := p.(Ender); ok {
		e.End(emit)
	}
	return out
}

// probe asks a Spec about a conversation as the flow table does: of a stream one
// No from either side is the last word, of datagrams each of the first four is
// asked about for itself.
func probe(s *Spec, d dialogue) Verdict {
	var seen [2][]byte
	for i, say := range d {
		have := &seen[say.from]
		if s.IP != 6 {
			*have = say.data
		} else {
			*have = append(*have, say.data...)
			*have = (*have)[:min(len(*have), ProbeLimit)]
		}
		switch v := s.Probe(say.from, *have); {
		case v == Yes:
			return Yes
		case v == No && (s.IP == 6 || i == 3):
			return No
		}
	}
	return No
}

// cut splits every saying into parts of 1 to most bytes.
func cut(d dialogue, most int, r *rand.Rand) dialogue {
	var out dialogue
	for _, say := range d {
		for rest := say.data; len(rest) > 0; {
			n := 1
			if most > 1 {
				n = 1 + r.IntN(most)
			}
			n = min(n, len(rest))
			out = append(out, said{say.from, rest[:n]})
			rest = rest[n:]
		}
	}
	return out
}

func transport(s *Spec) string { return event.ProtoName(s.IP) }

func label(s *Spec) string { return s.Name + "/" + transport(s) }

// known lists all conversations for a Spec: its files that begin with kind, and
// for hits also those built in Go.
func known(tb testing.TB, s *Spec, kind string) map[string]dialogue {
	tb.Helper()
	out := map[string]dialogue{}
	files, err := filepath.Glob(filepath.Join("testdata", s.Name, kind+"*.hex"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		if strings.HasPrefix(base, kind+"-tcp") && s.IP != 6 || strings.HasPrefix(base, kind+"-udp") && s.IP != 17 {
			continue
		}
		out[base] = readDialogue(tb, file)
	}
	if kind == "hit" {
		for i, d := range append(dialogues[s.Name], dialogues[label(s)]...) {
			out[fmt.Sprintf("dialogue %d", i)] = d
		}
	}
	return out
}

func readDialogue(tb testing.TB, file string) dialogue {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var d dialogue
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		data, err := hex.DecodeString(strings.Join(strings.Fields(line[1:]), ""))
		if err != nil || line[0] != '<' && line[0] != '>' {
			tb.Fatalf("%s:%d: no line of a conversation: %v", file, n+1, err)
		}
		from := event.Client
		if line[0] == '<' {
			from = event.Server
		}
		d = append(d, said{from, data})
	}
	return d
}

func TestEverySpecIsWhole(t *testing.T) {
	for _, s := range All() {
		t.Run(label(s), func(t *testing.T) {
			if s.Doc == "" || s.Source == "" || s.Limit <= 0 || s.Probe == nil || s.New == nil || len(s.Tables) == 0 {
				t.Error("Doc, Source, Limit, Probe, New or Tables is missing")
			}
			for _, d := range []dialogue{{{event.Client, nil}}, {{event.Server, nil}}} {
				if probe(s, d) == Yes {
					t.Error("nothing at all is taken for this protocol")
				}
			}
			files := 0
			for name, d := range known(t, s, "hit") {
				if strings.HasSuffix(name, ".hex") {
					files++
				}
				if probe(s, d) != Yes && strings.HasSuffix(name, ".hex") && !strings.HasPrefix(name, "hit-expected") {
					t.Errorf("%s is refused", name)
				}
				if records := run(s, d); len(records) == 0 {
					t.Errorf("%s gives no record", name)
				} else {
					ofTables(t, s, records)
				}
			}
			misses := known(t, s, "miss")
			for name, d := range misses {
				if probe(s, d) == Yes {
					t.Errorf("%s is taken: Probe says Yes to what is not its own", name)
				}
			}
			if files == 0 || len(misses) == 0 && !s.Fallback {
				t.Errorf("testdata/%s has %d hits and %d misses", s.Name, files, len(misses))
			}
		})
	}
}

// ofTables demands that a Spec names the tables of what its parser emits.
func ofTables(t *testing.T, s *Spec, records []event.Record) {
	t.Helper()
	for _, r := range records {
		found := false
		for _, table := range s.Tables {
			found = found || table == r.Table()
		}
		if !found {
			t.Errorf("a record of table %s, which the Spec does not name", r.Table().Name)
		}
		event.NewLayout(r.Table()).Append(nil, r)
	}
}

func TestRecordsDoNotDependOnTheCut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range All() {
		if s.IP != 6 {
			continue
		}
		for name, d := range known(t, s, "hit") {
			t.Run(label(s)+"/"+name, func(t *testing.T) {
				whole := run(s, d)
				for _, most := range []int{1, 3, 20, 200, 2000} {
					if diff := cmp.Diff(whole, run(s, cut(d, most, r)), same); diff != "" {
						t.Fatalf("cut into at most %d bytes: %s", most, diff)
					}
				}
			})
		}
	}
}

// TestOneByteAtATimeIsLinear feeds n and 4n bytes one at a time: the conversation
// again and again, and a first message that never ends.
func TestOneByteAtATimeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes time")
	}
	const n = 12 << 10
	for _, s := range All() {
		if s.IP != 6 {
			continue
		}
		for name, d := range known(t, s, "hit") {
			t.Run(label(s)+"/"+name, func(t *testing.T) {
				for _, fill := range []func(int) dialogue{
					func(n int) dialogue { return again(d, n) },
					func(n int) dialogue { return endless(d, 'A', n) },
					func(n int) dialogue { return endless(d, 0, n) },
				} {
					if !linear(s, fill(n), fill(4*n)) {
						t.Fatal("four times the bytes take much more than four times the time")
					}
				}
			})
		}
	}
}

func again(d dialogue, n int) dialogue {
	var out dialogue
	for size := 0; size < n; {
		for _, say := range d {
			out = append(out, say)
			size += max(len(say.data), 1)
		}
	}
	return cut(out, 1, nil)
}

func endless(d dialogue, fill byte, n int) dialogue {
	first := d[0].data[:len(d[0].data)/2]
	body := append(append([]byte(nil), first...), []byte(strings.Repeat(string(rune(fill)), n))...)
	return cut(dialogue{{d[0].from, body}}, 1, nil)
}

// linear takes the best of some runs, by the processor's time: what other processes
// do costs little of it.
func linear(s *Spec, small, large dialogue) bool {
	for range 5 {
		a, b := best(s, small), best(s, large)
		if b < 20*time.Millisecond || b < 10*a {
			return true
		}
	}
	return false
}

func best(s *Spec, d dialogue) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Hour
	for range 2 {
		start := used()
		run(s, d)
		least = min(least, used()-start)
	}
	return least
}

// used is the processor time of this thread.
func used() time.Duration {
	var u syscall.Rusage
	const thread = 1 // RUSAGE_THREAD
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// No protocol takes the conversations of another: whoever says Yes first keeps
// them, and those that nobody takes are read for what hides in them.
func TestProbesLeaveOthersAlone(t *testing.T) {
	for _, s := range All() {
		for _, other := range All() {
			if other.IP != s.IP || other.Name == s.Name || s.Fallback || other.Fallback || sisters[s.Name] == other.Name || sisters[other.Name] == s.Name {
				continue
			}
			for name, d := range known(t, other, "hit") {
				if n := takenAfter(other, d); n > 0 && probe(s, d[:n]) == Yes {
					t.Errorf("%s takes %s/%s", s.Name, other.Name, name)
				}
			}
		}
	}
}

// Every conversation is shown to the probes until one takes it: what clearly is not
// theirs must cost nearly nothing.
func TestProbesOfOtherBytesDoNotAllocate(t *testing.T) {
	for _, head := range []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x00\x00\x00\xd4\xfeSMB\x40\x00", "\x9d\x12\x88\xfe\x51\x0a", "\xc3\x00\x00\x00\x01\x08"} {
		data := append([]byte(head), make([]byte, 400)...)
		for i := range data[len(head):] {
			data[len(head)+i] = byte(i * 37)
		}
		for _, s := range All() {
			if s.Fallback || s.Probe(event.Client, data) != No {
				continue
			}
			if n := testing.AllocsPerRun(10, func() { s.Probe(event.Client, data) }); n > 0 {
				t.Errorf("%s allocates %v times to refuse %q", label(s), n, head)
			}
		}
	}
}

// takenAfter is how many sayings the protocol itself needs, 0 if it is never sure.
func takenAfter(s *Spec, d dialogue) int {
	for n := range d {
		if probe(s, d[:n+1]) == Yes {
			return n + 1
		}
	}
	return 0
}

// sisters have one form on the wire: the port tells them apart, or the
// conversation that announced them.
var sisters = map[string]string{"llmnr": "dns", "mdns": "dns", "tftp-data": "tftp"}
