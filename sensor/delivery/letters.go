package delivery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// Letter is a document that an output will not take, as it is kept on disk. Its name
// follows from the document, so that the same one is kept once.
type Letter struct {
	Series   event.Series    `json:"series"`
	Dataset  string          `json:"dataset"`
	ID       string          `json:"id"`
	Time     int64           `json:"time"` // of the document, ns
	Status   int             `json:"status"`
	Type     string          `json:"type"`
	Reason   string          `json:"reason"`
	Field    string          `json:"field,omitempty"` // that the other side blames
	Plain    bool            `json:"plain,omitempty"` // the document has names: no view coded it
	Document json.RawMessage `json:"document"`

	name string
}

// Doc is the document of a letter.
func (l *Letter) Doc() event.Doc {
	return event.Doc{Dataset: l.Dataset, ID: l.ID, Time: l.Time, Keep: l.Series, JSON: l.Document}
}

// letters are the dead letters of one output: in dead those that wait for a person, in
// again those that a person wants to be sent once more.
type letters struct {
	disk lasting.Disk
	dir  string
}

func (l letters) dead() string  { return filepath.Join(l.dir, "dead") }
func (l letters) again() string { return filepath.Join(l.dir, "again") }

func letterName(dataset, id string) string {
	sum := sha256.Sum256([]byte(dataset + "\x00" + id))
	return hex.EncodeToString(sum[:12]) + ".json"
}

// keep brings letters onto the disk.
func (l letters) keep(s event.Series, list []output.Dead, plain bool) error {
	for _, folder := range []string{l.dead(), l.again()} {
		if err := errors.Join(os.MkdirAll(folder, 0o750), openToGroup(folder)); err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
	}
	for i := range list {
		d := &list[i]
		document := json.RawMessage(d.Doc.JSON)
		if !json.Valid(document) {
			document, _ = json.Marshal(string(d.Doc.JSON))
		}
		b, err := json.Marshal(Letter{Series: s, Dataset: d.Doc.Dataset, ID: d.Doc.ID, Time: d.Doc.Time,
			Status: d.Status, Type: d.Type, Reason: d.Reason, Field: d.Field, Plain: plain, Document: document})
		if err == nil {
			err = l.disk.Lay(filepath.Join(l.dead(), letterName(d.Doc.Dataset, d.Doc.ID)), b)
		}
		if err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
	}
	return l.disk.FlushFolder(l.dead())
}

// openToGroup lets those who run the sensor move letters, also where ship is a user of
// its own.
func openToGroup(folder string) error { return os.Chmod(folder, 0o770) }

// read lists the letters of a folder, oldest document first.
func (l letters) read(folder string) (list []Letter, err error) {
	names, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(folder, n.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken meanwhile
		}
		letter := Letter{name: n.Name()}
		if err == nil {
			err = json.Unmarshal(b, &letter)
		}
		if err != nil {
			return nil, fmt.Errorf("dead letter %s: %w", n.Name(), err)
		}
		list = append(list, letter)
	}
	slices.SortFunc(list, func(a, b Letter) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.name, b.name)) })
	return list, nil
}

// Letters lists the dead letters of an output: those that wait for a person, and those
// that are being sent again.
func Letters(dir string) (dead, again []Letter, err error) {
	l := letters{dir: dir}
	if dead, err = l.read(l.dead()); err != nil {
		return nil, nil, err
	}
	again, err = l.read(l.again())
	return dead, again, err
}

// Resend asks that dead letters be sent again: those whose id begins so, "" for all. It
// returns how many that are.
func Resend(dir, id string) (n int, err error) {
	l := letters{dir: dir}
	list, err := l.read(l.dead())
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, nil
	}
	for _, letter := range list {
		if !strings.HasPrefix(letter.ID, id) {
			continue
		}
		if err := os.Rename(filepath.Join(l.dead(), letter.name), filepath.Join(l.again(), letter.name)); err != nil {
			return n, err
		}
		n++
	}
	return n, errors.Join(l.disk.FlushFolder(l.again()), l.disk.FlushFolder(l.dead()))
}

// forget removes letters that were taken, from both folders.
func (l letters) forget(names []string) error {
	for _, name := range names {
		for _, folder := range []string{l.dead(), l.again()} {
			if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if _, err := os.Stat(l.again()); err != nil {
		return nil
	}
	return l.disk.FlushFolder(l.again())
}

// back moves a letter that was refused again to where it came from.
func (l letters) back(name string) error {
	err := os.Remove(filepath.Join(l.again(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// refused keeps what the other side refuses for good.
func (l *lane) refused(list []output.Dead) error { return l.bury(list, l.View == nil) }

func (l *lane) bury(list []output.Dead, plain bool) error {
	if err := l.letters.keep(l.series, list, plain); err != nil {
		return err
	}
	l.buried += uint64(len(list))
	l.Tell(Buries, "%s will not take %d documents; see journal dead-letters", l.Name, len(list))
	return nil
}

// resend sends dead letters once more that a person asked for.
func (l *lane) resend(ctx context.Context) error {
	list, err := l.letters.read(l.letters.again())
	if err != nil {
		return err
	}
	for _, letter := range list {
		if letter.Series != l.series {
			continue
		}
		l.buried = 0
		docs := []event.Doc{letter.Doc()}
		if letter.Plain {
			docs, err = l.view(docs)
		}
		if err == nil && len(docs) > 0 {
			err = l.write(ctx, docs, true, &l.account)
		}
		if err != nil {
			return err
		}
		if l.buried > 0 {
			if err := l.letters.back(letter.name); err != nil {
				return err
			}
			continue
		}
		if l.account.Resent < l.account.Dead { // or it is of a journal before this one
			l.account.Resent++
			l.account.Acknowledged++
		}
		l.account.Settling = []string{letter.name}
		if err := l.save(); err != nil {
			return err
		}
		if err := l.letters.forget(l.account.Settling); err != nil {
			return err
		}
		l.account.Settling = nil
	}
	return nil
}
