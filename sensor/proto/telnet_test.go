package proto

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func telnetLogin(user string, o event.Outcome, attempt int64) *event.Login {
	return &event.Login{Protocol: "telnet", Method: "password", User: user, Outcome: o, Clear: true, Attempt: attempt}
}

func newTelnet() Parser {
	return &telnetParser{rec: &Telnet{}, terminal: terminal{protocol: "telnet"}}
}

func TestTelnetLogins(t *testing.T) {
	for name, c := range map[string]struct {
		talk []string
		want []*event.Login
	}{
		"refused by a new prompt": {[]string{"<login: ", "ann\r\n", "<Password: ", "x\r\n", "<\r\nlogin: "}, []*event.Login{telnetLogin("ann", event.Failure, 1)}},
		"asked for the secret again": {
			[]string{"<Username:", "ann\r", "<Password:", "x\r", "<\r\nPassword:", "y\r", "<\r\nrouter>", "enable\r"},
			[]*event.Login{telnetLogin("ann", event.Failure, 1), telnetLogin("ann", event.Success, 2)},
		},
		"a shell":                  {[]string{"<login: ", "ann\n", "<Password: ", "x\n", "<\r\n\x1b[1;32mann@host\x1b[0m:~$ "}, []*event.Login{telnetLogin("ann", event.Success, 1)}},
		"the dialogue goes on":     {[]string{"<login: ", "ann\n", "<Password: ", "x\n", "<\r\nMenu\r\n 1 print\r\nchoice? ", "1\n"}, []*event.Login{telnetLogin("ann", event.Success, 1)}},
		"nothing was said":         {[]string{"<login: ", "ann\n", "<Password: ", "x\n"}, []*event.Login{telnetLogin("ann", event.Unknown, 1)}},
		"failures since":           {[]string{"<login: ", "ann\n", "<Password: ", "x\n", "<\nThere were 3 failed login attempts since the last login.\n"}, []*event.Login{telnetLogin("ann", event.Success, 1)}},
		"no prompt, no login":      {[]string{"<hello\r\n", "ann\r\nsecret\r\n", "<what?\r\n"}, nil},
		"the latest login is told": {[]string{"<Last login: ", "now\r\n"}, nil},
		"a secret alone": {
			[]string{"<Password: ", "x\r\n", "<\r\nsw1> "},
			[]*event.Login{{Protocol: "telnet", Method: "password", Outcome: event.Success, Clear: true, Attempt: 1}},
		},
		"no name, and then a secret": {
			[]string{"<login: ", "\r\x00", "<\r\nPassword: ", "geheim\r\x00", "<\r\nLogin incorrect\r\nlogin: "},
			[]*event.Login{{Protocol: "telnet", Method: "password", Outcome: event.Failure, Clear: true, Attempt: 1}},
		},
		"an empty secret": {
			[]string{"<login: ", "ann\n", "<Password: ", "\n", "<\nLogin incorrect\n"},
			[]*event.Login{{Protocol: "telnet", Method: "password", User: "ann", Outcome: event.Failure, Attempt: 1}},
		},
	} {
		if d := cmp.Diff(c.want, hear[*event.Login](newTelnet(), talk(c.talk...))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestTelnetNegotiation(t *testing.T) {
	got := hear[*Telnet](newTelnet(), readDialogue(t, "testdata/telnet/hit-session.hex"))
	want := []*Telnet{{Options: []string{"terminal-type", "new-environ", "echo"}, Terminal: "XTERM"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	got = hear[*Telnet](newTelnet(), readDialogue(t, "testdata/telnet/hit-environ.hex"))
	if len(got) != 1 || !got[0].Injected || got[0].User != "-f root" {
		t.Errorf("an option as a user: %+v", got)
	}
	long := "\xff\xfa\x26\x07"
	for range 100 {
		long += "k"
	}
	if got = hear[*Telnet](newTelnet(), talk("\xff\xfb\x26", long+"\xff\xf0")); len(got) != 1 || got[0].Key != 100 {
		t.Errorf("a long key id: %+v", got)
	}
	if p := newTelnet(); p.Feed(event.Client, []byte("\xff\xfa\x26\x03\x00\xff\xf0"), func(event.Record) {}) {
		t.Error("reads on where all is encrypted")
	}
}
