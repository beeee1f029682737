package decode

import "encoding/binary"

const (
	portVXLAN      = 4789
	portVXLANLinux = 8472 // Linux's default before the port was assigned
	portGENEVE     = 6081
)

// udpTunnel looks into VXLAN (RFC 7348) and GENEVE (RFC 8926). What does not look
// like one is ordinary UDP.
func (d *Decoder) udpTunnel(port uint16, f frame, h *Headers) (r Reason, tunnel bool) {
	b := f.data
	switch port {
	case portVXLAN, portVXLANLinux:
		if len(b) < 8+14 || b[0] != 0x08 || b[1] != 0 || b[2] != 0 || b[3] != 0 || b[7] != 0 {
			return OK, false
		}
		h.setTunnel("vxlan", binary.BigEndian.Uint32(b[4:])>>8)
		return d.inner(f.skip(8), h, (*Decoder).ethernet), true
	case portGENEVE:
		if len(b) < 8 || b[0]>>6 != 0 {
			return OK, false
		}
		size, kind := 8+int(b[0]&0x3f)*4, binary.BigEndian.Uint16(b[2:])
		if len(b) < size || kind != typeTEB && kind != typeIPv4 && kind != typeIPv6 {
			return OK, false
		}
		h.setTunnel("geneve", binary.BigEndian.Uint32(b[4:])>>8)
		if kind == typeTEB {
			return d.inner(f.skip(size), h, (*Decoder).ethernet), true
		}
		return d.inner(f.skip(size), h, (*Decoder).raw), true
	}
	return OK, false
}

// GRE protocol types (RFC 2784, and Cisco's for mirrored frames).
const (
	greERSPAN2 = 0x88be
	greERSPAN3 = 0x22eb
	grePPP     = 0x880b
)

// gre reads GRE version 0 (RFC 2784, 2890) with what ERSPAN puts into it, and
// PPTP's version 1 (RFC 2637).
func (d *Decoder) gre(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 4 {
		return Cut
	}
	flags, kind := b[0], binary.BigEndian.Uint16(b[2:])
	size, id := 4, uint32(0)
	if b[1]&7 == 1 {
		return d.pptp(f, h)
	}
	for _, option := range [3]byte{0x80, 0x20, 0x10} { // checksum, key, sequence number
		if flags&option == 0 {
			continue
		}
		if len(b) < size+4 {
			return Cut
		}
		if option == 0x20 {
			id = binary.BigEndian.Uint32(b[size:])
		}
		size += 4
	}
	if flags&0x40 != 0 { // source routing, deprecated
		return Malformed
	}
	f = f.skip(size)
	switch kind {
	case typeIPv4, typeIPv6:
		h.setTunnel("gre", id)
		return d.inner(f, h, (*Decoder).raw)
	case typeTEB:
		h.setTunnel("gre", id)
		return d.inner(f, h, (*Decoder).ethernet)
	case greERSPAN2, greERSPAN3:
		return d.erspan(f, h, kind, flags&0x10 != 0)
	}
	h.setPayload(f)
	return OK
}

// erspan reads mirrored frames: type I has no header of its own, II has 8 bytes,
// III has 12 and perhaps 8 more.
func (d *Decoder) erspan(f frame, h *Headers, kind uint16, sequenced bool) Reason {
	size, session := 0, uint32(0)
	if sequenced {
		size = 8
		if kind == greERSPAN3 {
			size = 12
		}
		if len(f.data) < size {
			return Cut
		}
		session = uint32(binary.BigEndian.Uint16(f.data[2:]) & 0x3ff)
		if kind == greERSPAN3 && f.data[11]&1 != 0 {
			size += 8
		}
		if len(f.data) < size {
			return Cut
		}
	}
	h.setTunnel("erspan", session)
	return d.inner(f.skip(size), h, (*Decoder).ethernet)
}

func (d *Decoder) pptp(f frame, h *Headers) Reason {
	b := f.data
	size := 8
	if b[0]&0x10 != 0 {
		size += 4
	}
	if b[1]&0x80 != 0 {
		size += 4
	}
	if len(b) < size {
		return Cut
	}
	call := uint32(binary.BigEndian.Uint16(b[6:]))
	f = f.skip(size)
	if len(f.data) == 0 { // an acknowledgement alone
		h.setPayload(f)
		return OK
	}
	h.setTunnel("gre", call)
	return d.inner(f, h, (*Decoder).ppp)
}

// ppp reads an uncompressed or address-compressed PPP frame (RFC 1661).
func (d *Decoder) ppp(f frame, h *Headers) Reason {
	if len(f.data) >= 2 && f.data[0] == 0xff && f.data[1] == 0x03 {
		f = f.skip(2)
	}
	if len(f.data) < 2 {
		return Cut
	}
	proto, size := uint16(f.data[0]), 1
	if proto&1 == 0 {
		proto, size = binary.BigEndian.Uint16(f.data), 2
	}
	switch proto {
	case 0x0021, 0x0057:
		return d.raw(f.skip(size), h)
	}
	return NotData
}
