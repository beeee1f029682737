// Package delivery carries the journal to one output. Its promise: every document of
// the journal is, for that output, acknowledged, not asked for, held back and counted in
// a message, dead and kept, expired for a reason, or pending; and a process that dies
// anywhere changes nothing of that.
package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// Lanes are the series of the journal, in the order of their weight: each goes its own
// way, so that nothing that waits holds up an alert.
var Lanes = [...]event.Series{event.Decisions, event.Telemetry}

// Account is how far an output has come with one series, and what became of what it
// had. It is one small file, replaced whole after each batch.
type Account struct {
	Of           string            `json:"of"`    // id of the journal
	Next         uint64            `json:"next"`  // first number that has no fate yet
	Tried        uint64            `json:"tried"` // what is below it may have been sent already
	Acknowledged uint64            `json:"acknowledged"`
	Unasked      uint64            `json:"unasked"`   // the output did not ask for them
	HeldBack     uint64            `json:"held_back"` // counted in a message, by the limit a minute
	Dead         uint64            `json:"dead"`      // kept as dead letters, those sent again since included
	Resent       uint64            `json:"resent"`    // dead letters that were taken later; they are acknowledged
	Expired      map[string]uint64 `json:"expired,omitempty"`
	Doubtful     uint64            `json:"possible_duplicates"`
	Owed         map[string]uint64 `json:"owed,omitempty"`     // held back and not told yet, by level of severity
	Settling     []string          `json:"settling,omitempty"` // dead letters that were taken and go now
	Error        string            `json:"error,omitempty"`    // what holds it up
	Since        string            `json:"since,omitempty"`    // when it began to, RFC 3339
}

// Sum is how many documents have their fate; Next - 1 unless the account is wrong.
func (a *Account) Sum() uint64 {
	return a.Acknowledged + a.Unasked + a.HeldBack + a.Dead - a.Resent + a.expired()
}

func (a *Account) expired() (n uint64) {
	for _, m := range a.Expired {
		n += m
	}
	return n
}

func (a *Account) expire(why map[string]uint64) {
	if len(why) == 0 {
		return
	}
	a.Expired = maps.Clone(a.Expired)
	if a.Expired == nil {
		a.Expired = map[string]uint64{}
	}
	for reason, n := range why {
		a.Expired[reason] += n
	}
}

func accountPath(dir string, s event.Series) string {
	return filepath.Join(dir, [...]string{event.Telemetry: "telemetry", event.Decisions: "decisions"}[s]+".json")
}

// Load reads the account of a series in the directory of an output; one that never was
// begins at the first document.
func Load(dir string, s event.Series) (a Account, err error) {
	b, err := os.ReadFile(accountPath(dir, s))
	if errors.Is(err, fs.ErrNotExist) {
		return Account{Next: 1, Tried: 1}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a, fmt.Errorf("how far an output has come: %s: %w", accountPath(dir, s), err)
	}
	return a, nil
}

func (a *Account) save(disk lasting.Disk, dir string, s event.Series) error {
	b, err := json.Marshal(a)
	if err == nil {
		err = disk.Place(accountPath(dir, s), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("how far an output has come: %w", err)
	}
	return nil
}

// Standing is the account of a series beside what the journal has.
type Standing struct {
	Account
	Journaled uint64
	Pending   uint64
}

// Adds reports whether journaled = acknowledged + unasked + held back + dead letters +
// expired + pending.
func (s *Standing) Adds() bool { return s.Journaled == s.Sum()+s.Pending }

// Stand reads how an output stands, from the files alone; it works whichever process is
// away.
func Stand(journalDir, dir string, s event.Series) (out Standing, err error) {
	if out.Account, err = Load(dir, s); err != nil {
		return out, err
	}
	head, err := journal.Head(journalDir, s)
	head = max(head, out.Next)
	out.Journaled, out.Pending = head-1, head-out.Next
	return out, err
}
