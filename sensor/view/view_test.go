package view

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

func alertDoc(id string, at int64, extra string) event.Doc {
	return event.Doc{Dataset: "alert", ID: id, Time: at, Keep: event.Decisions, JSON: fmt.Appendf(nil,
		`{"event":{"severity":73,"risk_score":8.5},"rule":{"id":"scan","category":"scan"},"source":{"ip":"10.0.0.1"},
		"destination":{"ip":"10.0.0.2"},"message":"m %s","brandmelder":{%s}}`, id, extra)}
}

func write(t *testing.T, state string, docs ...event.Doc) {
	t.Helper()
	j, err := journal.Open(filepath.Join(state, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(docs), j.Close()); err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, state string) *View {
	t.Helper()
	v, err := Open(state, Oldest{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// short is an alert in the words that the tests compare.
func short(t *testing.T, v *View, open bool) (out []string) {
	t.Helper()
	list, err := v.Alerts(open, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		out = append(out, fmt.Sprintf("%d %s %s %s %s>%s %s %s %s", a.Time, a.ID, a.Message, a.Family, a.Source, a.Target, a.State, a.Verdict, a.Owner))
	}
	return out
}

func filled(t *testing.T) string {
	state := t.TempDir()
	closed := alert.Decision{Action: alert.CloseAlert, Time: 9, Alert: "b1", Verdict: "benign", Owner: "ann"}
	acknowledged := alert.Decision{Action: alert.Acknowledge, Time: 8, Alert: "a1", Owner: "bob"}
	o := &event.Observer{}
	write(t, state,
		alertDoc("a1", 1, ""), alertDoc("b1", 2, ""), alertDoc("c1", 3, `"suppression":{"id":"s"}`), alertDoc("d1", 4, ""),
		acknowledged.Doc(o), alertDoc("a1-1", 5, ""), closed.Doc(o),
		event.Doc{Dataset: "incident", ID: "i-0", Keep: event.Decisions, JSON: []byte(`{"brandmelder":{"incident":{"id":"i"}}}`)},
		event.Doc{Dataset: "incident", ID: "i-1", Keep: event.Decisions, JSON: []byte(`{"brandmelder":{"incident":{"id":"i"}}}`)},
		event.Doc{Dataset: "coverage", ID: "v1", Time: 60, JSON: []byte(`{"minute":1}`)},
		event.Doc{Dataset: "coverage", ID: "v2", Time: 120, JSON: []byte(`{"minute":2}`)},
		event.Doc{Dataset: "auth", ID: "x", JSON: []byte(`{}`)},
	)
	return state
}

var wantOpen = []string{
	"4 d1 m d1 scan 10.0.0.1>10.0.0.2 open  ",
	"1 a1 m a1-1 scan 10.0.0.1>10.0.0.2 acknowledged  bob",
}

func TestView(t *testing.T) {
	v := opened(t, filled(t))
	if d := cmp.Diff(wantOpen, short(t, v, true)); d != "" {
		t.Error(d)
	}
	if all := short(t, v, false); len(all) != 4 || all[2] != "2 b1 m b1 scan 10.0.0.1>10.0.0.2 closed benign ann" {
		t.Errorf("%q", all)
	}
	counts, err := v.Counts()
	if d := cmp.Diff(Counts{Alerts: 4, Open: 2, Incidents: 1, Coverage: 2, Decisions: 2}, counts); d != "" || err != nil {
		t.Error(d, err)
	}
	if c, err := v.Coverage(); c != `{"minute":2}` || err != nil {
		t.Error(c, err)
	}
}

func TestViewFollowsTheJournal(t *testing.T) {
	state := filled(t)
	v := opened(t, state)
	write(t, state, alertDoc("e1", 6, ""))
	if err := v.CatchUp(); err != nil {
		t.Fatal(err)
	}
	if got := short(t, v, true); len(got) != 3 || got[0] != "6 e1 m e1 scan 10.0.0.1>10.0.0.2 open  " {
		t.Errorf("%q", got)
	}
}

// A decision counts while a run holds the journal, and once when it is collected.
func TestViewTakesDecisionsThatWait(t *testing.T) {
	state := filled(t)
	j, err := journal.Open(filepath.Join(state, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d := alert.Decision{Action: alert.CloseAlert, Time: 9, Alert: "d1", Verdict: "true", Owner: "ann"}
	if err := journal.Decide(filepath.Join(state, "journal"), d.Doc(&event.Observer{})); err != nil {
		t.Fatal(err)
	}
	v := opened(t, state)
	for range 2 {
		if got := short(t, v, true); len(got) != 1 {
			t.Errorf("%q", got)
		}
		if c, _ := v.Counts(); c.Decisions != 3 {
			t.Error(c)
		}
		if _, err := j.Collect(); err != nil {
			t.Fatal(err)
		}
		if err := v.CatchUp(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is lost, damaged or of another version is built again from the journal.
func TestViewIsBuiltAgain(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"removed": os.Remove,
		"damaged": func(path string) error {
			return os.WriteFile(path, []byte("not a database, but long enough to be one"), 0o600)
		},
		"version": func(path string) error {
			v, err := open(path, "", Oldest{})
			if err != nil {
				return err
			}
			_, err = v.db.Exec("PRAGMA user_version = 99")
			return errors.Join(err, v.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := filled(t)
			if v, err := Open(state, Oldest{}); err != nil || v.Close() != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(state, "view.db")); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(wantOpen, short(t, opened(t, state), true)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAlertByTheBeginningOfItsID(t *testing.T) {
	state := t.TempDir()
	write(t, state, alertDoc("abc", 1, ""), alertDoc("abd", 2, ""), alertDoc("ab", 3, ""))
	v := opened(t, state)
	for id, want := range map[string]string{"abc": "abc", "ab": "ab", "abd": "abd"} {
		if a, err := v.Alert(id); a.ID != want || err != nil {
			t.Error(id, a.ID, err)
		}
	}
	for _, id := range []string{"", "a", "x", "%", "_bc"} {
		if a, err := v.Alert(id); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v %v", id, a.ID, err)
		}
	}
}

func TestPruneKeepsTheNewest(t *testing.T) {
	v := opened(t, filled(t))
	tx, err := v.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for table := range maxRows {
		if err := prune(tx, table, 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	counts, err := v.Counts()
	if d := cmp.Diff(Counts{Alerts: 1, Open: 1, Incidents: 1, Coverage: 1, Decisions: 1}, counts); d != "" || err != nil {
		t.Error(d, err)
	}
	if got := short(t, v, false); got[0] != wantOpen[0] {
		t.Errorf("%q", got)
	}
}

// What is older than it may be kept is gone from the view, and from its file.
func TestRetention(t *testing.T) {
	state := filled(t)
	write(t, state, alertDoc("anoldone", 1, ""), alertDoc("anewone", 6, ""))
	opened(t, state).Close()
	v, err := Open(state, Oldest{Decisions: 3, Coverage: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got := short(t, v, false); len(got) != 3 {
		t.Errorf("%d alerts: %v", len(got), got)
	}
	want := Counts{Alerts: 3, Open: 2, Decisions: 2, Coverage: 1}
	if c, err := v.Counts(); err != nil || c != want {
		t.Errorf("%+v, want %+v; %v", c, want, err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(state, "view.db"))
	if err != nil || bytes.Contains(b, []byte("anoldone")) || !bytes.Contains(b, []byte("anewone")) {
		t.Error("an old alert is still in the file", err)
	}
}

// An alert whose document the journal gave up is no longer told of; one that was revised since still is. And what
// stands in a journal that was made anew is not taken for an alert of the one before.
func TestAlertsGoWithTheirDocuments(t *testing.T) {
	state := t.TempDir()
	dir := filepath.Join(state, "journal")
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	late := alertDoc("c1", 3, "")
	late.Time += int64(31 * 24 * time.Hour) // in a segment of its own
	revised := alertDoc("b1-1", late.Time, "")
	if err := j.Append([]event.Doc{alertDoc("a1", 1, ""), alertDoc("b1", 2, "")}); err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]event.Doc{late, revised}); err != nil {
		t.Fatal(err)
	}
	v := opened(t, state)
	if got := short(t, v, false); len(got) != 3 {
		t.Errorf("%q", got)
	}
	if gone, err := j.Expire(event.Decisions, 10, math.MaxInt64); gone != 2 || err != nil {
		t.Fatal(gone, err)
	}
	if got := short(t, v, false); len(got) != 2 { // before the view knows
		t.Errorf("%q", got)
	}
	if err := errors.Join(v.CatchUp(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if c, err := v.Counts(); c.Alerts != 2 || err != nil {
		t.Error(c, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	write(t, state, alertDoc("x", 1, ""), alertDoc("y", 1, ""), alertDoc("z", 1, ""), alertDoc("w", 1, ""))
	if got := short(t, v, false); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// The end of a blindness replaces its beginning; other news of health is not kept.
func TestViewTellsBlindness(t *testing.T) {
	state := t.TempDir()
	health := func(id, action, name, start, message string, at int64) event.Doc {
		return event.Doc{Dataset: "health", ID: id, Time: at, JSON: fmt.Appendf(nil,
			`{"event":{"action":%q,"start":%q},"observer":{"ingress":{"interface":{"name":%q}}},"message":%q}`, action, start, name, message)}
	}
	write(t, state,
		health("1", "capture-blind", "eth1", "12:00", "since", 1), health("2", "capture-blind", "eth2", "12:00", "other", 2),
		health("3", "anomaly", "", "", "odd", 3), health("4", "capture-blind", "eth1", "12:00", "from to", 4),
	)
	list, err := opened(t, state).Blind(10)
	if diff := cmp.Diff([]string{"from to", "other"}, list); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if list, err := opened(t, state).Blind(1); len(list) != 1 || err != nil {
		t.Error(list, err)
	}
}
