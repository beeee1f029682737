package decode

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// MaxDepth is how many tunnels may be wrapped around a packet.
const MaxDepth = 4

// Link types of capture files (pcap-linktype(7)) that are read here; rare.go has
// those that gopacket reads.
const (
	linkNull     event.LinkType = 0
	linkEthernet event.LinkType = 1
	linkRaw12    event.LinkType = 12
	linkRaw14    event.LinkType = 14
	linkRaw      event.LinkType = 101
	linkLoop     event.LinkType = 108
	linkSLL      event.LinkType = 113
	linkIPv4     event.LinkType = 228
	linkIPv6     event.LinkType = 229
	linkSLL2     event.LinkType = 276
)

const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeTEB  = 0x6558 // transparent Ethernet bridging (RFC 7637)
	typeVLAN = 0x8100
	typeQinQ = 0x88a8
	typeIPv6 = 0x86dd
	typeMPLS = 0x8847
	typeMPLM = 0x8848
	typePPPS = 0x8864
)

// Options of a Decoder.
type Options struct {
	FragmentMemory int    // bytes for datagrams that are not whole yet, 0: 4 MiB
	Seed           uint64 // of the lane hash: fixed in a replay
}

// Decoder decodes packets. One goroutine uses it.
type Decoder struct {
	seed  uint64
	frags *fragments
	rare  *rare
}

// New returns a Decoder.
func New(o Options) *Decoder {
	return &Decoder{seed: o.Seed, frags: newFragments(o.FragmentMemory), rare: newRare()}
}

// FragmentsEvicted is the number of unfinished datagrams that had to make room.
func (d *Decoder) FragmentsEvicted() uint64 { return d.frags.evicted }

// Decode reads the headers of p into h. On any Reason but OK, h is only good for
// its Time and Number. It does not allocate.
func (d *Decoder) Decode(p *event.Packet, h *Headers) Reason {
	*h = Headers{Time: p.Time, Number: p.Number, Interface: p.Interface}
	h.Key.Segment = p.Segment
	h.Tags.Known = true
	if p.Tag != 0 {
		h.addTag(uint16(p.Tag))
	}
	f := frame{data: p.Data, wire: int(max(p.Wire, uint32(len(p.Data)))), unsummed: p.Unsummed}
	r := d.linkLayer(p.Link, f, h)
	if r == OK {
		h.Lane = d.lane(h)
	}
	return r
}

// frame is the rest of a packet at some layer: the bytes that are there and the
// number that was on the wire.
type frame struct {
	data     []byte
	wire     int
	unsummed bool
	depth    uint8
}

// skip takes n bytes off the front.
func (f frame) skip(n int) frame {
	f.data, f.wire = f.data[n:], f.wire-n
	return f
}

// limit drops what stands behind the first n bytes of the wire: padding.
func (f frame) limit(n int) frame {
	f.wire = min(f.wire, n)
	f.data = f.data[:min(len(f.data), n)]
	return f
}

func (d *Decoder) linkLayer(t event.LinkType, f frame, h *Headers) Reason {
	switch t {
	case linkEthernet:
		return d.ethernet(f, h)
	case linkRaw, linkRaw12, linkRaw14, linkIPv4, linkIPv6:
		return d.raw(f, h)
	case linkNull, linkLoop:
		return d.loopback(f, h)
	case linkSLL:
		return d.cooked(f, h, 16, 14, 6)
	case linkSLL2:
		return d.cooked(f, h, 20, 0, 12)
	}
	return d.rareLink(t, f, h)
}

func (d *Decoder) ethernet(f frame, h *Headers) Reason {
	if len(f.data) < 14 {
		return Cut
	}
	copy(h.DstMAC[:], f.data)
	copy(h.SrcMAC[:], f.data[6:])
	return d.etherType(binary.BigEndian.Uint16(f.data[12:]), f.skip(14), h)
}

// etherType goes on behind the link header, through any VLAN tags.
func (d *Decoder) etherType(t uint16, f frame, h *Headers) Reason {
	for n := 0; t == typeVLAN || t == typeQinQ || t == 0x9100 || t == 0x9200; n++ {
		if len(f.data) < 4 {
			return Cut
		}
		if n == 8 {
			return Nesting
		}
		if f.depth == 0 {
			h.addTag(binary.BigEndian.Uint16(f.data))
		}
		t = binary.BigEndian.Uint16(f.data[2:])
		f = f.skip(4)
	}
	h.EtherType = t
	switch t {
	case typeIPv4, typeIPv6:
		return d.raw(f, h)
	case typeARP:
		if len(f.data) < 28 {
			return Cut
		}
		h.ARP = f.data[:28]
		return OK
	case typeMPLS, typeMPLM, typePPPS:
		return d.rareEther(t, f, h)
	case typeTEB:
		return d.inner(f, h, (*Decoder).ethernet)
	}
	return ofEtherType(t)
}

func (h *Headers) addTag(tci uint16) {
	if h.Tags.N < 2 {
		h.Tags.ID[h.Tags.N] = tci & 0x0fff
		h.Tags.N++
	}
}

// cooked reads Linux's cooked header, v1 and v2: size, and where the protocol
// type and the sender's address stand in it.
func (d *Decoder) cooked(f frame, h *Headers, size, proto, addr int) Reason {
	if len(f.data) < size {
		return Cut
	}
	copy(h.SrcMAC[:], f.data[addr:])
	return d.etherType(binary.BigEndian.Uint16(f.data[proto:]), f.skip(size), h)
}

// loopback skips the address family, which stands in either byte order; the
// version of the IP header says the same.
func (d *Decoder) loopback(f frame, h *Headers) Reason {
	if len(f.data) < 4 {
		return Cut
	}
	return d.raw(f.skip(4), h)
}

// raw reads an IP packet of either version.
func (d *Decoder) raw(f frame, h *Headers) Reason {
	if len(f.data) == 0 {
		return Cut
	}
	switch f.data[0] >> 4 {
	case 4:
		h.EtherType = typeIPv4
		return d.ipv4(f, h)
	case 6:
		h.EtherType = typeIPv6
		return d.ipv6(f, h)
	}
	return Malformed
}

// inner reads what a tunnel carries.
func (d *Decoder) inner(f frame, h *Headers, read func(*Decoder, frame, *Headers) Reason) Reason {
	if f.depth == MaxDepth {
		return Nesting
	}
	f.depth++
	h.Tunnel.Depth = f.depth
	return read(d, f, h)
}

// lane is the lane of the symmetric address pair, so that fragments, data
// connections and media of a pair meet; ICMP errors go by the pair they quote.
func (d *Decoder) lane(h *Headers) uint8 {
	if h.ARP != nil {
		return 0
	}
	k := &h.Key
	if h.Quoted {
		k = &h.QuotedKey
	}
	x := d.seed ^ uint64(k.Segment)
	for i := 0; i < 16; i += 8 {
		x = mix(x ^ binary.LittleEndian.Uint64(k.A[i:]))
		x = mix(x ^ binary.LittleEndian.Uint64(k.B[i:]))
	}
	return uint8(x % Lanes)
}

// mix is the finaliser of MurmurHash3 (Appleby, public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
