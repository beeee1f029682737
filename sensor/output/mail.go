package output

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/secret"
)

func init() {
	register(Spec{
		Name: "mail", Doc: "a mail for each alert or incident, by SMTP with STARTTLS", Remote: true, What: Incidents, PerMinute: 6, Single: true,
		Settings: func() Settings { return &mailSettings{Timeout: 30 * time.Second, TLS: "starttls"} }, Open: openMail,
	})
}

type mailSettings struct {
	Server       string        `yaml:"server"` // host:port, such as mail.example.nl:587
	TLS          string        `yaml:"tls"`    // starttls, or none within the house
	From         string        `yaml:"from"`
	To           []string      `yaml:"to"`
	User         string        `yaml:"user"`
	PasswordFile string        `yaml:"password_file"`
	Password     string        `yaml:"password"` // ${VARIABLE}
	CAFile       string        `yaml:"ca_file"`
	Timeout      time.Duration `yaml:"timeout"` // of one mail
}

// Where is the server.
func (m *mailSettings) Where() string { return m.Server }

type mailer struct {
	mailSettings
	password secret.Text
	tls      *tls.Config
	env      Env
}

func openMail(env Env, settings Settings) (Sink, error) {
	m := &mailer{mailSettings: *settings.(*mailSettings), env: env}
	if _, _, err := net.SplitHostPort(m.Server); err != nil {
		return nil, errors.New("mail: server: write it as host:587")
	}
	if len(m.To) == 0 {
		return nil, errors.New("mail: to: name at least one address")
	}
	for _, a := range append([]string{m.From}, m.To...) {
		if _, err := mail.ParseAddress(a); err != nil {
			return nil, fmt.Errorf("mail: %q is not an address: %w", a, err)
		}
	}
	if m.TLS != "starttls" && m.TLS != "none" {
		return nil, fmt.Errorf("mail: tls %q: choose starttls or none", m.TLS)
	}
	if m.TLS == "none" && m.User != "" {
		return nil, errors.New("mail: a password is not sent without TLS")
	}
	var err error
	if m.password, err = secret.Read(m.PasswordFile, m.Password); err != nil {
		return nil, fmt.Errorf("mail: password: %w", err)
	}
	m.tls, err = tlsOf(m.Server, m.CAFile, "", "")
	return m, err
}

// Write sends a mail for each document.
func (m *mailer) Write(ctx context.Context, docs []event.Doc) error {
	for i := range docs {
		said, err := messageOf(&docs[i], m.env.Lang)
		if err != nil {
			return err
		}
		err = m.send(ctx, m.compose(&said))
		if e := (*textproto.Error)(nil); errors.As(err, &e) && e.Code >= 550 && e.Code <= 554 && e.Code != 551 {
			err = m.env.Dead([]Dead{{Doc: docs[i], Status: e.Code, Type: "mail", Reason: oneLine(e.Msg)}})
		}
		if err != nil {
			return fmt.Errorf("mail: %w", err)
		}
	}
	return nil
}

// send is one conversation with the server, within the timeout.
func (m *mailer) send(ctx context.Context, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	c, err := smtp.NewClient(conn, m.tls.ServerName)
	if err != nil {
		return err
	}
	if err := m.greet(c); err != nil {
		return err
	}
	from, _ := mail.ParseAddress(m.From)
	if err := c.Mail(from.Address); err != nil {
		return err
	}
	for _, to := range m.To {
		a, _ := mail.ParseAddress(to)
		if err := c.Rcpt(a.Address); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	c.Quit() // it is accepted; how the server says goodbye does not matter
	return nil
}

func (m *mailer) greet(c *smtp.Client) error {
	if m.TLS == "starttls" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the server offers no STARTTLS; tls: none sends in clear")
		}
		if err := c.StartTLS(m.tls); err != nil {
			return err
		}
	}
	if m.User == "" {
		return nil
	}
	return c.Auth(smtp.PlainAuth("", m.User, m.password.Reveal(), m.tls.ServerName))
}

// words of a mail, by language.
var mailWords = map[string]struct {
	levels        map[string]string
	from, id, see string
}{
	"en": {map[string]string{"CRITICAL": "critical", "HIGH": "high", "MEDIUM": "medium", "LOW": "low"}, "sensor", "id", "Look at it with"},
	"nl": {map[string]string{"CRITICAL": "kritiek", "HIGH": "hoog", "MEDIUM": "middel", "LOW": "laag"}, "sensor", "kenmerk", "Bekijk het met"},
}

// compose is the mail: a subject of one line, and the sentence with what to do next.
func (m *mailer) compose(said *message) []byte {
	words := mailWords["en"]
	if w, ok := mailWords[m.env.Lang]; ok {
		words = w
	}
	subject := Clip(fmt.Sprintf("Brandmelder: %s: %s", words.levels[Level(said.Severity)], oneLine(said.Text)), 120)
	var b bytes.Buffer
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", m.From)
	head("To", strings.Join(m.To, ", "))
	head("Subject", mime.QEncoding.Encode("utf-8", subject))
	head("Date", time.Now().Format(time.RFC1123Z))
	head("Message-ID", fmt.Sprintf("<%s@brandmelder>", word(said.ID, 200))) // the same when it is sent again
	head("Auto-Submitted", "auto-generated")
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	for _, line := range Wrap(said.Text, 76) {
		fmt.Fprint(q, line, "\r\n")
	}
	for i, step := range said.Steps {
		fmt.Fprintf(q, "\r\n%d. %s", i+1, strings.Join(Wrap(step, 72), "\r\n   "))
	}
	fmt.Fprintf(q, "\r\n\r\n%s: %s   %s: %s   %s\r\n", words.from, said.Observer, words.id, said.ID, said.Time.UTC().Format(time.RFC3339))
	if said.Dataset == "alert" {
		fmt.Fprintf(q, "%s: brandmelder alerts show %s\r\n", words.see, said.ID[:min(len(said.ID), 8)])
	}
	q.Close()
	return b.Bytes()
}

func (m *mailer) Close() error { return nil }
