package output

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var alarm = event.Doc{Dataset: "alert", ID: "a1b2c3d4e5", Time: noon, JSON: []byte(`{"@timestamp":"2026-03-01T12:00:00Z","message":"10.0.0.1 guessed\u202e| at é = 5\nlogins]","event":{"kind":"alert","severity":73},
	"rule":{"id":"login-bruteforce","category":"login-bruteforce"},"source":{"ip":"10.0.0.1"},"destination":{"ip":"10.0.0.2","port":22},"user":{"name":"ann"},
	"observer":{"name":"s1"},"brandmelder":{"text":{"nl":{"message":"10.0.0.1 raadde 5 keer.","steps":["Bel de beheerder."]}}}}`)}

func openOf(t *testing.T, name string, env Env, set func(Settings)) Sink {
	t.Helper()
	s := specOf(t, name).Settings()
	set(s)
	sink, err := specOf(t, name).Open(env, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return sink
}

// pair is a certificate for 127.0.0.1 that signs itself, and its file.
func pair(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

const plainLine = `<107>1 2026-03-01T12:00:00.000000Z s1 brandmelder - alert [brandmelder@32473 id="a1b2c3d4e5" severity="73" rule="login-bruteforce" family="login-bruteforce" src="10.0.0.1" dst="10.0.0.2"] 10.0.0.1 guessed | at é = 5 logins]`

func TestSyslogOverUDP(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sink := openOf(t, "syslog", Env{Observer: "s1", Lang: "en"}, func(s Settings) {
		s.(*syslogSettings).Address, s.(*syslogSettings).Transport = l.LocalAddr().String(), "udp"
	})
	if err := sink.Write(t.Context(), []event.Doc{alarm}); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _, err := l.ReadFrom(b)
	if got := string(b[:n]); err != nil || got != plainLine {
		t.Errorf("%v\n%s\n%s", err, got, plainLine)
	}
}

// Over TLS each message stands behind its length; a connection that ended is opened anew
// before anything is written into it.
func TestSyslogOverTLS(t *testing.T) {
	cert, ca := pair(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			var n int
			if _, err := fmt.Fscanf(r, "%d ", &n); err == nil {
				b := make([]byte, n)
				io.ReadFull(r, b)
				got <- string(b)
			}
			c.Close()
		}
	}()
	sink := openOf(t, "syslog", Env{Observer: "s1", Lang: "nl"}, func(s Settings) {
		c := s.(*syslogSettings)
		c.Address, c.CAFile, c.Format = l.Addr().String(), ca, "cef"
	})
	want := `CEF:0|Brandmelder|Brandmelder||login-bruteforce|login-bruteforce|7|rt=1772366400000 externalId=a1b2c3d4e5 src=10.0.0.1 dst=10.0.0.2 dpt=22 suser=ann dvchost=s1 cat=login-bruteforce msg=10.0.0.1 raadde 5 keer.`
	for range 2 {
		if err := sink.Write(t.Context(), []event.Doc{alarm}); err != nil {
			t.Fatal(err)
		}
		if line := <-got; !strings.HasSuffix(line, want) {
			t.Errorf("%s\n%s", line, want)
		}
		for s := sink.(*syslog); !hungUp(s.conn); {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestWebhook(t *testing.T) {
	var heard []string
	status := 200
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		heard = append(heard, r.Header.Get("X-Token")+" "+r.Header.Get("Idempotency-Key")+" "+string(b))
		w.WriteHeader(status)
	}))
	defer web.Close()
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("X-Token: hunter2\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BM_HOOK", web.URL+"/secret/path")
	var dead []Dead
	sink := openOf(t, "webhook", Env{Dead: func(d []Dead) error { dead = append(dead, d...); return nil }}, func(s Settings) {
		s.(*webhookSettings).URL, s.(*webhookSettings).HeadersFile = "${BM_HOOK}", headers
	})
	if err := sink.Write(t.Context(), []event.Doc{alarm}); err != nil || len(heard) != 1 || heard[0] != "hunter2 a1b2c3d4e5 "+string(alarm.JSON) {
		t.Errorf("%v %q", err, heard)
	}
	for code, wants := range map[int]string{500: "status 500", 302: "status 302", 401: "status 401", 422: ""} {
		status = code
		err := sink.Write(t.Context(), []event.Doc{alarm})
		if (err == nil) != (wants == "") || err != nil && (!strings.Contains(err.Error(), wants) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%d: %v", code, err)
		}
	}
	if len(dead) != 1 || dead[0].Status != 422 {
		t.Error(dead)
	}
	web.Close()
	err := sink.Write(t.Context(), []event.Doc{alarm})
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(fmt.Sprintf("%+v", sink), "hunter2") {
		t.Error(err)
	}
	if s := (&webhookSettings{URL: "https://hooks.example/secret"}); s.Where() != "https://hooks.example" {
		t.Error(s.Where())
	}
}

// post is a mail server for one mail.
func post(t *testing.T, config *tls.Config, rcpt string) (address string, got chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 here\r\n")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
			case "EHLO":
				fmt.Fprint(conn, "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
			case "STARTTLS":
				fmt.Fprint(conn, "220 go\r\n")
				c := tls.Server(conn, config)
				conn, r = c, bufio.NewReader(c)
			case "RCPT":
				fmt.Fprint(conn, rcpt+"\r\n")
			case "DATA":
				fmt.Fprint(conn, "354 go\r\n")
				var b bytes.Buffer
				for line, err := r.ReadString('\n'); err == nil && line != ".\r\n"; line, err = r.ReadString('\n') {
					b.WriteString(line)
				}
				got <- b.String()
				fmt.Fprint(conn, "250 taken\r\n")
			case "AUTH":
				fmt.Fprint(conn, "235 fine\r\n")
			case "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
				return
			default:
				fmt.Fprint(conn, "250 fine\r\n")
			}
		}
	}()
	return l.Addr().String(), got
}

func TestMail(t *testing.T) {
	cert, ca := pair(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	address, got := post(t, config, "250 fine")
	t.Setenv("BM_MAIL", "hunter2")
	var dead []Dead
	set := func(s Settings) {
		m := s.(*mailSettings)
		m.Server, m.From, m.To, m.CAFile, m.User, m.Password = address, "Brandmelder <bm@example.nl>", []string{"soc@example.nl", "ciso@example.nl"}, ca, "bm", "${BM_MAIL}"
	}
	env := Env{Lang: "nl", Dead: func(d []Dead) error { dead = append(dead, d...); return nil }}
	if err := openOf(t, "mail", env, set).Write(t.Context(), []event.Doc{alarm}); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(<-got))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	body, _ := io.ReadAll(quotedprintable.NewReader(m.Body))
	if subject != "Brandmelder: hoog: 10.0.0.1 raadde 5 keer." || m.Header.Get("Message-ID") != "<a1b2c3d4e5@brandmelder>" ||
		!strings.Contains(string(body), "1. Bel de beheerder.") || !strings.Contains(string(body), "Bekijk het met: brandmelder alerts show a1b2c3d4") {
		t.Errorf("%s\n%s", subject, body)
	}
	address, _ = post(t, config, "550 no such person")
	if err := openOf(t, "mail", env, set).Write(t.Context(), []event.Doc{alarm}); err != nil || len(dead) != 1 || dead[0].Status != 550 {
		t.Error(err, dead)
	}
	address, _ = post(t, config, "451 later")
	if err := openOf(t, "mail", env, set).Write(t.Context(), []event.Doc{alarm}); err == nil || len(dead) != 1 {
		t.Error(err, dead)
	}
}

// What cannot work is said before anything runs, and no secret in it.
func TestRemoteOutputsRefuse(t *testing.T) {
	for want, s := range map[string]Settings{
		"syslog: address":        &syslogSettings{Address: "host"},
		"choose udp, tcp or tls": &syslogSettings{Address: "host:1", Transport: "smoke"},
		"choose plain or cef":    &syslogSettings{Address: "host:1", Transport: "udp", Format: "xml"},
		"choose 0 to 23":         &syslogSettings{Address: "host:1", Transport: "udp", Format: "cef", Facility: 99},
		"https://host/path":      &webhookSettings{URL: "hunter2"},
		"mail: server":           &mailSettings{Server: "host"},
		"at least one":           &mailSettings{Server: "host:25"},
		"is not an address":      &mailSettings{Server: "host:25", From: "me", To: []string{"a@b.nl"}},
		"not sent without TLS":   &mailSettings{Server: "host:25", From: "a@b.nl", To: []string{"a@b.nl"}, TLS: "none", User: "u"},
		"refresh_interval":       &Elasticsearch{},
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", s), "*output."), "Settings")
		_, err := specOf(t, strings.ToLower(name)).Open(Env{}, s)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A sample is drawn by the id, and a smaller one is a part of a larger one.
func TestChoice(t *testing.T) {
	c := Choice{What: Everything, Datasets: map[string]Share{"dns": 4, "flow": 0}}
	fewer := Choice{What: Everything, Datasets: map[string]Share{"dns": 8}}
	n := 0
	for i := range 4000 {
		d := event.Doc{Dataset: "dns", ID: fmt.Sprintf("%x", i*7919)}
		if c.Wants(&d) {
			n++
		} else if fewer.Wants(&d) {
			t.Fatal("one in eight has what one in four has not")
		}
	}
	if n < 800 || n > 1200 {
		t.Errorf("%d of 4000", n)
	}
	grown := event.Doc{Dataset: "alert", JSON: []byte(`{"event":{"kind":"event","action":"alert-updated"}}`)}
	hushed := event.Doc{Dataset: "alert", JSON: []byte(`{"event":{"kind":"alert"},"brandmelder":{"suppression":{"id":"x"}}}`)}
	opened := event.Doc{Dataset: "incident", JSON: []byte(`{"event":{"action":"incident-opened"}}`)}
	alive := event.Doc{Dataset: "flow", JSON: []byte(`{"event":{"action":"flow-alive"}}`)}
	ended := event.Doc{Dataset: "flow", JSON: []byte(`{"event":{"action":"flow-end"}}`)}
	for _, test := range []struct {
		what string
		d    *event.Doc
		want bool
	}{
		{Alerts, &alarm, true}, {Alerts, &grown, false}, {Alerts, &hushed, false}, {Alerts, &opened, false},
		{Incidents, &alarm, false}, {Incidents, &opened, true},
		{Everything, &alarm, true}, {Everything, &grown, true}, {Everything, &hushed, true}, {Everything, &ended, true}, {Everything, &alive, false},
	} {
		if got := (Choice{What: test.what}).Wants(test.d); got != test.want {
			t.Errorf("%s wants %s: %v", test.what, test.d.JSON, got)
		}
	}
}
