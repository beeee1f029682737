package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// SMB is one operation on a file server with its outcome (MS-SMB2, MS-CIFS).
// READ and WRITE have no record of their own: their sums stand in the record
// "close", which also comes where a file is still open at the end of the flow.
// File names and paths are of class Personal. A parser does not know which
// shares are clinical: Share accompanies every name, so that a later room can
// drop the names of those shares.
type SMB struct {
	Command   string // "negotiate", "session_setup", "tree_connect", "create", "close", "rename", "delete", "query_directory", "logoff", "trans", "trans2", "nt_trans", "encrypted", "compressed", "lost"
	Version   int64  // 1, or 2 for SMB 2 and 3
	Dialect   string // "NT LM 0.12", "2.0.2" … "3.1.1"
	Signing   string // "none", "enabled", "required": what the server asks for
	Features  int64  // server's capabilities as sent
	Status    string // NT status by name; "" where no answer was seen
	Share     string // name without the server: "ADMIN$"
	ShareType string // "disk", "pipe", "print"
	Admin     bool   // ADMIN$, or a drive's hidden share such as C$

	Path          string // below the share, with backslashes; at most 260 characters
	NewPath       string // of a rename
	Pipe          string // name of the pipe where the share is IPC$
	Access        int64  // access mask the client asked for
	HasAccess     bool
	Disposition   string // "open", "create", "overwrite" …
	Directory     bool
	DeleteOnClose bool
	Size          int64 // bytes of the file when it was opened
	Read, Written int64 // bytes that the server gave or took
	Reads, Writes int64 // operations
	ReadMagic     string
	WrittenMagic  string  // "exe-pe", "elf", "zip" … by the first bytes of the file
	ReadEntropy   float64 // bits per byte over at most the first 4096 bytes read
	Entropy       float64 // of the bytes written
	Entries       int64   // of an answer to query_directory, as far as they were looked at

	Trans      *SMBTrans
	Encrypted  bool     // the session is encrypted: only counts are known
	Messages   int64    // "encrypted": messages of both sides
	Bytes      [2]int64 // "encrypted": bytes by side
	Impossible bool     // "compressed": sizes that cannot be; other compressed messages have no record
	Evicted    int64    // "lost": entries of the bounded tables that had to make room
}

// SMBTrans is the shape of an SMB1 transaction: facts by which the checks and
// exploits of MS17-010 are told.
type SMBTrans struct {
	Subcommand  int64  // TRANS function, TRANS2 or NT_TRANSACT subcommand
	Name        string // of the subcommand where it is known
	MultiplexID int64  // of the answer
	File        int64  // FID of a pipe function
	HasFile     bool
	TotalData   int64 // bytes announced
	Secondary   int64 // secondary messages that followed
	Mixed       bool  // a secondary of another kind than the first message
}

func (*SMB) Table() *event.Table { return smbTable }

var smbTable = event.NewTable("smb", "Operations on file servers (SMB 1 to 3).", append(append(smbSessionFields(), smbFileFields()...), smbTransFields()...)...).InBrief("brandmelder.smb.command", "brandmelder.smb.share.name", "file.path", "brandmelder.smb.status")

// text is a keyword that is absent where it is empty, count a number that is
// absent where it is 0, flag a truth that is absent where it is false.
func smbText(path string, p event.Privacy, doc string, get func(*SMB) string) event.Field {
	return event.String(path, p, doc, func(r *SMB) (string, bool) { s := get(r); return s, s != "" })
}

func smbCount(path, doc string, get func(*SMB) int64) event.Field {
	return event.Int(path, event.Technical, doc, func(r *SMB) (int64, bool) { n := get(r); return n, n != 0 })
}

func smbFlag(path, doc string, get func(*SMB) bool) event.Field {
	return event.Bool(path, event.Technical, doc, func(r *SMB) (bool, bool) { b := get(r); return b, b })
}

func smbSessionFields() []event.Field {
	const t = event.Technical
	return []event.Field{
		smbText("brandmelder.smb.command", t, "operation", func(r *SMB) string { return r.Command }),
		smbCount("brandmelder.smb.version", "1, or 2 for SMB 2 and 3", func(r *SMB) int64 { return r.Version }),
		smbText("brandmelder.smb.dialect", t, "dialect the server chose", func(r *SMB) string { return r.Dialect }),
		smbText("brandmelder.smb.signing", t, "none, enabled or required by the server", func(r *SMB) string { return r.Signing }),
		smbCount("brandmelder.smb.capabilities", "server's capabilities as sent", func(r *SMB) int64 { return r.Features }),
		smbText("brandmelder.smb.status", t, "NT status by name", func(r *SMB) string { return r.Status }),
		smbText("brandmelder.smb.share.name", event.Personal, "share without the server", func(r *SMB) string { return r.Share }),
		smbText("brandmelder.smb.share.type", t, "disk, pipe or print", func(r *SMB) string { return r.ShareType }),
		smbFlag("brandmelder.smb.share.admin", "ADMIN$ or a drive's hidden share", func(r *SMB) bool { return r.Admin }),
		smbFlag("brandmelder.smb.encrypted", "the session is encrypted", func(r *SMB) bool { return r.Encrypted }),
		smbFlag("brandmelder.smb.impossible", "a compressed message with sizes that cannot be", func(r *SMB) bool { return r.Impossible }),
		smbCount("brandmelder.smb.messages", "encrypted messages", func(r *SMB) int64 { return r.Messages }),
		smbCount("brandmelder.smb.client_bytes", "encrypted bytes of the client", func(r *SMB) int64 { return r.Bytes[event.Client] }),
		smbCount("brandmelder.smb.server_bytes", "encrypted bytes of the server", func(r *SMB) int64 { return r.Bytes[event.Server] }),
		smbCount("brandmelder.smb.evicted", "entries that the parser's tables had no room for", func(r *SMB) int64 { return r.Evicted }),
	}
}

func smbFileFields() []event.Field {
	const t, p = event.Technical, event.Personal
	return []event.Field{
		smbText("file.path", p, "path below the share", func(r *SMB) string { return r.Path }),
		smbText("file.name", p, "last part of the path", func(r *SMB) string { return baseName(r.Path) }),
		smbText("file.extension", t, "extension, lower case, at most 16 characters", func(r *SMB) string { return smbExtension(r.Path) }),
		smbText("file.target_path", p, "new path of a rename", func(r *SMB) string { return r.NewPath }),
		smbText("brandmelder.smb.new_extension", t, "extension of the new path, lower case", func(r *SMB) string { return smbExtension(r.NewPath) }),
		smbText("brandmelder.smb.pipe", t, "named pipe", func(r *SMB) string { return r.Pipe }),
		event.Int("brandmelder.smb.access", t, "access mask asked for", func(r *SMB) (int64, bool) { return r.Access, r.HasAccess }),
		smbText("brandmelder.smb.disposition", t, "what to do where the file exists or not", func(r *SMB) string { return r.Disposition }),
		smbFlag("brandmelder.smb.directory", "a directory", func(r *SMB) bool { return r.Directory }),
		smbFlag("brandmelder.smb.delete_on_close", "the file goes when it is closed", func(r *SMB) bool { return r.DeleteOnClose }),
		smbCount("file.size", "bytes of the file when it was opened", func(r *SMB) int64 { return r.Size }),
		smbCount("brandmelder.smb.read.bytes", "bytes read", func(r *SMB) int64 { return r.Read }),
		smbCount("brandmelder.smb.read.count", "READ operations", func(r *SMB) int64 { return r.Reads }),
		smbText("brandmelder.smb.read.magic", t, "kind of the file by its first bytes read", func(r *SMB) string { return r.ReadMagic }),
		event.Float("brandmelder.smb.read.entropy", t, "bits per byte of the first bytes read", func(r *SMB) (float64, bool) { return r.ReadEntropy, r.Read > 0 }),
		smbCount("brandmelder.smb.write.bytes", "bytes written", func(r *SMB) int64 { return r.Written }),
		smbCount("brandmelder.smb.write.count", "WRITE operations", func(r *SMB) int64 { return r.Writes }),
		smbText("brandmelder.smb.write.magic", t, "kind of the file by its first bytes written", func(r *SMB) string { return r.WrittenMagic }),
		event.Float("brandmelder.smb.write.entropy", t, "bits per byte of the first bytes written", func(r *SMB) (float64, bool) { return r.Entropy, r.Written > 0 }),
		smbCount("brandmelder.smb.entries", "entries of a directory listing", func(r *SMB) int64 { return r.Entries }),
	}
}

func smbTransFields() []event.Field {
	number := func(path, doc string, get func(*SMBTrans) (int64, bool)) event.Field {
		return event.Int("brandmelder.smb.trans."+path, event.Technical, doc, func(r *SMB) (int64, bool) {
			if r.Trans == nil {
				return 0, false
			}
			return get(r.Trans)
		})
	}
	return []event.Field{
		number("subcommand", "subcommand of the transaction", func(t *SMBTrans) (int64, bool) { return t.Subcommand, true }),
		smbText("brandmelder.smb.trans.name", event.Technical, "subcommand by name", func(r *SMB) string {
			if r.Trans == nil {
				return ""
			}
			return r.Trans.Name
		}),
		number("multiplex_id", "multiplex id of the answer", func(t *SMBTrans) (int64, bool) { return t.MultiplexID, true }),
		number("file", "FID of a pipe function", func(t *SMBTrans) (int64, bool) { return t.File, t.HasFile }),
		number("total_data", "bytes announced", func(t *SMBTrans) (int64, bool) { return t.TotalData, true }),
		number("secondary", "secondary messages", func(t *SMBTrans) (int64, bool) { return t.Secondary, true }),
		smbFlag("brandmelder.smb.trans.mixed", "a secondary message of another kind", func(r *SMB) bool { return r.Trans != nil && r.Trans.Mixed }),
	}
}
