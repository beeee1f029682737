package flow

import (
	"cmp"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// How well an entry with the same key fits a packet's tags.
const (
	noFit = iota
	oldestFit
	sequenceFit
	otherSideFit
	exactFit
)

// side is the end that sent the packet.
func (r *record) side(h *decode.Headers) event.Side {
	if h.FromA == r.clientIsA {
		return event.Client
	}
	return event.Server
}

// fit says how well the packet's tags go with the conversation. A side that was
// not seen yet may carry any tags: mirrors tag one direction only.
func (r *record) fit(h *decode.Headers) int {
	s := r.side(h)
	switch {
	case r.tags[s] == h.Tags:
		return exactFit
	case r.pinned || r.tags[s].Known:
		return noFit
	case r.tags[s.Other()] == h.Tags:
		return otherSideFit
	case r.key.Proto == tcp && r.tcp[s.Other()].near(h.AckNo):
		return sequenceFit
	}
	return oldestFit
}

// find is the conversation of a packet, or none. Of entries that fit equally the
// oldest is taken; the chain holds the youngest first.
func (t *table) find(h *decode.Headers, hash uint32) int32 {
	best, bestFit, variants, oldest := none, noFit, 0, none
	for slot := t.heads[hash&t.mask] - 1; slot != none; slot = t.records[slot].chain {
		r := &t.records[slot]
		if r.hash != hash || r.key != h.Key {
			continue
		}
		f := r.fit(h)
		if f == exactFit {
			return slot
		}
		if f != noFit && f >= bestFit {
			best, bestFit = slot, f
		}
		variants++
		oldest = slot
	}
	if best == none && variants >= maxVariants {
		return oldest
	}
	return best
}

// pinned reports whether tags belong to the key: addresses that mean something
// else in each VLAN.
func pinned(k *event.Key) bool {
	return local(&k.A) || local(&k.B)
}

func local(a *[16]byte) bool {
	first := a[0]
	if first == 0 && a[10] == 0xff && a[11] == 0xff { // an IPv4 address
		first = a[12]
	}
	if first != 0 && first != 169 && first < 224 {
		return false // as nearly all are
	}
	if isGroup(*a) {
		return true
	}
	addr := addrOf(*a)
	return addr.IsUnspecified() || addr.IsLinkLocalUnicast()
}

// isGroup reports multicast and the limited broadcast; a subnet's own broadcast
// address cannot be told from a host's.
func isGroup(a [16]byte) bool {
	addr := addrOf(a)
	return addr.IsMulticast() || addr.Is4() && addr.As4() == [4]byte{255, 255, 255, 255}
}

// oldest is the first conversation with the packet's key, whatever its tags: where
// a copy in another VLAN is counted.
func (t *table) oldest(h *decode.Headers) int32 {
	found := none
	for slot := t.heads[t.hash(&h.Key, event.Tags{})&t.mask] - 1; slot != none; slot = t.records[slot].chain {
		if t.records[slot].key == h.Key {
			found = slot
		}
	}
	return found
}

// byNumber lists all conversations in order of their first packets.
func (t *table) byNumber() []int32 {
	var slots []int32
	for slot := t.queues[alive].first; slot != none; slot = t.records[slot].life.next {
		slots = append(slots, slot)
	}
	slices.SortFunc(slots, func(a, b int32) int { return cmp.Compare(t.records[a].number, t.records[b].number) })
	return slots
}
