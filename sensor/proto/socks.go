package proto

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "socks", Doc: "SOCKS 4, 4a and 5: who has a proxy connect to what, the login, and what runs inside",
		Source: "RFC 1928, RFC 1929, SOCKS 4A", IP: 6, Ports: []uint16{1080, 9050, 1081}, Limit: 2*socksKept + 2*tlsMaxMessage,
		Probe: probeSOCKS, New: func() Parser { return &socksParser{} }, Tables: tunnelTables(socksTable),
	})
}

// SOCKS is one request to a proxy. The name and the address of the target are not
// checked against what the proxy did.
type SOCKS struct {
	Version string // "4", "4a", "5"
	Command string // connect, bind, udp-associate
	Method  string // how the client had to prove itself: none, gssapi, password, other, refused
	User    string // of version 4, which has no secret
	Domain  string // target, one of the two
	Addr    netip.Addr
	Port    int64
	Result  string // "ok" or the error's name; "" no answer seen
}

const socksKept = 1 << 10 // of a side that waits: the longest message has 515 bytes

var (
	socksCommands = map[byte]string{1: "connect", 2: "bind", 3: "udp-associate"}
	socksMethods  = map[byte]string{0: "none", 1: "gssapi", 2: "password", 255: "refused"}
	socks4Results = map[byte]string{90: "ok", 91: "rejected", 92: "no-identd", 93: "identd-differs"}
	socks5Results = [...]string{"ok", "failure", "not-allowed", "network-unreachable", "host-unreachable", "refused", "ttl-expired", "command-unsupported", "address-unsupported"}
)

// probeSOCKS takes a whole request of version 4; of version 5 the greeting is so
// short that the server's choice has to follow.
func probeSOCKS(from event.Side, data []byte) Verdict {
	switch {
	case len(data) == 0:
		return More
	case from == event.Server:
		if data[0] != 5 || len(data) > 2 {
			return No
		}
		if len(data) == 1 {
			return More
		}
		return yesIf(socksMethods[data[1]] != "" || data[1] >= 0x80)
	case data[0] == 5:
		if len(data) > 1 && (data[1] == 0 || len(data) > 2+int(data[1])) || bytes.IndexByte(data[min(2, len(data)):], 255) >= 0 {
			return No
		}
		return More
	case data[0] != 4 || len(data) > 1 && data[1] != 1 && data[1] != 2:
		return No
	}
	return probeSOCKS4(data)
}

func probeSOCKS4(data []byte) Verdict {
	if len(data) < 9 {
		return More
	}
	rest, texts := data[8:], 1
	if bytes.HasPrefix(data[4:], []byte{0, 0, 0}) && data[7] != 0 {
		texts = 2
	} else if data[4] == 0 {
		return No
	}
	if binary.BigEndian.Uint16(data[2:]) == 0 {
		return No
	}
	for ; texts > 0; texts-- {
		text, after, ended := bytes.Cut(rest, []byte{0})
		if printableShare(text) < 1 && len(text) > 0 || len(text) > 255 {
			return No
		}
		if !ended {
			return More
		}
		rest = after
	}
	return yesIf(len(rest) == 0)
}

type socksParser struct {
	buf    [2][]byte
	step   func(*socksParser, func(event.Record)) bool // takes what it waits for, or says that it is not there yet
	rec    SOCKS
	login  *event.Login
	said   bool
	open   bool
	over   bool
	inside tunnelled
}

func (p *socksParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.open {
		return p.inside.feed(from, data, emit)
	}
	if p.step == nil {
		p.step = (*socksParser).hello
	}
	p.buf[from] = append(p.buf[from], data...)
	for !p.over && !p.open && p.step(p, emit) {
	}
	for _, side := range [2]event.Side{event.Client, event.Server} {
		if p.open && !p.over {
			p.over = !p.inside.feed(side, p.buf[side], emit)
		}
		p.over = p.over || !p.open && len(p.buf[side]) > socksKept
	}
	if p.open {
		p.buf = [2][]byte{}
	}
	if p.over {
		p.tell(emit)
	}
	return !p.over
}

func (p *socksParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if !p.open || !p.inside.gap(from, n, emit) {
		p.tell(emit)
		return false
	}
	return true
}

// End tells of a request without an answer, and of what ran inside.
func (p *socksParser) End(emit func(event.Record)) {
	p.tell(emit)
	p.inside.end(emit)
}

// take is the next n bytes of a side, nil when they are not there yet.
func (p *socksParser) take(from event.Side, n int) []byte {
	if len(p.buf[from]) < n {
		return nil
	}
	b := p.buf[from][:n:n]
	p.buf[from] = p.buf[from][n:]
	return b
}

func (p *socksParser) hello(emit func(event.Record)) bool {
	b := p.buf[event.Client]
	switch {
	case len(b) < 2:
		return false
	case b[0] == 4:
		return p.request4()
	case b[0] != 5:
		p.over = true
		return false
	}
	if p.take(event.Client, 2+int(b[1])) == nil {
		return false
	}
	p.rec.Version, p.step = "5", (*socksParser).choice
	return true
}

func (p *socksParser) request4() bool {
	b := p.buf[event.Client]
	switch probeSOCKS4(b[:min(len(b), 600)]) {
	case More:
		return false
	case No:
		p.over = true
		return false
	}
	p.rec.Version, p.rec.Command, p.rec.Method = "4", socksCommands[b[1]], "none"
	p.rec.Port = int64(binary.BigEndian.Uint16(b[2:]))
	user, rest, _ := bytes.Cut(b[8:], []byte{0})
	p.rec.User = printable(string(user))
	if addr, _ := netip.AddrFromSlice(b[4:8]); b[4] != 0 {
		p.rec.Addr = addr
	} else {
		domain, _, _ := bytes.Cut(rest, []byte{0})
		p.rec.Version, p.rec.Domain = "4a", socksDomain(domain)
	}
	p.buf[event.Client], p.step = nil, (*socksParser).reply4
	return true
}

func socksDomain(b []byte) string { return printable(strings.ToLower(string(b))) }

func (p *socksParser) reply4(emit func(event.Record)) bool {
	b := p.take(event.Server, 8)
	if b == nil {
		return false
	}
	p.settle(socks4Results[b[1]], emit)
	return true
}

// choice is the server's: no method, or one that needs a login of its own.
func (p *socksParser) choice(emit func(event.Record)) bool {
	b := p.take(event.Server, 2)
	if b == nil {
		return false
	}
	p.rec.Method = socksMethods[b[1]]
	switch b[1] {
	case 0:
		p.step = (*socksParser).request5
	case 2:
		p.step = (*socksParser).password
	default:
		if p.rec.Method == "" {
			p.rec.Method = "other"
		}
		p.over = true
	}
	return !p.over
}

// password is RFC 1929: the secret crosses readable.
func (p *socksParser) password(emit func(event.Record)) bool {
	b := p.buf[event.Client]
	if len(b) < 2 || len(b) < 3+int(b[1]) {
		return false
	}
	user, secret := b[2:2+int(b[1])], int(b[2+int(b[1])])
	if len(b) < 3+len(user)+secret {
		return false
	}
	p.login = &event.Login{Protocol: "socks", Method: "password", User: printable(string(user)), Clear: secret > 0, Attempt: 1}
	p.take(event.Client, 3+len(user)+secret)
	clear(b[2+len(user):])
	p.step = (*socksParser).verdict
	return true
}

func (p *socksParser) verdict(emit func(event.Record)) bool {
	b := p.take(event.Server, 2)
	if b == nil {
		return false
	}
	p.login.Outcome = event.Success
	if p.step = (*socksParser).request5; b[1] != 0 {
		p.login.Outcome, p.over = event.Failure, true
	}
	emit(p.login)
	p.login = nil
	return !p.over
}

// address reads the end of a request or reply of version 5; size is 0 while it is
// not whole, and less than 0 where it cannot be one.
func socksAddress(b []byte) (domain string, addr netip.Addr, port int64, size int) {
	if len(b) < 5 {
		return
	}
	n := map[byte]int{1: 4, 3: 1 + int(b[4]), 4: 16}[b[3]]
	if n == 0 {
		return "", addr, 0, -1
	}
	if size = 6 + n; len(b) < size {
		return "", addr, 0, 0
	}
	if b[3] == 3 {
		domain = socksDomain(b[5 : 4+n])
	} else {
		addr, _ = netip.AddrFromSlice(b[4 : 4+n])
	}
	return domain, addr, int64(binary.BigEndian.Uint16(b[4+n:])), size
}

func (p *socksParser) request5(emit func(event.Record)) bool {
	b := p.buf[event.Client]
	domain, addr, port, size := socksAddress(b)
	if p.over = size < 0; size <= 0 {
		return false
	}
	p.rec.Command, p.rec.Domain, p.rec.Addr, p.rec.Port = socksCommands[b[1]], domain, addr, port
	p.take(event.Client, size)
	p.step = (*socksParser).reply5
	return true
}

func (p *socksParser) reply5(emit func(event.Record)) bool {
	b := p.buf[event.Server]
	_, _, _, size := socksAddress(b)
	if p.over = size < 0; size <= 0 {
		return false
	}
	result := "failure"
	if int(b[1]) < len(socks5Results) {
		result = socks5Results[b[1]]
	}
	p.take(event.Server, size)
	p.settle(result, emit)
	return true
}

// settle is the proxy's answer: from here on a connection runs inside.
func (p *socksParser) settle(result string, emit func(event.Record)) {
	p.rec.Result = result
	p.tell(emit)
	p.open = result == "ok" && p.rec.Command == "connect"
	p.over = !p.open
}

func (p *socksParser) tell(emit func(event.Record)) {
	if p.login != nil {
		emit(p.login)
		p.login = nil
	}
	if p.said || p.rec.Version == "" {
		return
	}
	p.said = true
	r := p.rec
	emit(&r)
}

func (*SOCKS) Table() *event.Table { return socksTable }

var socksTable = event.NewTable("socks", "Connections that a SOCKS proxy was asked for.",
	socksText("version", "4, 4a or 5", func(s *SOCKS) string { return s.Version }),
	socksText("command", "connect, bind or udp-associate", func(s *SOCKS) string { return s.Command }),
	socksText("method", "how the client had to prove itself: none, password, gssapi, other, or refused", func(s *SOCKS) string { return s.Method }),
	event.String("brandmelder.socks.user", event.Personal, "user whom a client of version 4 names", func(s *SOCKS) (string, bool) { return s.User, s.User != "" }),
	event.String("brandmelder.socks.target.domain", event.Technical, "name of the target", func(s *SOCKS) (string, bool) { return s.Domain, s.Domain != "" }),
	event.IP("brandmelder.socks.target.ip", event.Technical, "address of the target", func(s *SOCKS) netip.Addr { return s.Addr }),
	event.Int("brandmelder.socks.target.port", event.Technical, "port of the target", func(s *SOCKS) (int64, bool) { return s.Port, s.Port > 0 }),
	socksText("result", "ok, or the name of the error", func(s *SOCKS) string { return s.Result }),
).InBrief("brandmelder.socks.command", "brandmelder.socks.target.domain", "brandmelder.socks.target.ip", "brandmelder.socks.target.port", "brandmelder.socks.result")

func socksText(path, doc string, get func(*SOCKS) string) event.Field {
	return event.String("brandmelder.socks."+path, event.Technical, doc, func(s *SOCKS) (string, bool) { t := get(s); return t, t != "" })
}
