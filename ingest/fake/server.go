// Package fake is a strict stand-in for Elasticsearch in tests: it takes nothing that
// a real one refuses, its ids are unique in one backing index only, it shows documents
// to searches late, and it fails in the ways that real servers and networks do.
package fake

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is an http.Handler. Its fields are set before it is used.
type Server struct {
	Version    string              // "" is 8.19.13
	Keys       map[string][]string // id:key → namespaces that it may write; nil: no key is asked for
	MayAsk     bool                // keys may search what they wrote
	Everything bool                // keys may do all to what they may write
	Templates  []string            // names of the index templates that stand
	Lag        time.Duration       // until a search shows a document
	MaxBody    int64               // bytes of a request as it is received; 0: 100 MB
	Roll       bool                // roll streams over whenever a client cannot know what was stored

	mu       sync.Mutex
	streams  map[string]*stream
	plan     []Fault
	chaos    *rand.Rand
	requests int
	refused  []string
	served   map[Fault]int
}

// stream is a data stream: only its last index is written.
type stream struct{ indices []map[string]stored }

type stored struct {
	source json.RawMessage
	at     time.Time
}

// New is a server that works.
func New() *Server {
	return &Server{MayAsk: true, streams: map[string]*stream{}, served: map[Fault]int{}}
}

// Next makes the coming bulk requests meet these faults, one each.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = append(s.plan, faults...)
}

// Chaos makes every second bulk request meet a fault, drawn from seed.
func (s *Server) Chaos(seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chaos = rand.New(rand.NewPCG(seed, seed))
}

// Calm ends all faults.
func (s *Server) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chaos, s.plan = nil, nil
}

// Rollover begins a new index for every stream.
func (s *Server) Rollover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rollover()
}

func (s *Server) rollover() {
	for _, st := range s.streams {
		st.indices = append(st.indices, map[string]stored{})
	}
}

// Documents are the sources of a stream, over all of its indices.
func (s *Server) Documents(name string) (list []json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.streams[name]; st != nil {
		for _, index := range st.indices {
			for _, d := range index {
				list = append(list, d.source)
			}
		}
	}
	return list
}

// Streams names what was written to.
func (s *Server) Streams() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.streams {
		names = append(names, name)
	}
	return names
}

// Requests counts bulk requests; Refused tells what was malformed in any request: a
// client that works leaves it empty.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Refused tells what was malformed in any request.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}

// Served counts how often each fault happened.
func (s *Server) Served() map[Fault]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[Fault]int{}
	for f, n := range s.served {
		out[f] = n
	}
	return out
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	if s.Keys != nil && s.namespaces(r) == nil {
		fail(w, http.StatusUnauthorized, "security_exception", "unable to authenticate with provided credentials")
		return
	}
	if why := s.media(r); why != "" {
		s.malformed(why)
		fail(w, http.StatusBadRequest, "media_type_header_exception", why)
		return
	}
	body, err := s.body(r)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusRequestEntityTooLarge) // as the real one: without a word
	case r.URL.Path == "/" && r.Method == http.MethodGet:
		version := s.Version
		if version == "" {
			version = "8.19.13"
		}
		answer(w, http.StatusOK, map[string]any{"cluster_name": "fake", "version": map[string]any{"number": version, "build_flavor": "default"}})
	case r.URL.Path == "/_bulk" && r.Method == http.MethodPost:
		s.bulk(w, r, body)
	case strings.HasSuffix(r.URL.Path, "/_search") && r.Method == http.MethodPost:
		s.search(w, r, strings.Trim(strings.TrimSuffix(r.URL.Path, "/_search"), "/"), body)
	case s.look(w, r, body):
	default:
		s.malformed(r.Method + " " + r.URL.Path)
		fail(w, http.StatusBadRequest, "illegal_argument_exception", "no handler found")
	}
}

// namespaces are those that the request's key may write, nil for no valid key.
func (s *Server) namespaces(r *http.Request) []string {
	code, ok := strings.CutPrefix(r.Header.Get("Authorization"), "ApiKey ")
	plain, err := base64.StdEncoding.DecodeString(code)
	if !ok || err != nil {
		return nil
	}
	return s.Keys[string(plain)]
}

// media refuses types that no version takes together.
func (s *Server) media(r *http.Request) string {
	kind, accept := r.Header.Get("Content-Type"), r.Header.Get("Accept")
	if kind == "" {
		return ""
	}
	vendor := strings.HasPrefix(kind, "application/vnd.elasticsearch+")
	if vendor != strings.HasPrefix(accept, "application/vnd.elasticsearch+") {
		return fmt.Sprintf("Content-Type %q does not go with Accept %q", kind, accept)
	}
	if (r.URL.Path == "/_bulk") != strings.Contains(kind, "x-ndjson") {
		return fmt.Sprintf("Content-Type %q at %s", kind, r.URL.Path)
	}
	return ""
}

func (s *Server) body(r *http.Request) ([]byte, error) {
	most := s.MaxBody
	if most == 0 {
		most = 100 << 20
	}
	var in io.Reader = io.LimitReader(r.Body, most+1)
	if r.ContentLength > most {
		return nil, io.ErrShortBuffer
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = z
	}
	return io.ReadAll(in)
}

func (s *Server) malformed(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, what)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, kind, reason string) {
	answer(w, status, map[string]any{"status": status, "error": map[string]any{"type": kind, "reason": reason}})
}
