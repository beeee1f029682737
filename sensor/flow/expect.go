package flow

import (
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

const (
	maxExpected  = 4096             // of one lane
	expectedTime = 10 * 60 * second // endpoint mapper answers are used within seconds, FTP data at once
)

// expectations are the conversations that a parser has learnt of: a ring, the
// oldest goes first.
type expectations struct {
	list []expected
	at   int
	Lost uint64
}

type expected struct {
	host    [16]byte // that listens
	peer    [16]byte
	segment uint16
	port    uint16
	until   int64
	spec    *proto.Spec
}

func (e *expectations) add(r *record, news []proto.Expectation, clock int64) {
	for _, n := range news {
		s := specNamed(n.Proto, r.key.Proto)
		if s == nil {
			continue
		}
		host, peer := r.addrs(n.On)
		x := expected{host, peer, r.key.Segment, n.Port, clock + expectedTime, s}
		if len(e.list) < maxExpected {
			e.list = append(e.list, x)
			continue
		}
		if e.list[e.at].until > clock {
			e.Lost++
		}
		e.list[e.at] = x
		e.at = (e.at + 1) % maxExpected
	}
}

// find returns the protocol that was announced for a flow; the latest counts.
func (e *expectations) find(r *record, clock int64) *proto.Spec {
	for i := len(e.list) - 1; i >= 0; i-- {
		x := &e.list[i]
		if x.until < clock || x.segment != r.key.Segment || x.spec.IP != r.key.Proto {
			continue
		}
		if r.key.A == x.host && r.key.APort == x.port && r.key.B == x.peer ||
			r.key.B == x.host && r.key.BPort == x.port && r.key.A == x.peer {
			return x.spec
		}
	}
	return nil
}

// addrs are the addresses of one side and the other.
func (r *record) addrs(s event.Side) (mine, other [16]byte) {
	if (s == event.Client) == r.clientIsA {
		return r.key.A, r.key.B
	}
	return r.key.B, r.key.A
}

func specNamed(name string, ip uint8) *proto.Spec {
	for _, s := range proto.All() {
		if s.Name == name && s.IP == ip {
			return s
		}
	}
	return nil
}
