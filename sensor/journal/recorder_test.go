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

// Alerts stay, telemetry makes room for them and for what stands beside the journal, and what has no room at all is
// counted: at no moment is there more than there may be.
func TestRecorderKeepsItsRoom(t *testing.T) {
	const limit = 2 << 20
	for name, test := range map[string]struct {
		alerts, flows int
		beside        int64
		kept, left    bool // all alerts, some flows
	}{
		"flows":            {50, 3000, 0, true, true},
		"many alerts":      {1500, 3000, 0, true, true},
		"mostly alerts":    {1850, 3000, 0, true, false},
		"a large rest":     {750, 3000, 3 << 18, true, true},
		"nearly no room":   {750, 3000, 7 << 18, true, false},
		"too many alerts":  {2500, 3000, 0, false, false},
		"more than it all": {750, 3000, 5 << 19, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			defer j.Close()
			shown := 0
			r := Record(j, Keep{Decisions: long.Decisions, Telemetry: long.Telemetry, Bytes: limit, Beside: func() int64 { return test.beside }},
				func(event.Doc, error) { shown++ })
			most := int64(0)
			size := func() int64 {
				a, err := Size(dir, event.Decisions)
				b, err2 := Size(dir, event.Telemetry)
				if err != nil || err2 != nil {
					t.Fatal(err, err2)
				}
				return a + b
			}
			for i := range test.flows {
				r.Put(wide(i, event.Telemetry))
				if i*test.alerts/test.flows != (i+1)*test.alerts/test.flows {
					r.Put(wide(i, event.Decisions))
				}
				if i%250 == 0 {
					time.Sleep(flushEvery / 10)
					most = max(most, size())
				}
			}
			c := r.Close()
			most = max(most, size())
			if room := limit - min(test.beside, limit/2); most > room {
				t.Errorf("%d bytes where there may be %d", most, room)
			}
			alerts, goneAlerts := all(t, dir, event.Decisions, 0)
			flows, goneFlows := all(t, dir, event.Telemetry, 0)
			if c.Offered != uint64(test.alerts+test.flows) || c.Offered != c.Journaled+sum(c.Dropped)+sum(c.Lost) ||
				c.Journaled != uint64(len(alerts)+len(flows))+goneAlerts+goneFlows {
				t.Errorf("%s; %d alerts and %d gone, %d flows and %d gone", c, len(alerts), goneAlerts, len(flows), goneFlows)
			}
			if kept := len(alerts) == test.alerts; kept != test.kept || (len(flows) > 0) != test.left || len(alerts) < 750 && test.alerts >= 750 {
				t.Errorf("%d of %d alerts, %d flows", len(alerts), test.alerts, len(flows))
			}
		})
	}
}

// wide is a document of a kilobyte on disk.
func wide(n int, s event.Series) event.Doc {
	d := doc(n, s)
	d.JSON = fmt.Appendf(nil, "%*d", 1024-recordHead-len(d.ID)-len(d.Dataset), n)
	return d
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

// On a full disk telemetry goes for an alert, but not the segment that is open: there is no room for another.
func TestMakeRoomBeginsNoSegment(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	r := &Recorder{j: j}
	for i, gone := range []bool{false, true} {
		d := doc(i, event.Telemetry)
		d.Time = int64(i) * day
		if err := j.Append([]event.Doc{d}); err != nil {
			t.Fatal(err)
		}
		made := j.made
		if got := r.makeRoom(); got != gone || j.made != made {
			t.Errorf("%d: room %v, %d segments made", i, got, j.made-made)
		}
	}
	if got, missing := all(t, dir, event.Telemetry, 0); len(got) != 1 || missing != 1 {
		t.Error(got, missing)
	}
}
