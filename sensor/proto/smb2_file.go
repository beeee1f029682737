package proto

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var smbDispositions = [...]string{"supersede", "open", "create", "open_if", "overwrite", "overwrite_if"}

func smbDisposition(n uint32) string {
	if n < uint32(len(smbDispositions)) {
		return smbDispositions[n]
	}
	return ""
}

// Create options that both versions share (MS-SMB2 2.2.13).
const (
	optionDirectory     = 0x00000001
	optionDeleteOnClose = 0x00001000
)

// create2 reads a CREATE request (MS-SMB2 2.2.13).
func (p *smbParser) create2(m *smb2Message, call *smbCall) {
	c := m.body()
	c.skip(24)
	access := c.le32()
	c.skip(8)
	disposition, options := c.le32(), c.le32()
	offset, n := uint32(c.le16()), uint32(c.le16())
	name, _ := m.part(offset, n)
	p.opening(call, text16(name, true), access, disposition, options)
}

// opening prepares the record of a file that is asked for, and the file itself.
func (p *smbParser) opening(call *smbCall, path string, access, disposition, options uint32) {
	f := &smbFile{directory: options&optionDirectory != 0, deleteOnClose: options&optionDeleteOnClose != 0}
	if s := p.trees.get(call.tree); s != nil {
		f.share = *s
	}
	if f.share == (share{}) && rpcPipes[strings.ToLower(baseName(path))] != "" {
		f.share.kind = "pipe" // the connection to the share was not seen
	}
	if f.share.pipe() {
		f.pipe = baseName(path)
	} else {
		f.path = path
	}
	r := f.record("create")
	r.Access, r.HasAccess, r.Disposition = int64(access), true, smbDisposition(disposition)
	call.open, call.record = f, &r
}

// created2 reads a CREATE answer (MS-SMB2 2.2.14).
func (p *smbParser) created2(m *smb2Message, call smbCall) {
	r, f := call.record, call.open
	r.Status = statusName(m.status)
	if m.status == statusOK {
		c := m.body()
		c.skip(48)
		f.size = int64(c.le64() & (1<<63 - 1))
		attributes := c.le32()
		f.directory = f.directory || attributes&0x10 != 0
		c.skip(4)
		var h smbHandle
		copy(h[:], c.take(16))
		r.Size, r.Directory = f.size, f.directory
		p.open(h, f)
		p.relate(m.id, h)
	}
	p.say(*r)
}

// relate tells the requests that came in one compound with a create which file
// it opened.
func (p *smbParser) relate(create uint64, h smbHandle) {
	for i := range p.calls.entries {
		if call := &p.calls.entries[i].value; call.related && call.create == create {
			call.file, call.related = h, false
			if f := p.file(h); f != nil && call.record != nil {
				p.named(call.record, f)
			}
		}
	}
}

// named fills in which file a rename or delete was about.
func (p *smbParser) named(r *SMB, f *smbFile) {
	r.Share, r.ShareType, r.Admin = f.share.name, f.share.kind, f.share.admin()
	r.Path, r.Pipe, r.Directory = f.path, f.pipe, f.directory
}

const noHandle = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

// operation2 reads a request about an open file. It reports false where the
// answer is of no interest.
func (p *smbParser) operation2(m *smb2Message, call *smbCall, create uint64) bool {
	c := m.body()
	switch m.command {
	case smb2Close, smb2Ioctl, smb2QueryDirectory:
		c.skip(8)
	case smb2Read, smb2Write, smb2SetInfo:
		c.skip(16)
	}
	h := c.take(16)
	copy(call.file[:], h)
	call.related = call.related && string(h) == noHandle
	if call.related {
		call.create = create
	}
	f := p.file(call.file)
	if f == nil && !call.related {
		if f = p.unseen(m, call.file); f == nil {
			return false
		}
	}
	c.seek(min(smb2HeaderSize, len(m.data)))
	c.skip(2)
	switch m.command {
	case smb2Read:
		c.skip(6)
		call.offset = c.le64()
	case smb2Write:
		offset, n := uint32(c.le16()), c.le32()
		call.offset = c.le64()
		if data, missing := m.part(offset, n); f != nil {
			p.wrote(f, call.offset, data, missing)
		}
	case smb2Ioctl:
		c.skip(2)
		transceive := c.le32() == fsctlTransceive
		c.skip(16)
		offset, n := c.le32(), c.le32()
		if data, missing := m.part(offset, n); transceive && f != nil {
			p.wrote(f, 0, data, missing)
		}
		return transceive
	case smb2SetInfo:
		return p.setInfo2(m, call, f)
	}
	return true
}

// fsctlTransceive is FSCTL_PIPE_TRANSCEIVE (MS-FSCC 2.3): a write and a read in one.
const fsctlTransceive = 0x0011c017

// unseen opens a pipe whose opening was not seen, as at the start of a capture:
// it is told by what is written to it. Nil where that is no call.
func (p *smbParser) unseen(m *smb2Message, h smbHandle) *smbFile {
	c := m.body()
	c.skip(2)
	var offset, n uint32
	switch m.command {
	case smb2Write:
		offset, n = uint32(c.le16()), c.le32()
	case smb2Ioctl:
		c.skip(2)
		if c.le32() != fsctlTransceive {
			return nil
		}
		c.skip(16)
		offset, n = c.le32(), c.le32()
	}
	if data, _ := m.part(offset, n); !isCall(data, n) {
		return nil
	}
	return p.openUnseen(h)
}

// isCall reports whether the n bytes that are written to a file begin a call.
func isCall(data []byte, n uint32) bool {
	return len(data) >= rpcHeader && probeRPC(event.Client, data) == Yes && rpcSize(data) <= int(n)
}

func (p *smbParser) openUnseen(h smbHandle) *smbFile {
	p.open(h, &smbFile{share: share{kind: "pipe"}})
	return p.file(h)
}

// Classes of SET_INFO that change what a file is called or whether it stays
// (MS-FSCC 2.4).
const (
	fileRename        = 10
	fileDisposition   = 13
	fileDispositionEx = 64
)

// setInfo2 reads a rename or a delete (MS-SMB2 2.2.39).
func (p *smbParser) setInfo2(m *smb2Message, call *smbCall, f *smbFile) bool {
	c := m.body()
	c.skip(2)
	kind, class := c.u8(), c.u8()
	n, offset := c.le32(), uint32(c.le16())
	data, _ := m.part(offset, n)
	r := changeOf(int(class), data, 16)
	if kind != 1 || r == nil {
		return false
	}
	if f != nil {
		p.named(r, f)
	}
	call.record = r
	return true
}

// changeOf reads what a SET_INFO of a class changes: a rename or a delete, nil
// where it is neither. head is how many bytes of a rename come before the length of
// the name.
func changeOf(class int, data []byte, head int) *SMB {
	d := cursor{data: data}
	switch {
	case class == fileRename:
		d.skip(head)
		name := d.le32()
		return &SMB{Command: "rename", NewPath: text16(d.take(int(min(name, uint32(d.left())))), true)}
	case (class == fileDisposition || class == fileDispositionEx) && d.u8()&1 != 0:
		return &SMB{Command: "delete"}
	}
	return nil
}

// operated2 takes the answer to a request about an open file.
func (p *smbParser) operated2(m *smb2Message, call smbCall) {
	f := p.file(call.file)
	ok := m.status == statusOK || m.status == statusOverflow
	c := m.body()
	c.skip(2)
	switch {
	case call.record != nil:
		call.record.Status = statusName(m.status)
		if ok && f != nil && call.record.Command == "rename" {
			f.path = call.record.NewPath
		}
		p.say(*call.record)
	case f == nil || !ok:
	case m.command == smb2Close:
		p.close(call.file)
	case m.command == smb2Read:
		offset := uint32(c.u8())
		c.skip(1)
		data, missing := m.part(offset, c.le32())
		p.got(f, call.offset, data, missing)
	case m.command == smb2Write:
		c.skip(2)
		f.writes++
		f.written += int64(c.le32())
	case m.command == smb2Ioctl:
		c.skip(30)
		offset, n := c.le32(), c.le32()
		data, missing := m.part(offset, n)
		p.got(f, 0, data, missing)
	case m.command == smb2QueryDirectory:
		offset := uint32(c.le16())
		data, _ := m.part(offset, c.le32())
		f.listed = true
		f.entries += countEntries(data)
	}
}

// countEntries walks a directory listing, each of whose entries begins with the
// distance to the next (MS-FSCC 2.4).
func countEntries(data []byte) (n int64) {
	for len(data) >= 4 {
		n++
		next := (&cursor{data: data}).le32()
		if next < 4 || int64(next) > int64(len(data)) {
			break
		}
		data = data[next:]
	}
	return n
}
