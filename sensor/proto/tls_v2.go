package proto

import (
	"bytes"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Old clients open with a hello of SSL 2.0 that offers TLS too (RFC 5246, appendix
// E.2); a server answers it in TLS, or in SSL 2.0 where it knows no better.
const (
	ssl2Client  = 1 // first messages of the two sides
	ssl2Server  = 4
	ssl2Version = 0x0002
	ssl2Lengths = 9 // type, version and three lengths
)

// probeSSL2 wants lengths that make up the message exactly.
func probeSSL2(data []byte) Verdict {
	if len(data) > 2 && data[2] != ssl2Client {
		return No
	}
	if len(data) < 2+ssl2Lengths {
		return More
	}
	c := cursor{data: data}
	size := int(c.be16() & 0x7fff)
	c.skip(1)
	version := c.be16()
	ciphers, session, challenge := int(c.be16()), int(c.be16()), int(c.be16())
	known := version == ssl2Version || version>>8 == 3 && version&0xff <= 4
	return yesIf(known && ciphers > 0 && ciphers%3 == 0 && (session == 0 || session == 16) &&
		challenge >= 16 && challenge <= 32 && size == ssl2Lengths+ciphers+session+challenge)
}

// opens reports whether a side's first record is of SSL 2.0. A record of TLS begins
// with a number below 128.
func (p *tlsParser) opens(from event.Side) bool {
	head := &p.sides[from].head
	if head[0] < 0x80 {
		return false
	}
	if from == event.Client {
		return !p.rec.clientSeen && head[2] == ssl2Client
	}
	return p.rec.clientSeen && !p.rec.serverSeen && head[2] == ssl2Server
}

// ssl2 gathers such a message behind its first five bytes, which are length, kind, and
// the client's version or what the server says of session and certificate.
func (p *tlsParser) ssl2(from event.Side, b []byte) {
	s := &p.sides[from]
	if s.msg = append(s.msg, b...); len(b) < s.left {
		return
	}
	c := cursor{data: s.msg}
	if from == event.Server {
		version := c.be16()
		p.rec.serverHello.version, p.rec.serverSeen, p.done = version, version == ssl2Version, true
		return
	}
	h := ClientHello{Legacy: binary.BigEndian.Uint16(s.head[3:])}
	h.Versions = []uint16{h.Legacy}
	ciphers := int(c.be16())
	session := int(c.be16())
	c.skip(2)
	for list := c.sub(ciphers); list.left() > 0; {
		if n := list.be24(); n < 1<<16 && !list.bad { // the others are of SSL 2.0 alone
			h.Ciphers = append(h.Ciphers, uint16(n))
		}
	}
	h.session = bytes.Clone(c.take(session))
	p.rec.Hello, p.rec.clientSeen, p.done = h, !c.bad, c.bad
	s.msg = s.msg[:0]
}
