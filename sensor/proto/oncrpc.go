package proto

import (
	"encoding/binary"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "oncrpc", Doc: "Sun RPC: port mapper, mounts and NFS, by procedure, with refusals; no file and no path",
		Source: "RFC 5531, RFC 1833, RFC 1813, RFC 7530", IP: 6, Ports: []uint16{111, 2049}, Limit: 16 << 10,
		Probe: probeONCStream, New: func() Parser { return newONC(false) }, Tables: []*event.Table{oncTable},
	})
	register(Spec{
		Name: "oncrpc", Doc: "the same in datagrams",
		Source: "RFC 5531, RFC 1833, RFC 1813, RFC 7530", IP: 17, Ports: []uint16{111, 2049}, Limit: 16 << 10,
		Probe: probeONC, New: func() Parser { return newONC(true) }, Tables: []*event.Table{oncTable},
	})
}

// ONCRPC is what a client asked a program for so far: once when it is first asked, and
// each time that the number has doubled; at the end a last time.
type ONCRPC struct {
	oncKind
	Calls  int64
	Failed int64 // refused, or with a status that is no success
	told   int64
}

// oncKind is a procedure of a program.
type oncKind struct {
	Program   string // its name, or its number
	Version   int64
	Procedure string
}

const (
	rpcKept   = 64 // of a message, bytes: its head with an answer's status
	oncHead   = 4  // record mark (RFC 5531, section 11)
	oncKinds  = 64
	oncCalls  = 64 // that wait for a reply
	oncReply  = 1
	oncFlavor = 400 // bytes that proofs may have (RFC 5531, section 8.2)
)

type oncProgram struct {
	name       string
	procedures []string
	status     bool // results begin with a status
}

var oncPrograms = map[uint32]oncProgram{
	100000: {"portmap", []string{"null", "set", "unset", "getport", "dump", "callit", "getversaddr", "uaddr2taddr"}, false},
	100003: {"nfs", []string{"null", "getattr", "setattr", "lookup", "access", "readlink", "read", "write", "create", "mkdir", "symlink", "mknod", "remove", "rmdir", "rename", "link", "readdir", "readdirplus", "fsstat", "fsinfo", "pathconf", "commit"}, true},
	100005: {"mount", []string{"null", "mnt", "dump", "umnt", "umntall", "export"}, false},
	100004: {"ypserv", nil, false}, 100007: {"ypbind", nil, false}, 100021: {"nlockmgr", nil, false}, 100024: {"status", nil, false}, 100227: {"nfs_acl", nil, true},
}

// probeONC knows a call by its type, the version of RPC, and a program of those that
// Sun gave numbers to, and a reply not at all.
func probeONC(from event.Side, data []byte) Verdict {
	if from == event.Server || len(data) < 24 || data[4]|data[5]|data[6]|data[7] != 0 {
		return No
	}
	be := binary.BigEndian
	program := be.Uint32(data[12:])
	return yesIf(be.Uint32(data[8:]) == 2 && program >= 100000 && program < 100400 && be.Uint32(data[16:]) <= 10 && be.Uint32(data[20:]) <= 64)
}

// probeONCStream is the same behind the mark of a last fragment.
func probeONCStream(from event.Side, data []byte) Verdict {
	switch {
	case from == event.Server, len(data) > 0 && data[0] != 0x80:
		return No
	case len(data) < oncHead+24:
		return More
	}
	return probeONC(from, data[oncHead:])
}

type oncParser struct {
	datagrams bool
	sides     [2]sized
	waiting   few[uint32, oncAsked]
	kinds     few[oncKind, ONCRPC]
}

type oncAsked struct {
	kind   oncKind
	status bool
}

func newONC(datagrams bool) *oncParser {
	p := &oncParser{datagrams: datagrams}
	for i := range p.sides {
		p.sides[i] = sized{head: oncHead, most: oncHead + rpcKept, size: func(head []byte) int {
			return oncHead + int(binary.BigEndian.Uint32(head)&(1<<31-1))
		}}
	}
	return p
}

func (p *oncParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.datagrams {
		p.message(from, data, emit)
		return true
	}
	return p.sides[from].feed(data, func(m []byte, _ int) { p.message(from, m[oncHead:], emit) })
}

// message reads a call's head or a reply's; what else there is has no head.
func (p *oncParser) message(from event.Side, m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	xid, reply := c.be32(), c.be32() == oncReply
	switch {
	case reply && from == event.Server:
		p.reply(xid, &c, emit)
	case !reply && from == event.Client && c.be32() == 2:
		number := c.be32()
		k := oncKind{Program: strconv.FormatUint(uint64(number), 10), Version: int64(c.be32())}
		procedure := c.be32()
		if c.bad {
			return
		}
		known := oncPrograms[number]
		if known.name != "" {
			k.Program = known.name
		}
		k.Procedure = oncProcedure(known, k.Version, procedure)
		p.waiting.put(xid, oncAsked{k, procedure > 0 && (known.status || k.Procedure == "mnt")}, oncCalls)
		p.count(k, emit)
	}
}

// oncProcedure names a procedure. Those of NFS are named as in its version 3; version
// 4 has one for all, and version 2 others.
func oncProcedure(p oncProgram, version int64, n uint32) string {
	switch {
	case p.name == "nfs" && version == 4 && n == 1:
		return "compound"
	case p.name == "nfs" && version != 3 && n > 0, int(n) >= len(p.procedures):
		return strconv.FormatUint(uint64(n), 10)
	}
	return p.procedures[n]
}

func (p *oncParser) count(k oncKind, emit func(event.Record)) {
	r := p.kinds.meet(k, ONCRPC{oncKind: k}, oncKinds)
	if r.Calls++; r.Calls >= 2*r.told {
		r.tell(emit)
	}
}

// reply counts a refusal, or a result that begins with a status other than 0.
func (p *oncParser) reply(xid uint32, c *cursor, emit func(event.Record)) {
	asked, ok := p.waiting.pop(xid)
	if !ok {
		return
	}
	failed := c.be32() != 0 // denied
	if !failed {
		c.skip(4)
		if n := c.be32(); n <= oncFlavor {
			c.skip(int(n))
		}
		failed = c.be32() != 0 && !c.bad // not accepted
		failed = failed || asked.status && c.be32() != 0 && !c.bad
	}
	if r := p.kinds.get(asked.kind); r != nil && failed {
		if r.Failed++; r.Failed == 1 {
			r.tell(emit)
		}
	}
}

func (r *ONCRPC) tell(emit func(event.Record)) {
	r.told = r.Calls
	one := *r
	emit(&one)
}

// End tells of what was asked since the latest record.
func (p *oncParser) End(emit func(event.Record)) {
	for i := range p.kinds.entries {
		if r := &p.kinds.entries[i].value; r.Calls > r.told || r.Failed > 1 {
			r.tell(emit)
		}
	}
}

var oncTable = event.NewTable("oncrpc", "What a client asks programs of Sun RPC for.",
	event.String("brandmelder.oncrpc.program", event.Technical, "program", func(r *ONCRPC) (string, bool) { return r.Program, true }),
	event.Int("brandmelder.oncrpc.version", event.Technical, "its version", func(r *ONCRPC) (int64, bool) { return r.Version, true }),
	event.String("brandmelder.oncrpc.procedure", event.Technical, "procedure", func(r *ONCRPC) (string, bool) { return r.Procedure, true }),
	event.Int("brandmelder.oncrpc.calls", event.Technical, "calls so far", func(r *ONCRPC) (int64, bool) { return r.Calls, true }),
	event.Int("brandmelder.oncrpc.failed", event.Technical, "of them, those that were refused or failed", func(r *ONCRPC) (int64, bool) { return r.Failed, r.Failed > 0 }),
).InBrief("brandmelder.oncrpc.program", "brandmelder.oncrpc.procedure", "brandmelder.oncrpc.calls", "brandmelder.oncrpc.failed")

func (*ONCRPC) Table() *event.Table { return oncTable }
