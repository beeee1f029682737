package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// offer remembers the dialects that a client knows, since the answer names one
// by its place among them.
func (p *smbParser) offer(m *smb1Message) {
	p.offered = p.offered[:0]
	for len(p.offered) < 16 && m.bytes.u8() == 2 {
		rest := m.bytes.data[m.bytes.at:]
		end := bytes.IndexByte(rest, 0)
		if end < 0 {
			return
		}
		p.offered = append(p.offered, text16(rest[:min(end, 32)], false))
		m.bytes.skip(end + 1)
	}
}

func (p *smbParser) negotiated1(m *smb1Message) {
	w := m.words
	index, mode := int(w.le16()), w.u8()
	w.skip(16)
	features := w.le32()
	if w.bad { // a dialect before NT LM 0.12 has a shorter answer
		features = 0
	}
	if index < len(p.offered) {
		p.dialect = p.offered[index]
	}
	p.plain = mode&2 == 0 && m.status == statusOK
	p.say(SMB{Command: "negotiate", Status: m.reason, Signing: signing(mode&4 != 0, mode&8 != 0), Features: int64(features)})
}

// loginOf1 reads a session setup of any of its three kinds (MS-SMB 2.2.4.6.1,
// MS-CIFS 2.2.4.53.1).
func (p *smbParser) loginOf1(m *smb1Message) *login {
	w := m.words
	w.skip(14)
	first := int(w.le16())
	switch len(w.data) {
	case 24:
		return loginOf("smb", m.bytes.take(min(first, m.bytes.left())))
	case 26:
		second := int(w.le16())
		m.bytes.skip(first + second)
		return p.oldLogin(m, first, second)
	case 20:
		m.bytes.skip(first)
		return p.oldLogin(m, first, 0)
	}
	return nil
}

// oldLogin reads who logs on without a security token. The lengths of the two
// responses tell what they are, whose bytes are passed over.
func (p *smbParser) oldLogin(m *smb1Message, lm, nt int) *login {
	user, domain := m.text(&m.bytes), m.text(&m.bytes)
	l := &login{Login: event.Login{Protocol: "smb", Method: "ntlm", User: user, Domain: domain}}
	switch {
	case user == "" && lm <= 1 && nt <= 1:
		l.Method = "anonymous"
	case p.plain:
		l.Method, l.Clear = "password", true
	default:
		l.ntlm = &NTLM{Type: ntlmAuthenticate, Protocol: "smb", Version: "v1", User: user, Domain: domain}
		if nt > 24 {
			l.ntlm.Version = "v2"
		}
	}
	return l
}

func (p *smbParser) connected1(m *smb1Message, call smbCall) {
	call.record.Status = m.reason
	if m.status == statusOK {
		service := text16(m.bytes.take(min(8, m.bytes.left())), false)
		kind := ""
		switch {
		case strings.HasPrefix(service, "IPC"):
			kind = "pipe"
		case strings.HasPrefix(service, "LPT"):
			kind = "print"
		case strings.HasPrefix(service, "A:"):
			kind = "disk"
		}
		call.record.ShareType = kind
		p.trees.put(m.tree, share{call.record.Share, kind}, smbTrees)
	}
	p.say(*call.record)
}
