package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const tenant = "hosp_a"

// docsOf makes documents whose content tells them apart: marker is in the source.
func docsOf(n int, marker string) []event.Doc {
	list := make([]event.Doc, n)
	for i := range list {
		list[i] = docOf(fmt.Sprint(marker, "-", i))
	}
	return list
}

func docOf(marker string) event.Doc {
	return event.Doc{Dataset: "alert", ID: "id-" + marker, Time: 1, Keep: event.Decisions,
		JSON: fmt.Appendf(nil, `{"@timestamp":"2026-11-01T10:00:00Z","data_stream":{"dataset":"brandmelder.alert","namespace":%q},"marker":%q}`, tenant, marker)}
}

// bench is a sender over a fake server, with short waits.
type bench struct {
	*fake.Server
	url    string
	client *Client
	dead   []Dead
	notes  []error
}

func newBench(t *testing.T, s Settings) *bench {
	t.Helper()
	b := &bench{Server: fake.New()}
	b.Lag, b.Roll = 20*time.Millisecond, true
	web := httptest.NewServer(b)
	t.Cleanup(web.Close)
	b.url = web.URL
	s.Hosts = append([]string{web.URL}, s.Hosts...)
	if s.Timeout == 0 {
		s.Timeout = 300 * time.Millisecond
	}
	var err error
	if b.client, err = Open(s); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) sender() *Sender {
	return NewSender(b.client, Options{
		Namespace: tenant, Visible: 30 * time.Millisecond, Backoff: Backoff{time.Millisecond, 8 * time.Millisecond},
		Dead: func(d []Dead) error { b.dead = append(b.dead, d...); return nil },
		Note: func(err error) { b.notes = append(b.notes, err) },
	})
}

// markers are the contents of what is stored, sorted.
func (b *bench) markers(t *testing.T) (list []string) {
	t.Helper()
	for _, source := range b.Documents("logs-brandmelder.alert-" + tenant) {
		var d struct{ Marker string }
		if err := json.Unmarshal(source, &d); err != nil {
			t.Fatal(err)
		}
		list = append(list, d.Marker)
	}
	slices.Sort(list)
	return list
}

// once fails the test unless what is stored is exactly docs, each once, by content.
func (b *bench) once(t *testing.T, docs []event.Doc) {
	t.Helper()
	var want []string
	for _, d := range docs {
		var in struct{ Marker string }
		json.Unmarshal(d.JSON, &in)
		want = append(want, in.Marker)
	}
	slices.Sort(want)
	if got := b.markers(t); !slices.Equal(got, want) {
		t.Errorf("%d are stored of %d:\n%v", len(got), len(want), got)
	}
	if r := b.Refused(); len(r) > 0 {
		t.Errorf("the server found malformed: %v", r)
	}
}

// Every fault that ends leaves each document stored once, although the stream rolls
// over between what was stored and the next try.
func TestEachFaultIsOvercome(t *testing.T) {
	for _, f := range []fake.Fault{fake.None, fake.Busy, fake.Unavailable, fake.Unauthorized, fake.Forbidden, fake.Blocked,
		fake.Redirect, fake.NotFound, fake.CutBefore, fake.BusyItems, fake.BlockedItems, fake.FailedItems, fake.DeniedItems,
		fake.CutAfter, fake.CutMiddle, fake.BadGateway, fake.Short, fake.Long, fake.Swapped, fake.Empty, fake.Page,
		fake.Slow, fake.HalfOpen, fake.AnswerOfOther} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Settings{})
			b.Next(f, f)
			docs := docsOf(20, "a")
			s := b.sender()
			if err := s.Write(t.Context(), docs); err != nil {
				t.Fatal(err)
			}
			b.once(t, docs)
			if c := s.Count(); c.Stored+c.Found != 20 || c.Dead+c.Doubtful != 0 {
				t.Errorf("%+v", c)
			}
			if b.Served()[f] == 0 || f != fake.None && (len(b.notes) < 2 || b.notes[len(b.notes)-1] != nil) {
				t.Errorf("%d times, told %v", b.Served()[f], b.notes)
			}
		})
	}
}

// What the server will never take is kept with the field that it names, and the rest
// is stored.
func TestAPoisonousDocumentIsIsolated(t *testing.T) {
	b := newBench(t, Settings{})
	docs := docsOf(50, "a")
	docs[17] = docOf(fake.Poison)
	s := b.sender()
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	b.once(t, slices.Delete(slices.Clone(docs), 17, 18))
	if len(b.dead) != 1 || b.dead[0].Doc.ID != docs[17].ID || b.dead[0].Field != "source.ip" || b.dead[0].Status != 400 {
		t.Fatalf("%+v", b.dead)
	}
	if strings.Contains(b.dead[0].Reason, fake.Poison) {
		t.Errorf("a value of the document is in the reason: %s", b.dead[0].Reason)
	}
	if b.Requests() != 1 {
		t.Errorf("%d requests", b.Requests())
	}
}

func TestWhatGoesAstrayIsADeadLetter(t *testing.T) {
	for _, f := range []fake.Fault{fake.FailureStore, fake.MissingItems} {
		b := newBench(t, Settings{})
		b.Next(f)
		if err := b.sender().Write(t.Context(), docsOf(9, "a")); err != nil {
			t.Fatal(err)
		}
		if len(b.dead) != 3 || len(b.markers(t)) != 6 {
			t.Errorf("%s: %d dead, %d stored", f, len(b.dead), len(b.markers(t)))
		}
	}
}

// A batch that is too large is halved, and the size remembered; a document that is too
// large by itself is a dead letter.
func TestTooLarge(t *testing.T) {
	b := newBench(t, Settings{Plain: true})
	b.MaxBody = 6000
	docs := docsOf(100, "a")
	docs[50].JSON = fmt.Appendf(nil, `{"@timestamp":"2026-11-01T10:00:00Z","x":%q}`, strings.Repeat("y", 7000))
	s := b.sender()
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	b.once(t, slices.Delete(slices.Clone(docs), 50, 51))
	if len(b.dead) != 1 || b.dead[0].Status != 413 || b.dead[0].Type != "too_large" {
		t.Errorf("%+v", b.dead)
	}
	before := b.Requests()
	if err := s.Write(t.Context(), docsOf(s.most/size(&docs[0]), "b")); err != nil {
		t.Fatal(err)
	}
	if n := b.Requests() - before; n > 2 {
		t.Errorf("%d requests: the size was not remembered", n)
	}
}

// A key that may not ask makes the sender send again, and count what may be there twice.
func TestDoubtIsCounted(t *testing.T) {
	b := newBench(t, Settings{})
	b.MayAsk, b.Roll = false, false
	b.Next(fake.CutAfter)
	s := b.sender()
	docs := docsOf(10, "a")
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	b.once(t, docs) // no rollover: the server itself refuses the second
	if c := s.Count(); c.Doubtful != 10 || c.Found != 10 {
		t.Errorf("%+v", c)
	}
}

// A sender that takes over from one that was killed stores nothing twice, whether the
// stream rolled over or not.
func TestResume(t *testing.T) {
	b := newBench(t, Settings{})
	docs := docsOf(30, "a")
	ctx, stop := context.WithCancel(t.Context())
	b.Next(fake.HalfOpen)
	time.AfterFunc(50*time.Millisecond, stop)
	if err := b.sender().Write(ctx, docs); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	b.Rollover()
	if err := b.sender().Resume(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	b.once(t, docs)
}

// Without the right to write one stream its documents wait, the others go, and it is
// told which.
func TestMissingRightPauses(t *testing.T) {
	t.Setenv("BM_TEST_KEY", "id:key")
	b := newBench(t, Settings{APIKey: "${BM_TEST_KEY}"})
	b.Keys = map[string][]string{"id:key": {tenant}}
	other := docOf("other")
	other.JSON = []byte(`{"@timestamp":"2026-11-01T10:00:00Z","data_stream":{"dataset":"brandmelder.alert","namespace":"hosp_b"}}`)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	s := b.sender()
	s.o.Namespace = "hosp_b"
	if err := s.Write(ctx, []event.Doc{other}); err == nil {
		t.Error("it went")
	}
	if len(b.dead) != 0 || len(b.notes) == 0 || !errors.Is(b.notes[0], ErrSetup) || !strings.Contains(b.notes[0].Error(), "paused until the key may write") {
		t.Errorf("dead %v, told %v", b.dead, b.notes)
	}
}

// Nothing is lost when what the server refuses cannot be kept on disk for a while.
func TestDeadLettersWaitForTheDisk(t *testing.T) {
	b := newBench(t, Settings{})
	s := b.sender()
	full := 3
	s.o.Dead = func(d []Dead) error {
		if full--; full >= 0 {
			return errors.New("no space left on device")
		}
		b.dead = append(b.dead, d...)
		return nil
	}
	if err := s.Write(t.Context(), []event.Doc{docOf("a"), docOf(fake.Poison)}); err != nil || len(b.dead) != 1 {
		t.Errorf("%v, dead %v", err, b.dead)
	}
}

// Faults without order, batches of every size: stored once each.
func TestChaos(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Settings{Timeout: 2 * time.Second})
			b.Chaos(seed)
			s := b.sender()
			var all []event.Doc
			for n := range 40 {
				docs := docsOf(1+n*7%60, fmt.Sprint(n))
				all = append(all, docs...)
				if err := s.Write(t.Context(), docs); err != nil {
					t.Fatal(err)
				}
			}
			b.once(t, all)
		})
	}
}
