// Package view answers questions about what was stored: alerts, incidents,
// coverage and decisions in a SQLite database. It has what they are looked up by,
// and where their documents stand in the journal. It holds nothing of its own, so it
// may be removed and is built again from the journal.
package view

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"

	_ "modernc.org/sqlite" // the driver: SQLite without C
)

// schema of the view. Another number of user_version, and it is built again.
const (
	schemaVersion = 3
	schema        = `
CREATE TABLE cursor (series INTEGER PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE alerts (
	id TEXT PRIMARY KEY, time INTEGER, seq INTEGER, severity INTEGER, detector TEXT, suppression TEXT, exercise INTEGER,
	state TEXT NOT NULL DEFAULT 'open', verdict TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '');
CREATE INDEX alerts_time ON alerts (time);
CREATE TABLE incidents (id TEXT PRIMARY KEY, time INTEGER);
CREATE TABLE coverage (time INTEGER PRIMARY KEY, json TEXT);
CREATE TABLE blind (id TEXT PRIMARY KEY, time INTEGER, message TEXT);
CREATE TABLE decisions (id TEXT PRIMARY KEY, time INTEGER);
`
)

// View is the database over the journal. Its cursor moves in the transaction of the rows,
// and SQLite lets one process write at a time.
type View struct {
	db      *sql.DB
	journal string
	oldest  Oldest
}

// Oldest is from when on documents are kept, ns since 1970. What is older goes, and
// its bytes are overwritten.
type Oldest struct {
	Decisions int64 // alerts, incidents and what people decided
	Coverage  int64
}

// Open opens the view in a state directory and brings it up to the journal.
func Open(state string, oldest Oldest) (*View, error) {
	path := filepath.Join(state, "view.db")
	v, err := open(path, filepath.Join(state, "journal"), oldest)
	if err == nil {
		return v, nil
	}
	for _, end := range []string{"", "-wal", "-shm"} { // not a view of this schema, or damaged
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("view: %w", err)
		}
	}
	return open(path, filepath.Join(state, "journal"), oldest)
}

func open(path, journalDir string, oldest Oldest) (*View, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=secure_delete(1)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("view: %w", err)
	}
	db.SetMaxOpenConns(1)
	v := &View{db, journalDir, oldest}
	if err := v.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("view %s: %w", path, err), db.Close())
	}
	return v, nil
}

// prepare makes the tables of a new view and catches up.
func (v *View) prepare() error {
	var version int
	if err := v.db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
	case 0:
		if _, err := v.db.Exec(fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", schema, schemaVersion)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("is of version %d", version)
	}
	return v.CatchUp()
}

// CatchUp brings the view up to the end of the journal, and to the decisions that
// wait in its inbox.
func (v *View) CatchUp() error {
	tx, err := v.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range []event.Series{event.Telemetry, event.Decisions} {
		if err := v.follow(tx, s); err != nil {
			return err
		}
	}
	for table, rows := range maxRows {
		oldest := v.oldest.Decisions
		if table == "coverage" || table == "blind" {
			oldest = v.oldest.Coverage
		}
		if err := prune(tx, table, rows, oldest); err != nil {
			return err
		}
	}
	if err := v.expired(tx); err != nil {
		return err
	}
	waiting, err := journal.Waiting(v.journal)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if err := insert(tx, journal.Entry{Doc: d}); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// maxRows bounds the view whatever the ages. Coverage is a row a minute: half a year.
var maxRows = map[string]int{"alerts": 100_000, "incidents": 100_000, "decisions": 100_000, "coverage": 260_000, "blind": 10_000}

// prune removes what is too old, and what was inserted first where there is too much.
func prune(tx *sql.Tx, table string, rows int, oldest int64) error {
	_, err := tx.Exec("DELETE FROM "+table+" WHERE time < ? OR rowid <= (SELECT rowid FROM "+table+" ORDER BY rowid DESC LIMIT 1 OFFSET ?)", oldest, rows)
	return err
}

// expired removes alerts whose newest document is no longer in the journal.
func (v *View) expired(tx *sql.Tx) error {
	gone, err := journal.Expired(v.journal, event.Decisions)
	for _, g := range gone {
		if err == nil {
			_, err = tx.Exec("DELETE FROM alerts WHERE seq BETWEEN ? AND ?", g.First, g.Last)
		}
	}
	return err
}

func (v *View) follow(tx *sql.Tx, s event.Series) error {
	var next uint64
	if err := tx.QueryRow("SELECT next FROM cursor WHERE series = ?", s).Scan(&next); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var failed error
	_, err := journal.Read(v.journal, s, next, func(e journal.Entry) bool {
		failed = insert(tx, e)
		next = e.Seq + 1
		return failed == nil
	})
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO cursor VALUES (?, ?)", s, next)
	return err
}

// Close releases the view.
func (v *View) Close() error { return v.db.Close() }
