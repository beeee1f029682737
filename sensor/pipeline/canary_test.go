package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// feed is a live source: its packets, then silence, in which it may hang.
type feed struct {
	packets []event.Packet
	stats   capture.Stats
	hung    chan struct{} // not nil: Read never returns until it is closed
}

func (p *feed) Read(to *event.Packet) error {
	if p.hung != nil {
		<-p.hung
	}
	if len(p.packets) == 0 {
		time.Sleep(20 * time.Millisecond)
		return capture.ErrIdle
	}
	*to, p.packets = p.packets[0], p.packets[1:]
	p.stats.Seen++
	p.stats.Delivered++
	return nil
}

func (p *feed) Stats() capture.Stats { return p.stats }
func (*feed) Close() error           { return nil }

// aviary is a live line on some feeds, in a bubble of time.
type aviary struct {
	*testing.T
	line  *Line
	docs  strings.Builder
	emit  atomic.Pointer[func()] // called before each document
	end   context.CancelFunc
	ended chan Accounting
}

func watchFeeds(t *testing.T, feeds ...*feed) *aviary {
	return watchLearned(t, Learned{}, feeds...)
}

func watchLearned(t *testing.T, l Learned, feeds ...*feed) *aviary {
	a := &aviary{T: t, ended: make(chan Accounting, 1)}
	c := settings(len(feeds), flow.Config{})
	c.Learned = l
	line, err := New(c, func(d event.Doc) {
		if emit := a.emit.Load(); emit != nil {
			(*emit)()
		}
		fmt.Fprintf(&a.docs, "%s %s\n", d.Dataset, d.JSON)
	})
	if err != nil {
		t.Fatal(err)
	}
	a.line = line
	ctx, end := context.WithCancel(t.Context())
	a.end = end
	var sources []capture.Source
	for _, p := range feeds {
		sources = append(sources, p)
	}
	go func() {
		account, err := line.Live(ctx, sources)
		if err != nil {
			t.Error(err)
		}
		a.ended <- account
	}()
	return a
}

// came is how many canaries of each shard came out during d.
func (a *aviary) came(d time.Duration) (n []uint64) {
	before := a.line.Canaries()
	time.Sleep(d)
	for i, now := range a.line.Canaries() {
		n = append(n, now-before[i])
	}
	return n
}

// conversation is some traffic of now.
func conversation() []event.Packet {
	trace := craft.NewTrace()
	trace.Now = time.Now().UnixNano()
	c := trace.Dial(craft.NewHost("10.0.0.1"), craft.NewHost("10.0.0.2"), 40000, 80)
	c.Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	c.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	c.Close()
	return trace.Packets()
}

// A canary of every shard comes out each second, also where no packet ever came; what is counted and written is what
// a replay of the same packets counts and writes.
func TestCanariesComeOutAndLeaveNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &feed{packets: conversation()}
		packets := uint64(len(busy.packets))
		a := watchFeeds(t, busy, &feed{}, &feed{})
		time.Sleep(5 * time.Second)
		for i, n := range a.came(20 * time.Second) {
			if n < 18 || n > 21 {
				t.Errorf("%d canaries of shard %d in 20 s", n, i)
			}
		}
		a.end()
		account := <-a.ended
		for _, wrong := range account.Check() {
			t.Error(wrong)
		}
		docs := a.docs.String()
		if account.Decoded != packets || account.Flow.Created != 1 || strings.Count(docs, "\n") != int(account.Documents) || account.Events == 0 {
			t.Errorf("%+v", account)
		}
		for _, trace := range []string{"canary", "192.0.2.", "65535"} {
			if strings.Contains(docs, trace) {
				t.Errorf("%q is in the documents:\n%s", trace, docs)
			}
		}
	})
}

// A worker that hangs keeps its canaries.
func TestHungWorkerKeepsItsCanaries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := &feed{hung: make(chan struct{})}
		a := watchFeeds(t, &feed{}, hung)
		if n := a.came(20 * time.Second); n[0] < 18 || n[1] != 0 {
			t.Errorf("%v canaries while the second worker hung", n)
		}
		close(hung.hung)
		if n := a.came(20 * time.Second); n[0] < 18 || n[1] < 18 {
			t.Errorf("%v canaries once it went on", n)
		}
		a.end()
		<-a.ended
	})
}

// Detection that hangs keeps all canaries.
func TestHungDetectionKeepsAllCanaries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		a := watchFeeds(t, &feed{packets: conversation()}, &feed{})
		hang := func() { <-let }
		a.emit.Store(&hang)
		a.came(5 * time.Second)
		if n := a.came(20 * time.Second); n[0]+n[1] != 0 {
			t.Errorf("%v canaries while detection hung", n)
		}
		close(let)
		if n := a.came(20 * time.Second); n[0] < 18 || n[1] < 18 {
			t.Errorf("%v canaries once it went on", n)
		}
		a.end()
		<-a.ended
	})
}

// A run that sees no packet has no time: what the one before learned, and when, stays as it is.
func TestSilentRunLeavesWhatWasLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Learned{Dir: t.TempDir(), Save: true, Found: func(baseline.Restored) {}, Failed: func(err error) { t.Error(err) }}
		watch := func(packets []event.Packet) []baseline.Head {
			a := watchLearned(t, l, &feed{packets: packets})
			time.Sleep(3 * time.Minute)
			a.end()
			<-a.ended
			heads, err := baseline.Heads(l.Dir)
			if err != nil {
				t.Fatal(err)
			}
			return heads
		}
		before := watch(conversation())
		if len(before) == 0 || before[0].Saved == 0 {
			t.Fatal(before)
		}
		if d := cmp.Diff(before, watch(nil), cmpopts.IgnoreUnexported(baseline.Lesson{})); d != "" {
			t.Error(d)
		}
	})
}
