package proto

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// share is what a client is connected to.
type share struct {
	name string // without the server
	kind string // "disk", "pipe", "print"; "" where the answer said nothing
}

// shareName is the last part of \\server\share.
func shareName(path string) string { return baseName(strings.TrimRight(path, `\`)) }

// admin reports whether a share is one that only administrators may use.
func (s share) admin() bool {
	name := strings.ToUpper(s.name)
	return name == "ADMIN$" || len(name) == 2 && name[1] == '$' && name[0] >= 'A' && name[0] <= 'Z'
}

func (s share) pipe() bool { return s.kind == "pipe" || strings.EqualFold(s.name, "IPC$") }

// smbTree names a tree connection: SMB1 has no session in it.
type smbTree struct {
	session uint64
	tree    uint32
}

type smbHandle [16]byte

// smbCall is a request that waits for its answer.
type smbCall struct {
	command uint16
	tree    smbTree
	file    smbHandle
	create  uint64 // id of the create whose file a related request means
	related bool
	offset  uint64
	login   *login
	open    *smbFile // of a create
	record  *SMB     // goes out with the answer's status
	change  *SMB     // of a transaction of SMB1: the rename or delete that it is
	sent    int64    // bytes of a transaction's data
	interim bool     // the server asked for the rest of a transaction
}

// smbFile is an open file, directory or pipe.
type smbFile struct {
	share         share
	path          string
	pipe          string
	directory     bool
	deleteOnClose bool
	size          int64

	read, written, reads, writes int64
	in, out                      *sample
	listed                       bool
	entries                      int64
	rpc                          *rpcConversation
}

// record begins a record about the file.
func (f *smbFile) record(command string) SMB {
	return SMB{
		Command: command, Share: f.share.name, ShareType: f.share.kind, Admin: f.share.admin(),
		Path: f.path, Pipe: f.pipe, Directory: f.directory, DeleteOnClose: f.deleteOnClose, Size: f.size,
	}
}

// open keeps a file that the server opened.
func (p *smbParser) open(h smbHandle, f *smbFile) {
	if f.share.pipe() && p.pipes < smbPipes {
		f.rpc = newRPC(f.pipe)
		p.pipes++
	}
	if old, evicted := p.files.put(h, f, smbFiles); evicted {
		p.finish(old)
	}
}

func (p *smbParser) file(h smbHandle) *smbFile {
	if f := p.files.get(h); f != nil {
		return *f
	}
	return nil
}

// close takes a file off the table.
func (p *smbParser) close(h smbHandle) {
	f, ok := p.files.pop(h)
	if !ok {
		return
	}
	p.finish(f)
	if f.deleteOnClose {
		r := f.record("delete")
		r.Status = statusName(statusOK)
		p.say(r)
	}
}

// finish says what was done to a file while it was open.
func (p *smbParser) finish(f *smbFile) {
	isRPC := false
	if f.rpc != nil {
		p.pipes--
		isRPC = f.rpc.seen
		f.rpc.end(p.emit)
	}
	if f.listed {
		r := f.record("query_directory")
		r.Entries = f.entries
		p.say(r)
	}
	if f.reads+f.writes == 0 || isRPC {
		return
	}
	r := f.record("close")
	r.Read, r.Written, r.Reads, r.Writes = f.read, f.written, f.reads, f.writes
	if f.in != nil {
		r.ReadMagic, r.ReadEntropy = f.in.magic, f.in.entropy()
	}
	if f.out != nil {
		r.WrittenMagic, r.Entropy = f.out.magic, f.out.entropy()
	}
	p.say(r)
}

// wrote takes the first bytes of data that a client sends to a file; of missing
// more bytes nothing is known but that they are there.
func (p *smbParser) wrote(f *smbFile, offset uint64, data []byte, missing int) {
	if f.rpc != nil {
		p.rpc(f, event.Client, data, missing)
		return
	}
	f.out = look(f.out, offset, data)
}

// got takes what a server gives of a file.
func (p *smbParser) got(f *smbFile, offset uint64, data []byte, missing int) {
	f.reads++
	f.read += int64(len(data) + missing)
	if f.rpc != nil {
		p.rpc(f, event.Server, data, missing)
		return
	}
	f.in = look(f.in, offset, data)
}

func look(s *sample, offset uint64, data []byte) *sample {
	if len(data) == 0 {
		return s
	}
	if s == nil {
		s = &sample{}
	}
	s.add(offset, data)
	return s
}

// rpc hands the bytes of a pipe on.
func (p *smbParser) rpc(f *smbFile, from event.Side, data []byte, missing int) {
	f.rpc.feed(from, data, p.emit)
	f.rpc.gap(from, missing)
	p.expected = append(p.expected, f.rpc.Expect()...)
	p.expected = p.expected[:min(len(p.expected), rpcExpected)]
}
