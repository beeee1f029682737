package flow

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// protocols is the shelf of protocols, sorted for looking up.
type protocols struct {
	byIP   [256][]*proto.Spec
	byPort map[uint32][]*proto.Spec // IP protocol and port: the whole list, likely ones first
	byName map[string]*proto.Spec   // name and IP protocol
}

// allProtocols sorts the shelf; lanes only read it.
func allProtocols() *protocols {
	p := &protocols{byPort: map[uint32][]*proto.Spec{}, byName: map[string]*proto.Spec{}}
	for _, s := range proto.All() {
		p.byIP[s.IP] = append(p.byIP[s.IP], s)
		p.byName[s.Name+"/"+event.ProtoName(s.IP)] = s
	}
	for _, s := range proto.All() {
		for _, port := range s.Ports {
			p.byPort[portKey(s.IP, port)] = p.sorted(s.IP, port)
		}
	}
	return p
}

// sorted lists the protocols over one IP protocol, those of the port first.
func (p *protocols) sorted(ip uint8, port uint16) []*proto.Spec {
	list := slices.Clone(p.byIP[ip])
	slices.SortStableFunc(list, func(a, b *proto.Spec) int {
		x, y := slices.Contains(a.Ports, port), slices.Contains(b.Ports, port)
		switch {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return list
}

func portKey(ip uint8, port uint16) uint32 { return uint32(ip)<<16 | uint32(port) }

func (p *protocols) of(ip uint8, port uint16) []*proto.Spec {
	if list, ok := p.byPort[portKey(ip, port)]; ok {
		return list
	}
	return p.byIP[ip]
}

func (p *protocols) serverPort(ip uint8, port uint16) bool {
	_, ok := p.byPort[portKey(ip, port)]
	return ok
}

// serverPort is the port that the server of a flow uses.
func (l *Lane) serverPort(r *record) uint16 {
	if r.clientIsA {
		return r.key.BPort
	}
	return r.key.APort
}

// identify collects the first bytes of a stream until a protocol is known.
func (l *Lane) identify(i int32, t *conversation, from event.Side, data []byte) {
	kept := data[:min(len(data), proto.ProbeLimit-len(t.heads[from]))]
	t.heads[from] = append(t.heads[from], kept...)
	if n := len(t.turns); n > 0 && t.turns[n-1].from == from {
		t.turns[n-1].n += len(kept)
	} else {
		t.turns = append(t.turns, turn{from, len(kept)})
	}
	switch s := t.ask(from, t.heads[from]); {
	case s != nil:
		l.begin(i, t, s)
		if rest := data[len(kept):]; len(rest) > 0 && l.table.talks[i] == t {
			l.feed(i, t, from, rest)
		}
	case len(t.candidates) == 0 || len(t.heads[from]) == proto.ProbeLimit:
		l.minute.part.Protocol("").Flows++
		l.finish(i)
	}
}

// ask puts the first bytes of one side to every protocol that has not refused.
func (t *conversation) ask(from event.Side, head []byte) *proto.Spec {
	left := make([]*proto.Spec, 0, len(t.candidates))
	for _, s := range t.candidates {
		switch s.Probe(from, head) {
		case proto.Yes:
			return s
		case proto.More:
			left = append(left, s)
		}
	}
	t.candidates = left
	return nil
}

// begin hands the first bytes of both sides to the parser in the order they came.
func (l *Lane) begin(i int32, t *conversation, s *proto.Spec) {
	t.spec, t.parser, t.candidates = s, s.New(), nil
	l.learn(i, s)
	heads, turns := t.heads, t.turns
	t.heads, t.turns = [2][]byte{}, nil
	for _, step := range turns {
		part := heads[step.from][:step.n]
		heads[step.from] = heads[step.from][step.n:]
		if l.table.talks[i] != t {
			return
		}
		if g, ok := t.parser.(proto.Segmenter); ok {
			g.Segment(step.from, step.n)
		}
		l.feed(i, t, step.from, part)
	}
}

// identifyMessage asks what a datagram is.
func (l *Lane) identifyMessage(i int32, t *conversation, from event.Side, data []byte) {
	for _, s := range t.candidates {
		if s.Probe(from, data) == proto.Yes {
			t.spec, t.parser, t.candidates = s, s.New(), nil
			l.learn(i, s)
			return
		}
	}
	r := &l.table.records[i]
	if r.probed++; r.probed == maxProbes {
		l.minute.part.Protocol("").Flows++
		l.finish(i)
	}
}

// learn notes the protocol of a flow.
func (l *Lane) learn(i int32, s *proto.Spec) {
	l.minute.part.Protocol(s.Name).Flows++
	f := *l.flow(i)
	f.App = s.Name
	l.table.flows[i] = &f
}
