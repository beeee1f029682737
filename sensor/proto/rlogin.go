package proto

import (
	"bytes"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "rlogin", Doc: "rlogin, rsh and rexec: who logs on or has a command run, without any encryption",
		Source: "RFC 1282, BSD rcmd and rexec", IP: 6, Ports: []uint16{512, 513, 514}, Limit: 2 * rloginMost,
		Probe: probeRlogin, New: func() Parser { return &rloginParser{} }, Tables: []*event.Table{rloginTable, (*event.Login)(nil).Table()},
	})
}

// Rlogin is the begin of a session, or of a command. The command is not in it.
type Rlogin struct {
	Service string // rlogin, rsh, rexec
	Local   string // user at the client, "" for rexec
	User    string // at the server
	Command int64  // bytes of the command; 0 for rlogin
	Result  string // accepted, refused; "" no answer seen
}

const (
	rloginMost = 1 << 10 // of a side, bytes
	rloginName = 32      // of a user
)

// rloginFields reads what the client says first: texts behind each other, each with
// a zero at its end. The number of texts shows what it is: rlogin begins with an
// empty one. ok is No where it is none of the three.
func rloginFields(data []byte) (fields [][]byte, ok Verdict) {
	if len(data) == 0 {
		return nil, More
	}
	fields = bytes.SplitN(data, []byte{0}, 5)
	for i, f := range fields {
		last := i == len(fields)-1
		switch {
		case last && i == 4:
			return fields[:4], yesIf(len(f) == 0)
		case i == 0 && !isPort(f), i == 0 && last && len(f) == 0:
			return nil, No
		case (i == 1 || i == 2) && (len(f) > rloginName || !last && len(f) == 0), printableShare(f) < 1 && len(f) > 0:
			return nil, No
		case i == 3 && len(fields[0]) == 0 && !last && !isTerminal(f):
			return nil, No
		}
	}
	return fields, More
}

// isPort takes the number of the port for errors, which may be none.
func isPort(b []byte) bool {
	n, err := strconv.ParseUint(string(b), 10, 16)
	return len(b) == 0 || err == nil && len(b) == len(strconv.FormatUint(n, 10))
}

// isTerminal takes a kind of terminal with its speed.
func isTerminal(b []byte) bool {
	_, speed, ok := bytes.Cut(b, []byte("/"))
	return ok && len(speed) > 0 && isPort(speed[:min(len(speed), 4)])
}

func probeRlogin(from event.Side, data []byte) Verdict {
	if from == event.Server || len(data) > 0 && data[0] != 0 && (data[0] < '0' || data[0] > '9') || len(data) > 1 && data[0] == 0 && data[1] <= ' ' {
		return No
	}
	_, ok := rloginFields(data)
	return ok
}

type rloginParser struct {
	buf   []byte
	rec   *Rlogin
	login *event.Login
}

func (p *rloginParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.rec == nil && from == event.Client {
		p.buf = append(p.buf, data[:min(len(data), rloginMost-len(p.buf))]...)
		fields, ok := rloginFields(p.buf)
		if ok == Yes {
			p.begin(fields)
		}
		return ok == Yes || ok == More && len(p.buf) < rloginMost
	}
	if p.rec == nil || from == event.Client || len(data) == 0 {
		return true
	}
	p.rec.Result = accepted // the answer is one byte, or a text of what is wrong
	outcome := event.Success
	switch {
	case data[0] != 0:
		p.rec.Result, outcome = "refused", event.Failure
	case p.rec.Service == "rlogin":
		outcome = event.Unknown // a password may be asked for now
	}
	p.tell(outcome, emit)
	return false
}

// begin reads the texts. A reserved port is rsh's, who trusts it; another one is
// rexec's, whose third text is a password.
func (p *rloginParser) begin(fields [][]byte) {
	text := func(i int) string { return printable(string(fields[i])) }
	port, _ := strconv.Atoi(string(fields[0]))
	switch {
	case len(fields[0]) == 0:
		p.rec = &Rlogin{Service: "rlogin", Local: text(1), User: text(2)}
		p.login = &event.Login{Protocol: "rlogin", Method: "trust", User: p.rec.User}
	case port >= 512 && port < 1024:
		p.rec = &Rlogin{Service: "rsh", Local: text(1), User: text(2), Command: int64(len(fields[3]))}
		p.login = &event.Login{Protocol: "rsh", Method: "trust", User: p.rec.User}
	default:
		p.rec = &Rlogin{Service: "rexec", User: text(1), Command: int64(len(fields[3]))}
		p.login = &event.Login{Protocol: "rexec", Method: "password", User: p.rec.User, Clear: len(fields[2]) > 0}
	}
	p.login.Attempt = 1
	clear(p.buf)
	p.buf = nil
}

// End tells of a session without an answer.
func (p *rloginParser) End(emit func(event.Record)) { p.tell(event.Unknown, emit) }

func (p *rloginParser) tell(o event.Outcome, emit func(event.Record)) {
	if p.rec == nil || p.login == nil {
		return
	}
	emit(p.rec)
	p.login.Outcome = o
	emit(p.login)
	p.login = nil
}

func (*Rlogin) Table() *event.Table { return rloginTable }

var rloginTable = event.NewTable("rlogin", "Sessions and commands over rlogin, rsh and rexec.",
	event.String("brandmelder.rlogin.service", event.Technical, "rlogin, rsh or rexec", func(r *Rlogin) (string, bool) { return r.Service, true }),
	event.String("brandmelder.rlogin.local_user", event.Personal, "user at the client", func(r *Rlogin) (string, bool) { return r.Local, r.Local != "" }),
	event.String("user.name", event.Personal, "user at the server", func(r *Rlogin) (string, bool) { return r.User, r.User != "" }),
	event.Int("brandmelder.rlogin.command.bytes", event.Technical, "bytes of the command", func(r *Rlogin) (int64, bool) { return r.Command, r.Command > 0 }),
	event.String("brandmelder.rlogin.result", event.Technical, "accepted or refused", func(r *Rlogin) (string, bool) { return r.Result, r.Result != "" }),
).InBrief("brandmelder.rlogin.service", "user.name", "brandmelder.rlogin.result")
