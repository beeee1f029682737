package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	terminalLine = 80 // kept of the server's current line, bytes: a prompt is shorter
	terminalUser = 64
)

// terminal follows the dialogue of a login as a person has it: prompt, name,
// prompt, secret, and what the server says then. It is fed bytes without the
// protocol's own commands. The secret is counted, not kept.
type terminal struct {
	protocol string
	state    terminalState
	line     []byte // the server's current line, without control sequences
	escape   uint8  // 1 behind ESC, 2 within a control sequence
	typed    []byte // the name as it is typed
	user     string
	secret   int // bytes typed of the secret
	heard    int // the server's bytes since then
	attempts int64
	in       bool // a login was accepted: what follows is of no interest
}

type terminalState uint8

const (
	terminalIdle     terminalState = iota
	terminalName                   // the name is being typed
	terminalNamed                  // it was
	terminalSecret                 // the secret is being typed
	terminalJudgment               // it was
)

type prompt uint8

const (
	promptNone prompt = iota
	promptUser
	promptSecret
)

var userPrompts = []string{"login:", "username:", "user name:", "user:", "login as:", "userid:", "user id:", "login name:", "user login:", "gebruikersnaam:", "gebruiker:", "benutzername:", "benutzer:", "identifiant:", "utilisateur:", "usuario:", "login>", "username>"}
var secretPrompts = []string{"password", "passwd", "passcode", "passwort", "kennwort", "wachtwoord", "mot de passe", "contrase"}

// promptOf judges a line that the server has left open.
func promptOf(line []byte) prompt {
	text := strings.ToLower(strings.TrimSpace(string(line[max(0, len(line)-terminalLine):])))
	if !strings.HasSuffix(text, ":") && !strings.HasSuffix(text, ">") {
		return promptNone
	}
	for _, p := range secretPrompts {
		if strings.Contains(text, p) {
			return promptSecret
		}
	}
	for _, p := range userPrompts {
		if strings.HasSuffix(text, p) && !strings.HasPrefix(text, "last ") {
			return promptUser
		}
	}
	return promptNone
}

// hear takes one byte of a side.
func (t *terminal) hear(from event.Side, b byte, emit func(event.Record)) {
	if from == event.Client {
		t.key(b, emit)
		return
	}
	switch {
	case t.escape == 1:
		t.escape = 0
		if b == '[' {
			t.escape = 2
		}
	case t.escape == 2:
		if b >= 0x40 && b < 0x7f {
			t.escape = 0
		}
	case b == 0x1b:
		t.escape = 1
	case b == '\r' || b == '\n':
		t.lineEnd(emit)
	case b >= 0x20:
		t.print(b)
	}
}

func (t *terminal) print(b byte) {
	if len(t.line) >= 2*terminalLine {
		t.line = t.line[:copy(t.line, t.line[terminalLine:])]
	}
	t.line = append(t.line, b)
	if b != ' ' {
		t.heard++
	}
}

// lineEnd judges a whole line of the server.
func (t *terminal) lineEnd(emit func(event.Record)) {
	if t.state == terminalJudgment {
		t.settle(verdictOf(t.line), emit)
	}
	t.line = t.line[:0]
}

var refusals = []string{"incorrect", "fail", "invalid", "denied", "refused", "bad password", "wrong", "not correct", "unknown user", "% bad", "not allowed", "too many"}
var welcomes = []string{"last login", "welcome", "logged in", "login successful", "busybox v", "microsoft telnet s"}

// verdictOf reads what a server says after a secret. Shells tell the accepted of
// refused attempts since their latest login: such a line speaks of success.
func verdictOf(line []byte) event.Outcome {
	text := strings.ToLower(string(line))
	if strings.Contains(text, "last failed") || strings.Contains(text, "failed login attempt") || strings.Contains(text, "since the last") {
		return event.Success
	}
	for _, w := range refusals {
		if strings.Contains(text, w) {
			return event.Failure
		}
	}
	for _, w := range welcomes {
		if strings.Contains(text, w) {
			return event.Success
		}
	}
	return event.Unknown
}

// key takes what the client types. Which question it answers is the server's open
// line at the first byte.
func (t *terminal) key(b byte, emit func(event.Record)) {
	end := b == '\r' || b == '\n'
	if b == 0 { // behind a carriage return
		return
	}
	t.asked(emit)
	switch t.state {
	case terminalName:
		t.typeName(b, end)
	case terminalSecret:
		if !end {
			t.secret++
			return
		}
		t.state, t.heard, t.line = terminalJudgment, 0, t.line[:0]
	}
}

func (t *terminal) typeName(b byte, end bool) {
	switch {
	case end && len(t.typed) > 0:
		t.user, t.state = printable(string(bytes.TrimSpace(t.typed))), terminalNamed
		t.typed, t.line = t.typed[:0], t.line[:0]
	case end: // no name: what comes next is another question, and may be for the secret
		t.user, t.state, t.line = "", terminalIdle, t.line[:0]
	case b == 8 || b == 0x7f:
		t.typed = t.typed[:max(0, len(t.typed)-1)]
	case len(t.typed) < terminalUser && b >= 0x20:
		t.typed = append(t.typed, b)
	}
}

// asked finds out what a client answers that begins to type.
func (t *terminal) asked(emit func(event.Record)) {
	if t.state == terminalName || t.state == terminalSecret {
		return
	}
	what := promptOf(t.line)
	if t.state == terminalJudgment {
		switch {
		case what != promptNone:
			t.settle(event.Failure, emit)
		case t.heard > 0:
			t.settle(event.Success, emit)
		}
	}
	switch {
	case t.in:
	case what == promptUser:
		t.state, t.typed = terminalName, t.typed[:0]
	case what == promptSecret:
		t.state, t.secret = terminalSecret, 0
	}
}

// settle tells of a login whose outcome is known.
func (t *terminal) settle(o event.Outcome, emit func(event.Record)) {
	if o == event.Unknown {
		return
	}
	t.tellLogin(o, emit)
	t.in = o == event.Success
}

func (t *terminal) tellLogin(o event.Outcome, emit func(event.Record)) {
	t.state = terminalIdle
	t.attempts++
	emit(&event.Login{Protocol: t.protocol, Method: "password", User: t.user, Outcome: o, Clear: t.secret > 0, Attempt: t.attempts})
}

// end judges a dialogue that broke off: an open line that is a prompt of a shell
// is a success, one that asks again a failure.
func (t *terminal) end(emit func(event.Record)) {
	if t.state != terminalJudgment {
		return
	}
	o := verdictOf(t.line)
	switch text := bytes.TrimSpace(t.line); {
	case promptOf(t.line) != promptNone:
		o = event.Failure
	case o == event.Unknown && len(text) > 0 && bytes.IndexByte([]byte("$#>%"), text[len(text)-1]) >= 0:
		o = event.Success
	}
	t.tellLogin(o, emit)
}
