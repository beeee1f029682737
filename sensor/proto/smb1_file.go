package proto

import "encoding/binary"

// handle1 makes a table key of a FID.
func handle1(fid uint16) (h smbHandle) {
	binary.LittleEndian.PutUint16(h[:], fid)
	h[15] = 1 // no handle of SMB2, which never meets it in one connection anyway
	return h
}

// create1 reads an NT_CREATE_ANDX request (MS-CIFS 2.2.4.64.1).
func (p *smbParser) create1(m *smb1Message, call *smbCall) {
	w := m.words
	w.skip(15)
	access := w.le32()
	w.skip(16)
	disposition, options := w.le32(), w.le32()
	p.opening(call, m.text(&m.bytes), access, disposition, options)
}

func (p *smbParser) created1(m *smb1Message, call smbCall) {
	r, f := call.record, call.open
	r.Status = m.reason
	if m.status == statusOK {
		w := m.words
		w.skip(5)
		h := handle1(w.le16())
		w.skip(48)
		f.size = int64(w.le64() & (1<<63 - 1))
		w.skip(4)
		f.directory = f.directory || w.u8() != 0
		r.Size, r.Directory = f.size, f.directory
		p.open(h, f)
	}
	p.say(*r)
}

// named1 reads the old DELETE and RENAME, which name their file themselves.
func (p *smbParser) named1(m *smb1Message, call *smbCall) {
	r := &SMB{Command: "delete"}
	if s := p.trees.get(call.tree); s != nil {
		r.Share, r.ShareType, r.Admin = s.name, s.kind, s.admin()
	}
	m.bytes.skip(1) // format of the name: a string
	r.Path = m.text(&m.bytes)
	if m.command == smb1Rename {
		m.bytes.skip(1)
		r.Command, r.NewPath = "rename", m.text(&m.bytes)
	}
	call.record = r
}

// operation1 reads a request about an open file.
func (p *smbParser) operation1(m *smb1Message, call *smbCall) bool {
	w := m.words
	if m.command != smb1Close {
		w.skip(4)
	}
	call.file = handle1(w.le16())
	f := p.file(call.file)
	if f == nil {
		return false
	}
	if m.command == smb1Close {
		return true
	}
	call.offset = uint64(w.le32())
	if m.command == smb1Write {
		w.skip(8)
		high, low := uint32(w.le16()), uint32(w.le16())
		data, missing := m.part(uint32(w.le16()), high<<16|low)
		p.wrote(f, call.offset, data, missing)
	}
	return true
}

// operated1 takes the answer to a request about an open file.
func (p *smbParser) operated1(m *smb1Message, call smbCall) {
	f := p.file(call.file)
	if f == nil || m.status != statusOK && m.status != statusOverflow {
		return
	}
	w := m.words
	w.skip(4)
	switch m.command {
	case smb1Close:
		p.close(call.file)
	case smb1Read:
		w.skip(6)
		n := uint32(w.le16())
		offset := uint32(w.le16())
		data, missing := m.part(offset, uint32(w.le16())<<16|n)
		p.got(f, call.offset, data, missing)
	case smb1Write:
		n := int64(w.le16())
		w.skip(2)
		f.writes++
		f.written += n | int64(w.le16())<<16
	}
}
