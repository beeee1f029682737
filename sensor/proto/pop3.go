package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "pop3", Doc: "POP3: logins and the messages that were fetched",
		Source: "RFC 1939, RFC 2449, RFC 2595, RFC 5034", IP: 6, Ports: []uint16{110},
		Limit: 2*textMaxLine + 2*tlsMaxMessage, Probe: probePOP3, New: func() Parser { return &pop3Parser{rec: &POP3{}} },
		Tables: []*event.Table{pop3Table, tlsTable, (*event.Login)(nil).Table()},
	})
}

// POP3 is one session.
type POP3 struct {
	Retrieved, Deleted int64 // messages
	Bytes              int64 // of the messages retrieved
	Encrypted          bool  // STLS was granted: nothing more is readable
}

// probePOP3 wants the greeting of the server, which says more than OK, or a
// command that neither FTP nor SMTP has.
func probePOP3(from event.Side, data []byte) Verdict {
	if from == event.Server {
		if len(data) <= 4 {
			return startsWith(data, "+OK ")
		}
		return yesIf(bytes.HasPrefix(data, []byte("+OK ")) && data[4] > ' ')
	}
	for len(data) > 0 {
		if !openedBy(data, "CSAUPQ") {
			return No
		}
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		verb, _ := words(bytes.TrimSpace(line))
		switch {
		case !whole && len(line) < 8:
			return More
		case verb == "CAPA" || verb == "STLS" || verb == "APOP" || verb == "UIDL":
			return yesIf(whole)
		case verb != "USER" && verb != "PASS" && verb != "AUTH" && verb != "QUIT":
			return No
		}
		data = rest
	}
	return More
}

type pop3Parser struct {
	lines    [2]lineBuffer
	waiting  []string // verbs without a reply, oldest first
	rec      *POP3
	user     string
	secret   bool // PASS had one
	sasl     sasl
	attempts int64
	greeted  bool
	inside   string // verb whose reply of several lines is being sent
	tls      *tlsParser
	unsure   bool // bytes were lost: replies may be
	done     bool
}

const pop3Pending = 64

func (p *pop3Parser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 && !p.done {
		if p.tls != nil {
			return p.tls.Feed(from, data, emit)
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if from == event.Server && p.inside == "RETR" {
			p.rec.Bytes += int64(n)
		}
		switch {
		case from == event.Server && whole:
			p.reply(line, emit)
		case whole && p.sasl.active && len(p.waiting) > 0:
			p.sasl.answer(line)
		case whole:
			if p.unsure { // clients wait for a reply: what still waits lost its own
				p.unanswered(emit)
			}
			p.command(line)
		}
	}
	return !p.done
}

// Gap goes on with the next line. Commands that wait have no sure reply any more, and
// where a list or a message ended is not known: the next command says so.
func (p *pop3Parser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if p.tls != nil {
		return p.tls.Gap(from, n, emit)
	}
	p.unanswered(emit)
	p.lines[from].gap()
	p.inside, p.sasl, p.unsure = "", sasl{}, true
	if from == event.Client {
		p.user, p.secret = "", false
	}
	return !p.done
}

func (p *pop3Parser) command(line []byte) {
	verb, arg := words(line)
	switch verb {
	case "USER":
		p.user = printable(arg[:min(len(arg), 64)])
	case "PASS":
		p.secret = arg != ""
	case "APOP":
		user, _, _ := strings.Cut(arg, " ")
		p.user = printable(user[:min(len(user), 64)])
	case "AUTH":
		mechanism, first, _ := strings.Cut(arg, " ")
		if mechanism != "" {
			p.sasl.begin(mechanism, first)
		}
	case "LIST", "UIDL":
		if arg != "" {
			verb = "" // the reply is one line
		}
	}
	if len(p.waiting) == pop3Pending { // such a client does not wait for replies: what they answer is lost
		p.done = true
		return
	}
	p.waiting = append(p.waiting, verb)
}

// reply reads a line of the server.
func (p *pop3Parser) reply(line []byte, emit func(event.Record)) {
	switch {
	case p.inside != "":
		if string(line) == "." {
			if p.inside == "RETR" {
				p.rec.Bytes = max(0, p.rec.Bytes-mailDot)
			}
			p.inside = ""
		}
		return
	case !p.greeted:
		p.greeted = true
		if len(p.waiting) == 0 {
			return
		}
	}
	fine := bytes.HasPrefix(line, []byte("+OK"))
	if !fine && !bytes.HasPrefix(line, []byte("-ERR")) || len(p.waiting) == 0 {
		return
	}
	verb := p.waiting[0]
	p.waiting = remove(p.waiting, 0)
	p.answered(verb, fine, emit)
}

func (p *pop3Parser) answered(verb string, fine bool, emit func(event.Record)) {
	switch {
	case verb == "PASS", verb == "APOP", verb == "AUTH" && p.sasl.mechanism != "":
		p.login(verb, event.Outcome(2-btoi(fine)), emit)
	case !fine:
	case verb == "STLS":
		p.rec.Encrypted = true
		p.tell(emit)
		p.tls = &tlsParser{rec: &TLS{}}
	case verb == "DELE":
		p.rec.Deleted++
	case verb == "RETR":
		p.rec.Retrieved++
		p.inside = verb
	case verb == "LIST", verb == "UIDL", verb == "CAPA", verb == "TOP", verb == "AUTH":
		p.inside = verb
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *pop3Parser) login(verb string, o event.Outcome, emit func(event.Record)) {
	l := &event.Login{Protocol: "pop3", Method: "password", User: p.user, Clear: verb == "PASS" && p.secret}
	switch verb {
	case "APOP":
		l.Method = "apop"
	case "AUTH":
		l = p.sasl.login("pop3")
		p.sasl = sasl{}
	}
	p.attempts++
	l.Outcome, l.Attempt = o, p.attempts
	emit(l)
}

func (p *pop3Parser) tell(emit func(event.Record)) {
	if p.rec != nil {
		emit(p.rec)
		p.rec = nil
	}
}

// End tells of the session, and of a login without an answer.
func (p *pop3Parser) End(emit func(event.Record)) {
	if p.tls != nil {
		p.tls.End(emit)
		return
	}
	p.unanswered(emit)
	p.tell(emit)
}

// unanswered tells of logins whose reply was not seen.
func (p *pop3Parser) unanswered(emit func(event.Record)) {
	for _, verb := range p.waiting {
		if verb == "PASS" || verb == "APOP" || verb == "AUTH" && p.sasl.step > 0 {
			p.login(verb, event.Unknown, emit)
		}
	}
	p.waiting = nil
}

var pop3Table = event.NewTable("pop3", "Sessions of POP3.",
	event.Int("brandmelder.pop3.retrieved", event.Technical, "messages retrieved", func(r *POP3) (int64, bool) { return r.Retrieved, r.Retrieved > 0 }),
	event.Int("brandmelder.pop3.deleted", event.Technical, "messages deleted", func(r *POP3) (int64, bool) { return r.Deleted, r.Deleted > 0 }),
	event.Int("brandmelder.pop3.bytes", event.Technical, "size of the messages retrieved, bytes", func(r *POP3) (int64, bool) { return r.Bytes, r.Bytes > 0 }),
	event.Bool("brandmelder.pop3.encrypted", event.Technical, "STLS was granted", func(r *POP3) (bool, bool) { return r.Encrypted, true }),
).InBrief("brandmelder.pop3.retrieved", "brandmelder.pop3.deleted")

func (*POP3) Table() *event.Table { return pop3Table }
