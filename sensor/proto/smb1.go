package proto

import (
	"bytes"
	"fmt"
)

// Commands of SMB1 (MS-CIFS 2.2.2.1).
const (
	smb1Close          = 0x04
	smb1Delete         = 0x06
	smb1Rename         = 0x07
	smb1Trans          = 0x25
	smb1TransMore      = 0x26
	smb1Read           = 0x2e
	smb1Write          = 0x2f
	smb1Trans2         = 0x32
	smb1Trans2More     = 0x33
	smb1TreeDisconnect = 0x71
	smb1Negotiate      = 0x72
	smb1SessionSetup   = 0x73
	smb1Logoff         = 0x74
	smb1TreeConnect    = 0x75
	smb1NTTrans        = 0xa0
	smb1NTTransMore    = 0xa1
	smb1NTCreate       = 0xa2
)

const smb1HeaderSize = 32

// smb1Message is one command of a message: a chain of them has one header.
type smb1Message struct {
	msg     []byte // from the header on, as far as it was kept
	size    int
	command uint8
	status  uint32
	reason  string
	answer  bool
	unicode bool
	tree    smbTree
	pid     uint16
	uid     uint16
	mid     uint16
	words   cursor
	bytes   cursor
}

// message1 reads a message and the commands chained to it (AndX). The offsets
// of a chain must rise, so that it ends.
func (p *smbParser) message1(msg []byte, size int) {
	m := readSMB1(msg, size)
	if m == nil {
		return
	}
	for at := smb1HeaderSize; ; {
		c := cursor{data: msg}
		c.seek(min(at, len(msg)))
		m.words = c.sub(2 * int(c.u8()))
		n := int(c.le16())
		if c.bad {
			return
		}
		m.bytes = cursor{data: msg[:min(len(msg), c.at+n)], at: c.at}
		chain := m.words
		next, _, offset := chain.u8(), chain.u8(), int(chain.le16())
		if m.answer {
			p.answer1(m)
		} else {
			p.request1(m)
		}
		if !chained(m.command) || chain.bad || next == 0xff || offset <= at {
			return
		}
		m.command, at = next, offset
	}
}

func chained(command uint8) bool {
	switch command {
	case smb1SessionSetup, smb1TreeConnect, smb1NTCreate, smb1Read, smb1Write, smb1Logoff:
		return true
	}
	return false
}

func readSMB1(msg []byte, size int) *smb1Message {
	c := cursor{data: msg}
	m := &smb1Message{msg: msg, size: size}
	c.skip(4)
	m.command = c.u8()
	m.status = c.le32()
	flags, flags2 := c.u8(), c.le16()
	c.skip(12)
	m.tree = smbTree{tree: uint32(c.le16())}
	m.pid, m.uid, m.mid = c.le16(), c.le16(), c.le16()
	if c.bad {
		return nil
	}
	m.answer, m.unicode = flags&0x80 != 0, flags2&0x8000 != 0
	m.reason = statusName(m.status)
	if flags2&0x4000 == 0 && m.status != 0 {
		m.reason = fmt.Sprintf("DOS %d/%d", m.status&0xff, m.status>>16) // class and code (MS-CIFS 2.2.2.4)
	}
	return m
}

// id tells the commands of a chain apart, which share a multiplex id.
func (m *smb1Message) id(command uint8) uint64 {
	return uint64(command)<<32 | uint64(m.pid)<<16 | uint64(m.mid)
}

// part is the n bytes at an offset from the header.
func (m *smb1Message) part(offset, n uint32) (data []byte, missing int) {
	return smbPart(m.msg, m.size, offset, n)
}

// text reads a string; in Unicode it begins at an even offset from the header.
func (m *smb1Message) text(c *cursor) string {
	if !m.unicode {
		end := bytes.IndexByte(c.data[c.at:], 0)
		if end < 0 {
			return text16(c.rest(), false)
		}
		s := text16(c.take(end), false)
		c.skip(1)
		return s
	}
	if c.at%2 == 1 {
		c.skip(1)
	}
	end := c.at
	for end+1 < len(c.data) && (c.data[end] != 0 || c.data[end+1] != 0) {
		end += 2
	}
	s := text16(c.data[c.at:min(end, len(c.data))], true)
	c.seek(min(end+2, len(c.data)))
	return s
}

// request1 remembers what a request asks for.
func (p *smbParser) request1(m *smb1Message) {
	call := smbCall{command: uint16(m.command), tree: m.tree}
	wanted := true
	switch m.command {
	case smb1Negotiate:
		p.offer(m)
	case smb1SessionSetup:
		call.login = p.continued(uint64(m.uid), p.loginOf1(m))
	case smb1TreeConnect:
		m.words.skip(6)
		m.bytes.skip(int(m.words.le16()))
		s := share{name: shareName(m.text(&m.bytes))}
		call.record = &SMB{Command: "tree_connect", Share: s.name, Admin: s.admin()}
	case smb1NTCreate:
		p.create1(m, &call)
	case smb1Delete, smb1Rename:
		p.named1(m, &call)
	case smb1Close, smb1Read, smb1Write:
		wanted = p.operation1(m, &call)
	case smb1Trans, smb1Trans2, smb1NTTrans:
		p.trans(m, &call)
	case smb1TransMore, smb1Trans2More, smb1NTTransMore:
		p.transMore(m)
		wanted = false
	case smb1Logoff, smb1TreeDisconnect:
	default:
		wanted = false
	}
	if !wanted {
		return
	}
	if old, evicted := p.calls.put(m.id(m.command), call, smbCalls); evicted {
		p.unanswered(old)
	}
}

// answer1 takes the server's answer to a request.
func (p *smbParser) answer1(m *smb1Message) {
	call, ok := p.answered1(m)
	if !ok {
		return
	}
	switch m.command {
	case smb1Negotiate:
		p.negotiated1(m)
	case smb1SessionSetup:
		m.words.skip(4)
		p.decide(call.login, uint64(m.uid), m.status, m.reason, m.words.le16()&1 != 0, false)
	case smb1TreeConnect:
		p.connected1(m, call)
	case smb1TreeDisconnect:
		p.trees.pop(call.tree)
	case smb1Logoff:
		p.say(SMB{Command: "logoff", Status: m.reason})
	case smb1NTCreate:
		p.created1(m, call)
	case smb1Delete, smb1Rename:
		call.record.Status = m.reason
		p.say(*call.record)
	case smb1Trans, smb1Trans2, smb1NTTrans:
		p.transacted(m, call)
	default:
		p.operated1(m, call)
	}
}
