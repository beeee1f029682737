package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// arpReader is a parser of ARP: one a lane, since ARP has no conversations.
type arpReader struct{ parser proto.Parser }

func newARPReaders(p *protocols) []arpReader {
	var out []arpReader
	for _, i := range p.byIP[proto.ARP] {
		out = append(out, arpReader{p.all[i].New()})
	}
	return out
}

func (l *Lane) readARP(h *decode.Headers) {
	for i := range l.arp {
		if a := &l.arp[i]; a.parser != nil && !l.feedARP(a, h.ARP) {
			a.parser = nil
		}
	}
}

// feedARP hands a message on. A parser that panics has lost that message only: all
// others of the segment still depend on it.
func (l *Lane) feedARP(a *arpReader, message []byte) (more bool) {
	defer func() {
		if recover() != nil {
			l.count.Panics++
			more = true
		}
	}()
	return a.parser.Feed(event.Client, message, l.record)
}
