package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// action is a line of a bulk request with its document.
type action struct {
	stream, id string
	source     json.RawMessage
}

// verdict is what the answer says of one document.
type verdict struct {
	ID           string `json:"_id"`
	Index        string `json:"_index,omitempty"`
	Status       int    `json:"status"`
	FailureStore string `json:"failure_store,omitempty"`
	Error        *fault `json:"error,omitempty"`
}

type fault struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

func (s *Server) bulk(w http.ResponseWriter, r *http.Request, body []byte) {
	actions, err := parse(body)
	if err != nil {
		s.malformed(err.Error())
		fail(w, http.StatusBadRequest, "illegal_argument_exception", err.Error())
		return
	}
	f := s.draw()
	if f.before(w, r) {
		return
	}
	f.after(w, r, s.store(r, f, actions))
}

// draw is the fault of this request.
func (s *Server) draw() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	f := None
	switch {
	case len(s.plan) > 0:
		f, s.plan = s.plan[0], s.plan[1:]
	case s.chaos != nil && s.requests%2 == 1:
		f = chaotic[s.chaos.IntN(len(chaotic))]
	}
	s.served[f]++
	return f
}

// parse reads a bulk request as strictly as a data stream does.
func parse(body []byte) (list []action, err error) {
	if len(body) == 0 || body[len(body)-1] != '\n' {
		return nil, fmt.Errorf("The bulk request must be terminated by a newline [\\n]")
	}
	lines := bytes.Split(body[:len(body)-1], []byte("\n"))
	if len(lines)%2 != 0 {
		return nil, fmt.Errorf("%d lines: an action without a document", len(lines))
	}
	for i := 0; i < len(lines); i += 2 {
		var in map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		if err := json.Unmarshal(lines[i], &in); err != nil {
			return nil, fmt.Errorf("Malformed action/metadata line [%d]", i+1)
		}
		to, ok := in["create"]
		if !ok || len(in) != 1 || to.ID == "" || len(to.ID) > 512 {
			return nil, fmt.Errorf("only create with an _id is taken here, not %s", lines[i])
		}
		if !strings.HasPrefix(to.Index, "logs-") || strings.ToLower(to.Index) != to.Index || strings.Count(to.Index, "-") != 2 {
			return nil, fmt.Errorf("%q is not the name of a data stream", to.Index)
		}
		list = append(list, action{to.Index, to.ID, bytes.Clone(lines[i+1])})
	}
	return list, nil
}

// Poison stands in documents that the mapping refuses.
const Poison = "poison"

// store keeps what can be kept, and says so.
func (s *Server) store(r *http.Request, f Fault, actions []action) []verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]verdict, 0, len(actions))
	for n, a := range actions {
		v := verdict{ID: a.id, Index: ".ds-" + a.stream}
		switch refused := f.item(n); {
		case !s.mayWrite(r, a.stream):
			v.Status, v.Error = http.StatusForbidden, &fault{"security_exception", "action [indices:data/write/bulk[s]] is unauthorized for API key"}
		case refused != nil:
			v.Status, v.FailureStore, v.Error = refused.Status, refused.FailureStore, refused.Error
		default:
			v.Status, v.Error = s.put(a)
		}
		list = append(list, v)
	}
	if s.Roll && f.doubtful() {
		s.rollover()
	}
	return list
}

// put stores one document in the index that is written now.
func (s *Server) put(a action) (int, *fault) {
	var d struct {
		Timestamp  string                              `json:"@timestamp"`
		DataStream struct{ Dataset, Namespace string } `json:"data_stream"`
	}
	if err := json.Unmarshal(a.source, &d); err != nil || a.source[0] != '{' {
		return http.StatusBadRequest, &fault{"document_parsing_exception", "[1:1] failed to parse: it is no object"}
	}
	if d.Timestamp == "" {
		return http.StatusBadRequest, &fault{"illegal_argument_exception", "data stream timestamp field [@timestamp] is missing"}
	}
	if want := "logs-" + d.DataStream.Dataset + "-" + d.DataStream.Namespace; want != a.stream {
		return http.StatusBadRequest, &fault{"document_parsing_exception", "[1:9] failed to parse field [data_stream.namespace] of type [constant_keyword]"}
	}
	if bytes.Contains(a.source, []byte(Poison)) {
		return http.StatusBadRequest, &fault{"document_parsing_exception", "[1:25] failed to parse field [source.ip] of type [ip] in document with id '" + a.id + "'. Preview of field's value: 'poison'"}
	}
	st := s.streams[a.stream]
	if st == nil {
		st = &stream{indices: []map[string]stored{{}}}
		s.streams[a.stream] = st
	}
	index := st.indices[len(st.indices)-1]
	if _, had := index[a.id]; had {
		return http.StatusConflict, &fault{"version_conflict_engine_exception", "[" + a.id + "]: version conflict, document already exists"}
	}
	index[a.id] = stored{a.source, time.Now()}
	return http.StatusCreated, nil
}
