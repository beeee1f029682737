package proto

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TLS extensions that are read (IANA registry).
const (
	extServerName = 0
	extGroups     = 10
	extPoints     = 11
	extSignatures = 13
	extALPN       = 16
	extPreShared  = 41
	extVersions   = 43
)

// ClientHello is what a TLS client asks for, in its own order. Numbers are those
// of the IANA registries; GREASE values (RFC 8701) are left out.
type ClientHello struct {
	Legacy     uint16 // version field of the message
	Versions   []uint16
	Ciphers    []uint16
	Extensions []uint16
	Groups     []uint16
	Signatures []uint16
	Points     []uint8
	ServerName string   // SNI, lower case, at most 255 bytes
	ALPN       []string // at most 8
	JA3        string   // MD5 as hex

	session  []byte
	protocol string // first ALPN value with all its bytes
}

// ParseClientHello reads a whole ClientHello message that starts with its
// handshake header (RFC 8446, section 4.1.2). Nothing in the result points into
// handshake. False means that it is none.
func ParseClientHello(handshake []byte) (ClientHello, bool) {
	var h ClientHello
	c := cursor{data: handshake}
	if c.u8() != tlsClientHello {
		return h, false
	}
	body := c.sub(int(c.be24()))
	h.Legacy = body.be16()
	body.skip(32)
	h.session = bytes.Clone(body.take(int(body.u8())))
	ciphers := body.sub(int(body.be16()))
	h.Ciphers = numbers(&ciphers)
	body.skip(int(body.u8()))
	if body.bad || h.Legacy>>8 != 3 {
		return h, false
	}
	if body.left() > 0 {
		list := body.sub(int(body.be16()))
		for list.left() >= 4 && len(h.Extensions) < 256 {
			kind := list.be16()
			h.extension(kind, list.sub(int(list.be16())))
		}
	}
	h.JA3 = h.ja3()
	return h, true
}

func (h *ClientHello) extension(kind uint16, c cursor) {
	if grease(kind) {
		return
	}
	h.Extensions = append(h.Extensions, kind)
	switch kind {
	case extServerName:
		h.ServerName = serverName(c)
	case extGroups:
		list := c.sub(int(c.be16()))
		h.Groups = numbers(&list)
	case extPoints:
		h.Points = bytes.Clone(c.take(int(c.u8())))
	case extSignatures:
		list := c.sub(int(c.be16()))
		h.Signatures = numbers(&list)
	case extALPN:
		list := c.sub(int(c.be16()))
		for list.left() > 0 && len(h.ALPN) < 8 {
			name := string(list.take(int(list.u8())))
			if len(h.ALPN) == 0 {
				h.protocol = name
			}
			h.ALPN = append(h.ALPN, printable(name))
		}
	case extVersions:
		list := c.sub(int(c.u8()))
		h.Versions = numbers(&list)
	}
}

func serverName(c cursor) string {
	list := c.sub(int(c.be16()))
	if list.u8() != 0 {
		return ""
	}
	name := list.take(int(list.be16()))
	return strings.ToLower(printable(string(name[:min(len(name), 255)])))
}

// numbers reads 16-bit values to the end, without GREASE.
func numbers(c *cursor) []uint16 {
	var out []uint16
	for c.left() >= 2 {
		if n := c.be16(); !grease(n) {
			out = append(out, n)
		}
	}
	return out
}

// grease tells the values that clients send to keep servers tolerant: 0x0a0a,
// 0x1a1a … 0xfafa.
func grease(n uint16) bool { return n&0x0f0f == 0x0a0a && n>>8 == n&0xff }

// ja3 is Salesforce's fingerprint: version, ciphers, extensions, groups and point
// formats in decimal, hashed.
func (h *ClientHello) ja3() string {
	points := make([]uint16, len(h.Points))
	for i, p := range h.Points {
		points[i] = uint16(p)
	}
	var room [1024]byte
	b := strconv.AppendUint(room[:0], uint64(h.Legacy), 10)
	for _, list := range [][]uint16{h.Ciphers, h.Extensions, h.Groups, points} {
		b = appendDecimals(append(b, ','), list)
	}
	return md5Hex(b)
}

func appendDecimals(b []byte, list []uint16) []byte {
	for i, n := range list {
		if i > 0 {
			b = append(b, '-')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return b
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// JA4 is FoxIO's TLS client fingerprint. transport is 't' for TCP, 'q' for QUIC,
// 'd' for DTLS.
func (h *ClientHello) JA4(transport byte) string {
	sni := byte('i')
	if slices.Contains(h.Extensions, extServerName) {
		sni = 'd'
	}
	var ext []uint16
	for _, e := range h.Extensions {
		if e != extServerName && e != extALPN {
			ext = append(ext, e)
		}
	}
	slices.Sort(ext)
	var room [1024]byte
	tail := appendHexes(room[:0], ext)
	if len(h.Signatures) > 0 {
		tail = appendHexes(append(tail, '_'), h.Signatures)
	}
	cut := "000000000000"
	if len(tail) > 0 {
		cut = sha12(tail)
	}
	first := "000000000000"
	if len(h.Ciphers) > 0 {
		ciphers := slices.Clone(h.Ciphers)
		slices.Sort(ciphers)
		first = sha12(appendHexes(room[:0], ciphers))
	}
	return fmt.Sprintf("%c%s%c%02d%02d%s_%s_%s", transport, ja4Version(h.highest()), sni,
		min(len(h.Ciphers), 99), min(len(h.Extensions), 99), ja4ALPN(h.protocol), first, cut)
}

func (h *ClientHello) highest() uint16 {
	if len(h.Versions) > 0 {
		return slices.Max(h.Versions)
	}
	return h.Legacy
}

func ja4Version(v uint16) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	}
	return "00"
}

// ja4ALPN is the first and last character of the first protocol; where either is
// not alphanumeric, the first and last digit of its bytes in hex.
func ja4ALPN(p string) string {
	if p == "" {
		return "00"
	}
	first, last := p[0], p[len(p)-1]
	if alphanumeric(first) && alphanumeric(last) {
		return string([]byte{first, last})
	}
	const digits = "0123456789abcdef"
	return string([]byte{digits[first>>4], digits[last&15]})
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func appendHexes(b []byte, list []uint16) []byte {
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = hex.AppendEncode(b, []byte{byte(n >> 8), byte(n)})
	}
	return b
}

func sha12(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// serverHello is the server's choice.
type serverHello struct {
	version   uint16 // negotiated
	cipher    uint16
	alpn      string
	ja3s      string
	session   []byte
	preShared bool
	retry     bool
}

// retryRandom marks a HelloRetryRequest (RFC 8446, section 4.1.3).
var retryRandom = sha256.Sum256([]byte("HelloRetryRequest"))

func parseServerHello(body []byte) (serverHello, bool) {
	var h serverHello
	c := cursor{data: body}
	legacy := c.be16()
	h.version = legacy
	h.retry = bytes.Equal(c.take(32), retryRandom[:])
	draft := legacy>>8 == 0x7f // TLS 1.3 up to draft 21 had neither session nor compression here
	if !draft {
		h.session = bytes.Clone(c.take(int(c.u8())))
	}
	h.cipher = c.be16()
	if !draft {
		c.skip(1)
	}
	if c.bad || legacy>>8 != 3 && !draft {
		return h, false
	}
	var kinds []uint16
	if c.left() >= 2 {
		list := c.sub(int(c.be16()))
		for list.left() >= 4 && len(kinds) < 64 {
			kind := list.be16()
			kinds = append(kinds, kind)
			h.extension(kind, list.sub(int(list.be16())))
		}
	}
	var room [256]byte
	h.ja3s = md5Hex(appendDecimals(fmt.Appendf(room[:0], "%d,%d,", legacy, h.cipher), kinds))
	return h, true
}

func (h *serverHello) extension(kind uint16, c cursor) {
	switch kind {
	case extVersions:
		if v := c.be16(); v != 0 {
			h.version = v
		}
	case extPreShared:
		h.preShared = true
	case extALPN:
		c.skip(2)
		h.alpn = printable(string(c.take(int(c.u8()))))
	}
}
