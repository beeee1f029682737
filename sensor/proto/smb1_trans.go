package proto

// Subcommands of transactions (MS-CIFS 2.2.5 to 2.2.7, MS-SMB 2.2.6).
var (
	transNames = map[uint16]string{
		0x01: "SET_NMPIPE_STATE", 0x11: "RAW_READ_NMPIPE", 0x21: "QUERY_NMPIPE_STATE", 0x22: "QUERY_NMPIPE_INFO",
		0x23: "PEEK_NMPIPE", 0x26: "TRANSACT_NMPIPE", 0x31: "RAW_WRITE_NMPIPE", 0x36: "READ_NMPIPE",
		0x37: "WRITE_NMPIPE", 0x53: "WAIT_NMPIPE", 0x54: "CALL_NMPIPE",
	}
	trans2Names = map[uint16]string{
		0x00: "OPEN2", 0x01: "FIND_FIRST2", 0x02: "FIND_NEXT2", 0x03: "QUERY_FS_INFORMATION", 0x04: "SET_FS_INFORMATION",
		0x05: "QUERY_PATH_INFORMATION", 0x06: "SET_PATH_INFORMATION", 0x07: "QUERY_FILE_INFORMATION", 0x08: "SET_FILE_INFORMATION",
		0x0d: "CREATE_DIRECTORY", 0x0e: "SESSION_SETUP", 0x10: "GET_DFS_REFERRAL", 0x11: "REPORT_DFS_INCONSISTENCY",
	}
	ntTransNames = map[uint16]string{
		0x01: "CREATE", 0x02: "IOCTL", 0x03: "SET_SECURITY_DESC", 0x04: "NOTIFY_CHANGE", 0x05: "RENAME", 0x06: "QUERY_SECURITY_DESC",
	}
	transCommands = map[uint8]string{smb1Trans: "trans", smb1Trans2: "trans2", smb1NTTrans: "nt_trans"}
)

const transactPipe = 0x26

// trans reads the first message of a transaction.
func (p *smbParser) trans(m *smb1Message, call *smbCall) {
	w := m.words
	t := &SMBTrans{}
	var function uint16
	var n, offset, about uint32
	if m.command == smb1NTTrans {
		w.skip(7)
		t.TotalData = int64(w.le32())
		w.skip(16)
		n, offset = w.le32(), w.le32()
		w.skip(1)
		function = w.le16()
		t.Name = ntTransNames[function]
	} else {
		w.skip(2)
		t.TotalData = int64(w.le16())
		w.skip(16)
		about = uint32(w.le16())
		n, offset = uint32(w.le16()), uint32(w.le16())
		setups := w.u8()
		w.skip(1)
		function = w.le16()
		t.Name = trans2Names[function]
		if m.command == smb1Trans {
			t.Name = transNames[function]
			t.File, t.HasFile = int64(w.le16()), setups > 1
		}
	}
	t.Subcommand = int64(function)
	call.sent = int64(n)
	call.record = &SMB{Command: transCommands[m.command], Trans: t}
	if s := p.trees.get(call.tree); s != nil {
		call.record.Share, call.record.ShareType, call.record.Admin = s.name, s.kind, s.admin()
	}
	switch {
	case m.command == smb1Trans && t.HasFile:
		p.pipeCall(m, call, offset, n)
	case m.command == smb1Trans2 && (function == setPathInfo || function == setFileInfo):
		p.setInfo1(m, call, function, about, offset, n)
	}
}

// pipeCall hands a transaction on a pipe to the pipe's conversation.
func (p *smbParser) pipeCall(m *smb1Message, call *smbCall, offset, n uint32) {
	call.file = handle1(uint16(call.record.Trans.File))
	data, missing := m.part(offset, n)
	f := p.file(call.file)
	if f == nil && call.record.Trans.Subcommand == transactPipe && isCall(data, n) {
		f = p.openUnseen(call.file)
	}
	if f == nil {
		return
	}
	call.record.Pipe = f.pipe
	if call.record.Trans.Subcommand == transactPipe {
		p.wrote(f, 0, data, missing)
	}
}

// transMore counts a secondary message. It belongs to the transaction with its
// ids; that one may have begun as another kind, which no honest client does.
func (p *smbParser) transMore(m *smb1Message) {
	w := m.words
	n := int64(0)
	if m.command == smb1NTTransMore {
		w.skip(23)
		n = int64(w.le32())
	} else {
		w.skip(10)
		n = int64(w.le16())
	}
	own := m.command - 1
	for _, command := range []uint8{own, smb1Trans, smb1Trans2, smb1NTTrans} {
		if call := p.calls.get(m.id(command)); call != nil && call.record != nil {
			call.record.Trans.Secondary++
			call.record.Trans.Mixed = call.record.Trans.Mixed || command != own
			call.sent += n
			return
		}
	}
}

// answered1 finds the request of an answer. Answers to transactions need not
// carry the multiplex id that was asked with: malware signals in it.
func (p *smbParser) answered1(m *smb1Message) (call smbCall, ok bool) {
	id := m.id(m.command)
	_, transaction := transCommands[m.command]
	if transaction && p.calls.get(id) == nil {
		for _, e := range p.calls.entries {
			if e.key|0xffff == id|0xffff {
				id = e.key
				break
			}
		}
	}
	if waiting := p.calls.get(id); waiting != nil && transaction && len(m.words.data) == 0 && m.status == statusOK {
		if t := waiting.record.Trans; !waiting.interim && (waiting.sent < t.TotalData || t.Secondary > 0) {
			waiting.interim = true
			return call, false
		}
	}
	return p.calls.pop(id)
}

// transacted says what a transaction was when the server has answered it.
func (p *smbParser) transacted(m *smb1Message, call smbCall) {
	r := call.record
	r.Status = m.reason
	r.Trans.MultiplexID = int64(m.mid)
	f := p.file(call.file)
	onPipe := f != nil && m.command == smb1Trans && r.Trans.Subcommand == transactPipe
	if onPipe && (m.status == statusOK || m.status == statusOverflow) {
		w := m.words
		w.skip(12)
		n, offset := uint32(w.le16()), uint32(w.le16())
		data, missing := m.part(offset, n)
		p.got(f, 0, data, missing)
	}
	if !onPipe || f.rpc == nil || !f.rpc.seen {
		p.say(*r)
	}
	if c := call.change; c != nil {
		c.Status = m.reason
		if m.status == statusOK && f != nil && c.Command == "rename" {
			f.path = c.NewPath
		}
		p.say(*c)
	}
}
