package proto

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "imap", Doc: "IMAP: logins and what was done to messages",
		Source: "RFC 9051, RFC 3501, RFC 2595, RFC 4959", IP: 6, Ports: []uint16{143},
		Limit: 2*textMaxLine + 2*tlsMaxMessage, Probe: probeIMAP, New: func() Parser { return &imapParser{rec: &IMAP{}} },
		Tables: []*event.Table{imapTable, tlsTable, (*event.Login)(nil).Table()},
	})
}

// IMAP is one session. Names of mailboxes are not in it.
type IMAP struct {
	Commands  int64
	Fetched   int64 // FETCH commands
	Appended  int64 // messages stored by the client
	Deleted   int64 // EXPUNGE and DELETE commands
	Encrypted bool  // STARTTLS was granted: nothing more is readable
}

var imapCommands = []string{"CAPABILITY", "LOGIN", "AUTHENTICATE", "STARTTLS", "NOOP", "LOGOUT", "ID", "SELECT", "EXAMINE", "LIST", "ENABLE"}

// probeIMAP wants the server's untagged greeting, or a tag with one of the
// commands that a client may begin with. A tag has a digit, or is one sign: other
// protocols begin a line with a word.
func probeIMAP(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return max(startsWith(data, "* OK "), startsWith(data, "* PREAUTH "), startsWith(data, "* BYE "))
	}
	tag, rest, ok := bytes.Cut(data, []byte(" "))
	if len(tag) > 20 || !ok && bytes.IndexByte(tag, '\n') >= 0 {
		return No
	}
	digit := len(tag) == 1
	for _, c := range tag {
		if c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`{}()*%"\/:=,`), c) >= 0 {
			return No
		}
		digit = digit || c >= '0' && c <= '9'
	}
	if !ok {
		return More
	}
	end := bytes.IndexAny(rest, " \r\n")
	if !digit || end < 0 && len(rest) > 12 {
		return No
	}
	if end < 0 {
		return More
	}
	verb := strings.ToUpper(string(rest[:end]))
	return yesIf(slices.Contains(imapCommands, verb))
}

type imapParser struct {
	lines    [2]lineBuffer
	literal  [2]int64 // bytes of a literal still to come: passed over, unless it answers
	held     []byte   // a LOGIN whose arguments come as literals
	waiting  few[string, imapCommand]
	rec      *IMAP
	sasl     sasl
	asking   string // tag of the AUTHENTICATE whose answers follow
	attempts int64
	tls      *tlsParser
	done     bool
}

type imapCommand struct {
	verb string
	l    *event.Login
}

const (
	imapPending = 32
	imapMaxHeld = 512
)

func (p *imapParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 && !p.done {
		if p.tls != nil {
			return p.tls.Feed(from, data, emit)
		}
		if left := &p.literal[from]; *left > 0 {
			n := int(min(*left, int64(len(data))))
			if from == event.Client && len(p.held) > 0 {
				p.hold(data[:n])
			}
			*left -= int64(n)
			data = data[n:]
			continue
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if whole {
			p.line(from, line, emit)
		}
	}
	return !p.done
}

// Gap goes on with the next line: tags tell which command an answer is for. Of what
// was lost within a literal nothing is missed.
func (p *imapParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if p.tls != nil {
		return p.tls.Gap(from, n, emit)
	}
	left := &p.literal[from]
	if lost := int64(n); lost <= *left && len(p.held) == 0 {
		*left -= lost
		return !p.done
	}
	*left = 0
	p.lines[from].gap()
	p.held = p.held[:0]
	if p.asking != "" {
		p.waiting.pop(p.asking)
		p.login(p.sasl.login("imap"), event.Unknown, "", emit)
		p.asking, p.sasl = "", sasl{}
	}
	return !p.done
}

func (p *imapParser) line(from event.Side, line []byte, emit func(event.Record)) {
	p.literal[from] = literalOf(line)
	switch {
	case from == event.Server:
		p.response(line, emit)
	case p.asking != "" && p.sasl.active:
		p.sasl.answer(line)
	case len(p.held) > 0:
		p.hold(append([]byte(" "), line...))
		if p.literal[from] == 0 {
			p.command(p.held)
			p.held = p.held[:0]
		}
	case p.literal[from] > 0 && isLoginLine(line):
		p.hold(line)
	default:
		p.command(line)
	}
}

// literalOf is the length that a line announces for what follows: {n} or {n+}.
func literalOf(line []byte) int64 {
	i := bytes.LastIndexByte(line, '{')
	if i < 0 || line[len(line)-1] != '}' {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(string(line[i+1:len(line)-1]), "+"), 10, 62)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func isLoginLine(line []byte) bool {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	return len(rest) >= 6 && strings.EqualFold(string(rest[:6]), "LOGIN ")
}

func (p *imapParser) hold(b []byte) {
	p.held = append(p.held, b[:min(len(b), imapMaxHeld-len(p.held))]...)
}

func (p *imapParser) command(line []byte) {
	tag, rest, ok := strings.Cut(string(line), " ")
	if !ok || len(tag) > 64 {
		return
	}
	verb, arg := words([]byte(rest))
	if verb == "UID" {
		verb, arg = words([]byte(arg))
	}
	c := imapCommand{verb: verb}
	switch verb {
	case "LOGIN":
		user, secret := imapWords(arg)
		c.l = &event.Login{Protocol: "imap", Method: "password", User: printable(user[:min(len(user), 64)]), Clear: secret}
	case "AUTHENTICATE":
		mechanism, first, _ := strings.Cut(arg, " ")
		p.sasl.begin(mechanism, first)
		p.asking = tag
	}
	p.rec.Commands++
	p.waiting.put(tag, c, imapPending)
}

// imapWords reads the two arguments of LOGIN: atoms, quoted texts or literals, of
// which the length has been sent before.
func imapWords(arg string) (user string, secret bool) {
	user, rest := imapWord(arg)
	second, _ := imapWord(rest)
	return user, second != ""
}

func imapWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " ")
	if strings.HasPrefix(s, "{") {
		_, s, _ = strings.Cut(s, "}")
	}
	if !strings.HasPrefix(s, `"`) {
		word, rest, _ = strings.Cut(s, " ")
		return word, rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// response reads a tagged answer; the untagged ones are content.
func (p *imapParser) response(line []byte, emit func(event.Record)) {
	tag, rest, _ := strings.Cut(string(line), " ")
	if tag == "*" || tag == "+" {
		return
	}
	c, ok := p.waiting.pop(tag)
	if !ok {
		return
	}
	status, reason := words([]byte(rest))
	fine := status == "OK"
	if tag == p.asking {
		c.l, p.asking = p.sasl.login("imap"), ""
		p.sasl = sasl{}
	}
	if c.l != nil {
		p.login(c.l, event.Outcome(2-btoi(fine)), imapReason(reason), emit)
	}
	if fine {
		p.accepted(c.verb, emit)
	}
}

func (p *imapParser) accepted(verb string, emit func(event.Record)) {
	switch verb {
	case "FETCH":
		p.rec.Fetched++
	case "APPEND":
		p.rec.Appended++
	case "EXPUNGE", "DELETE":
		p.rec.Deleted++
	case "STARTTLS":
		p.rec.Encrypted = true
		p.tell(emit)
		p.tls = &tlsParser{rec: &TLS{}}
	}
}

// imapReason is the response code of RFC 5530, where there is one.
func imapReason(text string) string {
	code, _, ok := strings.Cut(strings.TrimPrefix(text, "["), "]")
	switch code {
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN", "UNAVAILABLE", "LIMIT":
		if ok {
			return code
		}
	}
	return ""
}

func (p *imapParser) login(l *event.Login, o event.Outcome, reason string, emit func(event.Record)) {
	p.attempts++
	l.Outcome, l.Reason, l.Attempt = o, reason, p.attempts
	emit(l)
}

func (p *imapParser) tell(emit func(event.Record)) {
	if p.rec != nil {
		emit(p.rec)
		p.rec = nil
	}
}

// End tells of the session, and of logins without an answer.
func (p *imapParser) End(emit func(event.Record)) {
	if p.tls != nil {
		p.tls.End(emit)
		return
	}
	for _, w := range p.waiting.entries {
		l := w.value.l
		if w.key == p.asking && p.sasl.step > 0 {
			l = p.sasl.login("imap")
		}
		if l != nil {
			p.login(l, event.Unknown, "", emit)
		}
	}
	p.waiting.entries = nil
	p.tell(emit)
}

var imapTable = event.NewTable("imap", "Sessions of IMAP.",
	event.Int("brandmelder.imap.commands", event.Technical, "commands", func(r *IMAP) (int64, bool) { return r.Commands, true }),
	event.Int("brandmelder.imap.fetches", event.Technical, "FETCH commands that were answered", func(r *IMAP) (int64, bool) { return r.Fetched, r.Fetched > 0 }),
	event.Int("brandmelder.imap.appends", event.Technical, "messages that the client stored", func(r *IMAP) (int64, bool) { return r.Appended, r.Appended > 0 }),
	event.Int("brandmelder.imap.deletes", event.Technical, "EXPUNGE and DELETE commands that were answered", func(r *IMAP) (int64, bool) { return r.Deleted, r.Deleted > 0 }),
	event.Bool("brandmelder.imap.encrypted", event.Technical, "STARTTLS was granted", func(r *IMAP) (bool, bool) { return r.Encrypted, true }),
).InBrief("brandmelder.imap.commands", "brandmelder.imap.fetches")

func (*IMAP) Table() *event.Table { return imapTable }
