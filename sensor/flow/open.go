package flow

import (
	"bytes"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// IANA protocol numbers.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// maxVariants is how many records may share a key and differ in their tags.
const maxVariants = 8

// find returns the flow that a packet belongs to, 0 for none, and the side that
// sent it. VLAN tags are not in the key, since a mirror may tag one direction
// only: they choose between records with the same key.
func (l *Lane) find(h *decode.Headers) (flow int32, from event.Side) {
	t := &l.table
	best, rank, n := int32(0), 0, 0
	for i := *t.bucket(&h.Key); i != 0; i = t.records[i].chain {
		r := &t.records[i]
		if r.key != h.Key {
			continue
		}
		side := r.side(h.FromA)
		if k := r.rank(side, h); k > rank || k == rank && k > 0 && r.number < t.records[best].number {
			best, rank, from = i, k, side
		}
		n++
	}
	if rank == rankOther && n < maxVariants {
		return 0, 0
	}
	return best, from
}

// How well the tags of a packet fit a record.
const (
	rankOther = 1 + iota // another VLAN: taken only when there are too many
	rankSequence
	rankUnseen // this side was not seen, the other has the same tags
	rankExact
)

func (r *record) rank(side event.Side, h *decode.Headers) int {
	mine, other := r.tags[side], r.tags[side.Other()]
	switch {
	case mine.Known && mine == h.Tags:
		return rankExact
	case mine.Known || r.flags.has(tagInKey):
		return rankOther
	case other == h.Tags:
		return rankUnseen
	case r.key.Proto != protoTCP || r.order[side.Other()].fits(h):
		return rankSequence
	}
	return rankOther
}

// side is the side that a packet from A, or from B, comes from.
func (r *record) side(fromA bool) event.Side {
	if fromA == r.clientIsA {
		return event.Client
	}
	return event.Server
}

// isOver ends a flow that this packet cannot belong to any more: its day is full,
// or the ports are used again.
func (l *Lane) isOver(i int32, h *decode.Headers) bool {
	r := &l.table.records[i]
	switch {
	case h.Time-r.first > hardTimeout:
		l.end(i, "hard")
	case r.class == classClosed && r.key.Proto == protoTCP && h.Flags&(decode.SYN|decode.ACK) == decode.SYN:
		l.end(i, r.idleReason())
	default:
		return false
	}
	return true
}

// open makes the record of a new flow.
func (l *Lane) open(h *decode.Headers) (flow int32, from event.Side) {
	i, full := l.table.add(&h.Key)
	if full {
		l.makeRoom()
		i, _ = l.table.add(&h.Key)
	}
	r := &l.table.records[i]
	r.number, r.first, r.last = h.Number, h.Time, h.Time
	r.clientIsA = h.FromA == l.fromClient(h, r)
	if pairIsLocal(&h.Key) {
		r.flags |= tagInKey
	}
	l.count.Created++
	l.minute.part.FlowsOpened++
	return i, r.side(h.FromA)
}

// fromClient decides whether the first packet of a flow comes from its client.
func (l *Lane) fromClient(h *decode.Headers, r *record) bool {
	src, dst := h.Key.APort, h.Key.BPort
	if !h.FromA {
		src, dst = dst, src
	}
	if h.Key.Proto == protoTCP {
		switch h.Flags & (decode.SYN | decode.ACK) {
		case decode.SYN:
			return true
		case decode.SYN | decode.ACK:
			return false
		}
		r.flags |= midStream
	}
	from := h.Key.A
	if !h.FromA {
		from = h.Key.B
	}
	switch {
	case isGroup(from): // a group is never the one who asks
		return false
	case h.Key.Proto != protoTCP && h.Key.Proto != protoUDP:
		return true
	}
	// The start was not seen, or UDP has none: the side with a server's port is the
	// server, where the ports tell.
	a, b := l.known.serverPort(h.Key.Proto, src), l.known.serverPort(h.Key.Proto, dst)
	if a != b {
		return b
	}
	if h.Key.Proto == protoTCP && (src < 1024) != (dst < 1024) {
		return dst < 1024
	}
	return true
}

// see notes what a packet shows of its side.
func (r *record) see(from event.Side, h *decode.Headers) {
	if !r.tags[from].Known {
		r.tags[from], r.macs[from] = h.Tags, h.SrcMAC
		r.flags |= sawClient << from
		if other := from.Other(); r.macs[other].IsZero() && h.DstMAC[0]&1 == 0 {
			r.macs[other] = h.DstMAC
		}
	}
}

// isGroup reports whether an address is broadcast, multicast or unspecified.
func isGroup(a [16]byte) bool {
	if a[0] == 0xff {
		return true
	}
	v4 := bytes.HasPrefix(a[:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})
	return v4 && (a[12]>>4 == 0xe || a == [16]byte{10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff} || a[12]|a[13]|a[14]|a[15] == 0) ||
		a == [16]byte{}
}

// pairIsLocal reports whether a pair of addresses means another pair of hosts in
// another VLAN.
func pairIsLocal(k *event.Key) bool {
	local := func(a [16]byte) bool {
		return isGroup(a) || netip.AddrFrom16(a).Unmap().IsLinkLocalUnicast()
	}
	return local(k.A) || local(k.B)
}
