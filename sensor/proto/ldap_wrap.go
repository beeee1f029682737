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

const ldapKept = 384 << 10 // a controller fills SASL buffers with up to 300 KiB of entries

// feed hands on each message, or its first ldapKept bytes, until each says false.
// It is false too where the bytes are neither kind of message.
func (f *ldapFrames) feed(data []byte, each func([]byte) bool) bool {
	for len(data) > 0 {
		if f.pass > 0 {
			n := min(f.pass, len(data))
			f.pass, data = f.pass-n, data[n:]
			continue
		}
		if f.size == 0 {
			f.buf, data = append(f.buf, data[0]), data[1:]
			if f.measure(); f.size < 0 {
				return false
			}
		} else {
			n := min(min(f.size, ldapKept)-len(f.buf), len(data))
			f.buf, data = append(f.buf, data[:n]...), data[n:]
		}
		if f.size > 0 && len(f.buf) == min(f.size, ldapKept) {
			whole := f.buf
			f.pass, f.size, f.buf = f.size-len(f.buf), 0, f.buf[:0]
			if !each(whole) {
				return false
			}
		}
	}
	return true
}

// within reports whether a message has begun and not ended.
func (f *ldapFrames) within() bool { return len(f.buf)+f.pass > 0 }

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

// unsealed finds the LDAP messages in a SASL buffer (RFC 4752) behind the token
// of its mechanism: Kerberos with either kind of token (RFC 4121 4.2.6.2, RFC 1964
// 1.2.2) or NTLM. It fails where they are encrypted.
//
// within says that the buffer goes on with a message that an earlier one began.
func unsealed(token []byte, within bool) ([]byte, bool) {
	data, ok := unwrapLDAP(token)
	return data, ok && (within || token[0] == 5 || plainLDAP(data)) // RFC 4121 says itself what is sealed
}

func unwrapLDAP(token []byte) ([]byte, bool) {
	c := cursor{data: token}
	switch {
	case bytes.HasPrefix(token, []byte{5, 4}) && len(token) > 16:
		extra, rotated := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))
		if token[2]&2 != 0 || rotated != 0 && rotated != extra || 16+extra > len(token) {
			return nil, false
		}
		if rotated > 0 {
			return token[16+extra:], true
		}
		return token[16 : len(token)-extra], true
	case len(token) > 0 && token[0] == 0x60:
		c.skip(1)
		derLength(&c)
		c.element()
		c.skip(32) // algorithms, sequence, checksum, confounder
		return c.rest(), !c.bad
	case bytes.HasPrefix(token, []byte{1, 0, 0, 0}) && len(token) > 16:
		return token[16:], true
	}
	return nil, false
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
