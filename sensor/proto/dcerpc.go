package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Bounds of one conversation: two fragments, and tables.
const (
	rpcKeep     = 2 << 10 // of one fragment
	rpcCalls    = 16
	rpcContexts = 64
	rpcExpected = 16
	rpcLimit    = 2*rpcKeep + rpcCalls*512 + rpcContexts*32
)

func init() {
	register(Spec{
		Name: "dcerpc", Doc: "remote procedure calls of Windows", Source: "C706 chapter 12, MS-RPCE",
		IP: 6, Ports: []uint16{135, 593, 49152, 49153, 49154, 49155, 49156, 49157, 49158, 49664, 49665, 49666, 49667, 49668},
		Limit: rpcLimit, Probe: probeRPC, New: func() Parser { return newRPC("") },
		Tables: []*event.Table{rpcTable, ntlmTable, (*event.Login)(nil).Table()},
	})
}

// Types of a fragment (C706 12.6.3.1).
const (
	rpcRequest       = 0
	rpcResponse      = 2
	rpcFault         = 3
	rpcBind          = 11
	rpcBindAck       = 12
	rpcBindNak       = 13
	rpcAlter         = 14
	rpcAlterResponse = 15
	rpcAuth3         = 16
	rpcLastType      = 19
)

const rpcHeader = 16

// probeRPC takes what begins with the header of a fragment of version 5.
func probeRPC(from event.Side, data []byte) Verdict {
	if v := startsWith(data, "\x05"); v != Yes {
		return v
	}
	if len(data) < rpcHeader {
		return More
	}
	kind := data[2]
	first := kind == rpcBind || kind == rpcAlter || kind == rpcRequest
	if from == event.Server {
		first = kind == rpcBindAck || kind == rpcBindNak || kind == rpcAlterResponse || kind == rpcResponse || kind == rpcFault
	}
	if !first || rpcSize(data) < rpcHeader+8 || data[4]&^0x10 != 0 || data[5] != 0 || data[6] != 0 {
		return No
	}
	return Yes
}

// rpcSize is the length of a fragment.
func rpcSize(h []byte) int {
	if h[0] != 5 || h[1] > 1 || h[2] > rpcLastType {
		return 0
	}
	return int(rpcOrder(h).Uint16(h[8:]))
}

// rpcOrder is the byte order that a fragment says it is in.
func rpcOrder(h []byte) binary.ByteOrder {
	if h[4]&0x10 != 0 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// rpcConversation follows one association, over TCP or over a pipe.
type rpcConversation struct {
	pipe string
	seen bool    // it has shown to be RPC
	off  bool    // it has shown to be something else
	lost [2]bool // bytes are missing: the next fragment has to be looked for
	cut  [2]cutter

	contexts  few[uint16, string] // UUID of the interface by context
	calls     few[uint32, *RPC]
	authType  string
	authLevel string
	login     *login
	attempts  int64
	expected  []Expectation
}

func newRPC(pipe string) *rpcConversation {
	p := &rpcConversation{pipe: pipe}
	for i := range p.cut {
		p.cut[i] = cutter{header: rpcHeader, keep: rpcKeep, size: rpcSize}
	}
	return p
}

// Feed takes the next bytes of one side.
func (p *rpcConversation) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.lost[from] {
		if data = nextFragment(from, data); data == nil {
			return true
		}
		p.lost[from] = false
	}
	p.feed(from, data, emit)
	return !p.off
}

// nextFragment finds the first fragment that begins in data, nil where none does:
// the order of its bytes stands in the clear even where all else is encrypted.
func nextFragment(from event.Side, data []byte) []byte {
	for i := 4; i < len(data); i++ {
		at := bytes.Index(data[i:], []byte{0x10, 0, 0, 0})
		if at < 0 {
			return nil
		}
		if i += at; probeRPC(from, data[i-4:]) == Yes {
			return data[i-4:]
		}
	}
	return nil
}

func (p *rpcConversation) feed(from event.Side, data []byte, emit func(event.Record)) {
	if p.off {
		return
	}
	p.off = !p.cut[from].feed(data, func(head []byte, total int) {
		p.seen = true
		p.fragment(head, total, emit)
	})
}

// Gap passes over bytes that were never seen: within the arguments of a call that
// is no loss, else the next fragment is looked for.
func (p *rpcConversation) Gap(from event.Side, n int, _ func(event.Record)) bool {
	if p.lost[from] || !p.cut[from].gap(n) {
		p.cut[from].reset()
		p.lost[from] = true
	}
	return !p.off
}

func (p *rpcConversation) gap(from event.Side, n int) {
	p.off = p.off || n > 0 && !p.cut[from].gap(n)
}

// End says what never was answered.
func (p *rpcConversation) End(emit func(event.Record)) { p.end(emit) }

func (p *rpcConversation) end(emit func(event.Record)) {
	p.decide(event.Unknown, "", emit)
	for i, e := range p.calls.entries {
		if i == len(p.calls.entries)-1 {
			e.value.Evicted = p.calls.evicted + p.contexts.evicted
		}
		emit(e.value)
	}
	p.calls.entries = nil
}

// Expect hands over the ports that the endpoint mapper named.
func (p *rpcConversation) Expect() []Expectation {
	out := p.expected
	p.expected = nil
	return out
}

// fragment is one PDU as far as it was kept.
type fragment struct {
	kind, flags uint8
	order       binary.ByteOrder
	size        int // whole, with the header
	auth        int // bytes of the security token
	call        uint32
	body        []byte
}

// fragment reads one PDU.
func (p *rpcConversation) fragment(head []byte, total int, emit func(event.Record)) {
	order := rpcOrder(head)
	f := fragment{kind: head[2], flags: head[3], order: order, size: total,
		auth: int(order.Uint16(head[10:])), call: order.Uint32(head[12:]), body: head[rpcHeader:]}
	switch f.kind {
	case rpcBind, rpcAlter:
		p.bind(f)
		p.proof(f)
	case rpcAuth3:
		p.proof(f)
	case rpcBindAck, rpcAlterResponse:
	case rpcBindNak:
		p.refused(f, emit)
	case rpcRequest:
		p.request(f, emit)
	case rpcResponse, rpcFault:
		p.response(f, emit)
	}
}

// bind learns which context stands for which interface (C706 12.6.4.3).
func (p *rpcConversation) bind(f fragment) {
	c := cursor{data: f.body}
	c.skip(8)
	n := c.u8()
	c.skip(3)
	for range n {
		context := c.take(2)
		transfers := int(c.u8())
		c.skip(1)
		uuid := c.take(16)
		c.skip(4 + 20*transfers)
		if uuid == nil {
			return
		}
		p.contexts.put(f.order.Uint16(context), rpcUUID(uuid, f.order), rpcContexts)
	}
}

// rpcUUID writes a UUID as people do.
func rpcUUID(b []byte, order binary.ByteOrder) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", order.Uint32(b), order.Uint16(b[4:]), order.Uint16(b[6:]), b[8:10], b[10:16])
}
