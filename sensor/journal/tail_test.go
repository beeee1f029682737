package journal

import (
	"fmt"
	"os"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// drained is what a tail hands out until the end, with its numbers checked.
func drained(t *testing.T, tail *Tail, most int) (ids []string, missing uint64) {
	t.Helper()
	for {
		b, err := tail.Next(most)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Entries) > most || b.Next-b.First != uint64(len(b.Entries))+b.Missing {
			t.Fatalf("%d entries, %d to %d, %d missing", len(b.Entries), b.First, b.Next, b.Missing)
		}
		if len(b.Entries) == 0 {
			return ids, missing
		}
		missing += b.Missing
		for _, e := range b.Entries {
			ids = append(ids, e.ID)
		}
	}
}

// A tail gets everything once, while it is written, over segments of any size, and
// goes on from any number.
func TestTail(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	tail := Follow(lasting.Disk{}, dir, 0, 0)
	var want, got []string
	for i := range 300 {
		d := doc(i, 0)
		d.JSON = make([]byte, 100+i*1000)
		want = append(want, d.ID)
		if err := j.Append([]event.Doc{d}); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			ids, _ := drained(t, tail, 3)
			got = append(got, ids...)
		}
	}
	ids, missing := drained(t, tail, 3)
	if got = append(got, ids...); fmt.Sprint(got) != fmt.Sprint(want) || missing != 0 {
		t.Errorf("%d of %d, %d missing", len(got), len(want), missing)
	}
	list, _ := segments(dir, 0)
	if len(list) < 2 {
		t.Fatal("one segment")
	}
	for _, from := range []uint64{1, 2, list[1].first - 1, list[1].first, list[1].first + 1, 300} {
		ids, _ := drained(t, Follow(lasting.Disk{}, dir, 0, from), 1000)
		if len(ids) != 301-int(from) || ids[0] != want[from-1] {
			t.Errorf("from %d: %d, first %v", from, len(ids), ids)
		}
	}
	if head, err := Head(dir, 0); head != 301 || err != nil {
		t.Error(head, err)
	}
}

// A tail hands nothing out that is not on disk for good.
func TestTailSyncsWhatItReads(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	if err := j.Append([]event.Doc{doc(1, 0)}); err != nil {
		t.Fatal(err)
	}
	refuse := true
	disk := lasting.Disk{Sync: func(*os.File) error {
		if refuse {
			return os.ErrDeadlineExceeded
		}
		return nil
	}}
	tail := Follow(disk, dir, 0, 0)
	if b, err := tail.Next(10); err == nil {
		t.Error(b)
	}
	refuse = false
	if ids, _ := drained(t, tail, 10); len(ids) != 1 {
		t.Error(ids)
	}
}

// Bytes that went bad in the middle cost the records they are in, counted, and no
// number is given twice.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if err := j.Append([]event.Doc{doc(1, 0), doc(2, 0), doc(3, 0), doc(4, 0)}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	list, _ := segments(dir, 0)
	b, err := os.ReadFile(list[0].path)
	if err != nil {
		t.Fatal(err)
	}
	_, n := parseRecord(b[headSize:], 0)
	b[headSize+n+n/2] ^= 1
	if err := os.WriteFile(list[0].path, b, 0o640); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	defer j.Close()
	if err := j.Append([]event.Doc{doc(5, 0)}); err != nil {
		t.Fatal(err)
	}
	ids, missing := drained(t, Follow(lasting.Disk{}, dir, 0, 0), 10)
	if fmt.Sprint(ids) != "[id1 id3 id4 id5]" || missing != 1 || j.Opened().Torn != 1 {
		t.Error(ids, missing, j.Opened())
	}
	if got, _ := all(t, dir, 0, 0); len(got) != 4 {
		t.Error(got)
	}
	if why := Why(nil, 2, 3); why[ByDamage] != 1 {
		t.Error(why)
	}
}

// What expired is missing, with its reasons.
func TestWhy(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	big := doc(0, 0)
	big.JSON = make([]byte, maxRecord/2)
	for i := range 200 {
		big.Time = int64(i)
		if err := j.Append([]event.Doc{big}); err != nil {
			t.Fatal(err)
		}
	}
	old, err := j.Expire(0, 40, 1<<40)
	if err != nil || old == 0 {
		t.Fatal(old, err)
	}
	large, err := j.Expire(0, 0, 40<<20)
	if err != nil || large == 0 {
		t.Fatal(large, err)
	}
	ids, missing := drained(t, Follow(lasting.Disk{}, dir, 0, 0), 100)
	if missing != old+large || len(ids) != 200-int(missing) {
		t.Error(missing, old, large, len(ids))
	}
	list, err := Expired(dir, 0)
	why := Why(list, 1, 1+missing)
	if err != nil || why[ByAge] != old || why[BySize] != large || len(why) != 2 || len(list) != 2 {
		t.Error(why, list, err)
	}
}
