package decode

import (
	"bytes"
	"encoding/binary"
)

// stored is a fragment in the ring.
type stored struct {
	off, wire int
	data      []byte
}

// join puts a datagram together if no byte is missing. Of bytes that were sent
// twice the first copy counts; h.Overlap says that the copies differed.
func (f *fragments) join(h *Headers, g *datagram, total int) (whole body, proto uint8, done bool) {
	var chain [maxFragments]stored
	var byOffset [maxFragments]uint8
	parts := f.parts(g, &chain)
	for i := range parts {
		j := i
		for ; j > 0 && parts[byOffset[j-1]].off > parts[i].off; j-- {
			byOffset[j] = byOffset[j-1]
		}
		byOffset[j] = uint8(i)
	}
	reach, have, overlap := 0, 0, false
	for _, i := range byOffset[:len(parts)] {
		s := &parts[i]
		if s.off >= total {
			break // forged: the last fragment says that nothing is here
		}
		if s.off > reach {
			return body{}, 0, false
		}
		overlap = overlap || s.off < reach
		if s.off <= have { // a capture may lack the end of a fragment
			have = max(have, s.off+len(s.data))
		}
		reach = max(reach, s.off+s.wire)
	}
	if reach < total {
		return body{}, 0, false
	}
	differ := f.paste(parts, overlap) || g.contrary
	f.Joined++
	if differ {
		f.Overlaps++
	}
	h.Frag, h.Overlap = true, differ
	h.FragPackets, h.FragBytes = g.packets-1, g.bytes-h.IPLen
	f.drop(g)
	return body{f.whole[:min(have, total)], total}, g.proto, true
}

// parts is the chain of a datagram, oldest first.
func (f *fragments) parts(g *datagram, chain *[maxFragments]stored) []stored {
	at := g.last
	for i := int(g.count) - 1; i >= 0; i-- {
		x := f.ring[at%uint64(len(f.ring)):]
		at = binary.LittleEndian.Uint64(x)
		n := int(binary.LittleEndian.Uint16(x[12:]))
		chain[i] = stored{
			off:  int(binary.LittleEndian.Uint16(x[8:])),
			wire: int(binary.LittleEndian.Uint16(x[10:])),
			data: x[pieceHeader:][:n],
		}
	}
	return chain[:g.count]
}

// paste copies the parts into whole, each byte from the oldest part that has it,
// and reports whether a later copy differed.
func (f *fragments) paste(parts []stored, overlap bool) (differ bool) {
	if !overlap {
		for _, s := range parts {
			copy(f.whole[s.off:], s.data)
		}
		return false
	}
	clear(f.written[:])
	for _, s := range parts {
		for i := 0; i < len(s.data); i += 8 {
			unit := (s.off + i) / 8
			new := s.data[i:min(i+8, len(s.data))]
			old := f.whole[s.off+i:][:len(new)]
			switch bit := uint64(1) << (unit % 64); {
			case f.written[unit/64]&bit == 0:
				f.written[unit/64] |= bit
				copy(old, new)
			case !bytes.Equal(old, new):
				differ = true
			}
		}
	}
	return differ
}
