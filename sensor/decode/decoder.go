package decode

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Bounds on what one frame can make the decoder do.
const (
	maxWraps      = 4  // tunnels inside each other
	maxLayers     = 24 // link and network headers of one frame, tags and labels counted
	maxExtensions = 8  // IPv6 extension headers of one packet
)

// Options of a decoder; zero values mean the defaults.
type Options struct {
	Seed           uint64 // of the lanes and the fragment table; the same seed gives the same lanes
	FragmentMemory int    // bytes kept of unfinished datagrams; 4 MiB
}

// Stats counts what a decoder saw since it was made.
type Stats struct {
	Reasons   [reasonCount]uint64
	Tunnels   uint64 // packets whose headers came out of a tunnel
	Fragments FragmentStats
}

// Decoder reads frames. It belongs to one goroutine.
type Decoder struct {
	seed     uint64
	layers   int // left for this frame
	fragment fragments
	wireless *wireless // made with the first 802.11 frame
	stats    Stats
}

// New makes a decoder and all the memory that it will ever use.
func New(o Options) *Decoder {
	d := &Decoder{seed: o.Seed}
	d.fragment.init(o.FragmentMemory, o.Seed)
	return d
}

// Stats is a copy of the counters.
func (d *Decoder) Stats() Stats {
	s := d.stats
	s.Fragments = d.fragment.FragmentStats
	return s
}

// body is what is left of a frame: bytes captured, and length on the wire.
type body struct {
	data []byte
	wire int // never less than len(data)
}

// skip takes n bytes off; n must not be greater than len(data).
func (b body) skip(n int) body { return body{b.data[n:], b.wire - n} }

// limit ends the body after n bytes on the wire, which drops link padding.
func (b body) limit(n int) body {
	n = min(n, b.wire)
	return body{b.data[:min(n, len(b.data))], n}
}

// short is the reason for a header of n bytes that does not fit.
func (b body) short(n int) Reason {
	if b.wire >= n {
		return Cut
	}
	return Malformed
}

// Decode fills h from p and allocates nothing. h's slices are valid until the
// next Decode and no longer than p's bytes. What h holds is only meaningful when
// the reason is OK or Held.
func (d *Decoder) Decode(p *event.Packet, h *Headers) Reason {
	*h = Headers{} // not a literal with fields: that would be built elsewhere and copied
	h.Time, h.Number, h.Interface = p.Time, p.Number, p.Interface
	h.Key.Segment = p.Segment
	h.Tags.Known = true
	if p.Tag != 0 {
		h.tag(uint16(p.Tag))
	}
	if p.Unsummed {
		h.Sum = SumOffload
	}
	d.layers = maxLayers
	r := d.link(p.Link, h, body{p.Data, max(int(p.Wire), len(p.Data))})
	if r == OK {
		d.finish(h)
		h.Delta, h.Entry, h.Want = p.Delta, p.Entry, p.Want
	}
	d.stats.Reasons[r]++
	return r
}

// Counted fills h from counters that came without a packet.
func (d *Decoder) Counted(p *event.Packet, h *Headers) {
	*h = Headers{}
	h.Time, h.Number, h.Interface = p.Time, p.Number, p.Interface
	h.Key, h.FromA, h.Tags = p.Delta.Key, p.Delta.FromA, p.Delta.Tags
	h.Key.Segment = p.Segment
	h.Delta, h.Alone = p.Delta, true
	h.Lane = LaneOf(&h.Key, &h.Tags, d.seed)
}

func (d *Decoder) finish(h *Headers) {
	if h.Tunnel.Depth > 0 {
		d.stats.Tunnels++
	}
	switch {
	case h.ARP != nil:
	case h.Quoted:
		h.Lane = LaneOf(&h.QuotedKey, &h.Tags, d.seed)
	default:
		h.Lane = LaneOf(&h.Key, &h.Tags, d.seed)
	}
}

// Link types (pcap-linktype(7)).
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkDLTRaw   = 12
	linkRawBSD   = 14
	linkPPPHDLC  = 50
	linkPPPoE    = 51
	linkRaw      = 101
	linkWLAN     = 105
	linkLoop     = 108
	linkSLL      = 113
	linkRadiotap = 127
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

func (d *Decoder) link(link event.LinkType, h *Headers, b body) Reason {
	switch link {
	case linkEthernet:
		return d.ethernet(h, b)
	case linkRaw, linkDLTRaw, linkRawBSD, linkIPv4, linkIPv6:
		return d.ip(h, b)
	case linkSLL, linkSLL2:
		return d.cooked(h, b, link)
	case linkNull, linkLoop:
		return d.loopback(h, b)
	case linkPPP, linkPPPHDLC:
		return d.ppp(h, b)
	case linkPPPoE:
		return d.pppoe(h, b)
	case linkWLAN, linkRadiotap:
		return d.wlan(h, b, link)
	}
	return Link
}

// cooked reads what Linux puts before packets of the interface "any".
func (d *Decoder) cooked(h *Headers, b body, link event.LinkType) Reason {
	size, proto, addr := 16, 14, 6
	if link == linkSLL2 {
		size, proto, addr = 20, 0, 12
	}
	if len(b.data) < size {
		return b.short(size)
	}
	if link == linkSLL && b.data[5] == 6 || link == linkSLL2 && b.data[11] == 6 {
		copy(h.SrcMAC[:], b.data[addr:])
	}
	t := binary.BigEndian.Uint16(b.data[proto:])
	if t == 4 { // a frame with a length in place of the type
		return d.llc(h, b.skip(size))
	}
	return d.etherType(h, b.skip(size), t)
}

// loopback reads the address family before a packet, in the byte order of
// whichever machine wrote it.
func (d *Decoder) loopback(h *Headers, b body) Reason {
	if len(b.data) < 4 {
		return b.short(4)
	}
	family := binary.LittleEndian.Uint32(b.data)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(b.data)
	}
	switch family {
	case 2, 10, 24, 28, 30: // AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD, macOS
		return d.ip(h, b.skip(4))
	}
	return NotIP
}
