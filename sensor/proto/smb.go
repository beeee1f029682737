package proto

import (
	"bytes"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Bounds of what one parser keeps. With them a conversation stays below smbLimit:
// two messages, the open files with their samples, and the pipes' conversations.
const (
	smbKeep  = 5 << 10 // of one message: the header and what a sample looks at
	smbFiles = 48
	smbPipes = 8 // files that carry DCE/RPC
	smbCalls = 128
	smbTrees = 32
	smbLimit = 2*smbKeep + smbFiles*2048 + smbPipes*rpcLimit + smbCalls*512
)

func init() {
	register(Spec{
		Name: "smb", Doc: "Windows file sharing, SMB 1 to 3", Source: "MS-SMB2, MS-CIFS, MS-SMB, RFC 1002",
		IP: 6, Ports: []uint16{445, 139}, Limit: smbLimit,
		Probe: probeSMB, New: newSMB, Tables: []*event.Table{smbTable, ntlmTable, rpcTable, (*event.Login)(nil).Table()},
	})
}

// Types of a NetBIOS session packet (RFC 1002 4.3.1).
const (
	nbssMessage   = 0x00
	nbssRequest   = 0x81
	nbssPositive  = 0x82
	nbssNegative  = 0x83
	nbssRetarget  = 0x84
	nbssKeepAlive = 0x85
)

// probeSMB takes a NetBIOS session message that begins as SMB does, or the
// request for such a session.
func probeSMB(_ event.Side, data []byte) Verdict {
	if len(data) == 0 {
		return More
	}
	switch data[0] {
	case nbssRequest: // two encoded names of 34 bytes
		return startsWith(data, string([]byte{nbssRequest, 0, 0, 68, 32}))
	case nbssPositive:
		return No // the client's request tells
	case nbssMessage:
	default:
		return No
	}
	if len(data) < 8 {
		if len(data) > 5 && data[5] != 'S' {
			return No
		}
		return More
	}
	if smbKind(data[4:]) == 0 {
		return No
	}
	return Yes
}

// smbKind is the first byte of a message where it is one: 0xff of SMB1, 0xfe of
// SMB2, 0xfd of an encrypted and 0xfc of a compressed one.
func smbKind(msg []byte) byte {
	if len(msg) < 4 || msg[0] < 0xfc || msg[1] != 'S' || msg[2] != 'M' || msg[3] != 'B' {
		return 0
	}
	return msg[0]
}

// smbParser follows one connection to a file server.
type smbParser struct {
	cut  [2]cutter
	lost [2]bool // bytes are missing: the next message has to be looked for
	emit func(event.Record)

	version    int64
	dialect    string
	logins     smbLogins
	trees      few[smbTree, share]
	files      few[smbHandle, *smbFile]
	pipes      int
	calls      few[uint64, smbCall]
	offered    []string // dialects that a client of SMB1 knows
	plain      bool     // the server of SMB1 wants passwords as they are
	encrypted  SMB
	impossible bool // a compressed message was
	expected   []Expectation
}

func newSMB() Parser {
	p := &smbParser{}
	for i := range p.cut {
		p.cut[i] = cutter{header: 4, keep: 4 + smbKeep, size: nbssSize}
	}
	return p
}

// nbssSize is the length of a session packet. Direct hosting over TCP uses all
// of the 24 bits (MS-SMB2 2.1).
func nbssSize(h []byte) int {
	if h[0] == nbssMessage || h[0] >= nbssRequest && h[0] <= nbssKeepAlive {
		return 4 + int(h[1])<<16 + int(h[2])<<8 + int(h[3])
	}
	return 0
}

// Feed takes the next bytes of one side.
func (p *smbParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	p.emit = emit
	if p.lost[from] {
		if data = resume(data); data == nil {
			return true
		}
		p.lost[from] = false
	}
	ok := p.cut[from].feed(data, func(head []byte, total int) {
		if head[0] == nbssMessage {
			p.message(from, head[4:], total-4)
		}
	})
	return ok
}

// resume finds the first message that begins in data, nil where none does.
func resume(data []byte) []byte {
	for i := 0; i+8 <= len(data); {
		at := bytes.Index(data[i:], []byte("SMB"))
		if at < 0 {
			return nil
		}
		if i += at; i >= 5 && data[i-5] == nbssMessage && smbKind(data[i-1:]) != 0 {
			return data[i-5:]
		}
		i += 3
	}
	return nil
}

// Gap passes over bytes that were never seen: within the data of a READ or WRITE
// that is no loss, else the next message is looked for.
func (p *smbParser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	if p.lost[from] || !p.cut[from].gap(n) {
		p.cut[from].reset()
		p.lost[from] = true
	}
	return true
}

// message reads one SMB message; msg is its first smbKeep bytes of size.
func (p *smbParser) message(from event.Side, msg []byte, size int) {
	switch smbKind(msg) {
	case 0xfe:
		p.version = 2
		p.compound(msg, size)
	case 0xff:
		p.version = max(p.version, 1)
		p.message1(msg, size)
	case 0xfd:
		p.version = 2
		p.encrypted.Messages++
		p.encrypted.Bytes[from] += int64(size)
	case 0xfc:
		p.version = 2
		p.compressed(msg, size)
	}
}

// compressed looks at the header of a compressed message, whose content is not
// read (MS-SMB2 2.2.42). Sizes that cannot be are said once: they are how memory
// of a server is overrun (CVE-2020-0796).
func (p *smbParser) compressed(msg []byte, size int) {
	c := cursor{data: msg}
	c.skip(4)
	original, chained, offset := c.le32(), c.take(4), c.le32()
	if c.bad || chained[2]&1 != 0 || p.impossible {
		return
	}
	if original > largestMessage || int64(offset) > int64(size)-16 {
		p.impossible = true
		p.say(SMB{Command: "compressed", Impossible: true})
	}
}

// largestMessage is what a session packet has room for.
const largestMessage = 1 << 24

// End says what never was answered, and the sums of the files still open.
func (p *smbParser) End(emit func(event.Record)) {
	p.emit = emit
	for _, e := range p.calls.entries {
		p.unanswered(e.value)
	}
	for _, e := range p.logins.open.entries {
		p.attempt(e.value, event.Unknown, "")
	}
	for _, e := range p.files.entries {
		p.finish(e.value)
	}
	if n := p.encrypted.Messages; n > 0 {
		p.say(SMB{Command: "encrypted", Encrypted: true, Messages: n, Bytes: p.encrypted.Bytes})
	}
	if n := p.trees.evicted + p.files.evicted + p.calls.evicted + p.logins.open.evicted; n > 0 {
		p.say(SMB{Command: "lost", Evicted: n})
	}
}

// Expect hands over the ports that an endpoint mapper named over a pipe.
func (p *smbParser) Expect() []Expectation {
	out := p.expected
	p.expected = nil
	return out
}

// say emits a record with what holds for the whole conversation.
func (p *smbParser) say(r SMB) {
	r.Version, r.Dialect = p.version, p.dialect
	p.emit(&r)
}
