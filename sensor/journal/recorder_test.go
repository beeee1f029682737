package journal

import (
	"fmt"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var long = Keep{Decisions: time.Hour * 24 * 365 * 100, Telemetry: time.Hour * 24 * 365 * 100, Bytes: math.MaxInt64}

// A decision is on disk before it is shown, and everything is there after Close.
func TestRecorder(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	r := Record(j, long, func(d event.Doc, err error) {
		if got, _ := all(t, dir, event.Decisions, 0); err != nil || len(got) == 0 || got[len(got)-1] != fmt.Sprintf("%d %s %s", len(got), d.ID, d.JSON) {
			t.Errorf("%s was shown before it was on disk: %v %v", d.ID, got, err)
		}
	})
	for i := range 5 {
		r.Put(doc(i, event.Telemetry))
	}
	r.Put(doc(9, event.Decisions))
	c := r.Close()
	if c.Offered != 6 || c.Journaled != 6 || c.Err != nil {
		t.Error(c)
	}
	if got, _ := all(t, dir, event.Telemetry, 0); len(got) != 5 {
		t.Error(got)
	}
}

// A flood never makes Put wait, never takes the room of decisions, and is counted.
func TestRecorderFlood(t *testing.T) {
	r := &Recorder{decisions: make(chan event.Doc, 2), telemetry: make(chan event.Doc, 3), dropped: map[string]uint64{}}
	for i := range 10 {
		r.Put(doc(i, event.Telemetry))
	}
	alert := doc(1, event.Decisions)
	alert.Dataset = "alert"
	for range 3 {
		r.Put(alert)
	}
	if d := cmp.Diff([]event.Tally{{Name: "alert", Count: 1}, {Name: "dns", Count: 7}}, tallies(r.dropped)); d != "" {
		t.Error(d)
	}
	if len(r.decisions) != 2 || len(r.telemetry) != 3 {
		t.Error(len(r.decisions), len(r.telemetry))
	}
}

// A disk that refuses loses telemetry, counted; an alarm is shown all the same.
func TestRecorderOnABrokenDisk(t *testing.T) {
	j := open(t, t.TempDir())
	if err := j.Append([]event.Doc{doc(1, event.Telemetry), doc(2, event.Decisions)}); err != nil {
		t.Fatal(err)
	}
	for _, f := range j.files {
		f.Close()
	}
	shown := make(chan error, 1)
	r := Record(j, long, func(_ event.Doc, err error) { shown <- err })
	r.Put(doc(3, event.Decisions))
	r.Put(doc(4, event.Telemetry))
	if err := <-shown; err == nil {
		t.Error("shown as if it were on disk")
	}
	c := r.Close()
	if c.Journaled != 0 || sum(c.Lost) != 2 || c.Err == nil || c.Offered != c.Journaled+sum(c.Dropped)+sum(c.Lost) {
		t.Error(c)
	}
}

func TestHeldDecisionsAreBounded(t *testing.T) {
	j := open(t, t.TempDir())
	if err := j.Append([]event.Doc{doc(2, event.Decisions)}); err != nil {
		t.Fatal(err)
	}
	j.files[event.Decisions].Close()
	r := &Recorder{j: j, lost: map[string]uint64{}, shown: func(event.Doc, error) {}}
	docs := make([]event.Doc, maxDecisions+5)
	for i := range docs {
		docs[i].Keep = event.Decisions
	}
	r.decide(docs)
	if len(r.held) != maxDecisions || r.lost[""] != 5 {
		t.Error(len(r.held), r.lost)
	}
}

func TestDecide(t *testing.T) {
	dir := t.TempDir()
	if err := Decide(dir, doc(1, 0)); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir)
	defer j.Close()
	if err := Decide(dir, doc(2, 0)); err != nil { // while another writes
		t.Fatal(err)
	}
	docs, err := Waiting(dir)
	if err != nil || len(docs) != 1 || docs[0].ID != "id2" || docs[0].Keep != event.Decisions {
		t.Fatal(docs, err)
	}
	r := Record(j, long, func(event.Doc, error) {})
	r.Close()
	got, _ := all(t, dir, event.Decisions, 0)
	if d := cmp.Diff([]string{`1 id1 {"n":1}`, `2 id2 {"n":2}`}, got); d != "" {
		t.Error(d)
	}
	if docs, err := Waiting(dir); err != nil || len(docs) != 0 {
		t.Error(docs, err)
	}
}

func TestADamagedDecisionIsSaid(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(inbox(dir), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inbox(dir)+"/0000", []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Waiting(dir); err == nil {
		t.Error("taken")
	}
}

func TestRecorderExpires(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	big := doc(0, 0)
	big.JSON = make([]byte, maxRecord/2)
	for range 40 {
		if err := j.Append([]event.Doc{big}); err != nil {
			t.Fatal(err)
		}
	}
	Record(j, Keep{Decisions: time.Hour, Telemetry: time.Hour, Bytes: math.MaxInt64}, func(event.Doc, error) {}).Close()
	if _, missing := all(t, dir, 0, 0); missing == 0 {
		t.Error("documents of 1970 are kept for more than an hour")
	}
}

// As long as the journal works it turns, also when nothing comes; a disk that does not answer, or who is shown an
// alarm and does not return, stops that.
func TestRecorderTurns(t *testing.T) {
	for what, series := range map[string]event.Series{"disk": event.Telemetry, "screen": event.Decisions} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				let := make(chan struct{})
				j, err := Open(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				if series == event.Telemetry {
					j.disk.Sync = func(*os.File) error { <-let; return nil }
				}
				r := Record(j, long, func(event.Doc, error) { <-let })
				turns := func() uint64 {
					before := r.Turns()
					time.Sleep(20 * time.Second)
					return r.Turns() - before
				}
				if n := turns(); n < 70 {
					t.Errorf("%d turns in 20 s of nothing", n)
				}
				r.Put(doc(1, series))
				time.Sleep(time.Second)
				if n := turns(); n != 0 {
					t.Errorf("%d turns while it hung", n)
				}
				close(let)
				if n := turns(); n < 70 {
					t.Errorf("%d turns once it went on", n)
				}
				r.Close()
			})
		})
	}
}
