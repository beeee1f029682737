package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "tftp", Doc: "file transfers without login: what is asked for, and what came",
		Source: "RFC 1350, RFC 2347", IP: 17, Ports: []uint16{69}, Limit: 2 << 10,
		Probe: probeTFTP, New: func() Parser { return &tftpParser{} }, Tables: []*event.Table{tftpTable},
	})
	register(Spec{
		Name: "tftp-data", Doc: "the blocks of a TFTP transfer, which come from another port",
		Source: "RFC 1350", IP: 17, Limit: 2 << 10,
		Probe: probeTFTPData, New: func() Parser { return &tftpParser{} }, Tables: []*event.Table{tftpTable},
	})
}

// TFTP is one transfer, or the part of it that one pair of ports shows: servers
// answer a request from a port of their own.
type TFTP struct {
	Operation string // "read", "write"; "data" of the blocks on other ports
	File      string
	Extension string // of the file, lower case, at most 16 bytes
	Mode      string // "octet", "netascii"
	Bytes     int64
	Blocks    int64
	Class     string // what the first block looks like
	Error     int64  // code, -1 none
}

func (*TFTP) Table() *event.Table { return tftpTable }

var tftpTable = event.NewTable("tftp", "File transfers without login.",
	tftpText("brandmelder.tftp.operation", event.Technical, "read, write, or data on another port", func(r *TFTP) string { return r.Operation }),
	tftpText("file.name", event.Personal, "file that was asked for", func(r *TFTP) string { return r.File }),
	tftpText("file.extension", event.Technical, "its extension", func(r *TFTP) string { return r.Extension }),
	tftpText("brandmelder.tftp.mode", event.Technical, "mode", func(r *TFTP) string { return r.Mode }),
	tftpText("brandmelder.tftp.class", event.Technical, "what the first block looks like", func(r *TFTP) string { return r.Class }),
	event.Int("brandmelder.tftp.bytes", event.Technical, "bytes in data blocks", func(r *TFTP) (int64, bool) { return r.Bytes, r.Blocks > 0 }),
	event.Int("brandmelder.tftp.blocks", event.Technical, "data blocks", func(r *TFTP) (int64, bool) { return r.Blocks, r.Blocks > 0 }),
	event.Int("brandmelder.tftp.error", event.Technical, "error code", func(r *TFTP) (int64, bool) { return r.Error, r.Error >= 0 }),
).InBrief("brandmelder.tftp.operation", "file.name", "brandmelder.tftp.error")

func tftpText(path string, p event.Privacy, doc string, get func(*TFTP) string) event.Field {
	return event.String(path, p, doc, func(r *TFTP) (string, bool) { t := get(r); return t, t != "" })
}

const (
	tftpRead  = 1
	tftpWrite = 2
	tftpData  = 3
	tftpError = 5
	tftpName  = 128 // longest name of a request that is believed, bytes
)

// tftpRequest reads a request: a name and a mode that RFC 1350 knows.
func tftpRequest(data []byte) (r TFTP, ok bool) {
	if len(data) < 6 || data[0] != 0 || data[1] != tftpRead && data[1] != tftpWrite {
		return r, false
	}
	name, rest, _ := bytes.Cut(data[2:], []byte{0})
	mode, _, ended := bytes.Cut(rest, []byte{0})
	r.Mode = strings.ToLower(string(mode[:min(len(mode), 8)]))
	if !ended || len(name) == 0 || len(name) > tftpName || r.Mode != "octet" && r.Mode != "netascii" && r.Mode != "mail" || printableShare(name) < 1 {
		return r, false
	}
	r.Operation, r.Error = "read", -1
	if data[1] == tftpWrite {
		r.Operation = "write"
	}
	r.File = printable(string(name))
	r.Extension = tftpExtension(r.File)
	return r, true
}

func tftpExtension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || len(name)-i > 17 || strings.ContainsAny(name[i:], `/\ `) {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

func probeTFTP(from event.Side, data []byte) Verdict {
	_, ok := tftpRequest(data)
	return yesIf(ok && from == event.Client)
}

// probeTFTPData knows the first full block of a transfer: number 1, 512 bytes.
func probeTFTPData(_ event.Side, data []byte) Verdict {
	return yesIf(len(data) == 4+512 && bytes.HasPrefix(data, []byte{0, tftpData, 0, 1}))
}

type tftpParser struct {
	rec  TFTP
	last uint16 // number of the latest block
	any  bool
}

func (p *tftpParser) Feed(_ event.Side, data []byte, emit func(event.Record)) bool {
	if r, ok := tftpRequest(data); ok {
		if p.any && (r.File != p.rec.File || r.Operation != p.rec.Operation) {
			p.End(emit)
		}
		if !p.any {
			p.rec, p.any = r, true
		}
		return true
	}
	c := cursor{data: data}
	kind, number := c.be16(), c.be16()
	if c.bad {
		return true
	}
	switch kind {
	case tftpData:
		p.block(number, c.rest())
	case tftpError:
		p.begin()
		p.rec.Error = int64(number)
	}
	return true
}

func (p *tftpParser) begin() {
	if !p.any {
		p.rec, p.any = TFTP{Operation: "data", Error: -1}, true
	}
}

// block counts a block once, however often it is sent in a row.
func (p *tftpParser) block(number uint16, b []byte) {
	p.begin()
	if p.rec.Blocks > 0 && number == p.last {
		return
	}
	if p.rec.Blocks == 0 {
		p.rec.Class = bodyClass(b[:min(len(b), magicWindow)])
	}
	p.last = number
	p.rec.Blocks++
	p.rec.Bytes += int64(len(b))
}

func (p *tftpParser) End(emit func(event.Record)) {
	if p.any {
		p.any = false
		r := p.rec
		p.rec = TFTP{}
		emit(&r)
	}
}
