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
		Name: "smtp", Doc: "SMTP: logins, envelopes and the kinds of what is attached",
		Source: "RFC 5321, RFC 3030, RFC 3207, RFC 4954", IP: 6, Ports: []uint16{25, 587, 2525},
		Limit: 4*textMaxLine + 2*tlsMaxMessage, Probe: probeSMTP, New: func() Parser { return &smtpParser{} },
		Tables: []*event.Table{smtpTable, tlsTable, (*event.Login)(nil).Table()},
	})
}

// probeSMTP knows the client's greeting. The server's is that of FTP too, unless
// it names SMTP or goes on with 250.
func probeSMTP(from event.Side, data []byte) Verdict {
	if from == event.Client {
		best := No
		if !openedBy(data, "EHL") {
			return No
		}
		for _, verb := range []string{"EHLO", "HELO", "LHLO"} {
			head := bytes.ToUpper(data[:min(len(data), 5)])
			best = max(best, startsWith(head, verb+" "))
		}
		return best
	}
	if len(data) < 4 {
		return max(startsWith(data, "220 "), startsWith(data, "220-"))
	}
	if !bytes.HasPrefix(data, []byte("220")) || data[3] != ' ' && data[3] != '-' {
		return No
	}
	for n := 0; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		switch {
		case !whole:
			return More
		case bytes.Contains(line, []byte("SMTP")) || n > 0 && bytes.HasPrefix(line, []byte("250")):
			return Yes
		case bytes.Contains(line, []byte("FTP")) || n > 0 && !bytes.HasPrefix(line, []byte("220")):
			return No
		}
		data = rest
	}
	return More
}

const (
	smtpPending = 64
	smtpNames   = 8 // unknown addresses that are told of at once, and recipients of an envelope without a message
)

type smtpParser struct {
	lines    [2]lineBuffer
	waiting  []smtpCommand // without a reply, oldest first
	mail     *SMTP         // envelope that is being made
	content  mime
	state    smtpState
	chunk    int64 // bytes of a BDAT chunk still to come
	last     bool  // it is the last one
	helo     string
	authed   bool
	probes   smtpProbes
	sasl     sasl
	attempts int64
	greeted  bool
	answered bool // the server was heard
	told     bool // any record was
	tls      *tlsParser
	done     bool
}

// smtpProbes counts how a client asks about addresses.
type smtpProbes struct {
	unknown, known, told int64
	tried                int64 // of the known
	meant                bool  // a message was begun, or put off
}

type smtpState uint8

const (
	smtpCommands smtpState = iota
	smtpData               // the message, up to a line with a dot
	smtpChunk              // the bytes of BDAT
)

type smtpCommand struct {
	verb   string
	domain string
	mail   *SMTP // of the end of a message
}

func (p *smtpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 && !p.done {
		if p.tls != nil {
			return p.tls.Feed(from, data, emit)
		}
		if from == event.Client && p.state == smtpChunk {
			n := int(min(p.chunk, int64(len(data))))
			p.chunkBytes(data[:n])
			data = data[n:]
			continue
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		switch {
		case from == event.Client && p.state == smtpData:
			p.message(line, n, whole)
		case !whole:
		case from == event.Server:
			p.reply(line, emit)
		case p.sasl.active && len(p.waiting) > 0:
			p.sasl.answer(line)
		default:
			p.command(line)
		}
	}
	return !p.done
}

// message takes n bytes of a message, which may end a line of it.
func (p *smtpParser) message(line []byte, n int, whole bool) {
	p.mail.Bytes += int64(n)
	switch {
	case whole && string(line) == ".":
		p.mail.Bytes = max(0, p.mail.Bytes-mailDot)
		p.ended("DATA END")
	case whole:
		p.content.line(line)
	}
}

func (p *smtpParser) ended(verb string) {
	p.state = smtpCommands
	p.content.end()
	p.mail.Type, p.mail.Mailer, p.mail.Kinds, p.mail.Classes = p.content.top, p.content.mailer, p.content.kinds, p.content.classes
	p.wait(smtpCommand{verb: verb, mail: p.mail})
	p.mail, p.content = nil, mime{}
}

// chunkBytes takes bytes of BDAT (RFC 3030); lines may cross from one chunk into the next.
func (p *smtpParser) chunkBytes(b []byte) {
	p.chunk -= int64(len(b))
	p.envelope().Bytes += int64(len(b))
	for len(b) > 0 {
		n, line, whole := p.content.text.next(b, textMaxLine)
		b = b[n:]
		if whole {
			p.content.line(line)
		}
	}
	if p.chunk == 0 {
		p.chunkEnd()
	}
}

func (p *smtpParser) chunkEnd() {
	if p.last {
		p.ended("BDAT")
		return
	}
	p.state = smtpCommands
	p.wait(smtpCommand{verb: "BDAT"})
}

func (p *smtpParser) envelope() *SMTP {
	if p.mail == nil {
		p.mail = &SMTP{}
	}
	return p.mail
}

// wait notes a command whose reply is to come. One that sends many without
// waiting for replies is no client of mail.
func (p *smtpParser) wait(c smtpCommand) {
	if len(p.waiting) == smtpPending {
		p.done = true
		return
	}
	p.waiting = append(p.waiting, c)
}

func (p *smtpParser) command(line []byte) {
	verb, arg := words(line)
	c := smtpCommand{verb: verb}
	switch verb {
	case "EHLO", "HELO", "LHLO":
		p.helo = printable(arg[:min(len(arg), 255)])
	case "MAIL":
		p.mail = &SMTP{From: mailDomain(arg)}
	case "RCPT":
		c.domain = mailDomain(arg)
	case "AUTH":
		mechanism, first, _ := strings.Cut(arg, " ")
		p.sasl.begin(mechanism, strings.TrimSpace(first))
	case "RSET", "QUIT":
		p.abandon()
	case "DATA":
		p.probes.mean()
		p.envelope()
		if !p.answered { // only this side is seen: it does not wait for anything
			p.state = smtpData
		}
	case "BDAT":
		size, last, _ := strings.Cut(arg, " ")
		n, err := strconv.ParseInt(size, 10, 62)
		if err != nil || n < 0 {
			break
		}
		p.probes.mean()
		p.envelope()
		p.state, p.chunk, p.last = smtpChunk, n, strings.EqualFold(strings.TrimSpace(last), "LAST")
		if n == 0 {
			p.chunkEnd()
		}
		return
	case "":
		return
	}
	p.wait(c)
}

// mean notes that there is mail to be sent: nobody is only asked for.
func (p *smtpProbes) mean() { p.meant, p.tried = true, 0 }

// abandon counts the recipients of an envelope that gets no message. A gateway that
// asks its mail server who exists asks for one address an envelope.
func (p *smtpParser) abandon() {
	if p.mail != nil && !p.probes.meant && p.mail.Recipients >= smtpNames {
		p.probes.tried += p.mail.Recipients
	}
	p.mail = nil
}

// mailDomain is the part behind the @ of MAIL FROM:<a@b> and RCPT TO:<a@b>.
func mailDomain(arg string) string {
	_, path, _ := strings.Cut(arg, ":")
	path, _, _ = strings.Cut(strings.TrimLeft(path, " <"), ">")
	path, _, _ = strings.Cut(path, " ")
	_, domain, _ := cutLast(path, "@")
	return printable(strings.ToLower(domain[:min(len(domain), 255)]))
}

// reply reads a line of the server; of a reply of several lines the last counts.
func (p *smtpParser) reply(line []byte, emit func(event.Record)) {
	p.answered = true
	code, err := strconv.Atoi(string(line[:min(3, len(line))]))
	if err != nil || code < 200 || code > 599 || len(line) > 3 && line[3] == '-' {
		return
	}
	if !p.greeted {
		p.greeted = true
		if code == 220 || len(p.waiting) == 0 {
			return
		}
	}
	if len(p.waiting) == 0 {
		return
	}
	c := p.waiting[0]
	if code == 334 {
		return // the login goes on
	}
	p.waiting[0] = smtpCommand{}
	p.waiting = p.waiting[1:]
	p.replied(c, code, emit)
}

func (p *smtpParser) replied(c smtpCommand, code int, emit func(event.Record)) {
	fine := code < 400
	switch c.verb {
	case "MAIL":
		if !fine && p.state == smtpCommands {
			p.mail = nil
		}
	case "RCPT":
		p.recipient(c.domain, code, emit)
	case "VRFY", "EXPN": // no program that sends mail asks; the answer may be that it is not told
		if code != 250 && code != 251 {
			code = 550
		}
		p.probed(code, emit)
	case "AUTH":
		p.login(code, emit)
	case "DATA":
		if code == 354 && p.mail != nil {
			p.state = smtpData
		}
	case "DATA END", "BDAT":
		if c.mail != nil {
			c.mail.Reply = int64(code)
			p.tell(c.mail, emit)
		}
	case "STARTTLS":
		if code == 220 {
			p.tell(&SMTP{Encrypted: true}, emit)
			p.tls = &tlsParser{rec: &TLS{}}
		}
	}
}

func (p *smtpParser) recipient(domain string, code int, emit func(event.Record)) {
	m := p.envelope()
	if code < 400 {
		m.Recipients++
		if domain != "" && len(m.To) < smtpDomains && !slices.Contains(m.To, domain) {
			m.To = append(m.To, domain)
		}
	} else {
		m.Refused++
	}
	p.probed(code, emit)
}

// probed counts what the server says of addresses: 550, 551 and 553 mean that
// there is none such (RFC 5321, section 4.2.3). A
// client that gathers many unknown ones is told of at each doubling from smtpNames on.
func (p *smtpParser) probed(code int, emit func(event.Record)) {
	n := &p.probes
	switch code {
	case 550, 551, 553:
		n.unknown++
	case 250, 251:
		n.known++
	case 421, 450, 451, 452:
		n.mean()
	}
	if n.unknown >= max(smtpNames, 2*n.told) {
		p.tellProbes(emit)
	}
}

func (p *smtpParser) tellProbes(emit func(event.Record)) {
	p.probes.told = p.probes.unknown
	p.tell(&SMTP{Unknown: p.probes.unknown, Known: p.probes.known, Tried: p.probes.tried}, emit)
}

func (p *smtpParser) login(code int, emit func(event.Record)) {
	l := p.sasl.login("smtp")
	p.sasl = sasl{}
	l.Outcome, l.Reason = event.Unknown, ""
	switch {
	case code >= 500 && code != 535 && code != 534 && code != 538 && l.User == "": // the command itself was refused
		return
	case code == 235:
		l.Outcome, p.authed = event.Success, true
	case code >= 400:
		l.Outcome = event.Failure
	}
	if code > 0 {
		l.Reason = strconv.Itoa(code)
	}
	p.attempts++
	l.Attempt = p.attempts
	emit(l)
}

func (p *smtpParser) tell(r *SMTP, emit func(event.Record)) {
	r.Helo, r.Auth = p.helo, p.authed
	p.told = true
	emit(r)
}

// Gap goes on when what was lost lies within a message or behind STARTTLS.
func (p *smtpParser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	switch {
	case p.tls != nil || from == event.Server:
		p.done = true
	case p.state == smtpData:
		p.lines[from].buf = p.lines[from].buf[:0]
		p.mail.Bytes += int64(n)
	case p.state == smtpChunk && int64(n) < p.chunk:
		p.chunk -= int64(n)
		p.mail.Bytes += int64(n)
	default:
		p.done = true
	}
	return !p.done
}

// End tells of what was not answered, and of a session without a message.
func (p *smtpParser) End(emit func(event.Record)) {
	if p.tls != nil {
		p.tls.End(emit)
		return
	}
	if p.state == smtpCommands {
		p.abandon() // by hanging up
	}
	for _, c := range p.waiting {
		switch {
		case c.mail != nil:
			p.tell(c.mail, emit)
		case c.verb == "AUTH" && p.sasl.step > 0:
			p.login(0, emit)
		}
	}
	p.waiting = nil
	switch {
	case p.state != smtpCommands && p.mail != nil:
		p.ended("")
		p.tell(p.waiting[0].mail, emit)
	case p.probes.unknown > p.probes.told || p.probes.tried > 0:
		p.tellProbes(emit)
	case !p.told:
		p.tell(&SMTP{}, emit)
	}
	p.waiting = nil
}
