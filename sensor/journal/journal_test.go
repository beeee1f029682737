package journal

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func doc(n int, s event.Series) event.Doc {
	return event.Doc{Dataset: "dns", ID: fmt.Sprint("id", n), Time: int64(n), Keep: s, JSON: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func open(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func all(t *testing.T, dir string, s event.Series, from uint64) (out []string, missing uint64) {
	t.Helper()
	missing, err := Read(dir, s, from, func(e Entry) bool {
		out = append(out, fmt.Sprintf("%d %s %s", e.Seq, e.ID, e.JSON))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, missing
}

func TestWhatWasAppendedIsRead(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if err := j.Append([]event.Doc{doc(1, event.Telemetry), doc(2, event.Decisions), doc(3, event.Telemetry)}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j = open(t, dir)
	defer j.Close()
	if err := j.Append([]event.Doc{doc(4, event.Telemetry)}); err != nil {
		t.Fatal(err)
	}
	got, _ := all(t, dir, event.Telemetry, 2)
	if d := cmp.Diff([]string{`2 id3 {"n":3}`, `3 id4 {"n":4}`}, got); d != "" {
		t.Error(d)
	}
	got, _ = all(t, dir, event.Decisions, 0)
	if d := cmp.Diff([]string{`1 id2 {"n":2}`}, got); d != "" {
		t.Error(d)
	}
}

// A journal that was cut anywhere loses the torn record and nothing else, and
// goes on with the same sequence numbers.
func TestTornEnd(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if err := j.Append([]event.Doc{doc(1, 0), doc(2, 0)}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	list, err := segments(dir, 0)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	whole, err := os.ReadFile(list[0].path)
	if err != nil {
		t.Fatal(err)
	}
	_, n := parseRecord(whole[headSize:], 0)
	first := headSize + n
	for cut := headSize; cut < len(whole); cut++ {
		if err := os.WriteFile(list[0].path, whole[:cut], 0o640); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir)
		if err := j.Append([]event.Doc{doc(9, 0)}); err != nil {
			t.Fatal(err)
		}
		j.Close()
		want := []string{`1 id9 {"n":9}`}
		if cut >= first {
			want = []string{`1 id1 {"n":1}`, `2 id9 {"n":9}`}
		}
		got, _ := all(t, dir, 0, 0)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("cut at %d: %s", cut, d)
		}
		if torn := j.Opened().Torn; (torn == 1) != (cut != headSize && cut != first) {
			t.Errorf("cut at %d: %d torn", cut, torn)
		}
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer got %v", err)
	}
}

func TestRotationExpiryAndALateConsumer(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	big := doc(0, 0)
	big.JSON = make([]byte, maxRecord/2)
	for i := range 80 {
		big.Time = int64(i)
		if err := j.Append([]event.Doc{big}); err != nil {
			t.Fatal(err)
		}
	}
	list, _ := segments(dir, 0)
	if len(list) < 3 {
		t.Fatalf("%d segments", len(list))
	}
	gone, err := j.Expire(0, 0, 20<<20)
	if err != nil || gone == 0 {
		t.Fatal(gone, err)
	}
	got, missing := all(t, dir, 0, 0)
	if missing != gone || uint64(len(got))+gone != 80 {
		t.Errorf("%d read, %d missing, %d expired", len(got), missing, gone)
	}
}

// A quiet network fills no segment: age alone takes what is old, the open segment
// too, and a new day begins a new one.
func TestExpiryOfAQuietNetwork(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	at := func(n int, days int64) event.Doc {
		d := doc(n, event.Telemetry)
		d.Time = days * day
		return d
	}
	for i, days := range []int64{10, 10, 11, 12} {
		if err := j.Append([]event.Doc{at(i+1, days)}); err != nil {
			t.Fatal(err)
		}
		j.Close() // a restart in between changes nothing
		j = open(t, dir)
	}
	defer func() { j.Close() }()
	gone, err := j.Expire(event.Telemetry, 11*day+1, 1<<40)
	if got, missing := all(t, dir, event.Telemetry, 0); err != nil || gone != 3 || missing != 3 || len(got) != 1 {
		t.Error(gone, err, got, missing)
	}
	if gone, err = j.Expire(event.Telemetry, 13*day, 1<<40); err != nil || gone != 1 {
		t.Error(gone, err)
	}
	if err := j.Append([]event.Doc{at(5, 20)}); err != nil {
		t.Fatal(err)
	}
	if got, missing := all(t, dir, event.Telemetry, 0); missing != 4 || len(got) != 1 || !strings.HasPrefix(got[0], "5 id5") {
		t.Error(got, missing)
	}
	if gone, err = j.Expire(event.Telemetry, 0, 1<<40); err != nil || gone != 0 {
		t.Error(gone, err)
	}
}

// Any change of one byte is found.
func TestDamage(t *testing.T) {
	d := doc(1, 0)
	b := appendRecord(nil, 1, &d)
	for i := range b {
		b[i] ^= 0x40
		if e, n := parseRecord(b, 0); n != 0 {
			t.Errorf("byte %d: %+v", i, e)
		}
		b[i] ^= 0x40
	}
}

// A disk that has no room for the header of a segment keeps no file: what comes later is readable.
func TestASegmentWithoutItsHeader(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	j.disk.Sync = func(f *os.File) error {
		j.disk.Sync = nil
		return errors.Join(syscall.ENOSPC, f.Truncate(0))
	}
	if err := j.Append([]event.Doc{doc(1, event.Decisions)}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if list, err := segments(dir, event.Decisions); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	if err := j.Append([]event.Doc{doc(2, event.Decisions)}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	open(t, dir).Close()
	got, _ := all(t, dir, event.Decisions, 0)
	if d := cmp.Diff([]string{`1 id2 {"n":2}`}, got); d != "" {
		t.Error(d)
	}
}
