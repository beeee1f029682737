package proto

import (
	"bytes"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// dnsLook is what the probes judge a message by.
type dnsLook struct {
	id, flags, op   uint16
	questions, rest int
	name            []byte // of the first question, or of the first record
	kind, class     uint16
}

// lookDNS reads the header and the first name. It fails on what no server sends:
// more records than there is room for, an unknown operation, a bad name.
func lookDNS(msg []byte, into []byte, size int) (l dnsLook, ok bool) {
	c := cursor{data: msg}
	l.id, l.flags = c.be16(), c.be16()
	l.questions = int(c.be16())
	l.rest = int(c.be16()) + int(c.be16()) + int(c.be16())
	l.op = l.flags >> 11 & 15
	if c.bad || l.questions+l.rest == 0 || l.questions*5+l.rest*11 > size-dnsHeader {
		return l, false
	}
	name, next, ok := wireName(msg, c.at, into)
	if !ok {
		return l, false
	}
	c.seek(next)
	l.name, l.kind, l.class = name, c.be16(), c.be16()
	return l, !c.bad
}

// sound tells DNS by the values that are in use: random bytes pass in one of
// millions of cases.
func (l *dnsLook) sound() bool {
	if dnsOps[l.op] == "" || l.flags&0x40 != 0 || l.questions > 1 || l.kind == 0 {
		return false
	}
	if l.flags&0x8000 == 0 && (l.flags&15 != 0 || l.questions == 0) {
		return false
	}
	return dnsClasses[l.class] != "" && !netbiosLike(l.name)
}

func netbiosLike(name []byte) bool {
	_, _, ok := netbiosName(name)
	return ok
}

func verdict(yes bool) Verdict {
	if yes {
		return Yes
	}
	return No
}

func probeDNS(_ event.Side, msg []byte) Verdict {
	var name [256]byte
	l, ok := lookDNS(msg, name[:], len(msg))
	return verdict(ok && l.sound())
}

func probeDNSStream(_ event.Side, data []byte) Verdict {
	if len(data) < 2 {
		return More
	}
	size := int(data[0])<<8 | int(data[1])
	if size < dnsHeader+5 {
		return No
	}
	msg := data[2:min(len(data), 2+size)]
	if len(msg) >= 4 && (dnsOps[uint16(msg[2]>>3&15)] == "" || msg[3]&0x40 != 0) {
		return No
	}
	if len(msg) >= 6 && (msg[4] != 0 || msg[5] > 1) {
		return No
	}
	var name [256]byte
	l, ok := lookDNS(msg, name[:], size)
	switch {
	case ok:
		return verdict(l.sound())
	case len(msg) < size && len(msg) < dnsHeader+260:
		return More
	}
	return No
}

func probeMDNS(_ event.Side, msg []byte) Verdict {
	var name [256]byte
	l, ok := lookDNS(msg, name[:], len(msg))
	class := l.class & 0x7fff
	if !ok || l.op != 0 || l.flags&0x7bff != 0 || class != 1 && class != 255 {
		return No
	}
	n := bytes.ToLower(l.name)
	return verdict(bytes.HasSuffix(n, []byte("local")) || bytes.HasSuffix(n, []byte(".arpa")) || bytes.HasPrefix(n, []byte("_")))
}

func probeLLMNR(_ event.Side, msg []byte) Verdict {
	var name [256]byte
	l, ok := lookDNS(msg, name[:], len(msg))
	if !ok || l.op != 0 || l.questions != 1 || l.flags&0x00f0 != 0 || l.class != 1 || netbiosLike(l.name) {
		return No
	}
	plain := bytes.IndexByte(l.name, '.') < 0 || bytes.HasSuffix(l.name, []byte(".arpa"))
	return verdict(plain && len(l.name) > 0)
}

func probeNBNS(_ event.Side, msg []byte) Verdict {
	var name [256]byte
	l, ok := lookDNS(msg, name[:], len(msg))
	if !ok || l.questions > 1 || nbnsOps[l.op] == "" {
		return No
	}
	return verdict(netbiosLike(l.name) && nbnsTypes[l.kind] != "" && l.class == 1)
}
