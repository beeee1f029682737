package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "vnc", Doc: "VNC (RFB): version, how a session is secured, and whether the login was accepted",
		Source: "RFC 6143", IP: 6, Ports: []uint16{5900, 5901, 5800}, Limit: 4 * vncKept,
		Probe: probeVNC, New: func() Parser { return &vncParser{} }, Tables: []*event.Table{vncTable, (*event.Login)(nil).Table()},
	})
}

// VNC is how one session of remote control was set up.
type VNC struct {
	Version [2]string // by Side, "3.8"
	Offered []string  // ways to secure the session, by name
	Chosen  string
	Result  string // "ok", "failed", "too-many", or "refused" before a choice; "" not seen
}

// Open reports whether the session was begun without any login.
func (v *VNC) Open() bool { return v.Chosen == "none" && v.Result != "failed" && v.Result != "refused" }

func (*VNC) Table() *event.Table { return vncTable }

var vncTable = event.NewTable("vnc", "Sessions of remote control over VNC.",
	vncText("client.version", "version of the client", func(v *VNC) string { return v.Version[event.Client] }),
	vncText("server.version", "version of the server", func(v *VNC) string { return v.Version[event.Server] }),
	event.Strings("brandmelder.vnc.offered", event.Technical, "ways to secure the session that the server offers", func(v *VNC) []string { return v.Offered }),
	vncText("security", "the way that was chosen", func(v *VNC) string { return v.Chosen }),
	vncText("result", "ok, failed, too-many or refused", func(v *VNC) string { return v.Result }),
	event.Bool("brandmelder.vnc.open", event.Technical, "no login was asked for", func(v *VNC) (bool, bool) { return v.Open(), v.Chosen != "" }),
).InBrief("brandmelder.vnc.security", "brandmelder.vnc.result")

func vncText(path, doc string, get func(*VNC) string) event.Field {
	return event.String("brandmelder.vnc."+path, event.Technical, doc, func(v *VNC) (string, bool) { t := get(v); return t, t != "" })
}

// Security types (IANA registry of RFB).
var vncSecurity = map[byte]string{0: "invalid", 1: "none", 2: "vnc", 5: "ra2", 6: "ra2ne", 16: "tight", 17: "ultra", 18: "tls", 19: "vencrypt", 20: "sasl", 21: "md5", 22: "xvp", 30: "apple-dh", 33: "apple-kerberos", 35: "apple", 113: "ms-logon", 129: "unix", 130: "external"}

func vncName(kind byte) string {
	if n := vncSecurity[kind]; n != "" {
		return n
	}
	return fmt.Sprint(kind)
}

const (
	vncKept   = 4 << 10 // of one side that waits, bytes: the keys of Apple's exchange need 1 KiB
	vncBanner = 12
)

func probeVNC(_ event.Side, data []byte) Verdict {
	const form = "RFB ddd.ddd\n"
	for i, b := range data[:min(len(data), vncBanner)] {
		if form[i] == 'd' && (b < '0' || b > '9') || form[i] != 'd' && b != form[i] {
			return No
		}
	}
	if len(data) < vncBanner {
		return More
	}
	return Yes
}

type vncParser struct {
	rec  VNC
	buf  [2][]byte
	step func(*vncParser) bool // takes what it waits for, or says that it is not there yet
	said bool
	over bool
}

func (p *vncParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.step == nil {
		p.step = (*vncParser).serverVersion
	}
	p.buf[from] = append(p.buf[from], data...)
	for !p.over && p.step(p) {
	}
	if len(p.buf[from]) > vncKept {
		p.over = true
	}
	if p.over {
		p.End(emit)
	}
	return !p.over
}

// take is the next n bytes of a side, nil when they are not there yet.
func (p *vncParser) take(from event.Side, n int) []byte {
	if len(p.buf[from]) < n {
		return nil
	}
	b := p.buf[from][:n:n]
	p.buf[from] = p.buf[from][n:]
	return b
}

func (p *vncParser) version(from event.Side) bool {
	b := p.take(from, vncBanner)
	if b == nil {
		return false
	}
	if probeVNC(from, b) != Yes {
		p.over = true
		return false
	}
	p.rec.Version[from] = strings.TrimLeft(string(b[4:7]), "0") + "." + strings.TrimLeft(string(b[8:10]), "0") + string(b[10:11])
	return true
}

func (p *vncParser) serverVersion() bool {
	if !p.version(event.Server) {
		return false
	}
	p.step = (*vncParser).clientVersion
	return true
}

// clientVersion decides how the security type is agreed: version 3.3 has it chosen
// by the server.
func (p *vncParser) clientVersion() bool {
	if !p.version(event.Client) {
		return false
	}
	p.step = (*vncParser).types
	if v := p.rec.Version[event.Client]; v < "3.7" && len(v) == 3 {
		p.step = (*vncParser).dictated
	}
	return true
}

func (p *vncParser) dictated() bool {
	b := p.take(event.Server, 4)
	if b == nil {
		return false
	}
	kind := byte(min(binary.BigEndian.Uint32(b), 255))
	p.rec.Offered = []string{vncName(kind)}
	p.choose(kind)
	return true
}

func (p *vncParser) types() bool {
	if len(p.buf[event.Server]) == 0 || len(p.buf[event.Server]) < 1+int(p.buf[event.Server][0]) {
		return false
	}
	n := int(p.take(event.Server, 1)[0])
	for _, kind := range p.take(event.Server, n) {
		p.rec.Offered = append(p.rec.Offered, vncName(kind))
	}
	p.step = (*vncParser).choice
	if n == 0 {
		p.rec.Result, p.over = "refused", true
	}
	return true
}

func (p *vncParser) choice() bool {
	b := p.take(event.Client, 1)
	if b == nil {
		return false
	}
	p.choose(b[0])
	return true
}

func (p *vncParser) choose(kind byte) {
	p.rec.Chosen = vncName(kind)
	v := p.rec.Version[event.Client]
	switch {
	case kind == 0:
		p.rec.Result, p.over = "refused", true
	case kind == 1 && v >= "3.8":
		p.step = (*vncParser).result
	case kind == 2:
		p.step = (*vncParser).challenge
	case kind == 30:
		p.step = (*vncParser).appleKeys
	default:
		p.over = kind == 1
		p.step = func(*vncParser) bool { p.buf = [2][]byte{}; return false } // encrypted, or not known
	}
}

// challenge and its answer, each of 16 bytes (RFC 6143, section 7.2.2).
func (p *vncParser) challenge() bool {
	if len(p.buf[event.Server]) < 16 || p.take(event.Client, 16) == nil {
		return false
	}
	p.take(event.Server, 16)
	p.step = (*vncParser).result
	return true
}

// appleKeys: a generator, a length, a prime and a key of that length; then the
// client's encrypted name and password, 128 bytes, and its key.
func (p *vncParser) appleKeys() bool {
	s := p.buf[event.Server]
	if len(s) < 4 {
		return false
	}
	n := int(binary.BigEndian.Uint16(s[2:]))
	if len(s) < 4+2*n || len(p.buf[event.Client]) < 128+n {
		p.over = n > 1024
		return false
	}
	p.take(event.Server, 4+2*n)
	p.take(event.Client, 128+n)
	p.step = (*vncParser).result
	return true
}

func (p *vncParser) result() bool {
	b := p.take(event.Server, 4)
	if b == nil {
		return false
	}
	p.rec.Result, p.over = "failed", true
	switch {
	case bytes.Equal(b, []byte{0, 0, 0, 0}):
		p.rec.Result = "ok"
	case bytes.Equal(b, []byte{0, 0, 0, 2}):
		p.rec.Result = "too-many"
	}
	return true
}

// End tells of the session, and of the login that it asked for. What a login in an
// encrypted exchange came to cannot be seen.
func (p *vncParser) End(emit func(event.Record)) {
	if p.said || p.rec.Version[event.Server] == "" {
		return
	}
	p.said = true
	r := p.rec
	emit(&r)
	if r.Chosen == "" || r.Chosen == "none" || r.Chosen == "invalid" {
		return
	}
	outcome := map[string]event.Outcome{"ok": event.Success, "failed": event.Failure, "too-many": event.Failure}[r.Result]
	l := &event.Login{Protocol: "vnc", Method: r.Chosen, Outcome: outcome, Attempt: 1}
	if outcome == event.Failure {
		l.Reason = r.Result
	}
	emit(l)
}
