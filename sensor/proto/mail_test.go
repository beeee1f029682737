package proto

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func clearLogin(protocol, method, user string, o event.Outcome, reason string, attempt int64) *event.Login {
	return &event.Login{Protocol: protocol, Method: method, User: user, Outcome: o, Reason: reason, Clear: true, Attempt: attempt}
}

func TestPOP3(t *testing.T) {
	d := readDialogue(t, "testdata/pop3/hit-session.hex")
	logins := []*event.Login{
		clearLogin("pop3", "password", "ann@example.org", event.Failure, "", 1),
		clearLogin("pop3", "plain", "ann@example.org", event.Success, "", 2),
	}
	if d := cmp.Diff(logins, hear[*event.Login](&pop3Parser{rec: &POP3{}}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	want := []*POP3{{Retrieved: 1, Deleted: 1, Bytes: 36}}
	if d := cmp.Diff(want, hear[*POP3](&pop3Parser{rec: &POP3{}}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	apop := hear[*event.Login](&pop3Parser{rec: &POP3{}}, talk("<+OK <1@x>\r\n", "APOP ann 0123456789abcdef0123456789abcdef\r\n", "<+OK\r\n"))
	if len(apop) != 1 || apop[0].Clear || apop[0].Method != "apop" || apop[0].User != "ann" || apop[0].Outcome != event.Success {
		t.Errorf("APOP: %+v", apop)
	}
	if open := hear[*event.Login](&pop3Parser{rec: &POP3{}}, talk("<+OK x\r\n", "USER a\r\n", "<+OK\r\n", "PASS b\r\n")); len(open) != 1 || open[0].Outcome != event.Unknown {
		t.Errorf("without an answer: %+v", open)
	}
}

func TestIMAP(t *testing.T) {
	d := readDialogue(t, "testdata/imap/hit-session.hex")
	logins := []*event.Login{
		clearLogin("imap", "password", "ann", event.Failure, "AUTHENTICATIONFAILED", 1),
		clearLogin("imap", "password", "bob", event.Success, "", 2),
		clearLogin("imap", "login", "eve", event.Success, "", 3),
	}
	if d := cmp.Diff(logins, hear[*event.Login](&imapParser{rec: &IMAP{}}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]*IMAP{{Commands: 6, Fetched: 1}}, hear[*IMAP](&imapParser{rec: &IMAP{}}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// What follows the permission to encrypt is read as TLS.
func TestMailTurnsToTLS(t *testing.T) {
	for _, c := range []struct {
		p    Parser
		file string
	}{{&pop3Parser{rec: &POP3{}}, "pop3/hit-stls.hex"}, {&imapParser{rec: &IMAP{}}, "imap/hit-starttls.hex"}, {&smtpParser{}, "smtp/hit-starttls.hex"}} {
		if got := hear[*TLS](c.p, readDialogue(t, "testdata/"+c.file)); len(got) != 1 || got[0].Alert == "" {
			t.Errorf("%s: %+v", c.file, got)
		}
	}
}

func TestSMTP(t *testing.T) {
	d := readDialogue(t, "testdata/smtp/hit-session.hex")
	logins := []*event.Login{
		clearLogin("smtp", "login", "ann@example.org", event.Failure, "535", 1),
		clearLogin("smtp", "plain", "ann@example.org", event.Success, "235", 2),
	}
	if d := cmp.Diff(logins, hear[*event.Login](&smtpParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	got := hear[*SMTP](&smtpParser{}, d)
	want := &SMTP{Helo: "ws7", From: "example.org", To: []string{"example.net"}, Recipients: 1, Refused: 1, Bytes: 323, Reply: 250,
		Type: "multipart/mixed", Mailer: "Post 1.2", Kinds: []string{"application/zip"}, Classes: []string{"zip"}, Auth: true}
	if len(got) != 2 || got[1].Unknown != 1 {
		t.Fatalf("%d records: %+v", len(got), got)
	}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestSMTPChunks(t *testing.T) {
	got := hear[*SMTP](&smtpParser{}, readDialogue(t, "testdata/smtp/hit-chunks.hex"))
	if len(got) != 1 || got[0].Bytes != 30 || got[0].Type != "text/x-a" || got[0].Reply != 250 || got[0].Recipients != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSMTPGuessing(t *testing.T) {
	got := hear[*SMTP](&smtpParser{}, readDialogue(t, "testdata/smtp/hit-guessing.hex"))
	if len(got) != 2 || got[0].Unknown != 8 || got[1].Unknown != 9 || got[1].Known != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSMTPGapWithinAMessage(t *testing.T) {
	p := &smtpParser{}
	var got []event.Record
	emit := func(r event.Record) { got = append(got, r) }
	for _, say := range talk("<220 x ESMTP\r\n", "EHLO a\r\n", "<250 x\r\n", "MAIL FROM:<a@b>\r\n", "<250 x\r\n", "DATA\r\n", "<354 x\r\n", "Subject: x\r\n\r\nab") {
		p.Feed(say.from, say.data, emit)
	}
	if !p.Gap(event.Client, 1000, emit) {
		t.Fatal("gives up within a message")
	}
	for _, say := range talk("cd\r\n.\r\n", "<250 x\r\n") {
		p.Feed(say.from, say.data, emit)
	}
	if len(got) != 1 || got[0].(*SMTP).Bytes != 1020 {
		t.Errorf("%+v", got)
	}
	if p.Gap(event.Client, 1, emit) {
		t.Error("goes on where commands were lost")
	}
}

func TestSASL(t *testing.T) {
	for name, c := range map[string]struct {
		mechanism string
		answers   []string
		user      string
		clear     bool
	}{
		"plain":            {"PLAIN", []string{"AGFubgBzZWNyZXQ="}, "ann", true},
		"plain, no secret": {"PLAIN", []string{"AGFubgA="}, "ann", false},
		"login":            {"login", []string{"YW5u", "c2VjcmV0"}, "ann", true},
		"given up":         {"LOGIN", []string{"YW5u", "*"}, "ann", false},
		"a digest":         {"CRAM-MD5", []string{"YW5uIDAxMjM0NTY3ODlhYmNkZWY="}, "ann", false},
		"scram":            {"SCRAM-SHA-256", []string{"biwsbj1hbm4scj1hYmM="}, "ann", false},
		"a token":          {"XOAUTH2", []string{"dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ=="}, "ann", true},
		"no base64":        {"PLAIN", []string{"secret secret"}, "", false},
		"an invented word": {"S3CRET", []string{"c2VjcmV0"}, "", false},
	} {
		var s sasl
		s.begin(c.mechanism, "")
		for _, a := range c.answers {
			s.answer([]byte(a))
		}
		l := s.login("x")
		if l.User != c.user || l.Clear != c.clear || strings.Contains(l.Method, "3") && !strings.HasPrefix(l.Method, "scram") {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
