package proto

import (
	"bytes"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// lastTalk is what is said of a conversation in the end.
func lastTalk(t *testing.T, d dialogue) *Talk {
	t.Helper()
	records := run(&Spec{New: func() Parser { return &talkParser{} }}, d)
	if len(records) == 0 {
		t.Fatal("no record")
	}
	return records[len(records)-1].(*Talk)
}

// What the fallback reads must not be what another protocol takes.
func TestTalkIsNobodyElses(t *testing.T) {
	for _, fallback := range All() {
		if !fallback.Fallback {
			continue
		}
		for name, d := range known(t, fallback, "hit") {
			for _, s := range All() {
				if s.IP == fallback.IP && !s.Fallback && probe(s, d) == Yes {
					t.Errorf("%s is taken by %s", name, label(s))
				}
			}
		}
	}
}

func TestTalkShapes(t *testing.T) {
	for file, want := range map[string]struct {
		shell, shapes []string
		side, frame   string // frame of the first speaker
		class         string
	}{
		"hit-windows-shell.hex": {shell: []string{"windows-banner", "windows-prompt", "listing"}, side: "client", class: "text"},
		"hit-unix-shell.hex":    {shell: []string{"unix-prompt", "unix-id", "shell-start"}, side: "client", class: "text"},
		"hit-powershell.hex":    {shell: []string{"powershell-prompt"}, side: "client", class: "text"},
		"hit-stage.hex":         {shapes: []string{"stage"}, class: "exe-pe"},
		"hit-elf.hex":           {class: "elf"},
		"hit-zlib-frame.hex":    {shapes: []string{"zlib-frame"}, class: "binary"},
		"hit-survey.hex":        {shapes: []string{"survey"}, frame: "decimal", class: "text"},
		"hit-json-survey.hex":   {shapes: []string{"survey"}, class: "json"},
		"hit-tick-bar.hex":      {shapes: []string{"tick-bar"}, frame: "decimal", class: "text"},
		"hit-zlib-masked.hex":   {shapes: []string{"zlib-frame"}, class: "binary"},
		"hit-bot-hello.hex":     {shapes: []string{"bot-hello"}, class: "binary"},
		"hit-bot-order.hex":     {shapes: []string{"bot-order"}, class: "text"},
		"hit-bare-endpoint.hex": {shapes: []string{"bare-endpoint"}, class: "binary"},
		"hit-framed.hex":        {frame: "binary", class: "binary"},
		"hit-hex.hex":           {shapes: []string{"hex-text"}, class: "text"},
	} {
		got := lastTalk(t, readDialogue(t, "testdata/talk/"+file))
		if diff := cmp.Diff(want.shell, got.Shell); diff != "" {
			t.Errorf("%s: shell: %s", file, diff)
		}
		if diff := cmp.Diff(want.shapes, got.Shapes); diff != "" {
			t.Errorf("%s: shapes: %s", file, diff)
		}
		if got.ShellSide != want.side || got.Frame[got.First] != want.frame || got.Class[got.First] != want.class {
			t.Errorf("%s: side %q, frame %q, class %q", file, got.ShellSide, got.Frame[got.First], got.Class[got.First])
		}
	}
}

func TestTalkOrdinaryText(t *testing.T) {
	for name, d := range map[string]dialogue{
		"mail":   talk("<220 mail.example ESMTP\r\n", "EHLO ward\r\n", "<250-mail.example\r\n250 SIZE 1000\r\n"),
		"syslog": talk("<86>Oct 1 10:00:00 h pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh\n"),
		"hl7":    talk("\x0bMSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5|Microsoft Windows\r\x1c\r", "<\x0bMSH|^~\\&|C|D|A|B|2026||ACK|1|P|2.5\r\x1c\r"),
		"cef":    talk("CEF:0|Microsoft|Windows|10|4624|logon|3|src=a\n", "CEF:0|Microsoft|Windows|10|4624|logon|3|src=a\n"),
		"later":  talk("hello\n", "<hi\n", "a|b|c|d|Microsoft Windows\n"),
		"build":  talk("BUILD SUCCESSFUL\n", "<ok\n"),
		"json":   talk(`{"host":"ward","pid":12,"user":"a","message":"started"}`+"\n", "<ok\n"),
		"prices": talk("a$ ", "<b# ", "10 $ ", "<12 $ ", "13 $ "),
	} {
		if got := lastTalk(t, d); got.Shell != nil || got.Shapes != nil || got.Commands != [2]int64{} {
			t.Errorf("%s: %v %v %v", name, got.Shell, got.Shapes, got.Commands)
		}
	}
}

// A pause parts messages and exchanges; answers within a second do not.
func TestTalkRhythm(t *testing.T) {
	p := &talkParser{}
	var last *Talk
	emit := func(r event.Record) { last = r.(*Talk) }
	for i := range int64(10) {
		p.Clock(i * 10_000_000_000)
		p.Feed(event.Client, []byte("ping"), emit)
		p.Clock(i*10_000_000_000 + 20_000_000)
		p.Feed(event.Server, []byte("pong!"), emit)
	}
	p.End(emit)
	if last.Gaps != 9 || last.Turns != 19 || last.Messages != [2]int64{10, 10} {
		t.Errorf("%d exchanges, %d turns, messages %v", last.Gaps, last.Turns, last.Messages)
	}
	if diff := cmp.Diff([]int64{10000, 10000, 10000, 10000, 10000, 10000, 10000, 10000, 10000}, last.GapList); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{4, 5, 4, 5, 4, 5, 4, 5}, last.Sizes); diff != "" {
		t.Error(diff)
	}
}

// However long they talk, a conversation gives few records, and a long transfer is
// read no further.
func TestTalkIsBounded(t *testing.T) {
	p, records := &talkParser{}, 0
	emit := func(event.Record) { records++ }
	for i := range int64(100_000) {
		p.Clock(i * 2_000_000_000)
		p.Feed(event.Side(i%2), []byte("C:\\>"), emit)
	}
	p.End(emit)
	if records == 0 || records > talkRecords {
		t.Errorf("%d records", records)
	}
	p, records = &talkParser{}, 0
	fed := 0
	for more := true; more; fed += 1 << 16 {
		more = p.Feed(event.Server, bytes.Repeat([]byte("x\n"), 1<<15), emit)
	}
	if fed != talkMost || records != 1 {
		t.Errorf("%d bytes read, %d records", fed, records)
	}
	if p = (&talkParser{}); p.Gap(event.Client, talkMost, emit) {
		t.Error("a gap as long as a transfer is read on")
	}
}

func TestTalkKnowsNamedProtocols(t *testing.T) {
	for data, want := range map[string]string{
		"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04ward": "mqtt", "\x00\x0e\x38abcdefgh\x00\x00\x00\x00\x00": "openvpn",
		"\xff\xfd\x18\xff\xfd\x20": "telnet", "\x01\x02\x03\x04\x05\x06\x07\x08": "binary",
	} {
		if got := lastTalk(t, talk(data)).Class[event.Client]; got != want {
			t.Errorf("%q is %s, want %s", data, got, want)
		}
	}
}
