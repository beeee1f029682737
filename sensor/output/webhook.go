package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/secret"
)

func init() {
	register(Spec{
		Name: "webhook", Doc: "a POST of each document as JSON, with headers of your own", Remote: true, What: Alerts, PerMinute: 30, Single: true,
		Settings: func() Settings { return &webhookSettings{Timeout: 10 * time.Second} }, Open: openWebhook,
	})
}

type webhookSettings struct {
	URL         string        `yaml:"url"`          // https://host/path, or ${VARIABLE} where it is itself a secret
	HeadersFile string        `yaml:"headers_file"` // lines "Name: value", as api_key_file
	CAFile      string        `yaml:"ca_file"`
	CertFile    string        `yaml:"cert_file"`
	KeyFile     string        `yaml:"key_file"`
	Timeout     time.Duration `yaml:"timeout"`
}

// Where is the host: the path may be a secret.
func (w *webhookSettings) Where() string {
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" {
		return "an address of its own"
	}
	return u.Scheme + "://" + u.Host
}

type webhook struct {
	to      secret.Text
	headers []secret.Text
	client  *http.Client
	env     Env
}

func openWebhook(env Env, settings Settings) (Sink, error) {
	s := settings.(*webhookSettings)
	w := &webhook{env: env, to: secret.New(s.URL)}
	var err error
	if strings.HasPrefix(s.URL, "${") {
		if w.to, err = secret.Read("", s.URL); err != nil {
			return nil, fmt.Errorf("webhook: url: %w", err)
		}
	}
	u, err := url.Parse(w.to.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("webhook: url: write it as https://host/path")
	}
	lines, err := secret.Read(s.HeadersFile, "")
	if err != nil {
		return nil, fmt.Errorf("webhook: headers_file: %w", err)
	}
	for n, line := range strings.Split(lines.Reveal(), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if name, _, ok := strings.Cut(line, ":"); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("webhook: headers_file: line %d is not Name: value", n+1)
		}
		w.headers = append(w.headers, secret.New(line))
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	config, err := tlsOf(u.Hostname()+":"+port, s.CAFile, s.CertFile, s.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	w.client = &http.Client{Timeout: s.Timeout, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w, nil
}

// Write posts each document. Its id stands in a header, so that the receiver can tell a
// repeat.
func (w *webhook) Write(ctx context.Context, docs []event.Doc) error {
	for i := range docs {
		if err := w.post(ctx, &docs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *webhook) post(ctx context.Context, d *event.Doc) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.to.Reveal(), bytes.NewReader(d.JSON))
	if err != nil {
		return errors.New("webhook: the url cannot be used")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", d.ID)
	r.Header.Set("User-Agent", "brandmelder")
	for _, h := range w.headers {
		name, value, _ := strings.Cut(h.Reveal(), ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	answer, err := w.client.Do(r)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err // without the url
		}
		return fmt.Errorf("webhook: %w", err)
	}
	io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	answer.Body.Close()
	switch status := answer.StatusCode; {
	case status < 300:
		return nil
	case status == 400 || status == 413 || status == 415 || status == 422:
		return w.env.Dead([]Dead{{Doc: *d, Status: status, Type: "webhook", Reason: "the receiver will not take it"}})
	default:
		return fmt.Errorf("webhook: status %d", status)
	}
}

func (w *webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
