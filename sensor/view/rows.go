package view

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// row is what the view takes out of a document.
type row struct {
	Event struct {
		Action   string
		Severity int
		Start    string
	}
	Observer struct {
		Ingress struct{ Interface struct{ Name string } }
	}
	Rule        struct{ ID, Category string }
	Source      struct{ IP string }
	Destination struct{ IP string }
	Message     string
	Tags        []string
	Brandmelder struct {
		Incident    struct{ ID string }
		Suppression struct{ ID string }
	}
}

func read(id string, text []byte) (r row, err error) {
	if err = json.Unmarshal(text, &r); err != nil {
		err = fmt.Errorf("document %s: %w", id, err)
	}
	return r, err
}

// insert takes a document into the view; one that it has already changes nothing.
func insert(tx *sql.Tx, e journal.Entry) error {
	switch e.Dataset {
	case "alert":
		return warn(tx, e)
	case "incident":
		r, err := read(e.ID, e.JSON)
		if err == nil {
			_, err = tx.Exec("INSERT OR REPLACE INTO incidents VALUES (?, ?)", r.Brandmelder.Incident.ID, e.Time)
		}
		return err
	case "decision":
		return decide(tx, e.Doc)
	case "health":
		return blind(tx, e.Doc)
	case "coverage":
		return cover(tx, e.Doc)
	}
	return nil
}

// alertOf is the id of the alert that a document is about: later revisions have their
// number behind it.
func alertOf(id string) string {
	id, _, _ = strings.Cut(id, "-")
	return id
}

// warn takes an alert, or a later revision of it.
func warn(tx *sql.Tx, e journal.Entry) error {
	r, err := read(e.ID, e.JSON)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO alerts (id, time, seq, severity, detector, suppression, exercise) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, severity = excluded.severity`,
		alertOf(e.ID), e.Time, e.Seq, r.Event.Severity, r.Rule.ID, r.Brandmelder.Suppression.ID, slices.Contains(r.Tags, event.ExerciseTag))
	return err
}

// cover takes a minute; only the newest is asked for more than that it is there.
func cover(tx *sql.Tx, d event.Doc) error {
	_, err := tx.Exec("INSERT OR IGNORE INTO coverage VALUES (?, ?)", d.Time, string(d.JSON))
	if err == nil {
		_, err = tx.Exec("UPDATE coverage SET json = '' WHERE time = (SELECT max(time) FROM coverage WHERE time < ?)", d.Time)
	}
	return err
}

// blind takes a time in which an interface could not be seen: its end replaces its
// beginning.
func blind(tx *sql.Tx, d event.Doc) error {
	r, err := read(d.ID, d.JSON)
	if err != nil || r.Event.Action != "capture-blind" {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO blind VALUES (?, ?, ?)", r.Observer.Ingress.Interface.Name+" "+r.Event.Start, d.Time, r.Message)
	return err
}

// decide takes a decision, and with it the state of the alert that it is about.
func decide(tx *sql.Tx, doc event.Doc) error {
	d, err := alert.ParseDecision(doc)
	if err != nil {
		return err
	}
	done, err := tx.Exec("INSERT OR IGNORE INTO decisions VALUES (?, ?)", doc.ID, doc.Time)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil {
		return err
	}
	switch d.Action {
	case alert.Acknowledge:
		_, err = tx.Exec("UPDATE alerts SET state = 'acknowledged', owner = ? WHERE id = ? AND state = 'open'", d.Owner, d.Alert)
	case alert.CloseAlert:
		_, err = tx.Exec("UPDATE alerts SET state = 'closed', verdict = ?, owner = ? WHERE id = ?", d.Verdict, d.Owner, d.Alert)
	}
	return err
}

// Alert is a row of the view, with what its newest document says.
type Alert struct {
	Time           int64
	ID             string
	Severity       int
	Family         string
	Detector       string
	Source, Target string // addresses, "" unknown
	Message        string
	State          string // open, acknowledged or closed
	Verdict        string // of a closed one
	Owner          string // who decided last
	Suppression    string // id
	Exercise       bool   // played by the sensor itself
	JSON           string // the newest document

	seq uint64 // of that document
}

// alerts are those of a query, without any whose document went meanwhile.
func (v *View) alerts(which string, args ...any) (list []Alert, err error) {
	rows, err := v.db.Query("SELECT time, id, seq, severity, detector, state, verdict, owner, suppression, exercise FROM alerts "+which, args...)
	if err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a Alert
		if err := rows.Scan(&a.Time, &a.ID, &a.seq, &a.Severity, &a.Detector, &a.State, &a.Verdict, &a.Owner, &a.Suppression, &a.Exercise); err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
		list = append(list, a)
	}
	if err := errors.Join(rows.Err(), v.fill(list)); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(a Alert) bool { return a.JSON == "" }), nil
}

// fill reads the documents of alerts, in one pass through the journal.
func (v *View) fill(list []Alert) error {
	wanted := map[uint64]*Alert{}
	first := uint64(math.MaxUint64)
	for i := range list {
		wanted[list[i].seq] = &list[i]
		first = min(first, list[i].seq)
	}
	if len(wanted) == 0 {
		return nil
	}
	var failed error
	_, err := journal.Read(v.journal, event.Decisions, first, func(e journal.Entry) bool {
		if a := wanted[e.Seq]; a != nil && alertOf(e.ID) == a.ID {
			var r row
			r, failed = read(e.ID, e.JSON)
			a.JSON, a.Message, a.Family, a.Source, a.Target = string(e.JSON), r.Message, r.Rule.Category, r.Source.IP, r.Destination.IP
		}
		delete(wanted, e.Seq)
		return failed == nil && len(wanted) > 0
	})
	return errors.Join(failed, err)
}

// Alerts lists alerts, newest first, at most limit. Open leaves out those that
// were closed or are suppressed.
func (v *View) Alerts(open bool, limit int) ([]Alert, error) {
	return v.alerts("WHERE NOT ? OR state <> 'closed' AND suppression = '' ORDER BY time DESC, id LIMIT ?", open, limit)
}

// ErrNone says that nothing, or more than one, begins with an id.
var ErrNone = errors.New("no such alert")

// Alert finds an alert by its id, or by a beginning of it that only it has.
func (v *View) Alert(id string) (Alert, error) {
	list, err := v.alerts("WHERE ?1 <> '' AND substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2", id)
	switch {
	case err != nil:
		return Alert{}, err
	case len(list) == 0:
		return Alert{}, ErrNone
	case len(list) > 1 && list[0].ID != id:
		return Alert{}, fmt.Errorf("%w: more than one begins with %s", ErrNone, id)
	}
	return list[0], nil
}

// Last is the newest alert, of the exercise or not; without an id where there is none.
func (v *View) Last(exercise bool) (a Alert, err error) {
	err = v.db.QueryRow("SELECT time, id, severity, detector FROM alerts WHERE exercise = ? ORDER BY time DESC LIMIT 1", exercise).
		Scan(&a.Time, &a.ID, &a.Severity, &a.Detector)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil
	}
	return a, err
}

// Since counts the alerts from a time on, in ns, without the exercise's.
func (v *View) Since(time int64) (n int, err error) {
	err = v.db.QueryRow("SELECT count(*) FROM alerts WHERE time >= ? AND NOT exercise", time).Scan(&n)
	return n, err
}

// Coverage is the newest document of coverage, "" when there is none yet.
func (v *View) Coverage() (text string, err error) {
	err = v.db.QueryRow("SELECT json FROM coverage ORDER BY time DESC LIMIT 1").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, err
}

// Blind lists the newest times in which an interface could not be seen, as
// sentences, newest first.
func (v *View) Blind(limit int) (list []string, err error) {
	rows, err := v.db.Query("SELECT message FROM blind ORDER BY time DESC, id LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// Counts is how many rows each table of the view has.
type Counts struct{ Alerts, Open, Exercise, Incidents, Coverage, Decisions int }

// Counts counts the rows.
func (v *View) Counts() (c Counts, err error) {
	err = v.db.QueryRow(`SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM alerts WHERE state <> 'closed' AND suppression = ''),
		(SELECT count(*) FROM alerts WHERE exercise), (SELECT count(*) FROM incidents), (SELECT count(*) FROM coverage), (SELECT count(*) FROM decisions)`).
		Scan(&c.Alerts, &c.Open, &c.Exercise, &c.Incidents, &c.Coverage, &c.Decisions)
	return c, err
}
