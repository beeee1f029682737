package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Three days of packet time with the server away and the disk at its limit: every alert
// arrives afterwards, what was given up is counted to the last document and by its
// reason, and the memory of who waits does not grow.
func TestThreeDaysOffline(t *testing.T) {
	const events, alerts, limit = 400_000, 10_000, 64 << 20
	s := newState(t)
	b := &box{fail: -1}
	p := s.post(b)
	ctx, cancel := context.WithCancel(t.Context())
	away := make(chan error)
	go func() { away <- p.Run(ctx, nil) }()

	j, err := journal.Open(p.Journal)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r := journal.Record(j, journal.Keep{Decisions: 1e6 * time.Hour, Telemetry: 1e6 * time.Hour, Bytes: limit}, func(event.Doc, error) {})
	begin := time.Now().Add(-72 * time.Hour)
	random := rand.New(rand.NewPCG(7, 7))
	filler := strings.Repeat("x", 3000)
	var before, most, fullest int64
	for n := range events {
		at := begin.Add(72 * time.Hour / events * time.Duration(n)).UnixNano()
		d := event.Doc{Dataset: "flow", ID: fmt.Sprint("t", n), Time: at, JSON: fmt.Appendf(nil, `{"n":%d,"x":%q}`, n, filler[:random.IntN(400)])}
		if n%(events/alerts) == 0 {
			d = event.Doc{Dataset: "alert", ID: fmt.Sprint("a", n), Time: at, Keep: event.Decisions, JSON: fmt.Appendf(nil, `{"event":{"kind":"alert"},"n":%d,"x":%q}`, n, filler[:random.IntN(len(filler))])}
		}
		r.Put(d)
		if n%500 == 0 {
			fullest = max(fullest, s.onDisk(p.Journal))
		}
		if n%20_000 == 0 {
			for r.Journaled()+1000 < uint64(n) && r.Journaled() < uint64(n)*9/10 { // as slow as packets come
				time.Sleep(time.Millisecond)
			}
			if now := heap(); n == 100_000 {
				before = now
			} else {
				most = max(most, now)
			}
		}
	}
	count := r.Close()
	cancel()
	<-away
	if got := b.got(); len(got) != 0 {
		t.Fatalf("%d came while the server was away", len(got))
	}
	if end := s.onDisk(p.Journal); fullest > limit || end > limit || end < limit/2 {
		t.Errorf("%d bytes at most and %d at the end on a disk of %d", fullest, end, limit)
	}
	if grew := most - before; grew > 32<<20 {
		t.Errorf("the memory grew by %d bytes", grew)
	}
	b.fail = 0
	s.run(s.post(b))
	s.arrived(b, alerts, count)
}

// onDisk is the size of a journal, bytes.
func (s *state) onDisk(dir string) (size int64) {
	s.Helper()
	for _, series := range Lanes {
		n, err := journal.Size(dir, series)
		if err != nil {
			s.Fatal(err)
		}
		size += n
	}
	return size
}

// arrived checks that all alerts came and that the numbers add up to the last document.
func (s *state) arrived(b *box, alerts int, count journal.Count) {
	s.Helper()
	got, seen := 0, map[string]bool{}
	for i, text := range b.texts {
		if strings.Contains(text, `"kind":"alert"`) {
			got++
		}
		if seen[b.ids[i]] {
			s.Fatalf("%s came twice", b.ids[i])
		}
		seen[b.ids[i]] = true
	}
	var dropped uint64
	for _, d := range count.Dropped {
		if d.Name == "alert" {
			s.Errorf("%d alerts were dropped before the journal", d.Count)
		}
		dropped += d.Count
	}
	sum := s.stand()
	shed := sum.Expired[journal.BySize]
	if got < alerts || shed == 0 || sum.expired() != shed {
		s.Errorf("%d of %d alerts, %d shed, expired %v", got, alerts, shed, sum.Expired)
	}
	if count.Offered != count.Journaled+dropped || count.Journaled != uint64(len(b.texts))+shed || sum.Journaled != count.Journaled {
		s.Errorf("%s; %d came, %d shed, %s", count, len(b.texts), shed, sum.Told())
	}
	s.Logf("%s; %d came, of them %d alerts, %d shed", count, len(b.texts), got, shed)
}

// One event that the server will never take does not hold up the others: it is kept with
// the field that the server blames.
func TestPoisonOnItsWay(t *testing.T) {
	s := newState(t)
	server := fake.New()
	web := httptest.NewServer(server)
	defer web.Close()
	var docs []event.Doc
	for n := range 300 {
		d := marked("m", n)
		if n == 100 {
			d.JSON = []byte(strings.Replace(string(d.JSON), "m-100", fake.Poison, 1))
		}
		docs = append(docs, d)
	}
	s.append(docs...)
	p := elasticPost(s.dir, web.URL, lasting.Disk{})
	p.Dir = filepath.Join(s.dir, "ship", "box")
	s.run(p)
	dead, _, err := Letters(p.Dir)
	if err != nil || len(dead) != 1 || dead[0].Field != "source.ip" || dead[0].Dataset != "alert" {
		t.Fatalf("%+v %v", dead, err)
	}
	var marks []string
	for _, name := range server.Streams() {
		for _, source := range server.Documents(name) {
			var d struct{ Marker string }
			json.Unmarshal(source, &d)
			marks = append(marks, d.Marker)
		}
	}
	slices.Sort(marks)
	if len(slices.Compact(marks)) != 299 || slices.Contains(marks, fake.Poison) {
		t.Errorf("%d are stored", len(marks))
	}
	if sum := s.stand(); sum.Acknowledged != 299 || sum.Dead != 1 || server.Requests() > 3 {
		t.Errorf("%s in %d requests", sum.Told(), server.Requests())
	}
}
