package flow

import "github.com/brandmelder/brandmelder/sensor/decode"

// clientSends reports whether the first packet seen comes from the client, and
// whether that is a guess.
func (l *Lane) clientSends(h *decode.Headers) (fromClient, guess bool) {
	src, dst, from, to := h.Key.A, h.Key.B, h.Key.APort, h.Key.BPort
	if !h.FromA {
		src, dst, from, to = dst, src, to, from
	}
	syn, ack := h.Flags&decode.SYN != 0, h.Flags&decode.ACK != 0
	mid := h.Key.Proto == tcp && !syn
	switch {
	case isGroup(dst) || h.DstMAC.IsGroup(): // a network's own broadcast address is known by its frame
		return true, mid
	case isGroup(src):
		return false, mid
	case h.Key.Proto == tcp && syn:
		return !ack, false // a SYN-ACK goes to the client
	case h.Key.Proto != tcp && h.Key.Proto != udp:
		return true, false
	}
	if listens, known := l.expect.listener(h); known {
		return !listens, mid
	}
	fromKnown, toKnown := l.known.serves(h.Key.Proto, from), l.known.serves(h.Key.Proto, to)
	switch {
	case fromKnown != toKnown:
		return toKnown, mid
	case mid && from != to && min(from, to) < 1024:
		return to < from, mid // ports below 1024 are the system's (RFC 6335)
	}
	return true, mid
}

// listener reports whether the sender's port was announced as one that listens.
func (e *expected) listener(h *decode.Headers) (sender, known bool) {
	if len(e.order) == 0 {
		return false, false
	}
	k := &h.Key
	if _, ok := e.byPort[expectKey{k.A, k.B, k.APort, k.Segment, true}]; ok {
		return h.FromA, true
	}
	if _, ok := e.byPort[expectKey{k.A, k.B, k.BPort, k.Segment, false}]; ok {
		return !h.FromA, true
	}
	return false, false
}
