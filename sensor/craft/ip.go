package craft

import (
	"encoding/binary"
	"net/netip"
)

// IPv4 is an IPv4 header (RFC 791). Zero TTL means 64.
type IPv4 struct {
	Src, Dst netip.Addr
	Proto    uint8
	ID       uint16
	TTL      uint8
	DF       bool
	MF       bool   // more fragments follow
	Offset   int    // of a fragment, bytes, a multiple of 8
	Options  []byte // padded with zeros to a multiple of 4
}

// Bytes is the packet with this payload.
func (h IPv4) Bytes(payload []byte) []byte {
	options := append([]byte(nil), h.Options...)
	for len(options)%4 != 0 {
		options = append(options, 0)
	}
	size := 20 + len(options)
	b := make([]byte, 20, size+len(payload))
	b[0] = 0x40 | byte(size/4)
	binary.BigEndian.PutUint16(b[2:], uint16(size+len(payload)))
	binary.BigEndian.PutUint16(b[4:], h.ID)
	flags := uint16(h.Offset / 8)
	if h.DF {
		flags |= 0x4000
	}
	if h.MF {
		flags |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], flags)
	b[8], b[9] = ttl(h.TTL), h.Proto
	copy(b[12:], h.Src.AsSlice())
	copy(b[16:], h.Dst.AsSlice())
	b = append(b, options...)
	binary.BigEndian.PutUint16(b[10:], sum(b))
	return append(b, payload...)
}

// Fragments is the datagram with this payload cut into n fragments of about the
// same size; fewer where the payload is too short for n.
func (h IPv4) Fragments(payload []byte, n int) [][]byte {
	var out [][]byte
	for off, part := range cut(payload, n) {
		f := h
		f.Offset, f.MF = off, off+len(part) < len(payload)
		out = append(out, f.Bytes(part))
	}
	return out
}

// cut yields n parts with their offsets, each but the last a multiple of 8 bytes.
func cut(payload []byte, n int) func(yield func(int, []byte) bool) {
	step := ((len(payload)+n-1)/n + 7) &^ 7
	return func(yield func(int, []byte) bool) {
		for off := 0; off < len(payload); off += step {
			if !yield(off, payload[off:min(off+step, len(payload))]) {
				return
			}
		}
	}
}

func ttl(t uint8) byte {
	if t == 0 {
		return 64
	}
	return t
}

// IPv6 is an IPv6 header (RFC 8200). Zero HopLimit means 64.
type IPv6 struct {
	Src, Dst   netip.Addr
	Proto      uint8 // of the payload, behind the extensions
	HopLimit   uint8
	Extensions []Extension
}

// Extension is one IPv6 extension header. Body is what follows its next-header
// byte: for hop-by-hop (0), routing (43) and destination options (60) the length
// byte is made, and Body is padded to fill 8n bytes; other kinds stand as given.
type Extension struct {
	Kind uint8
	Body []byte
}

// Bytes is the packet with this payload.
func (h IPv6) Bytes(payload []byte) []byte {
	var chain []byte
	for i, e := range h.Extensions {
		next := h.Proto
		if i+1 < len(h.Extensions) {
			next = h.Extensions[i+1].Kind
		}
		chain = append(chain, e.bytes(next)...)
	}
	b := make([]byte, 40, 40+len(chain)+len(payload))
	b[0] = 0x60
	binary.BigEndian.PutUint16(b[4:], uint16(len(chain)+len(payload)))
	b[6], b[7] = h.Proto, ttl(h.HopLimit)
	if len(h.Extensions) > 0 {
		b[6] = h.Extensions[0].Kind
	}
	copy(b[8:], h.Src.AsSlice())
	copy(b[24:], h.Dst.AsSlice())
	return append(append(b, chain...), payload...)
}

func (e Extension) bytes(next uint8) []byte {
	switch e.Kind {
	case 0, 43, 60:
		b := append([]byte{next, 0}, e.Body...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		b[1] = byte(len(b)/8 - 1)
		return b
	}
	return append([]byte{next}, e.Body...)
}

// FragmentHeader is the IPv6 extension of a fragment; offset in bytes.
func FragmentHeader(id uint32, offset int, more bool) Extension {
	b := make([]byte, 7)
	word := uint16(offset)
	if more {
		word |= 1
	}
	binary.BigEndian.PutUint16(b[1:], word)
	binary.BigEndian.PutUint32(b[3:], id)
	return Extension{Kind: protoFrag, Body: b}
}

// Fragments is the datagram with this payload cut into n fragments, as
// IPv4.Fragments does it. The extensions of h stand in each of them.
func (h IPv6) Fragments(id uint32, payload []byte, n int) [][]byte {
	var out [][]byte
	for off, part := range cut(payload, n) {
		f := h
		f.Extensions = append(h.Extensions[:len(h.Extensions):len(h.Extensions)],
			FragmentHeader(id, off, off+len(part) < len(payload)))
		out = append(out, f.Bytes(part))
	}
	return out
}

// IP is a packet of the version that src has, with plain headers.
func IP(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	if src.Is4() {
		return IPv4{Src: src, Dst: dst, Proto: proto}.Bytes(payload)
	}
	return IPv6{Src: src, Dst: dst, Proto: proto}.Bytes(payload)
}
