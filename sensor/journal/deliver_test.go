package journal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Each document comes once, decisions first, and again after a failure.
func TestDeliver(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer j.Close()
	var got []string
	take := func(docs []event.Doc) error {
		for _, d := range docs {
			got = append(got, d.ID)
		}
		return nil
	}
	deliver := func(write func([]event.Doc) error) (Delivery, error) {
		t.Helper()
		got = nil
		return Deliver(dir, "c", write)
	}
	if err := j.Append([]event.Doc{doc(1, event.Telemetry), doc(2, event.Decisions)}); err != nil {
		t.Fatal(err)
	}
	if _, err := deliver(func([]event.Doc) error { return errors.New("away") }); err == nil {
		t.Error("no error")
	}
	if d, err := deliver(take); err != nil || d.Delivered != 2 {
		t.Error(d, err)
	}
	if d := cmp.Diff([]string{"id2", "id1"}, got); d != "" {
		t.Error(d)
	}
	if d, err := deliver(take); err != nil || d != (Delivery{}) || got != nil {
		t.Error(d, err, got)
	}
	var many []event.Doc
	for i := range maxBatch + 3 {
		many = append(many, doc(i+10, event.Telemetry))
	}
	if err := j.Append(many); err != nil {
		t.Fatal(err)
	}
	if d, err := deliver(take); err != nil || d.Delivered != maxBatch+3 || got[len(got)-1] != fmt.Sprint("id", maxBatch+12) {
		t.Error(d, err)
	}
}

func TestDeliverCountsWhatExpired(t *testing.T) {
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
	gone, err := j.Expire(0, 0, 1)
	if err != nil || gone == 0 {
		t.Fatal(gone, err)
	}
	d, err := Deliver(dir, "c", func([]event.Doc) error { return nil })
	if err != nil || d.Missing != gone || d.Delivered != 40-gone {
		t.Error(d, err, gone)
	}
}
