package ingest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeKibana notes what it is asked and answers from a table.
func fakeKibana(t *testing.T, answers map[string]string) (*Kibana, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.Header.Get("kbn-xsrf") == "" {
			t.Errorf("%s without kbn-xsrf", r.URL.Path)
		}
		if strings.HasSuffix(r.URL.Path, "_import") {
			file, head, err := r.FormFile("file")
			if err != nil || !strings.HasSuffix(head.Filename, ".ndjson") || r.FormValue("overwrite") != "true" {
				t.Errorf("%s: %v", r.URL, err)
			} else if b, _ := io.ReadAll(file); len(b) == 0 {
				t.Error("an empty file")
			}
		}
		said, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			said = `{"message":"Not Found"}`
		}
		io.WriteString(w, said)
	}))
	t.Cleanup(server.Close)
	k, err := OpenKibana(Settings{Hosts: []string{server.URL}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return k, &asked
}

func TestKibanaSend(t *testing.T) {
	answers := map[string]string{
		"POST /api/spaces/space":                            `{}`,
		"POST /s/hosp-a/api/saved_objects/_import":          `{"success":true,"successCount":15}`,
		"POST /s/hosp-a/api/detection_engine/rules/_import": `{"success":true,"success_count":60,"errors":[]}`,
	}
	k, asked := fakeKibana(t, answers)
	done, err := k.Send(t.Context(), "hosp-a", []byte("{}\n"), []byte("{}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"saved objects in space hosp-a: 15", "rules in space hosp-a: 60"}, done); d != "" {
		t.Error(d)
	}
	want := []string{"GET /api/spaces/space/hosp-a", "POST /api/spaces/space", "POST /s/hosp-a/api/saved_objects/_import", "POST /s/hosp-a/api/detection_engine/rules/_import"}
	if d := cmp.Diff(want, *asked); d != "" {
		t.Error(d)
	}
}

// What Kibana takes only a part of is an error, though it says 200.
func TestKibanaSendInPart(t *testing.T) {
	for want, said := range map[string]string{
		"1 were not taken": `{"success":false,"errors":[{"id":"x"}]}`,
		"not all":          `{"success":false}`,
		"no answer":        `<html>login</html>`,
	} {
		k, _ := fakeKibana(t, map[string]string{"POST /api/saved_objects/_import": said})
		if _, err := k.Send(t.Context(), "default", []byte("{}\n"), []byte("{}\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// The key does not follow to where an answer points.
func TestKibanaStaysOnItsHost(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("http://elsewhere.invalid/login", http.StatusFound))
	defer server.Close()
	k, err := OpenKibana(Settings{Hosts: []string{server.URL}, User: "u", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Send(t.Context(), "hosp-a", []byte("{}\n"), nil); err == nil || !strings.Contains(err.Error(), "status 302") {
		t.Error(err)
	}
}
