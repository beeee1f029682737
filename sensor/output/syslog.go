package output

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "syslog", Doc: "messages of syslog (RFC 5424) over UDP, TCP or TLS, plain or in CEF", Remote: true, What: Alerts,
		Settings: func() Settings {
			return &syslogSettings{Transport: "tls", Format: "plain", Facility: 13, Timeout: 10 * time.Second}
		},
		Open: openSyslog,
	})
}

type syslogSettings struct {
	Address   string        `yaml:"address"`   // host:port
	Transport string        `yaml:"transport"` // udp, tcp or tls
	Format    string        `yaml:"format"`    // plain or cef
	Facility  int           `yaml:"facility"`  // RFC 5424, 6.2.1; 13 is log audit
	CAFile    string        `yaml:"ca_file"`   // PEM; "": the system's
	CertFile  string        `yaml:"cert_file"` // of this sensor
	KeyFile   string        `yaml:"key_file"`
	Timeout   time.Duration `yaml:"timeout"` // of connecting and of each write
}

// Where is the address.
func (s *syslogSettings) Where() string { return s.Transport + "://" + s.Address }

// syslog sends messages. A receiver does not acknowledge them: what was written to a
// connection that then broke is sent again, and counted as doubtful.
type syslog struct {
	syslogSettings
	host     string
	lang     string
	tls      *tls.Config
	conn     net.Conn
	doubtful uint64
}

func openSyslog(env Env, settings Settings) (Sink, error) {
	s := &syslog{syslogSettings: *settings.(*syslogSettings), host: env.Observer, lang: env.Lang}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return nil, errors.New("syslog: address: write it as host:port")
	}
	switch {
	case s.Transport != "udp" && s.Transport != "tcp" && s.Transport != "tls":
		return nil, fmt.Errorf("syslog: transport %q: choose udp, tcp or tls", s.Transport)
	case s.Format != "plain" && s.Format != "cef":
		return nil, fmt.Errorf("syslog: format %q: choose plain or cef", s.Format)
	case s.Facility < 0 || s.Facility > 23:
		return nil, fmt.Errorf("syslog: facility %d: choose 0 to 23", s.Facility)
	case s.Timeout <= 0:
		return nil, errors.New("syslog: timeout: write a time such as 10s")
	}
	var err error
	if s.Transport == "tls" {
		s.tls, err = tlsOf(s.Address, s.CAFile, s.CertFile, s.KeyFile)
	}
	return s, err
}

// tlsOf is the configuration of TLS for a server.
func tlsOf(address, caFile, certFile, keyFile string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM", caFile)
		}
	}
	if certFile != "" || keyFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func (s *syslog) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var err error
	switch s.Transport {
	case "udp":
		s.conn, err = new(net.Dialer).DialContext(ctx, "udp", s.Address)
	case "tcp":
		s.conn, err = new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	default:
		s.conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", s.Address)
	}
	if err != nil {
		s.conn = nil
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}

// maxDatagram is what any receiver takes without fragments (RFC 5426, 3.2, asks for 2048).
const maxDatagram = 2048

// Write sends a message for each document.
func (s *syslog) Write(ctx context.Context, docs []event.Doc) error {
	if s.conn != nil && s.Transport != "udp" && hungUp(s.conn) {
		s.drop()
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for i := range docs {
		m, err := messageOf(&docs[i], s.lang)
		if err != nil {
			return err
		}
		text := s.line(&m)
		if s.Transport == "udp" {
			text = text[:min(len(text), maxDatagram)]
		} else {
			text = fmt.Sprintf("%d %s", len(text), text) // octet counting, RFC 5425 and RFC 6587
		}
		s.conn.SetWriteDeadline(time.Now().Add(s.Timeout))
		if _, err := s.conn.Write([]byte(text)); err != nil {
			s.drop()
			s.doubtful += uint64(i)
			return fmt.Errorf("syslog: %w", err)
		}
	}
	return nil
}

// hungUp reports whether the other side has ended a connection, which a first write
// would not notice.
func hungUp(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	var late net.Error
	return err != nil && !(errors.As(err, &late) && late.Timeout())
}

func (s *syslog) drop() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// Doubtful counts messages that may have arrived and were sent again.
func (s *syslog) Doubtful() uint64 { return s.doubtful }

func (s *syslog) Close() error {
	s.drop()
	return nil
}

// levels are the severities of syslog.
func level(severity int) int {
	switch {
	case severity >= int(event.Critical):
		return 2
	case severity >= int(event.High):
		return 3
	case severity >= int(event.Medium):
		return 4
	}
	return 6
}

// line is a message of RFC 5424: UTF-8 with its mark only where the receiver may take
// it for something else is left out, as most receivers show it.
func (s *syslog) line(m *message) string {
	text := oneLine(m.Text)
	if s.Format == "cef" {
		text = cef(m)
	}
	return fmt.Sprintf("<%d>1 %s %s brandmelder - %s %s %s", s.Facility*8+level(m.Severity), m.Time.UTC().Format("2006-01-02T15:04:05.000000Z"),
		word(s.host, 255), word(m.Dataset, 32), structured(m), text)
}

// word is a field of the header: printable ASCII without a space, "-" for none.
func word(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return "-"
	}
	return text[:min(len(text), most)]
}

var quoteParam = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// structured is what machines read; 32473 is the number that RFC 5612 reserves for
// examples, and names nobody else's.
func structured(m *message) string {
	var b strings.Builder
	b.WriteString("[brandmelder@32473")
	for _, p := range [][2]string{{"id", m.ID}, {"severity", fmt.Sprint(m.Severity)}, {"rule", m.Rule}, {"family", m.Family}, {"src", m.Source.IP}, {"dst", m.Target.IP}, {"incident", m.Incident}} {
		if p[1] != "" {
			fmt.Fprintf(&b, ` %s="%s"`, p[0], quoteParam.Replace(oneLine(p[1])))
		}
	}
	return b.String() + "]"
}

var (
	quoteHead = strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	quotePair = strings.NewReplacer(`\`, `\\`, `=`, `\=`)
)

// cef is the Common Event Format, version 0 of the header.
func cef(m *message) string {
	head := quoteHead.Replace(oneLine(m.Rule))
	if head == "" {
		head = m.Dataset
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|Brandmelder|Brandmelder||%s|%s|%d|", head, quoteHead.Replace(oneLine(firstOf(m.Family, m.Action, m.Dataset))), (m.Severity+5)/10)
	for _, p := range [][2]string{
		{"rt", fmt.Sprint(m.Time.UnixMilli())}, {"externalId", m.ID}, {"src", m.Source.IP}, {"dst", m.Target.IP}, {"dpt", port(m.Target.Port)},
		{"suser", m.User}, {"dvchost", m.Observer}, {"cat", m.Family}, {"msg", m.Text},
	} {
		if p[1] != "" {
			fmt.Fprintf(&b, "%s=%s ", p[0], quotePair.Replace(oneLine(p[1])))
		}
	}
	return strings.TrimSpace(b.String())
}

func port(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
