package fake

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// search answers a query for ids over one stream, as far as it was refreshed.
func (s *Server) search(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	var in struct {
		Query struct {
			IDs struct{ Values []string } `json:"ids"`
		}
		Size int
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Query.IDs.Values == nil || in.Size < 1 {
		s.malformed("search: " + string(body))
		fail(w, http.StatusBadRequest, "parsing_exception", "only queries for ids are known here")
		return
	}
	if !s.MayAsk || !s.mayWrite(r, name) {
		fail(w, http.StatusForbidden, "security_exception", "action [indices:data/read/search] is unauthorized")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hits := []map[string]string{}
	if st := s.streams[name]; st != nil {
		for _, index := range st.indices {
			for _, id := range in.Query.IDs.Values {
				if d, ok := index[id]; ok && time.Since(d.at) >= s.Lag && len(hits) < in.Size {
					hits = append(hits, map[string]string{"_id": id})
				}
			}
		}
	} else if r.URL.Query().Get("ignore_unavailable") != "true" {
		fail(w, http.StatusNotFound, "index_not_found_exception", "no such index ["+name+"]")
		return
	}
	answer(w, http.StatusOK, map[string]any{"timed_out": false, "_shards": map[string]int{"failed": 0}, "hits": map[string]any{"hits": hits}})
}

// mayWrite reports whether the request's key may write a stream.
func (s *Server) mayWrite(r *http.Request, stream string) bool {
	if s.Keys == nil {
		return true
	}
	for _, namespace := range s.namespaces(r) {
		if strings.HasSuffix(stream, "-"+namespace) {
			return true
		}
	}
	return false
}
