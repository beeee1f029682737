package view

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// row is what the view takes out of a document for its columns.
type row struct {
	Event struct {
		Action   string
		Severity int
		Risk     float64 `json:"risk_score"`
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

// insert takes a document into the view; one that it has already changes nothing.
func insert(tx *sql.Tx, d event.Doc) error {
	switch d.Dataset {
	case "alert", "incident", "decision":
	case "health":
		return blind(tx, d)
	case "coverage":
		_, err := tx.Exec("INSERT OR IGNORE INTO coverage VALUES (?, ?, ?)", d.ID, d.Time, string(d.JSON))
		return err
	default:
		return nil
	}
	if d.Dataset == "decision" {
		return decide(tx, d)
	}
	var r row
	if err := json.Unmarshal(d.JSON, &r); err != nil {
		return fmt.Errorf("document %s: %w", d.ID, err)
	}
	if d.Dataset == "incident" {
		_, err := tx.Exec("INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?)",
			r.Brandmelder.Incident.ID, d.Time, r.Event.Severity, r.Event.Action, r.Message, string(d.JSON))
		return err
	}
	id, _, _ := strings.Cut(d.ID, "-") // later revisions have the id of the alert and their number
	_, err := tx.Exec(`INSERT INTO alerts (id, time, severity, risk, family, detector, source, destination, message, incident, suppression, json, exercise)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, risk = excluded.risk, message = excluded.message,
			incident = excluded.incident, json = excluded.json`,
		id, d.Time, r.Event.Severity, r.Event.Risk, r.Rule.Category, r.Rule.ID, r.Source.IP, r.Destination.IP,
		r.Message, r.Brandmelder.Incident.ID, r.Brandmelder.Suppression.ID, string(d.JSON),
		slices.Contains(r.Tags, event.ExerciseTag))
	return err
}

// blind takes a time in which an interface could not be seen: its end replaces its
// beginning.
func blind(tx *sql.Tx, d event.Doc) error {
	var r row
	if err := json.Unmarshal(d.JSON, &r); err != nil {
		return fmt.Errorf("document %s: %w", d.ID, err)
	}
	if r.Event.Action != "capture-blind" {
		return nil
	}
	_, err := tx.Exec("INSERT OR REPLACE INTO blind VALUES (?, ?, ?, ?)", r.Observer.Ingress.Interface.Name+" "+r.Event.Start, d.Time, r.Message, string(d.JSON))
	return err
}

// decide takes a decision, and with it the state of the alert that it is about.
func decide(tx *sql.Tx, doc event.Doc) error {
	d, err := alert.ParseDecision(doc)
	if err != nil {
		return err
	}
	done, err := tx.Exec("INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?)", doc.ID, doc.Time, d.Action, d.Alert, string(doc.JSON))
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

// Alert is a row of the view.
type Alert struct {
	Time           int64
	ID             string
	Severity       int
	Family         string
	Detector       string // set by Last alone
	Source, Target string // addresses, "" unknown
	Message        string
	State          string // open, acknowledged or closed
	Verdict        string // of a closed one
	Owner          string // who decided last
	Suppression    string // id
	Exercise       bool   // played by the sensor itself
	JSON           string // the newest document
}

const alertColumns = `SELECT time, id, severity, family, source, destination, message, state, verdict, owner, suppression, exercise, json FROM alerts `

func scan(r interface{ Scan(...any) error }) (a Alert, err error) {
	err = r.Scan(&a.Time, &a.ID, &a.Severity, &a.Family, &a.Source, &a.Target, &a.Message, &a.State, &a.Verdict, &a.Owner, &a.Suppression, &a.Exercise, &a.JSON)
	return a, err
}

// Alerts lists alerts, newest first, at most limit. Open leaves out those that
// were closed or are suppressed.
func (v *View) Alerts(open bool, limit int) (list []Alert, err error) {
	rows, err := v.db.Query(alertColumns+"WHERE NOT ? OR state <> 'closed' AND suppression = '' ORDER BY time DESC, id LIMIT ?", open, limit)
	if err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		a, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// ErrNone says that nothing, or more than one, begins with an id.
var ErrNone = errors.New("no such alert")

// Alert finds an alert by its id, or by a beginning of it that only it has.
func (v *View) Alert(id string) (Alert, error) {
	rows, err := v.db.Query(alertColumns+"WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2", id)
	if err != nil {
		return Alert{}, fmt.Errorf("view: %w", err)
	}
	defer rows.Close()
	if id == "" || !rows.Next() {
		return Alert{}, ErrNone
	}
	a, err := scan(rows)
	if err != nil {
		return a, fmt.Errorf("view: %w", err)
	}
	if a.ID != id && rows.Next() {
		return Alert{}, fmt.Errorf("%w: more than one begins with %s", ErrNone, id)
	}
	return a, nil
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
