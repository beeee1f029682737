package decode

import (
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// wireless reads 802.11 with gopacket's layers: these two and no others, so that
// no frame can choose a decoder by a port or a type. It is the one part of the
// decoder that may allocate, a bounded amount for each frame.
type wireless struct {
	radio   layers.RadioTap
	frame   layers.Dot11
	parsers [2]*gopacket.DecodingLayerParser // from the frame, and from the radio's header
	decoded []gopacket.LayerType
	copy    []byte
}

func newWireless() *wireless {
	w := &wireless{}
	for i, first := range []gopacket.LayerType{layers.LayerTypeDot11, layers.LayerTypeRadioTap} {
		w.parsers[i] = gopacket.NewDecodingLayerParser(first, &w.radio, &w.frame)
		w.parsers[i].IgnoreUnsupported = true
	}
	return w
}

// wlan reads a frame with or without the radio's header before it.
func (d *Decoder) wlan(h *Headers, b body, link event.LinkType) Reason {
	if d.wireless == nil {
		d.wireless = newWireless()
	}
	w, first := d.wireless, 0
	if link == linkRadiotap {
		first = 1
	}
	// The layer takes the last four bytes for a checksum, which many captures do
	// not have: it is given four more. Only the header's length is used of it.
	w.copy = append(append(w.copy[:0], b.data...), 0, 0, 0, 0)
	w.decoded = w.decoded[:0]
	w.frame = layers.Dot11{}
	if err := w.parsers[first].DecodeLayers(w.copy[:len(w.copy):len(w.copy)], &w.decoded); err != nil || len(w.decoded) <= first {
		if len(b.data) < b.wire {
			return Cut
		}
		return Malformed
	}
	f := &w.frame
	switch {
	case f.Type.MainType() != layers.Dot11TypeData || f.DataLayer == nil:
		return Wireless
	case f.Flags.WEP():
		return Encrypted
	case f.Type != layers.Dot11TypeData && f.Type != layers.Dot11TypeDataQOSData:
		return Wireless
	}
	from, to := f.Address2, f.Address1
	if f.Flags.ToDS() {
		to = f.Address3
	}
	if f.Flags.FromDS() {
		from = f.Address3
		if f.Flags.ToDS() {
			from = f.Address4
		}
	}
	copy(h.SrcMAC[:], from)
	copy(h.DstMAC[:], to)
	n := len(f.LayerContents())
	if first == 1 {
		n += int(w.radio.Length)
	}
	if n > len(b.data) {
		return b.short(n)
	}
	return d.llc(h, b.skip(n))
}
