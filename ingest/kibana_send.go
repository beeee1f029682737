package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// Kibana takes dashboards and rules. They run with the rights of whoever sends them.
type Kibana struct {
	base   string
	client *http.Client
}

// OpenKibana checks the settings, whose one host is Kibana. It sends nothing.
func OpenKibana(s Settings) (*Kibana, error) {
	hosts, carrier, err := s.carrier()
	if err != nil {
		return nil, err
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the key is for this host
	return &Kibana{strings.TrimSuffix(hosts[0].String(), "/"), &http.Client{Transport: carrier, Timeout: s.Timeout, CheckRedirect: stay}}, nil
}

// Send puts objects and rules, each a file of lines, into a space, which is made if it
// is not there. What the tenant had of us under the same ids is overwritten.
func (k *Kibana) Send(ctx context.Context, space string, objects, rules []byte) ([]string, error) {
	if err := k.makeSpace(ctx, space); err != nil {
		return nil, err
	}
	var done []string
	for _, part := range []struct {
		what, path string
		file       []byte
	}{
		{"saved objects", "/api/saved_objects/_import?overwrite=true", objects},
		{"rules", "/api/detection_engine/rules/_import?overwrite=true&overwrite_exceptions=false&overwrite_action_connectors=false", rules},
	} {
		answer, err := k.upload(ctx, k.in(space)+part.path, part.file)
		if err != nil {
			return done, fmt.Errorf("kibana: %s: %w", part.what, err)
		}
		done = append(done, fmt.Sprintf("%s in space %s: %v", part.what, space, first(answer, "success_count", "successCount")))
	}
	return done, nil
}

func first(o object, names ...string) any {
	for _, n := range names {
		if o[n] != nil {
			return o[n]
		}
	}
	return nil
}

func (k *Kibana) in(space string) string {
	if space == "default" {
		return k.base
	}
	return k.base + "/s/" + url.PathEscape(space)
}

func (k *Kibana) makeSpace(ctx context.Context, space string) error {
	if space == "default" {
		return nil
	}
	_, status, err := k.call(ctx, http.MethodGet, k.base+"/api/spaces/space/"+url.PathEscape(space), "", nil)
	if err != nil || status == http.StatusOK {
		return err
	}
	if status != http.StatusNotFound {
		return fmt.Errorf("kibana: space %s: status %d", space, status)
	}
	body, err := json.Marshal(object{"id": space, "name": space, "description": "Brandmelder"})
	if err != nil {
		return err
	}
	answer, status, err := k.call(ctx, http.MethodPost, k.base+"/api/spaces/space", "application/json", body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("kibana: space %s: status %d %s", space, status, text(answer["message"]))
	}
	return err
}

// upload sends a file; Kibana says 200 even where it took only a part of it.
func (k *Kibana) upload(ctx context.Context, path string, file []byte) (object, error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "brandmelder.ndjson")
	if err != nil {
		return nil, err
	}
	part.Write(file)
	if err := form.Close(); err != nil {
		return nil, err
	}
	answer, status, err := k.call(ctx, http.MethodPost, path, form.FormDataContentType(), b.Bytes())
	if err != nil {
		return nil, err
	}
	failed, _ := answer["errors"].([]any)
	switch {
	case status != http.StatusOK:
		return nil, fmt.Errorf("status %d %s", status, text(answer["message"]))
	case len(failed) > 0:
		said, _ := json.Marshal(failed[0])
		return nil, fmt.Errorf("%d were not taken; the first: %s", len(failed), excerpt(said))
	case answer["success"] != true:
		return nil, fmt.Errorf("not all were taken")
	}
	return answer, nil
}

func (k *Kibana) call(ctx context.Context, method, path, kind string, body []byte) (answer object, status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("kbn-xsrf", "brandmelder")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	response, err := k.client.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("kibana: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, 0, fmt.Errorf("kibana: %w", err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil && response.StatusCode == http.StatusOK {
		return nil, 0, fmt.Errorf("kibana: %s is no answer of Kibana: %s", path, excerpt(raw))
	}
	return answer, response.StatusCode, nil
}
