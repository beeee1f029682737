package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "rsync", Doc: "rsync daemon: module, direction, login and its outcome, without paths",
		Source: "rsync 3.2 csprotocol.txt", IP: 6, Ports: []uint16{873}, Limit: 2 * textMaxLine,
		Probe: probeRsync, New: func() Parser { return &rsyncParser{} }, Tables: []*event.Table{rsyncTable, (*event.Login)(nil).Table()},
	})
}

const rsyncHello = "@RSYNCD: "

// Rsync is what one connection to a daemon asks for.
type Rsync struct {
	Version string // of the client's protocol
	Module  string // "" of a question for the list of modules
	List    bool   // the list was asked for
	Upload  bool   // the client sends
	Begun   bool   // the server agreed, and the arguments came
	Error   bool   // it refused
}

func probeRsync(_ event.Side, data []byte) Verdict {
	v := startsWith(data, rsyncHello)
	switch {
	case v != Yes:
		return v
	case len(data) == len(rsyncHello):
		return More
	}
	return yesIf(data[len(rsyncHello)] >= '2' && data[len(rsyncHello)] <= '9')
}

type rsyncParser struct {
	lines [2]lineBuffer
	state rsyncState
	rec   Rsync
	login *event.Login
	arg   []byte // the argument at hand, as far as it tells the direction
	long  bool
	sends bool
}

type rsyncState uint8

const (
	rsyncGreeting  rsyncState = iota // the client's next line is its version
	rsyncAsked                       // and then a module
	rsyncJudged                      // the server answers
	rsyncChallenge                   // the client answers a challenge
	rsyncArguments                   // the client's arguments, to an empty one
)

func (p *rsyncParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		if from == event.Client && p.state == rsyncArguments {
			if p.arguments(data) {
				p.rec.Begun, p.rec.Upload = true, !p.sends
				p.End(emit)
				return false
			}
			return true
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if whole && !p.line(from, line) {
			p.End(emit)
			return false
		}
	}
	return true
}

// line takes a line of either side; it reports false where nothing more of interest comes.
func (p *rsyncParser) line(from event.Side, line []byte) bool {
	rest, order := bytes.CutPrefix(line, []byte(rsyncHello))
	switch {
	case from == event.Server && !order:
		p.rec.Error = bytes.HasPrefix(line, []byte("@ERROR"))
		if p.rec.Error && p.login != nil && p.login.Outcome == event.Unknown {
			p.login.Outcome = event.Failure
		}
		return !p.rec.Error // else the message of the day, or a line of the list
	case from == event.Server:
		return p.told(string(rest))
	case p.state == rsyncGreeting && order:
		version, _, _ := bytes.Cut(rest, []byte(" "))
		p.rec.Version, p.state = printable(string(version[:min(len(version), 8)])), rsyncAsked
	case p.state == rsyncAsked:
		p.rec.Module = printable(string(line[:min(len(line), 64)]))
		p.rec.List = p.rec.Module == "" || p.rec.Module == "#list"
		if p.rec.List {
			p.rec.Module = ""
		}
		p.state = rsyncJudged
	case p.state == rsyncChallenge:
		user, _, _ := strings.Cut(string(line), " ")
		p.login = &event.Login{Protocol: "rsync", Method: "challenge", User: printable(user[:min(len(user), 64)]), Attempt: 1}
		p.state = rsyncJudged
	}
	return true
}

// told takes what the server says by its own sign.
func (p *rsyncParser) told(word string) bool {
	switch {
	case strings.HasPrefix(word, "AUTHREQD"):
		p.state = rsyncChallenge
	case word == "OK":
		p.state = rsyncArguments
		if p.login != nil {
			p.login.Outcome = event.Success
		}
	case word == "EXIT":
		return false
	}
	return true
}

// arguments looks for --sender, which the side that asks gives to a server that is to
// send, and reports whether they are over. They end with a NUL, before protocol 30
// with a line's end.
func (p *rsyncParser) arguments(data []byte) bool {
	for _, c := range data {
		if c != 0 && c != '\n' {
			p.long = p.long || len(p.arg) == len("--sender")
			if !p.long {
				p.arg = append(p.arg, c)
			}
			continue
		}
		if len(p.arg) == 0 {
			return true
		}
		p.sends = p.sends || !p.long && string(p.arg) == "--sender"
		p.arg, p.long = p.arg[:0], false
	}
	return false
}

// End tells of the connection once.
func (p *rsyncParser) End(emit func(event.Record)) {
	if p.rec.Version == "" {
		return
	}
	rec := p.rec
	emit(&rec)
	if p.login != nil {
		emit(p.login)
	}
	p.rec, p.login = Rsync{}, nil
}

var rsyncTable = event.NewTable("rsync", "Connections to an rsync daemon.",
	event.String("brandmelder.rsync.version", event.Technical, "version of the protocol that the client speaks", func(r *Rsync) (string, bool) { return r.Version, true }),
	event.String("brandmelder.rsync.module", event.Personal, "module", func(r *Rsync) (string, bool) { return r.Module, r.Module != "" }),
	event.Bool("brandmelder.rsync.list", event.Technical, "the list of modules was asked for", func(r *Rsync) (bool, bool) { return true, r.List }),
	event.Bool("brandmelder.rsync.upload", event.Technical, "the client sends", func(r *Rsync) (bool, bool) { return r.Upload, r.Begun }),
	event.Bool("brandmelder.rsync.refused", event.Technical, "the server refused", func(r *Rsync) (bool, bool) { return true, r.Error }),
).InBrief("brandmelder.rsync.module", "brandmelder.rsync.upload", "brandmelder.rsync.refused")

func (*Rsync) Table() *event.Table { return rsyncTable }
