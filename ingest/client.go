// Package ingest is everything that knows Elasticsearch. Its promise: a document
// that it was given is stored once, or it is kept and said why not; a secret never
// leaves it; no request lasts longer than its deadline.
package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

	"github.com/brandmelder/brandmelder/sensor/secret"
)

// Settings say where the server is and how it is reached; the keys are those of the
// configuration.
type Settings struct {
	Hosts        []string      `yaml:"hosts"`         // https://name:9200; several are taken in turns
	Proxy        string        `yaml:"proxy"`         // http://name:3128; "": that of the environment
	CAFile       string        `yaml:"ca_file"`       // PEM; "": the system's
	Fingerprint  string        `yaml:"fingerprint"`   // SHA-256 in hex of the server's certificate, or of the authority that signed it
	CertFile     string        `yaml:"cert_file"`     // PEM, of this sensor
	KeyFile      string        `yaml:"key_file"`      // PEM
	APIKeyFile   string        `yaml:"api_key_file"`  // a path, or the name of a systemd credential; holds id:key, also in base64
	APIKey       string        `yaml:"api_key"`       // ${VARIABLE}
	User         string        `yaml:"user"`          // instead of a key
	PasswordFile string        `yaml:"password_file"` // as api_key_file
	Password     string        `yaml:"password"`      // ${VARIABLE}
	Timeout      time.Duration `yaml:"timeout"`       // of one request with its answer
	Plain        bool          `yaml:"plain"`         // do not compress what is sent
}

// Defaults are the settings without a configuration.
func Defaults() Settings { return Settings{Timeout: 30 * time.Second} }

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// Client talks to one cluster. It is an esapi.Transport: give it to the requests of
// esapi. Answers are read whole before Perform returns, within the deadline.
// Several goroutines may use it.
type Client struct {
	transport *elastictransport.Client
	timeout   time.Duration
	plain     bool

	mu     sync.Mutex
	server *Server // nil: not asked yet
}

// Open checks the settings and reads keys and certificates. It sends nothing: the
// first request asks the server what it is.
func Open(s Settings) (*Client, error) {
	hosts, carrier, err := s.carrier()
	if err != nil {
		return nil, err
	}
	if s.Timeout <= 0 {
		s.Timeout = Defaults().Timeout
	}
	transport, err := elastictransport.New(elastictransport.Config{
		URLs: hosts, Transport: carrier, UserAgent: "brandmelder", DisableRetry: true, // a second try may store twice
	})
	if err != nil {
		return nil, fmt.Errorf("elasticsearch: %w", err)
	}
	return &Client{transport: transport, timeout: s.Timeout, plain: s.Plain}, nil
}

// carrier is what takes requests to the hosts, with the key and by the certificates.
func (s *Settings) carrier() (hosts []*url.URL, carrier http.RoundTripper, err error) {
	if hosts, err = s.hosts(); err != nil {
		return nil, nil, err
	}
	trips, err := s.roundTrips(hosts)
	if err != nil {
		return nil, nil, err
	}
	header, err := s.authorization()
	return hosts, &authorized{header, trips}, err
}

func (s *Settings) hosts() (list []*url.URL, err error) {
	for _, host := range s.Hosts {
		u, err := url.Parse(host)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return nil, errors.New("elasticsearch: hosts: write each as https://name:9200")
		case u.User != nil:
			return nil, errors.New("elasticsearch: hosts: no names and passwords there; see api_key_file")
		case u.Scheme == "http" && s.tls():
			return nil, fmt.Errorf("elasticsearch: %s: certificates and fingerprints need https", host)
		}
		list = append(list, u)
	}
	if len(list) == 0 {
		return nil, errors.New("elasticsearch: hosts: name at least one, such as https://name:9200")
	}
	return list, nil
}

func (s *Settings) tls() bool { return s.CAFile+s.Fingerprint+s.CertFile+s.KeyFile != "" }

// authorized adds the key on the way out, so that nothing above it holds it.
type authorized struct {
	header secret.Text
	next   http.RoundTripper
}

func (a *authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	if !a.header.Empty() {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", a.header.Reveal())
	}
	return a.next.RoundTrip(r)
}

// Perform sends a request of esapi within the deadline and reads its answer. An
// error says nothing about whether the server did what it was asked.
func (c *Client) Perform(r *http.Request) (*http.Response, error) {
	server, err := c.Hello(r.Context())
	if err != nil {
		return nil, err
	}
	server.speak(r)
	return c.do(r)
}

func (c *Client) do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), c.timeout)
	defer cancel()
	r = r.WithContext(ctx)
	if err := c.compress(r); err != nil {
		return nil, fmt.Errorf("elasticsearch: %w", err)
	}
	answer, err := c.transport.Perform(r)
	if err != nil {
		return nil, fmt.Errorf("elasticsearch: %w", c.late(ctx, err))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	answer.Body.Close()
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer has more than %d MiB", maxAnswer>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("elasticsearch: the answer of %s broke off: %w", r.URL.Host, c.late(ctx, err))
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// late words an error that is really the deadline's.
func (c *Client) late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no whole answer within %s", c.timeout)
	}
	return err
}

var squeezers = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}

// smallest is the size from which compressing pays.
const smallest = 1 << 10

// compress puts the body through gzip. The bytes are the request's own: the transport
// may still read them when the answer is there.
func (c *Client) compress(r *http.Request) error {
	if c.plain || r.Body == nil || r.ContentLength >= 0 && r.ContentLength < smallest {
		return nil
	}
	var b bytes.Buffer
	b.Grow(int(max(r.ContentLength, 0)) / 8)
	w := squeezers.Get().(*gzip.Writer)
	defer squeezers.Put(w)
	w.Reset(&b)
	_, err := io.Copy(w, r.Body)
	if err := errors.Join(err, w.Close(), r.Body.Close()); err != nil {
		return err
	}
	r.Header.Set("Content-Encoding", "gzip")
	r.Body, r.ContentLength = io.NopCloser(&b), int64(b.Len())
	return nil
}

// Close ends the connections that wait for the next request.
func (c *Client) Close() error { return c.transport.Close(context.Background()) }

// excerpt keeps messages short when a server sends a page of HTML.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}
