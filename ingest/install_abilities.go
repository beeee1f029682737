package ingest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Ways in which a server removes what is old.
const (
	ILM             = "index lifecycle management"
	StreamLifecycle = "data stream lifecycle"
)

// Abilities is what a server can do, asked of itself.
type Abilities struct {
	Name, Version string
	OpenSearch    bool
	Licence       string // "" where the server has none
	Security      bool   // roles and keys
	IgnoreMissing bool   // a template may name a component that is not there
	Lifecycle     string // ILM, StreamLifecycle or "": nothing removes what is old
	Types         map[string]bool
}

func (a *Abilities) String() string {
	s := Server{OpenSearch: a.OpenSearch, Version: a.Version}
	return s.String()
}

// Ask finds out what a server can do.
func Ask(ctx context.Context, s *Admin) (*Abilities, error) {
	root, err := s.get(ctx, "/")
	if err != nil {
		return nil, err
	}
	version, _ := root["version"].(object)
	a := &Abilities{Name: text(root["cluster_name"]), Version: text(version["number"]), Types: map[string]bool{}}
	a.OpenSearch = text(version["distribution"]) == "opensearch"
	for kind := range fieldTypes {
		probe := object{"type": kind}
		if kind == "constant_keyword" {
			probe["value"] = "probe"
		}
		if a.Types[kind], err = s.takes(ctx, object{"mappings": object{"properties": object{"probe": probe}}}); err != nil {
			return nil, err
		}
	}
	if a.OpenSearch {
		return a, nil
	}
	a.IgnoreMissing = true
	if answer, err := s.get(ctx, "/_license"); err == nil {
		licence, _ := answer["license"].(object)
		a.Licence = strings.TrimSpace(text(licence["type"]) + " " + text(licence["status"]))
	}
	_, status, err := s.Call(ctx, http.MethodGet, "/_security/_authenticate", nil)
	if err != nil {
		return nil, err
	}
	a.Security = status == http.StatusOK
	a.Lifecycle, err = s.lifecycle(ctx)
	return a, err
}

// takes reports whether the server takes a template; nothing is stored.
func (s *Admin) takes(ctx context.Context, template object) (bool, error) {
	body := object{"index_patterns": []any{"brandmelder-probe-*"}, "priority": 900, "template": template}
	answer, status, err := s.Call(ctx, http.MethodPost, "/_index_template/_simulate", body)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return false, fmt.Errorf("POST /_index_template/_simulate: %s", reason(answer, status))
	}
	return status == http.StatusOK, nil
}

func (s *Admin) lifecycle(ctx context.Context) (string, error) {
	for _, way := range []struct{ name, path string }{{ILM, "/_ilm/status"}, {StreamLifecycle, "/_data_stream/logs-brandmelder.*/_lifecycle"}} {
		_, status, err := s.Call(ctx, http.MethodGet, way.path, nil)
		if err != nil {
			return "", err
		}
		if status == http.StatusOK || status == http.StatusNotFound {
			return way.name, nil
		}
	}
	return "", nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
