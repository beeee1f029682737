package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// cutter stands between a sender and the server. Of its first bulk requests it hands on
// so many documents, rolls the stream over, and breaks off in the middle of the answer;
// what comes then it hands on whole.
type cutter struct {
	*real
	stream string
	mu     sync.Mutex
	passed []int
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender is gone
	}
	cut := r.URL.Path == "/_bulk" && len(c.passed) > 0
	if cut {
		lines := bytes.SplitAfter(body, []byte("\n"))
		body = bytes.Join(lines[:min(2*c.passed[0], len(lines))], nil)
		c.passed = c.passed[1:]
	}
	onward, _ := http.NewRequestWithContext(r.Context(), r.Method, os.Getenv(elasticURL)+r.URL.RequestURI(), bytes.NewReader(body))
	onward.Header = r.Header.Clone()
	onward.Header.Del("Accept-Encoding") // or the answer stays compressed
	answer, err := http.DefaultClient.Do(onward)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if cut {
		c.ask(http.MethodPost, "/"+c.stream+"/_rollover", nil)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		text = text[:len(text)/2]
	}
	w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	w.Header().Set("X-Elastic-Product", answer.Header.Get("X-Elastic-Product"))
	w.WriteHeader(answer.StatusCode)
	w.Write(text)
}

// overCutter is a client that reaches the server through a cutter: as a sensor with its
// key, where the server has keys.
func (r *real) overCutter(c *cutter) *ingest.Client {
	r.t.Helper()
	web := httptest.NewServer(c)
	r.t.Cleanup(web.Close)
	settings := ingest.Settings{Hosts: []string{web.URL}, Timeout: time.Minute, Plain: true}
	if r.has.Security {
		key, err := r.NewKey(r.t.Context(), r.a, "rolling")
		if err != nil {
			r.t.Fatal(err)
		}
		settings.APIKeyFile = filepath.Join(r.t.TempDir(), "key")
		if err := os.WriteFile(settings.APIKeyFile, []byte(key.String()), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	client, err := ingest.Open(settings)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { client.Close() })
	return client
}

// The stream rolls over after documents were stored and before the sender, whose answer
// broke off, tries again: each is in the stream once, over all of its indices. To send
// again without asking would have stored a second one.
func TestElasticRollsOverBeforeTheRetry(t *testing.T) {
	r := realServer(t)
	target := stream("alert", r.a.Namespace)
	var docs []event.Doc
	for n := range 20 {
		docs = append(docs, event.Doc{Dataset: "alert", ID: fmt.Sprintf("roll-%02d", n), JSON: fmt.Appendf(nil,
			`{"@timestamp":"2026-01-01T00:00:00Z","observer":{"name":"rolling"},"data_stream":{"type":"logs","dataset":"brandmelder.alert","namespace":%q}}`, r.a.Namespace)})
	}
	c := &cutter{real: r, stream: target, passed: []int{8, len(docs)}} // a part of it, then all that was left
	s := ingest.NewSender(r.overCutter(c), ingest.Options{Namespace: r.a.Namespace, Visible: 6 * time.Second,
		Dead: func(d []ingest.Dead) error { t.Errorf("refused: %s %s", d[0].Doc.ID, d[0].Reason); return nil }})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := s.Write(ctx, docs); err != nil {
		t.Fatal(err)
	}
	if n := s.Count(); n.Found != 20 || n.Stored+n.Doubtful+n.Dead != 0 || n.Requests != 2 {
		t.Errorf("%+v", n)
	}
	ids, indices := r.copies(target, docs)
	if len(ids) != len(docs) || len(indices) != 2 || len(c.passed) > 0 {
		t.Errorf("%d documents in %v", len(ids), indices)
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	if status, why := r.create(r.Admin, target, docs[0].ID, string(docs[0].JSON)); status != "201" {
		t.Errorf("sent again without asking: %s %s", status, why)
	}
	if ids, _ := r.copies(target, docs); ids[docs[0].ID] != 2 {
		t.Errorf("sent again without asking it is there %d times", ids[docs[0].ID])
	}
}

// copies counts what a stream has of documents by id, and by index.
func (r *real) copies(target string, docs []event.Doc) (ids, indices map[string]int) {
	r.t.Helper()
	var of []string
	for _, d := range docs {
		of = append(of, d.ID)
	}
	r.ask(http.MethodPost, "/"+target+"/_refresh", nil)
	ids, indices = map[string]int{}, map[string]int{}
	for _, h := range r.hits(target, map[string]any{"size": 1000, "query": map[string]any{"ids": map[string]any{"values": of}}}) {
		ids[h["_id"].(string)]++
		indices[h["_index"].(string)]++
	}
	return ids, indices
}
