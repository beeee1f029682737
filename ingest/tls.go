package ingest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// roundTrips makes one transport a host, so that each checks the certificate against
// the name that it was asked for, also behind a proxy.
func (s *Settings) roundTrips(hosts []*url.URL) (perHost, error) {
	proxy, err := s.proxy()
	if err != nil {
		return nil, err
	}
	trips := perHost{}
	for _, u := range hosts {
		config, err := s.tlsConfig(u.Hostname())
		if err != nil {
			return nil, err
		}
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy, t.TLSClientConfig = proxy, config
		t.ForceAttemptHTTP2 = false // one request at a time; a stream of HTTP/2 outlives its deadline
		t.TLSHandshakeTimeout, t.IdleConnTimeout = 10*time.Second, time.Minute
		t.DisableCompression = false
		trips[u.Host] = t
	}
	return trips, nil
}

type perHost map[string]*http.Transport

func (p perHost) RoundTrip(r *http.Request) (*http.Response, error) {
	return p[r.URL.Host].RoundTrip(r)
}

func (s *Settings) proxy() (func(*http.Request) (*url.URL, error), error) {
	if s.Proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(s.Proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("elasticsearch: proxy: write it as http://name:3128")
	}
	return http.ProxyURL(u), nil
}

func (s *Settings) tlsConfig(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("elasticsearch: ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("elasticsearch: ca_file: %s holds no certificate in PEM", s.CAFile)
		}
	}
	if s.CertFile != "" || s.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(s.CertFile, cmp.Or(s.KeyFile, s.CertFile))
		if err != nil {
			return nil, fmt.Errorf("elasticsearch: cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if s.Fingerprint != "" {
		pin, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s.Fingerprint))
		if err != nil || len(pin) != sha256.Size {
			return nil, errors.New("elasticsearch: fingerprint: write the SHA-256 of a certificate in hex, 64 digits")
		}
		c.InsecureSkipVerify = true // VerifyConnection does it, against the pin
		c.VerifyConnection = func(state tls.ConnectionState) error { return pinned(state.PeerCertificates, pin, host, time.Now()) }
	}
	return c, nil
}

// pinned accepts the server's own certificate if it is the pinned one, or one that
// the pinned authority signed for this host. That the pinned certificate is merely
// sent along proves nothing: anyone can send it.
func pinned(chain []*x509.Certificate, pin []byte, host string, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("the server sent no certificate")
	}
	is := func(c *x509.Certificate) bool { sum := sha256.Sum256(c.Raw); return bytes.Equal(sum[:], pin) }
	if is(chain[0]) {
		return nil
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	for _, c := range chain[1:] {
		if is(c) {
			roots := x509.NewCertPool()
			roots.AddCert(c)
			_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: now})
			return err
		}
	}
	return errors.New("neither the server's certificate nor an authority that it sent has the pinned fingerprint")
}
