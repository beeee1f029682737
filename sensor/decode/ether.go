package decode

import "encoding/binary"

// EtherTypes (IEEE registry).
const (
	typeIPv4   = 0x0800
	typeARP    = 0x0806
	typeTEB    = 0x6558 // transparent Ethernet bridging
	typeVLAN   = 0x8100
	typeIPv6   = 0x86dd
	typeSlow   = 0x8809
	typePPP    = 0x880b
	typeMPLS   = 0x8847
	typeMPLSm  = 0x8848
	typePPPoED = 0x8863
	typePPPoE  = 0x8864
	typeEAPOL  = 0x888e
	typeQinQ   = 0x88a8
	typeERSPN2 = 0x88be
	typeLLDP   = 0x88cc
	typeMACsec = 0x88e5
	typeOldQ   = 0x9100
	typeERSPN3 = 0x22eb
)

func (h *Headers) tag(tci uint16) {
	if h.Tunnel.Depth == 0 && int(h.Tags.N) < len(h.Tags.ID) {
		h.Tags.ID[h.Tags.N] = tci & 0xfff
		h.Tags.N++
	}
}

func (d *Decoder) ethernet(h *Headers, b body) Reason {
	if len(b.data) < 14 {
		return b.short(14)
	}
	copy(h.DstMAC[:], b.data)
	copy(h.SrcMAC[:], b.data[6:])
	return d.etherType(h, b.skip(14), binary.BigEndian.Uint16(b.data[12:]))
}

// deeper takes one layer from the frame's allowance.
func (d *Decoder) deeper() bool {
	d.layers--
	return d.layers >= 0
}

func (d *Decoder) etherType(h *Headers, b body, t uint16) Reason {
	for t == typeVLAN || t == typeQinQ || t == typeOldQ {
		if !d.deeper() {
			return Nesting
		}
		if len(b.data) < 4 {
			return b.short(4)
		}
		h.tag(binary.BigEndian.Uint16(b.data))
		t = binary.BigEndian.Uint16(b.data[2:])
		b = b.skip(4)
	}
	h.EtherType = t
	if !d.deeper() {
		return Nesting
	}
	switch t {
	case typeIPv4:
		return d.ipv4(h, b)
	case typeIPv6:
		return d.ipv6(h, b)
	case typeARP:
		return arp(h, b)
	case typePPPoE:
		return d.pppoe(h, b)
	case typeMPLS, typeMPLSm:
		return d.mpls(h, b)
	case typePPP:
		return d.ppp(h, b)
	case typeTEB:
		return d.ethernet(h, b)
	}
	if t <= 1500 {
		return d.llc(h, b.limit(int(t)))
	}
	return notIP(t)
}

func notIP(t uint16) Reason {
	switch t {
	case typeSlow:
		return Slow
	case typeLLDP:
		return LLDP
	case typeEAPOL:
		return EAPOL
	case typePPPoED:
		return PPPControl
	case typeMACsec:
		return Encrypted
	}
	return NotIP
}

// arp takes the message of Ethernet and IPv4; others are not read.
func arp(h *Headers, b body) Reason {
	if len(b.data) < 28 {
		return b.short(28)
	}
	m := b.data[:28]
	if binary.BigEndian.Uint16(m[2:]) != typeIPv4 || m[4] != 6 || m[5] != 4 {
		return NotIP
	}
	h.ARP = m
	return OK
}

// llc reads 802.2, and SNAP on it.
func (d *Decoder) llc(h *Headers, b body) Reason {
	if len(b.data) < 3 {
		return b.short(3)
	}
	switch {
	case b.data[0] == 0x42 && b.data[1] == 0x42:
		return STP
	case b.data[0] != 0xaa || b.data[1] != 0xaa || b.data[2] != 3:
		return LLC
	case len(b.data) < 8:
		return b.short(8)
	}
	oui := uint32(b.data[3])<<16 | uint32(b.data[4])<<8 | uint32(b.data[5])
	t := binary.BigEndian.Uint16(b.data[6:])
	switch {
	case oui == 0x00000c && t == 0x2000: // Cisco's elder brother of LLDP
		return LLDP
	case oui == 0x00000c && t == 0x010b: // per-VLAN spanning tree
		return STP
	case oui != 0 && oui != 0x0000f8:
		return LLC
	case t <= 1500:
		return LLC
	case !d.deeper():
		return Nesting
	}
	return d.etherType(h, b.skip(8), t)
}

// mpls takes off the labels (RFC 3032). What follows the last is not named: an
// IP version, or Ethernet behind a control word (RFC 4448).
func (d *Decoder) mpls(h *Headers, b body) Reason {
	for bottom := false; !bottom; {
		if !d.deeper() {
			return Nesting
		}
		if len(b.data) < 4 {
			return b.short(4)
		}
		bottom = b.data[2]&1 != 0
		b = b.skip(4)
	}
	if len(b.data) < 4 {
		return b.short(4)
	}
	switch b.data[0] >> 4 {
	case 4, 6:
		return d.ip(h, b)
	case 0:
		return d.ethernet(h, b.skip(4))
	}
	return NotIP
}

// pppoe reads a session frame (RFC 2516).
func (d *Decoder) pppoe(h *Headers, b body) Reason {
	if len(b.data) < 6 {
		return b.short(6)
	}
	if b.data[1] != 0 {
		return PPPControl
	}
	return d.ppp(h, b.skip(6).limit(int(binary.BigEndian.Uint16(b.data[4:]))))
}

// ppp reads the protocol field, with or without HDLC's address before it and in
// its short form (RFC 1661, 1662).
func (d *Decoder) ppp(h *Headers, b body) Reason {
	if len(b.data) >= 2 && b.data[0] == 0xff && b.data[1] == 3 {
		b = b.skip(2)
	}
	if len(b.data) < 2 {
		return b.short(2)
	}
	proto, size := uint16(b.data[0]), 1
	if proto&1 == 0 {
		proto, size = binary.BigEndian.Uint16(b.data), 2
	}
	switch proto {
	case 0x21, 0x57:
		return d.ip(h, b.skip(size))
	}
	return PPPControl
}
