package decode

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Link types that only gopacket reads here.
const (
	linkPPP      event.LinkType = 9
	linkPPPHDLC  event.LinkType = 50
	linkDot11    event.LinkType = 105
	linkRadioTap event.LinkType = 127
)

// rare reads seldom frames with gopacket: a DecodingLayerParser over the layers
// that are named here and no others, so that no decoder is chosen by a port.
type rare struct {
	radio layers.RadioTap
	dot11 layers.Dot11
	data  layers.Dot11Data
	qos   layers.Dot11DataQOSData
	llc   layers.LLC
	snap  layers.SNAP

	byDot11, byRadio *gopacket.DecodingLayerParser
	found            []gopacket.LayerType
}

func newRare() *rare {
	r := &rare{found: make([]gopacket.LayerType, 0, 8)}
	parser := func(first gopacket.LayerType, list ...gopacket.DecodingLayer) *gopacket.DecodingLayerParser {
		p := gopacket.NewDecodingLayerParser(first, list...)
		p.IgnoreUnsupported = true
		return p
	}
	wifi := []gopacket.DecodingLayer{&r.radio, &r.dot11, &r.data, &r.qos, &r.llc, &r.snap}
	r.byDot11 = parser(layers.LayerTypeDot11, wifi...)
	r.byRadio = parser(layers.LayerTypeRadioTap, wifi...)
	return r
}

// rareLink reads link types that are seldom on a mirror port.
func (d *Decoder) rareLink(t event.LinkType, f frame, h *Headers) Reason {
	switch t {
	case linkPPP, linkPPPHDLC:
		return d.ppp(f, h)
	case linkDot11:
		return d.wifi(d.rare.byDot11, f, h)
	case linkRadioTap:
		return d.wifi(d.rare.byRadio, f, h)
	}
	return BadLink
}

// wifi reads an 802.11 data frame.
func (d *Decoder) wifi(p *gopacket.DecodingLayerParser, f frame, h *Headers) Reason {
	if len(f.data) < 10 {
		return Cut
	}
	r := d.rare
	if err := p.DecodeLayers(f.data, &r.found); err != nil {
		return Malformed
	}
	for _, l := range r.found {
		if l != layers.LayerTypeSNAP {
			continue
		}
		copy(h.SrcMAC[:], r.dot11.Address2)
		copy(h.DstMAC[:], r.dot11.Address1)
		rest := frame{data: r.snap.LayerPayload(), wire: f.wire - len(f.data) + len(r.snap.LayerPayload())}
		return d.etherType(uint16(r.snap.Type), rest, h)
	}
	switch {
	case r.dot11.Type.MainType() != layers.Dot11TypeData:
		return NotData
	case r.dot11.Flags.WEP():
		return Encrypted
	}
	return NotData
}

// rareEther reads MPLS (RFC 3032) and PPPoE sessions (RFC 2516). gopacket has both
// layers, but not in the form that decodes in place.
func (d *Decoder) rareEther(t uint16, f frame, h *Headers) Reason {
	if t == typePPPS {
		if len(f.data) < 6 {
			return Cut
		}
		if f.data[0] != 0x11 || f.data[1] != 0 { // version, type and code of session data
			return NotData
		}
		return d.ppp(f.limit(6+int(binary.BigEndian.Uint16(f.data[4:]))).skip(6), h)
	}
	for range 8 {
		if len(f.data) < 4 {
			return Cut
		}
		bottom := f.data[2]&1 != 0
		f = f.skip(4)
		if bottom {
			return d.underMPLS(f, h)
		}
	}
	return Nesting
}

// underMPLS guesses what the labels carry, as routers do: the first nibble tells
// IP from a pseudowire, whose control word is zero (RFC 4385).
func (d *Decoder) underMPLS(f frame, h *Headers) Reason {
	if len(f.data) == 0 {
		return Cut
	}
	switch f.data[0] >> 4 {
	case 4, 6:
		return d.raw(f, h)
	case 0:
		if len(f.data) < 4 {
			return Cut
		}
		return d.ethernet(f.skip(4), h)
	}
	return d.ethernet(f, h)
}
