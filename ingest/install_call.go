package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Transport sends a request to a server; Client is one.
type Transport interface {
	Perform(*http.Request) (*http.Response, error)
}

// Admin sets up a server. Its key may do more than a sensor's.
type Admin struct{ Transport Transport }

const (
	// A server that has just started says 503 until the shards of its own indices are there.
	unreadyTries = 20
	unreadyPause = 500 * time.Millisecond
)

// Call sends one request of the API and reads its answer, whatever its status. What may
// be said twice waits for a server that is not ready.
func (s *Admin) Call(ctx context.Context, method, path string, body object) (answer object, status int, err error) {
	for n := 1; ; n++ {
		answer, status, err = s.call(ctx, method, path, body)
		if err != nil || status != http.StatusServiceUnavailable || method == http.MethodPost || n == unreadyTries {
			return answer, status, err
		}
		if err := Sleep(ctx, unreadyPause); err != nil {
			return nil, 0, err
		}
	}
}

func (s *Admin) call(ctx context.Context, method, path string, body object) (answer object, status int, err error) {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "/"+strings.TrimPrefix(path, "/"), content)
	if err != nil {
		return nil, 0, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := s.Transport.Perform(r)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil { // some say no in plain text
		answer = object{"error": strings.TrimSpace(string(raw))}
	}
	return answer, response.StatusCode, nil
}

// do is Call where only success will do.
func (s *Admin) do(ctx context.Context, method, path string, body object) (object, error) {
	answer, status, err := s.Call(ctx, method, path, body)
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s /%s: %s", method, strings.TrimPrefix(path, "/"), reason(answer, status))
	}
	return answer, err
}

func (s *Admin) get(ctx context.Context, path string) (object, error) {
	return s.do(ctx, http.MethodGet, path, nil)
}

// reason is why a server said no, in its words: the innermost cause.
func reason(answer object, status int) string {
	said := text(answer["error"])
	failure, _ := answer["error"].(object)
	for failure != nil {
		if r := text(failure["reason"]); r != "" {
			said = r
		}
		failure, _ = failure["caused_by"].(object)
	}
	return strings.TrimSpace(fmt.Sprintf("status %d %s", status, said))
}

// escape makes the last part of a path of a name.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
