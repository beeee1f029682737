package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// Commands of SMB 2 and 3 (MS-SMB2 2.2.1.2).
const (
	smb2Negotiate      = 0
	smb2SessionSetup   = 1
	smb2Logoff         = 2
	smb2TreeConnect    = 3
	smb2TreeDisconnect = 4
	smb2Create         = 5
	smb2Close          = 6
	smb2Read           = 8
	smb2Write          = 9
	smb2Ioctl          = 11
	smb2QueryDirectory = 14
	smb2SetInfo        = 17
)

// smb2Header is what is used of a message's header.
type smb2Header struct {
	command uint16
	status  uint32
	flags   uint32
	next    uint32
	id      uint64
	tree    uint32
	session uint64
}

func (h *smb2Header) answer() bool  { return h.flags&1 != 0 }
func (h *smb2Header) async() bool   { return h.flags&2 != 0 }
func (h *smb2Header) related() bool { return h.flags&4 != 0 }

// smb2Message is one message of a compound. Offsets in it count from its header.
type smb2Message struct {
	smb2Header
	data []byte // what is there of it, from the header on
	size int    // its whole length
}

const smb2HeaderSize = 64

// compound reads the messages that came in one packet, one after the other.
func (p *smbParser) compound(data []byte, size int) {
	var create uint64
	last := smb2Header{}
	for {
		m := readSMB2(data, size)
		if m == nil {
			return
		}
		if m.related() && !m.answer() {
			m.session, m.tree = last.session, last.tree
		}
		last = m.smb2Header
		if m.answer() {
			p.answer2(m)
		} else {
			p.request2(m, create)
			if m.command == smb2Create {
				create = m.id
			}
		}
		if m.next < smb2HeaderSize || int64(m.next) > int64(len(data)) {
			return
		}
		data, size = data[m.next:], size-int(m.next)
	}
}

func readSMB2(data []byte, size int) *smb2Message {
	c := cursor{data: data}
	if smbKind(data) != 0xfe || len(data) < smb2HeaderSize {
		return nil
	}
	m := &smb2Message{data: data, size: size}
	c.skip(8)
	m.status = c.le32()
	m.command = c.le16()
	c.skip(2)
	m.flags = c.le32()
	m.next = c.le32()
	m.id = c.le64()
	c.skip(4)
	m.tree = c.le32()
	m.session = c.le64()
	if m.next >= smb2HeaderSize && int64(m.next) < int64(size) {
		m.size = int(m.next)
		m.data = data[:min(m.size, len(data))]
	}
	return m
}

// body is a cursor after the header.
func (m *smb2Message) body() cursor { return cursor{data: m.data, at: smb2HeaderSize} }

// part is the n bytes at an offset from the header.
func (m *smb2Message) part(offset, n uint32) (data []byte, missing int) {
	return smbPart(m.data, m.size, offset, n)
}

// smbPart is the n bytes at an offset of a message of that size, as far as they
// were kept, and how many of them were not.
func smbPart(kept []byte, size int, offset, n uint32) (data []byte, missing int) {
	if offset < smb1HeaderSize || int64(offset)+int64(n) > int64(size) {
		return nil, 0
	}
	from := min(int(offset), len(kept))
	to := min(int(offset)+int(n), len(kept))
	return kept[from:to], int(n) - (to - from)
}

// request2 remembers what a request asks for.
func (p *smbParser) request2(m *smb2Message, create uint64) {
	call := smbCall{command: m.command, tree: smbTree{m.session, m.tree}, related: m.related()}
	c := m.body()
	wanted := true
	switch m.command {
	case smb2SessionSetup:
		c.skip(12)
		offset, n := uint32(c.le16()), uint32(c.le16())
		blob, _ := m.part(offset, n)
		call.login = p.continued(m.session, loginOf("smb", blob))
	case smb2TreeConnect:
		c.skip(4)
		offset, n := uint32(c.le16()), uint32(c.le16())
		name, _ := m.part(offset, n)
		s := share{name: shareName(text16(name, true))}
		call.record = &SMB{Command: "tree_connect", Share: s.name, Admin: s.admin()}
	case smb2Create:
		p.create2(m, &call)
	case smb2Close, smb2Read, smb2Write, smb2Ioctl, smb2QueryDirectory, smb2SetInfo:
		wanted = p.operation2(m, &call, create)
	case smb2Logoff, smb2TreeDisconnect:
	default:
		wanted = false
	}
	if !wanted {
		return
	}
	if old, evicted := p.calls.put(m.id, call, smbCalls); evicted {
		p.unanswered(old)
	}
}

// answer2 takes the server's answer to a request.
func (p *smbParser) answer2(m *smb2Message) {
	if m.command == smb2Negotiate {
		p.negotiated2(m)
		return
	}
	if m.status == statusPending && m.async() {
		return // the answer proper comes later, under the same id
	}
	call, ok := p.calls.pop(m.id)
	if !ok || call.command != m.command {
		return
	}
	switch m.command {
	case smb2SessionSetup:
		c := m.body()
		c.skip(2)
		flags := c.le16()
		p.decide(call.login, m.session, m.status, statusName(m.status), flags&1 != 0, flags&2 != 0)
	case smb2TreeConnect:
		p.connected2(m, call)
	case smb2TreeDisconnect:
		p.trees.pop(call.tree)
	case smb2Logoff:
		p.say(SMB{Command: "logoff", Status: statusName(m.status)})
	case smb2Create:
		p.created2(m, call)
	default:
		p.operated2(m, call)
	}
}

// unanswered says what a client asked for when no answer will come.
func (p *smbParser) unanswered(call smbCall) {
	if call.login != nil {
		p.attempt(call.login, event.Unknown, "")
	}
	if call.record != nil {
		p.say(*call.record)
	}
}

var smb2Dialects = map[uint16]string{0x0202: "2.0.2", 0x0210: "2.1", 0x02ff: "2.???", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}

func (p *smbParser) negotiated2(m *smb2Message) {
	c := m.body()
	c.skip(2)
	mode := c.le16()
	dialect := c.le16()
	c.skip(18)
	features := c.le32()
	if m.status == statusOK && !c.bad {
		p.dialect = smb2Dialects[dialect]
	} else {
		mode, features = 0, 0
	}
	p.say(SMB{Command: "negotiate", Status: statusName(m.status), Signing: signing(mode&1 != 0, mode&2 != 0), Features: int64(features)})
}

// signing words what a server asks for.
func signing(enabled, required bool) string {
	switch {
	case required:
		return "required"
	case enabled:
		return "enabled"
	}
	return "none"
}

var shareKinds = map[uint8]string{1: "disk", 2: "pipe", 3: "print"}

func (p *smbParser) connected2(m *smb2Message, call smbCall) {
	c := m.body()
	c.skip(2)
	kind := shareKinds[c.u8()]
	call.record.Status = statusName(m.status)
	if m.status == statusOK {
		c.skip(1)
		call.record.ShareType = kind
		call.record.Encrypted = c.le32()&0x8000 != 0
		p.trees.put(smbTree{m.session, m.tree}, share{call.record.Share, kind}, smbTrees)
	}
	p.say(*call.record)
}
