package proto

// Functions of TRANS2 that change a file by a class of information (MS-CIFS
// 2.2.6.7, 2.2.6.9).
const (
	setPathInfo = 0x06
	setFileInfo = 0x08
)

// Levels of information. Above passThrough stand the classes of MS-FSCC (MS-SMB
// 2.2.2.3.5).
const (
	levelDisposition = 0x0102
	passThrough      = 1000
)

// setInfo1 reads a rename or a delete in a transaction. about is where its
// parameters stand, offset where its n bytes of data do.
func (p *smbParser) setInfo1(m *smb1Message, call *smbCall, function uint16, about, offset, n uint32) {
	if int64(about) > int64(len(m.msg)) {
		return
	}
	c := cursor{data: m.msg, at: int(about)}
	if function == setFileInfo {
		call.file = handle1(c.le16())
	}
	level := int(c.le16())
	class := level - passThrough
	if level == levelDisposition {
		class = fileDisposition
	}
	data, _ := m.part(offset, n)
	if call.change = changeOf(class, data, 8); call.change == nil {
		return
	}
	if s := p.trees.get(call.tree); s != nil {
		call.change.Share, call.change.ShareType, call.change.Admin = s.name, s.kind, s.admin()
	}
	if function == setPathInfo {
		c.skip(4)
		call.change.Path = m.text(&c)
	} else if f := p.file(call.file); f != nil {
		p.named(call.change, f)
	}
}
