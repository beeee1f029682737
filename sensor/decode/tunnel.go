package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// wrapped reads the packet inside a tunnel: of EtherType t, or IP of either
// version where t is 0. What cannot be read stays what it is on the outside, a
// packet of the tunnel's own conversation.
func (d *Decoder) wrapped(h *Headers, b body, e *ends, kind string, id uint32, t uint16) Reason {
	if h.Tunnel.Depth >= maxWraps {
		return Nesting
	}
	outside := *h
	*h = Headers{Time: h.Time, Number: h.Number, Interface: h.Interface, Tags: h.Tags, Tunnel: h.Tunnel}
	h.Key.Segment = outside.Key.Segment
	if h.Tunnel.Depth == 0 {
		h.Tunnel = event.Tunnel{Kind: kind, ID: id,
			Outer: netip.AddrFrom16(e.src).Unmap(), OuterPeer: netip.AddrFrom16(e.dst).Unmap()}
	}
	h.Tunnel.Depth++
	var r Reason
	if t == 0 {
		r = d.ip(h, b)
	} else {
		r = d.etherType(h, b, t)
	}
	switch r {
	case OK, Held, Nesting:
		return r
	}
	*h = outside
	return OK
}

// vxlan reads RFC 7348: one flag, all reserved bits zero; with them set it is
// some other use of the port.
func (d *Decoder) vxlan(h *Headers, b body, e *ends) Reason {
	x := b.data
	if len(x) < 8+14 || binary.BigEndian.Uint32(x) != 8<<24 || x[7] != 0 {
		return OK
	}
	return d.wrapped(h, b.skip(8), e, "vxlan", binary.BigEndian.Uint32(x[4:])>>8, typeTEB)
}

// geneve reads RFC 8926.
func (d *Decoder) geneve(h *Headers, b body, e *ends) Reason {
	x := b.data
	if len(x) < 8 || x[0]>>6 != 0 || x[1]&0x3f != 0 || x[7] != 0 {
		return OK
	}
	size := 8 + int(x[0]&0x3f)*4
	if len(x) < size {
		return OK
	}
	return d.wrapped(h, b.skip(size), e, "geneve", binary.BigEndian.Uint32(x[4:])>>8, binary.BigEndian.Uint16(x[2:]))
}

// gre reads version 0 with checksum, key and sequence number (RFC 2784, 2890)
// and PPTP's version 1 (RFC 2637), and ERSPAN in it.
func (d *Decoder) gre(h *Headers, b body, e *ends) Reason {
	x := b.data
	if len(x) < 4 || x[0]&0x40 != 0 { // source routing was never used
		return OK
	}
	size, key := 4, uint32(0)
	if x[0]&0x80 != 0 {
		size += 4
	}
	if x[0]&0x20 != 0 {
		if len(x) < size+4 {
			return OK
		}
		key = binary.BigEndian.Uint32(x[size:])
		size += 4
	}
	sequence := x[0]&0x10 != 0
	if sequence {
		size += 4
	}
	version, t := x[1]&7, binary.BigEndian.Uint16(x[2:])
	if version == 1 {
		key &= 0xffff // the upper half is a length
		if x[1]&0x80 != 0 {
			size += 4
		}
	}
	if len(x) <= size || version > 1 || t <= 1500 {
		return OK
	}
	switch {
	case t == typeERSPN2 || t == typeERSPN3:
		return d.erspan(h, b.skip(size), e, t, sequence)
	case version == 1 && t != typePPP:
		return OK
	}
	return d.wrapped(h, b.skip(size), e, "gre", key, t)
}

// erspan takes off the mirror's header: none of type I, 8 bytes of type II, 12 or
// 20 of type III.
func (d *Decoder) erspan(h *Headers, b body, e *ends, t uint16, sequence bool) Reason {
	if !sequence && t == typeERSPN2 {
		return d.wrapped(h, b, e, "erspan", 0, typeTEB)
	}
	x, size := b.data, 8
	if t == typeERSPN3 {
		if size = 12; len(x) >= 12 && x[11]&1 != 0 {
			size = 20
		}
	}
	if len(x) < size {
		return OK
	}
	return d.wrapped(h, b.skip(size), e, "erspan", uint32(binary.BigEndian.Uint16(x[2:])&0x3ff), typeTEB)
}
