package proto

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func ftpLogin(user, reason string, o event.Outcome, attempt int64) *event.Login {
	return &event.Login{Protocol: "ftp", Method: "password", User: user, Outcome: o, Reason: reason, Clear: true, Attempt: attempt}
}

func TestFTPLogins(t *testing.T) {
	open := &event.Login{Protocol: "ftp", Method: "password", User: "kiosk", Outcome: event.Success, Reason: "230", Attempt: 1}
	guest := &event.Login{Protocol: "ftp", Method: "password", User: "Anonymous", Outcome: event.Success, Reason: "230", Attempt: 1}
	for name, c := range map[string]struct {
		talk []string
		want []*event.Login
	}{
		"refused, then in": {
			[]string{"<220 x\r\n", "USER ann\r\n", "<331 p\r\n", "PASS a\r\n", "<530 no\r\n", "user ann\r\n", "<331 p\r\n", "pass b\r\n", "<230-hi\r\n230-331 not a reply\r\n230 in\r\n"},
			[]*event.Login{ftpLogin("ann", "530", event.Failure, 1), ftpLogin("ann", "230", event.Success, 2)},
		},
		"all sent at once": {
			[]string{"USER ann\r\nPASS a\r\nUSER bob\r\nPASS b\r\n", "<220 x\r\n331 p\r\n530 no\r\n331 p\r\n230 in\r\n"},
			[]*event.Login{ftpLogin("ann", "530", event.Failure, 1), ftpLogin("bob", "230", event.Success, 2)},
		},
		"thrown out":          {[]string{"<220 x\r\n", "USER a\r\n", "<331 p\r\n", "PASS b\r\n", "<421 too many\r\n"}, []*event.Login{ftpLogin("a", "421", event.Failure, 1)}},
		"an account is asked": {[]string{"<220 x\r\n", "USER a\r\n", "<331 p\r\n", "PASS b\r\n", "<332 acct\r\n"}, []*event.Login{ftpLogin("a", "332", event.Unknown, 1)}},
		"never answered":      {[]string{"<220 x\r\n", "USER a\r\n", "<331 p\r\n", "PASS b\r\n"}, []*event.Login{ftpLogin("a", "", event.Unknown, 1)}},
		"no password needed":  {[]string{"<220 x\r\n", "USER kiosk\r\n", "<230 in\r\n"}, []*event.Login{open}},
		"anonymous":           {[]string{"<220 x\r\n", "USER Anonymous\r\n", "<331 p\r\n", "PASS me@a.example\r\n", "<230 in\r\n"}, []*event.Login{guest}},
		"a refused name is one attempt": {
			[]string{"<220 x\r\n", "USER a\r\n", "<530 no\r\n", "PASS b\r\n", "<503 USER first\r\n"},
			[]*event.Login{{Protocol: "ftp", Method: "password", User: "a", Outcome: event.Failure, Reason: "530", Attempt: 1}},
		},
		"the beginning was not seen": {[]string{"PASS b\r\n", "<230 in\r\n"}, []*event.Login{ftpLogin("", "230", event.Success, 1)}},
		"encrypted":                  {[]string{"<220 x\r\n", "AUTH TLS\r\n", "<234 go\r\n", "USER a\r\nPASS b\r\n"}, nil},
	} {
		got := hear[*event.Login](&ftpParser{}, talk(c.talk...))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestFTPCommands(t *testing.T) {
	got := hear[*FTP](&ftpParser{}, readDialogue(t, "testdata/ftp/hit-session.hex"))
	want := []*FTP{
		{Command: "RETR", Path: "plans/hall 3.PDF", Reply: 226, Size: 5120, Banner: "FTP ready."},
		{Command: "PORT", Reply: 200, Size: -1, Banner: "FTP ready.", Data: netip.MustParseAddr("192.0.2.5")},
		{Command: "STOR", Path: "a.exe", Reply: 226, Size: -1, Banner: "FTP ready."},
	}
	if d := cmp.Diff(want, got, same); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	line := string(event.NewLayout(ftpTable).Append(nil, got[0]))
	for _, part := range []string{`hall 3.PDF`, `pdf`, `5120`} {
		if !strings.Contains(line, part) {
			t.Errorf("%s is not in %s", part, line)
		}
	}
	tls := hear[*FTP](&ftpParser{}, readDialogue(t, "testdata/ftp/hit-tls.hex"))
	if len(tls) != 1 || !tls[0].Encrypted || tls[0].Reply != 234 {
		t.Errorf("AUTH gives %+v", tls)
	}
}

func TestFTPNeverKeepsASecret(t *testing.T) {
	const secret = "s3cr3tv4lue"
	d := talk("<220 x\r\n", "USER ann\r\n", "<331 p\r\n", "PASS "+secret+"\r\n", "<230 Hello "+secret+"\r\n", "ACCT "+secret+"\r\n", "<230 ok\r\n",
		"SITE PSWD "+secret+"\r\n", "<200 ok\r\n", "AUTH "+secret+"\r\n", "<504 no\r\n")
	records := run(&Spec{New: func() Parser { return &ftpParser{} }}, d)
	if len(records) != 3 {
		t.Errorf("%d records, want a login and two commands", len(records))
	}
	for _, r := range records {
		if line := event.NewLayout(r.Table()).Append(nil, r); bytes.Contains(line, []byte(secret)) {
			t.Errorf("%s", line)
		}
	}
}

func TestFTPExpectsDataConnections(t *testing.T) {
	data := func(on event.Side, port uint16) []Expectation { return []Expectation{{"ftp-data", on, port}} }
	for name, c := range map[string]struct {
		command, reply string
		want           []Expectation
	}{
		"passive":              {"PASV", "227 Entering Passive Mode (192,0,2,9,200,13).", data(event.Server, 51213)},
		"passive, no brackets": {"PASV", "227 =192,0,2,9,4,0", data(event.Server, 1024)},
		"passive, refused":     {"PASV", "425 no", nil},
		"passive, nonsense":    {"PASV", "227 (1,2,3,4,5,999)", nil},
		"extended passive":     {"EPSV", "229 ok (|||50001|)", data(event.Server, 50001)},
		"extended, too large":  {"EPSV", "229 ok (|||70001|)", nil},
		"active":               {"PORT 192,0,2,5,4,1", "200 ok", data(event.Client, 1025)},
		"active, refused":      {"PORT 192,0,2,5,4,1", "500 no", nil},
		"active, nonsense":     {"PORT 192,0,2,5,4", "200 ok", nil},
		"extended active":      {"EPRT |2|2001:db8::5|40000|", "200 ok", data(event.Client, 40000)},
		"extended, no address": {"EPRT |2|x|40000|", "200 ok", nil},
	} {
		p := &ftpParser{}
		emit := func(event.Record) {}
		p.Feed(event.Server, []byte("220 x\r\n"), emit)
		p.Feed(event.Client, []byte(c.command+"\r\n"), emit)
		p.Feed(event.Server, []byte(c.reply+"\r\n"), emit)
		if d := cmp.Diff(c.want, p.Expect()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if p.Expect() != nil {
			t.Errorf("%s: the same is expected twice", name)
		}
	}
}

func TestFTPFloodOfCommandsKeepsTheOrder(t *testing.T) {
	d := talk("<220 x\r\n", strings.Repeat("NOOP\r\n", 3*ftpPending), strings.Repeat("<200 ok\r\n", 1))
	p := &ftpParser{}
	emit := func(event.Record) {}
	for _, say := range d {
		p.Feed(say.from, say.data, emit)
	}
	if len(p.waiting) != ftpPending-1 || p.waiting[len(p.waiting)-1].after != 2*ftpPending {
		t.Errorf("%d commands wait", len(p.waiting))
	}
	flood := slices.Concat(talk("<220 x\r\n", strings.Repeat("NOOP\r\n", 3*ftpPending), "<"+strings.Repeat("200 ok\r\n", 3*ftpPending)),
		talk("DELE a\r\n", "<550 no\r\n"))
	got := hear[*FTP](&ftpParser{}, flood)
	if len(got) != 1 || got[0].Reply != 550 {
		t.Errorf("after a flood the replies fit no longer: %+v", got)
	}
}

func TestFTPBoundsLinesAndExpectations(t *testing.T) {
	p := &ftpParser{}
	emit := func(event.Record) {}
	p.Feed(event.Server, []byte("220 x\r\n"), emit)
	for range 64 {
		p.Feed(event.Client, bytes.Repeat([]byte("A"), 1000), emit)
	}
	if n := cap(p.lines[event.Client].buf); n > 2*ftpMaxLine {
		t.Errorf("%d bytes of a line are kept", n)
	}
	p.Feed(event.Client, []byte("\r\n"), emit)
	p.Feed(event.Server, []byte("500 what\r\n"), emit)
	for range 4 * ftpPending {
		p.Feed(event.Client, []byte("EPSV\r\n"), emit)
		p.Feed(event.Server, []byte("229 (|||50001|)\r\n"), emit)
	}
	if n := len(p.Expect()); n != ftpPending {
		t.Errorf("%d connections are expected, want %d", n, ftpPending)
	}
}

func TestFTPData(t *testing.T) {
	for name, c := range map[string]struct {
		talk dialogue
		want []*FTPData
	}{
		"a program":     {talk("<MZ\x90" + strings.Repeat("\x00", 40)), []*FTPData{{Class: "exe-pe", From: event.Server}}},
		"in small bits": {talk("%P", "DF", "-1.7 and some more bytes"), []*FTPData{{Class: "pdf", From: event.Client}}},
		"a short text":  {talk("hi"), []*FTPData{{From: event.Client}}},
		"nothing":       {nil, nil},
	} {
		if d := cmp.Diff(c.want, hear[*FTPData](&ftpDataParser{}, c.talk), same); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestProbeFTP(t *testing.T) {
	for data, want := range map[string]Verdict{
		"": More, "22": More, "220 Welcome\r\n": More, "220 my FTP\r\n": Yes, "220-a\r\n b\r\n220 ftpd\r\n": Yes, "220 a\r\n331 go on\r\n": Yes, "220 a\r\n530 no\r\n": More,
		"331 Password\r\n": Yes, "33": More, "334 VXNlcm5hbWU6": No, "220 a\r\n250 a\r\n": No, "220 ftp.a.example ESMTP\r\n": No, "+OK": No, "250 a": No, "220 f": More,
	} {
		if got := probeFTP(event.Server, []byte(data)); got != want {
			t.Errorf("server's %q: %d, want %d", data, got, want)
		}
	}
	for data, want := range map[string]Verdict{
		"": More, "USE": More, "USER a\r\n": More, "USER a\r\nPASS b\r\nSYST\r\n": Yes, "USER a\r\nPASS b\r\nSTAT\r\n": No, "AUTH TLS\r\n": Yes, "AUTH LOGIN\r\n": No,
		"opts utf8 on\r\n": Yes, "GET / HTTP/1.1\r\n": No, "CAPABILITY\r\n": No,
	} {
		if got := probeFTP(event.Client, []byte(data)); got != want {
			t.Errorf("client's %q: %d, want %d", data, got, want)
		}
	}
}
