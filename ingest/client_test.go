package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// authority is a certificate with its key; by signs it, nil itself.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func issue(t *testing.T, name string, ca bool, by *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, DNSNames: []string{name}}
	if ip := net.ParseIP(name); ip != nil {
		c.DNSNames, c.IPAddresses = nil, []net.IP{ip}
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	return &authority{cert, key}
}

func (a *authority) print() string {
	sum := sha256.Sum256(a.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// files writes certificate and key as PEM.
func (a *authority) files(t *testing.T) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der, _ := x509.MarshalPKCS8PrivateKey(a.key)
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: a.cert.Raw}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// secure starts a fake that shows these certificates, its own first.
func secure(t *testing.T, clients *authority, own *authority, more ...*authority) string {
	t.Helper()
	web := httptest.NewUnstartedServer(fake.New())
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	chain := [][]byte{own.cert.Raw}
	for _, a := range more {
		chain = append(chain, a.cert.Raw)
	}
	web.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: own.key}}}
	if clients != nil {
		web.TLS.ClientAuth, web.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		web.TLS.ClientCAs.AddCert(clients.cert)
	}
	web.StartTLS()
	t.Cleanup(web.Close)
	return web.URL
}

func greet(t *testing.T, s Settings) error {
	t.Helper()
	c, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Hello(t.Context())
	return err
}

// A pin is of the server's certificate or of the authority that signed it, and a
// pinned certificate that is merely sent along is not believed.
func TestFingerprint(t *testing.T) {
	ca, other := issue(t, "ca", true, nil), issue(t, "other", true, nil)
	own, forged, elsewhere := issue(t, "127.0.0.1", false, ca), issue(t, "127.0.0.1", false, other), issue(t, "10.0.0.1", false, ca)
	for name, test := range map[string]struct {
		pin  *authority
		url  string
		fine bool
	}{
		"the server's own":                 {own, secure(t, nil, own), true},
		"its authority, sent along":        {ca, secure(t, nil, own, ca), true},
		"its authority, not sent":          {ca, secure(t, nil, own), false},
		"an authority that did not sign":   {ca, secure(t, nil, forged, ca), false},
		"another server of that authority": {ca, secure(t, nil, elsewhere, ca), false},
		"another server's own":             {own, secure(t, nil, forged, own), false},
	} {
		text := strings.ToUpper(test.pin.print())
		err := greet(t, Settings{Hosts: []string{test.url}, Fingerprint: text[:2] + ":" + text[2:]})
		if (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAuthorityAndClientCertificate(t *testing.T) {
	ca := issue(t, "ca", true, nil)
	own, mine := issue(t, "127.0.0.1", false, ca), issue(t, "sensor", false, ca)
	caFile, _ := ca.files(t)
	cert, key := mine.files(t)
	host := []string{secure(t, ca, own)}
	if err := greet(t, Settings{Hosts: host, CAFile: caFile, CertFile: cert, KeyFile: key}); err != nil {
		t.Error(err)
	}
	if err := greet(t, Settings{Hosts: host, CAFile: caFile}); err == nil {
		t.Error("taken without a certificate")
	}
	if err := greet(t, Settings{Hosts: host, CertFile: cert, KeyFile: key}); err == nil {
		t.Error("an unknown authority was believed")
	}
}

// The key is taken in every form in which people have it, from every place.
func TestAPIKey(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("id:key"))
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for i, text := range []string{"id:key", "id:key\n", encoded, encoded + "\n", encoded[:4] + "\n" + encoded[4:] + "\r\n"} {
		name := fmt.Sprint("key", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("BM_TEST_KEY", text)
		for _, s := range []Settings{{APIKeyFile: name}, {APIKeyFile: filepath.Join(dir, name)}, {APIKey: "${BM_TEST_KEY}"}} {
			header, err := s.authorization()
			if err != nil || header.Reveal() != "ApiKey "+encoded {
				t.Errorf("%q by %+v: %v", text, s, err)
			}
		}
	}
	t.Setenv("BM_TEST_KEY", "what is this")
	if _, err := Open(Settings{Hosts: []string{"http://a"}, APIKey: "${BM_TEST_KEY}"}); err == nil || strings.Contains(err.Error(), "what is") {
		t.Error(err)
	}
}

// Whatever is printed of a client, of its errors and of its logs, the key is in none of
// it, also not in base64.
func TestTheKeyIsNeverPrinted(t *testing.T) {
	const id, key = "VuaCfGcBCdbkQm", "ui2lp2axTNmsyakw"
	t.Setenv("BM_TEST_KEY", id+":"+key)
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, f := range []fake.Fault{fake.Unauthorized, fake.Page, fake.CutAfter, fake.Redirect, fake.HalfOpen} {
		b := newBench(t, Settings{APIKey: "${BM_TEST_KEY}"})
		b.Next(f)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		_, err := b.client.bulk(ctx, tenant, []*event.Doc{{ID: "a", JSON: []byte("{}")}})
		stop()
		logger.Debug("x", "client", b.client, "err", err)
		fmt.Fprintf(&out, "%v %+v %#v %v %+v", b.client, b.client, b.client, err, b.client.transport)
	}
	for _, secret := range []string{key, id, base64.StdEncoding.EncodeToString([]byte(id + ":" + key))[:20]} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is in it", secret)
		}
	}
	if out.Len() < 1000 {
		t.Error("nothing was printed")
	}
}

// What answers is known before anything is sent, and spoken to as it wants.
func TestServers(t *testing.T) {
	for name, test := range map[string]struct {
		header, body, want, types string
		status                    int
	}{
		"elasticsearch 8": {"Elasticsearch", `{"version":{"number":"8.17.0"}}`, "Elasticsearch 8.17.0", "application/vnd.elasticsearch+json;compatible-with=8", 200},
		"elasticsearch 9": {"Elasticsearch", `{"version":{"number":"9.4.3"}}`, "Elasticsearch 9.4.3", "application/vnd.elasticsearch+json;compatible-with=8", 200},
		"may only write":  {"Elasticsearch", `{"error":{"type":"security_exception"}}`, "Elasticsearch", "application/vnd.elasticsearch+json;compatible-with=8", 403},
		"opensearch":      {"", `{"version":{"number":"2.19.6","distribution":"opensearch"}}`, "OpenSearch 2.19.6", "application/json", 200},
		"elasticsearch 7": {"Elasticsearch", `{"version":{"number":"7.17.0"}}`, "too old", "", 200},
		"a proxy":         {"", `<html>`, "is not of Elasticsearch", "", 200},
		"another product": {"", `{"version":{"number":"8.0.0"}}`, "is a proxy in between", "", 200},
		"a login page":    {"", "", "points elsewhere", "", 302},
		"a wrong key":     {"Elasticsearch", "", "the key or password is not taken", "", 401},
	} {
		types := ""
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Elastic-Product", test.header)
			w.Header().Set("Location", "/login")
			if r.URL.Path != "/" {
				types = r.Header.Get("Content-Type")
				return
			}
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}))
		c, err := Open(Settings{Hosts: []string{web.URL}})
		if err != nil {
			t.Fatal(err)
		}
		server, err := c.Hello(t.Context())
		said := fmt.Sprint(server, err)
		if !strings.Contains(said, test.want) || (err == nil) != (test.types != "") {
			t.Errorf("%s: %s", name, said)
		}
		if test.types != "" {
			esapi.SearchRequest{Body: strings.NewReader("{}")}.Do(t.Context(), c)
			if types != test.types {
				t.Errorf("%s: asked with %q", name, types)
			}
		}
		web.Close()
	}
}

// A host that is away is not the end: the next one is tried.
func TestSeveralHosts(t *testing.T) {
	b := newBench(t, Settings{Hosts: []string{"http://127.0.0.1:1"}})
	docs := docsOf(5, "a")
	if err := b.sender().Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	b.once(t, docs)
}

func TestProxy(t *testing.T) {
	b := newBench(t, Settings{})
	to, _ := url.Parse(b.url)
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
	}))
	defer proxy.Close()
	if err := greet(t, Settings{Hosts: []string{"http://elastic.invalid:9200"}, Proxy: proxy.URL}); err != nil || asked != 1 {
		t.Error(err, asked)
	}
}

// Nothing was sent where there is no server, so nothing has to be asked for.
func TestUnsent(t *testing.T) {
	c, err := Open(Settings{Hosts: []string{"http://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.bulk(t.Context(), tenant, nil); !errors.Is(err, errUnsent) {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for want, s := range map[string]Settings{
		"name at least one":     {},
		"write each as https":   {Hosts: []string{"elastic:9200"}},
		"no names and password": {Hosts: []string{"https://u:hunter2@elastic:9200"}},
		"need https":            {Hosts: []string{"http://elastic:9200"}, Fingerprint: "aa"},
		"64 digits":             {Hosts: []string{"https://elastic:9200"}, Fingerprint: "aa"},
		"no such file":          {Hosts: []string{"https://elastic:9200"}, CAFile: "/nowhere"},
		"no certificate in PEM": {Hosts: []string{"https://elastic:9200"}, CAFile: "client.go"},
		"cert_file":             {Hosts: []string{"https://elastic:9200"}, CertFile: "client.go"},
		"write it as http":      {Hosts: []string{"https://elastic:9200"}, Proxy: "proxy"},
		"does not stand in the": {Hosts: []string{"https://elastic:9200"}, APIKey: "hunter2"},
		"not both":              {Hosts: []string{"https://elastic:9200"}, APIKey: "${HOME}", User: "elastic"},
	} {
		if _, err := Open(s); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
