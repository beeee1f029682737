package fake

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// look answers what a sensor's key may ask about how the server is set up, and reports
// whether it was that.
func (s *Server) look(w http.ResponseWriter, r *http.Request, body []byte) bool {
	pattern, templates := strings.CutPrefix(r.URL.Path, "/_index_template/")
	switch {
	case r.URL.Path == "/_license" && r.Method == http.MethodGet:
		answer(w, http.StatusOK, map[string]any{"license": map[string]any{"type": "basic", "status": "active"}})
	case templates && r.Method == http.MethodGet:
		list := []any{}
		for _, name := range s.Templates {
			if fits, _ := path.Match(pattern, name); fits {
				list = append(list, map[string]any{"name": name, "index_template": map[string]any{}})
			}
		}
		answer(w, http.StatusOK, map[string]any{"index_templates": list})
	case r.URL.Path == "/_security/user/_has_privileges" && r.Method == http.MethodPost:
		s.privileges(w, r, body)
	default:
		return false
	}
	return true
}

// sensors are the privileges of a sensor's key on the streams of its namespaces.
var sensors = map[string]bool{"create_doc": true, "auto_configure": true, "read": true}

func (s *Server) privileges(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		Index []struct{ Names, Privileges []string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		s.malformed("_has_privileges: " + string(body))
		fail(w, http.StatusBadRequest, "parsing_exception", err.Error())
		return
	}
	index := map[string]map[string]bool{}
	for _, of := range in.Index {
		for _, name := range of.Names {
			if index[name] == nil {
				index[name] = map[string]bool{}
			}
			for _, p := range of.Privileges {
				index[name][p] = s.mayWrite(r, name) && (s.Everything || sensors[p])
			}
		}
	}
	answer(w, http.StatusOK, map[string]any{"index": index, "cluster": map[string]bool{}})
}
