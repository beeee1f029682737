package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Change is what has to happen to one asset.
type Change struct {
	Path string   `json:"path"`
	New  bool     `json:"new,omitempty"`
	Diff []string `json:"diff,omitempty"` // lines that begin with - for what stands, + for what should

	asset Asset
}

// Compare finds what differs on the server from the plan.
func (s *Admin) Compare(ctx context.Context, plan []Asset) (changes []Change, err error) {
	for _, a := range plan {
		have, found, err := s.read(ctx, a.Path)
		if err != nil {
			return nil, err
		}
		c := Change{Path: a.Path, New: !found, asset: a}
		if found {
			c.Diff = diff(have, a.Body)
		}
		if c.New || len(c.Diff) > 0 {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// read is what stands at a path, as it was put there.
func (s *Admin) read(ctx context.Context, path string) (body object, found bool, err error) {
	answer, status, err := s.Call(ctx, http.MethodGet, escape(path), nil)
	switch {
	case err != nil:
		return nil, false, err
	case status == http.StatusNotFound:
		return nil, false, nil
	case status != http.StatusOK:
		return nil, false, fmt.Errorf("GET /%s: %s", path, reason(answer, status))
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(path, "_"), "/")
	switch kind {
	case "component_template", "index_template":
		list, _ := answer[kind+"s"].([]any)
		for _, one := range list {
			o, _ := one.(object)
			if body, ok := o[kind].(object); ok && o["name"] == name {
				return body, true, nil
			}
		}
		return nil, false, nil
	case "ilm":
		_, name, _ = strings.Cut(name, "/")
		o, _ := answer[name].(object)
		return object{"policy": o["policy"]}, true, nil
	}
	_, last, _ := strings.Cut(name, "/")
	body, ok := answer[last].(object)
	return body, ok, nil
}

// Apply makes the changes, in order.
func (s *Admin) Apply(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if _, err := s.do(ctx, http.MethodPut, escape(c.Path), c.asset.Body); err != nil {
			return err
		}
	}
	return nil
}

// Rollover gives the data streams that the changes are about a new index, since one
// that exists keeps the fields that it began with. It returns their names.
func (s *Admin) Rollover(ctx context.Context, changes []Change) (done []string, err error) {
	if !slices.ContainsFunc(changes, func(c Change) bool { return strings.Contains(c.Path, "_template/") && !c.New }) {
		return nil, nil
	}
	answer, err := s.get(ctx, "_resolve/index/logs-brandmelder.*")
	if err != nil {
		return nil, err
	}
	list, _ := answer["data_streams"].([]any)
	for _, one := range list {
		o, _ := one.(object)
		name := text(o["name"])
		if !concerns(changes, name) {
			continue
		}
		if _, err := s.do(ctx, http.MethodPost, name+"/_rollover", nil); err != nil {
			return done, err
		}
		done = append(done, name)
	}
	return done, nil
}

// concerns reports whether a change is about a data stream.
func concerns(changes []Change, stream string) bool {
	for _, c := range changes {
		_, name, _ := strings.Cut(c.Path, "/")
		switch {
		case c.New || !strings.Contains(c.Path, "_template/"):
		case name == settingsName, strings.HasPrefix(stream, name), strings.HasSuffix(name, "@tenant"):
			return true
		case strings.HasPrefix(stream, "logs-"+strings.TrimSuffix(name, "@mappings")+"-"):
			return true
		}
	}
	return false
}

// diff lists what differs between what stands and what should, by path. Servers add
// defaults and dates; what is more than it should be counts only in a mapping.
func diff(have, want object) (lines []string) {
	h, w := leaves(have), leaves(want)
	for _, path := range keys(h, w) {
		is, stands := h[path]
		should, wanted := w[path]
		if is == should && stands == wanted || !wanted && !strings.HasPrefix(path, "template.mappings.") {
			continue
		}
		if stands {
			lines = append(lines, "- "+path+": "+is)
		}
		if wanted {
			lines = append(lines, "+ "+path+": "+should)
		}
	}
	return lines
}

func keys(a, b map[string]string) (all []string) {
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// leaves are the values of an object by their paths. A server writes numbers and
// booleans of settings as text, so that text is what is compared.
func leaves(o object) map[string]string {
	out := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch x := v.(type) {
		case object:
			for name, inner := range x {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			if len(x) > 0 {
				if _, ok := x[0].(object); ok {
					for i, inner := range x {
						walk(path+"."+strconv.Itoa(i), inner)
					}
					return
				}
			}
			b, _ := json.Marshal(x)
			out[path] = string(b)
		default:
			out[path] = fmt.Sprint(v)
		}
	}
	walk("", o)
	return out
}
