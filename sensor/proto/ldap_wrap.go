package proto

import (
	"bytes"
	"encoding/binary"
)

// ldapFrames cuts one side of a stream into LDAP messages and SASL buffers. Of a
// long one it keeps the first bytes, which say what it is.
type ldapFrames struct {
	buf  []byte
	size int // of the message at hand with its head, 0 not known yet
	pass int
}

const (
	// What is read of a message stands in front: the names of an operation, the
	// service of a bind's ticket, the code of a result. Entries are only counted.
	ldapKept = 6 << 10
	// The head of the longest token of a SASL mechanism, and that of a message in it.
	saslHead = 4 + 96
)

// next takes from data up to the end of a message, or of the part of it that is
// kept, and returns what is behind. It fails where the bytes are no message.
func (f *ldapFrames) next(data []byte) (rest, whole []byte, ok bool) {
	for len(data) > 0 && f.size >= 0 {
		if f.pass > 0 {
			n := min(f.pass, len(data))
			f.pass, data = f.pass-n, data[n:]
			continue
		}
		if f.size == 0 {
			f.buf, data = append(f.buf, data[0]), data[1:]
			f.measure()
		} else {
			n := min(f.keeps()-len(f.buf), len(data))
			f.buf, data = append(f.buf, data[:n]...), data[n:]
		}
		if f.size > 0 && len(f.buf) == f.keeps() {
			whole = f.buf
			f.pass, f.size, f.buf = f.size-len(f.buf), 0, f.buf[:0]
			return data, whole, true
		}
	}
	return nil, nil, f.size >= 0
}

// keeps is how much of the message at hand is kept: of a SASL buffer the head, for
// its content is a stream that is read as it comes.
func (f *ldapFrames) keeps() int {
	if f.buf[0] == 0 {
		return min(f.size, saslHead)
	}
	return min(f.size, ldapKept)
}

// gap reports whether n lost bytes end within the message at hand, which is lost.
func (f *ldapFrames) gap(n int) bool {
	left := f.pass
	if f.size > 0 {
		left = f.size - len(f.buf)
	}
	if n > left {
		return false
	}
	f.pass, f.size, f.buf = left-n, 0, f.buf[:0]
	return true
}

// within reports whether a message has begun and not ended.
func (f *ldapFrames) within() bool { return len(f.buf)+f.pass > 0 }

// ldapSide is one side of a connection.
type ldapSide struct {
	outer ldapFrames
	inner ldapFrames // of what stands in SASL buffers
	plain int        // bytes of LDAP messages still to come in the buffer at hand
	lost  bool       // the content of the buffers is out of step
}

// drop passes over the rest of the buffer at hand: what it had begun is lost, and
// another one may begin a message.
func (s *ldapSide) drop() {
	s.outer.pass += s.plain
	s.plain, s.inner, s.lost = 0, ldapFrames{}, true
}

// gap reports whether n lost bytes end within a buffer or message of known length.
func (s *ldapSide) gap(n int) bool {
	if s.plain == 0 {
		sasl := len(s.outer.buf) > 0 && s.outer.buf[0] == 0
		if !s.outer.gap(n) {
			return false
		}
		if sasl {
			s.drop()
		}
		return true
	}
	s.drop()
	return s.outer.gap(n)
}

// measure learns the size from the head, once it is there: -1 for what is none.
func (f *ldapFrames) measure() {
	b := f.buf
	switch {
	case b[0] == 0:
		if len(b) == 4 {
			f.size = 4 + int(binary.BigEndian.Uint32(b))
		}
	case b[0] != 0x30:
		f.size = -1
	case len(b) > 1 && (b[1] < 0x80 || len(b) == 2+int(b[1]&0x7f)):
		c := cursor{data: b, at: 1}
		n := derLength(&c)
		if f.size = c.at + n; c.bad || n < 0 || n > 1<<30 {
			f.size = -1
		}
	case len(b) > 6:
		f.size = -1
	}
}

// plainPart finds where in a SASL buffer (RFC 4752) of size bytes the LDAP messages
// stand, from its head: behind the token of its mechanism, Kerberos with either kind
// of token (RFC 4121 4.2.6.2, RFC 1964 1.2.2) or NTLM. It fails where they are
// encrypted, or where the head is not that of a token.
func plainPart(head []byte, size int) (from, to int, ok bool) {
	c := cursor{data: head}
	switch {
	case bytes.HasPrefix(head, []byte{5, 4}) && len(head) > 16:
		extra, rotated := int(binary.BigEndian.Uint16(head[4:])), int(binary.BigEndian.Uint16(head[6:]))
		from, to = 16, size-extra
		if rotated > 0 {
			from, to = 16+extra, size
		}
		return from, to, head[2]&2 == 0 && (rotated == 0 || rotated == extra) && from <= len(head) && from <= to
	case len(head) > 0 && head[0] == 0x60:
		c.skip(1)
		derLength(&c)
		c.element()
		c.skip(32) // algorithms, sequence, checksum, confounder
		return c.at, size, !c.bad
	case bytes.HasPrefix(head, []byte{1, 0, 0, 0}) && len(head) > 16:
		return 16, size, true
	}
	return 0, 0, false
}

// plainLDAP reports whether data begins with an LDAP message of any operation:
// the farewell too, which has no content.
func plainLDAP(data []byte) bool {
	c := cursor{data: data}
	tag, body := c.element()
	in := cursor{data: body}
	number, id := in.element()
	op := in.u8()
	return tag == 0x30 && number == 2 && len(id) <= 4 && op&0xc0 == 0x40 && !in.bad
}
