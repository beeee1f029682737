package proto

import (
	"bytes"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "telnet", Doc: "Telnet: option negotiation and the logins of the dialogue",
		Source: "RFC 854, RFC 1091, RFC 1572, RFC 2946", IP: 6, Ports: []uint16{23, 2323},
		Limit: 2*telnetMaxSub + 8<<10, Probe: probeTelnet,
		New:    func() Parser { return &telnetParser{rec: &Telnet{}, terminal: terminal{protocol: "telnet"}} },
		Tables: []*event.Table{telnetTable, (*event.Login)(nil).Table()},
	})
}

// Commands (RFC 854) and the options of interest.
const (
	telnetSE   = 240
	telnetSB   = 250
	telnetWILL = 251
	telnetDONT = 254
	telnetIAC  = 255

	telnetTerminal   = 24 // RFC 1091
	telnetEncrypt    = 38 // RFC 2946
	telnetNewEnviron = 39 // RFC 1572

	telnetMaxSub     = 1024 // kept of one subnegotiation, bytes
	telnetMaxOptions = 32
)

// Telnet is how a session began. It is told with its first login, or earlier
// where the negotiation itself is an attack, or at the end.
type Telnet struct {
	Options  []string // that either side spoke of, in order
	Terminal string
	User     string // that the client's environment names
	Injected bool   // that name is an option for the login program
	Key      int64  // longest key id of the encryption option, bytes; 64 is the most (RFC 2946)
}

// telnetOptions are the names of the common options (IANA telnet-options).
var telnetOptions = map[byte]string{
	0: "binary", 1: "echo", 3: "suppress-go-ahead", 5: "status", 6: "timing-mark", 23: "send-location", telnetTerminal: "terminal-type", 25: "end-of-record",
	31: "window-size", 32: "terminal-speed", 33: "flow-control", 34: "linemode", 35: "x-display", 36: "environ", 37: "authentication", telnetEncrypt: "encryption",
	telnetNewEnviron: "new-environ", 40: "tn3270e", 44: "com-port", 45: "suppress-local-echo", 46: "start-tls",
}

// probeTelnet knows the negotiation of an option. A server that negotiates nothing
// is known by its prompt, where nothing but text came before it.
func probeTelnet(from event.Side, data []byte) Verdict {
	if len(data) == 0 {
		return More
	}
	if data[0] != telnetIAC {
		if from == event.Client {
			return No
		}
		return probePrompt(data)
	}
	if len(data) < 3 {
		return More
	}
	return yesIf(data[1] >= telnetWILL && data[1] <= telnetDONT && telnetOptions[data[2]] != "")
}

// probePrompt wants text that ends in the prompt for a user's name. Greetings that
// begin with a digit, +, * or - are those of FTP, SMTP, POP3 and IMAP.
func probePrompt(data []byte) Verdict {
	c := data[0]
	if c >= '0' && c <= '9' || c == '+' || c == '*' || c == '-' || c == '{' || c == '<' || c == ':' {
		return No
	}
	for _, c := range data[max(0, len(data)-64):] {
		if c < 0x20 && c != '\r' && c != '\n' && c != '\t' && c != 0x1b && c != 7 && c != 0 || c == 0x7f {
			return No
		}
	}
	line := data[bytes.LastIndexByte(data, '\n')+1:]
	if promptOf(line) == promptUser {
		return Yes
	}
	return More
}

type telnetParser struct {
	terminal
	sides [2]telnetSide
	rec   *Telnet // nil once told
	done  bool
}

type telnetState uint8

const (
	telnetText telnetState = iota
	telnetCommand
	telnetOption
	telnetSub
	telnetSubCommand
)

type telnetSide struct {
	state telnetState
	sub   []byte
}

func (p *telnetParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	told := func(r event.Record) { p.tell(emit); emit(r) }
	for _, b := range data {
		p.take(from, b, told)
		if p.done || p.in {
			p.tell(emit)
			return false
		}
	}
	return true
}

// take reads one byte of a side (RFC 854).
func (p *telnetParser) take(from event.Side, b byte, emit func(event.Record)) {
	s := &p.sides[from]
	switch s.state {
	case telnetText:
		if b == telnetIAC {
			s.state = telnetCommand
			return
		}
		p.hear(from, b, emit)
	case telnetCommand:
		s.state = telnetText
		switch {
		case b >= telnetWILL && b <= telnetDONT:
			s.state = telnetOption
		case b == telnetSB:
			s.state, s.sub = telnetSub, s.sub[:0]
		}
	case telnetOption:
		s.state = telnetText
		p.option(b)
	case telnetSub:
		if b == telnetIAC {
			s.state = telnetSubCommand
		} else {
			s.keep(b)
		}
	case telnetSubCommand:
		s.state = telnetSub
		if b == telnetIAC {
			s.keep(b)
			return
		}
		s.state = telnetText
		p.subnegotiation(from, s.sub, emit)
	}
}

func (s *telnetSide) keep(b byte) {
	if len(s.sub) < telnetMaxSub {
		s.sub = append(s.sub, b)
	}
}

func (p *telnetParser) option(b byte) {
	if p.rec == nil {
		return
	}
	if name := telnetOptions[b]; name != "" && len(p.rec.Options) < telnetMaxOptions && !slices.Contains(p.rec.Options, name) {
		p.rec.Options = append(p.rec.Options, name)
	}
}

// subnegotiation reads what a side tells in detail about an option.
func (p *telnetParser) subnegotiation(from event.Side, sub []byte, emit func(event.Record)) {
	if len(sub) < 2 {
		return
	}
	kind, body := sub[1], sub[2:]
	switch sub[0] {
	case telnetTerminal:
		if p.rec != nil && from == event.Client && kind == 0 {
			p.rec.Terminal = printable(string(body[:min(len(body), 40)]))
		}
	case telnetNewEnviron:
		if from == event.Client && (kind == 0 || kind == 2) { // IS, INFO
			p.environ(body, emit)
		}
	case telnetEncrypt:
		if p.rec != nil && (kind == 7 || kind == 8) { // ENC_KEYID, DEC_KEYID
			p.rec.Key = max(p.rec.Key, int64(len(body)))
		}
		p.done = p.done || kind == 3 // START: the rest cannot be read
	}
}

// environ looks for the variable USER (RFC 1572: VAR 0, VALUE 1, ESC 2, USERVAR
// 3). A name that begins with a dash becomes an option of the login program in
// telnet servers that hand it on unchecked: -f lets in without a password.
func (p *telnetParser) environ(body []byte, emit func(event.Record)) {
	for len(body) > 0 && p.rec != nil {
		end := 1
		for end < len(body) && body[end] != 0 && body[end] != 3 {
			end++
		}
		name, value, _ := bytes.Cut(body[1:end], []byte{1})
		body = body[end:]
		if string(name) != "USER" {
			continue
		}
		p.rec.User = printable(string(value[:min(len(value), 64)]))
		p.rec.Injected = bytes.HasPrefix(value, []byte("-"))
		if p.rec.Injected {
			p.tell(emit)
		}
	}
}

func (p *telnetParser) tell(emit func(event.Record)) {
	if r := p.rec; r != nil {
		p.rec = nil
		emit(r)
	}
}

// End tells of a session without a login, and of a login without an outcome.
func (p *telnetParser) End(emit func(event.Record)) {
	p.tell(emit)
	p.end(emit)
}

var telnetTable = event.NewTable("telnet", "Telnet sessions: how they began.",
	event.Strings("brandmelder.telnet.options", event.Technical, "options that either side spoke of, in order", func(r *Telnet) []string { return r.Options }),
	event.String("brandmelder.telnet.terminal", event.Technical, "type of the client's terminal", func(r *Telnet) (string, bool) { return r.Terminal, r.Terminal != "" }),
	event.String("brandmelder.telnet.environ_user", event.Personal, "user that the client's environment names", func(r *Telnet) (string, bool) { return r.User, r.User != "" }),
	event.Bool("brandmelder.telnet.injected", event.Technical, "that name is an option for the login program, which may let in without a password", func(r *Telnet) (bool, bool) { return true, r.Injected }),
	event.Int("brandmelder.telnet.key_bytes", event.Technical, "longest key id of the encryption option, bytes; more than 64 overflows old servers", func(r *Telnet) (int64, bool) { return r.Key, r.Key > 0 }),
).InBrief("brandmelder.telnet.terminal")

func (*Telnet) Table() *event.Table { return telnetTable }
