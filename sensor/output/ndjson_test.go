package output

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var twoDocs = []event.Doc{{JSON: []byte(`{"a":1}`)}, {JSON: []byte(`{"b":2}`)}}

func specOf(t *testing.T, name string) *Spec {
	t.Helper()
	s := Find(name)
	if s == nil {
		t.Fatalf("%s is not on the shelf", name)
	}
	return s
}

func TestNDJSONAppendsToItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.ndjson")
	for range 2 {
		sink, err := specOf(t, "ndjson").Open(Env{}, &ndjsonSettings{path})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(sink.Write(t.Context(), twoDocs), sink.Close()); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(path)
	if want := strings.Repeat("{\"a\":1}\n{\"b\":2}\n", 2); string(got) != want {
		t.Errorf("%s", got)
	}
}

func TestNDJSONToStandardOutput(t *testing.T) {
	var b strings.Builder
	sink, err := specOf(t, "ndjson").Open(Env{Stdout: &b}, specOf(t, "ndjson").Settings())
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Write(t.Context(), twoDocs[:1]); err != nil || b.String() != "{\"a\":1}\n" {
		t.Error(b.String(), err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestNDJSONTellsThatItCannotWrite(t *testing.T) {
	if err := NewNDJSON(full{}).Write(t.Context(), twoDocs); err == nil {
		t.Error("no error")
	}
	_, err := specOf(t, "ndjson").Open(Env{}, &ndjsonSettings{"/nowhere/at/all"})
	if err == nil {
		t.Error("opened nowhere")
	}
}
