package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Server is what answers behind the client.
type Server struct {
	OpenSearch bool
	Version    string // "" where the key may not ask
	Name       string // of the cluster
}

// Major is the first number of the version, 0 if it is not known.
func (s *Server) Major() int {
	first, _, _ := strings.Cut(s.Version, ".")
	n, _ := strconv.Atoi(first)
	return n
}

func (s *Server) String() string {
	name := "Elasticsearch"
	if s.OpenSearch {
		name = "OpenSearch"
	}
	return strings.TrimSpace(name + " " + s.Version)
}

// compatible asks an Elasticsearch 9 to speak as 8 does; 8 takes it too. OpenSearch
// refuses these types.
const compatible = "application/vnd.elasticsearch+%s;compatible-with=8"

// speak sets the media types that the server takes.
func (s *Server) speak(r *http.Request) {
	if s.OpenSearch {
		return
	}
	r.Header.Set("Accept", fmt.Sprintf(compatible, "json"))
	if kind, ok := strings.CutPrefix(r.Header.Get("Content-Type"), "application/"); ok && (kind == "json" || kind == "x-ndjson") {
		r.Header.Set("Content-Type", fmt.Sprintf(compatible, kind))
	}
}

// Hello asks once what the server is, and remembers it. A server that answers and is
// neither Elasticsearch 8 or 9 nor OpenSearch is refused: it may be a proxy's page.
func (c *Client) Hello(ctx context.Context) (*Server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return c.server, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http:///", nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.do(r)
	if err != nil {
		return nil, err
	}
	body, _ := io.ReadAll(answer.Body)
	server, err := identify(answer, body)
	if err != nil {
		return nil, err
	}
	c.server = server
	return server, nil
}

// identify reads the answer to GET /. A key that may only write gets 403 there; the
// product stands in a header all the same.
func identify(answer *http.Response, body []byte) (*Server, error) {
	isElastic := answer.Header.Get("X-Elastic-Product") == "Elasticsearch"
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return nil, &Refused{answer.StatusCode, "the key or password is not taken"}
	case answer.StatusCode == http.StatusForbidden && isElastic:
		return &Server{}, nil
	case answer.StatusCode != http.StatusOK:
		return nil, &Refused{answer.StatusCode, whatSaid(answer.StatusCode, answer.Header, body)}
	}
	var in struct {
		Name    string `json:"cluster_name"`
		Version struct{ Number, Distribution string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("elasticsearch: the answer to GET / is not of Elasticsearch: %s", excerpt(body))
	}
	s := &Server{OpenSearch: in.Version.Distribution == "opensearch", Version: in.Version.Number, Name: in.Name}
	switch {
	case s.OpenSearch && s.Major() < 2, !s.OpenSearch && s.Major() < 8:
		return nil, fmt.Errorf("elasticsearch: %s is too old: 8, or OpenSearch 2, is the oldest that is known to work", s)
	case !s.OpenSearch && !isElastic:
		return nil, errors.New("elasticsearch: the answer to GET / does not say that it is of Elasticsearch: is a proxy in between?")
	}
	return s, nil
}

// Refused is an answer that says no to the whole request.
type Refused struct {
	Status int
	Said   string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("elasticsearch: status %d: %s", r.Status, r.Said)
}

// whatSaid words a refusal for people: the server's reason, or what a proxy sent.
func whatSaid(status int, header http.Header, body []byte) string {
	var in struct {
		Error json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err == nil && len(in.Error) > 0 {
		return parseFault(in.Error).String()
	}
	if header.Get("Location") != "" {
		return "it points elsewhere: is a proxy or login page in between?"
	}
	if len(body) == 0 {
		return strings.ToLower(http.StatusText(status))
	}
	return "not an answer of Elasticsearch: " + excerpt(body)
}
