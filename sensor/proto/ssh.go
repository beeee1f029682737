package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "ssh", Doc: "SSH banners, HASSH and the outcome of login attempts by message sizes",
		Source: "RFC 4253, RFC 4252", IP: 6, Ports: []uint16{22, 2222},
		Limit: 2 * sshMaxPacket, Probe: probeSSH, New: func() Parser { return &sshParser{rec: &SSH{}} },
		Tables: []*event.Table{sshTable, (*event.Login)(nil).Table()},
	})
}

const (
	sshMaxPacket = 35000 // that every side must take (RFC 4253, section 6.1)
	sshMaxBanner = 255
	sshKexInit   = 20
	sshNewKeys   = 21
	sshPreamble  = 32 // lines that a server may send before its banner
)

func probeSSH(_ event.Side, data []byte) Verdict {
	const magic = "SSH-"
	n := min(len(data), len(magic))
	if string(data[:n]) != magic[:n] {
		return No
	}
	if n < len(magic) {
		return More
	}
	return Yes
}

type sshParser struct {
	rec   *SSH // nil once emitted
	sides [2]sshSide
	auth  sshAuth
	done  bool
}

type sshState uint8

const (
	sshBanner sshState = iota
	sshClear           // packets before NEWKEYS
	sshExact           // encrypted, lengths readable
	sshOpaque          // encrypted, lengths hidden: segments stand for packets
)

// sshSide reads one direction.
type sshSide struct {
	state   sshState
	buf     []byte // what is gathered of a banner line or a packet in clear
	lines   int
	kex     *kexInit
	skip    int // bytes of an encrypted packet still to pass
	segment int // bytes of the current TCP segment still to be fed
	inUnit  bool
}

// Segment tells the size of the next TCP segment.
func (p *sshParser) Segment(from event.Side, n int) {
	s := &p.sides[from]
	s.segment, s.inUnit = n, false
}

func (p *sshParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 && !p.done {
		n := p.step(from, s, data, emit)
		s.segment = max(0, s.segment-n)
		data = data[n:]
	}
	return !p.done
}

// step uses up at least one byte.
func (p *sshParser) step(from event.Side, s *sshSide, data []byte, emit func(event.Record)) int {
	switch s.state {
	case sshBanner:
		return p.banner(from, s, data)
	case sshClear:
		return p.packet(from, s, data, emit)
	case sshExact:
		return p.exact(from, s, data, emit)
	}
	if s.segment > 0 && !s.inUnit {
		s.inUnit = true
		p.unit(from, s.segment, emit)
	}
	return len(data)
}

func (p *sshParser) banner(from event.Side, s *sshSide, data []byte) int {
	end := bytes.IndexByte(data, '\n')
	n := end + 1
	if end < 0 {
		n = len(data)
	}
	s.buf = append(s.buf, data[:min(n, max(0, sshMaxBanner-len(s.buf)))]...)
	if end < 0 {
		return n
	}
	line := strings.TrimRight(string(s.buf), "\r\n")
	s.buf = s.buf[:0]
	if s.lines++; s.lines > sshPreamble {
		p.done = true
	}
	if strings.HasPrefix(line, "SSH-") {
		p.rec.Banner[from] = printable(line)
		s.state = sshClear
		p.done = p.done || strings.HasPrefix(line, "SSH-1.") && !strings.HasPrefix(line, "SSH-1.99")
	}
	return n
}

// packet gathers one packet in clear (RFC 4253, section 6).
func (p *sshParser) packet(from event.Side, s *sshSide, data []byte, emit func(event.Record)) int {
	need := 4
	if len(s.buf) >= 4 {
		need = 4 + int(be32(s.buf))
	}
	n := min(need-len(s.buf), len(data))
	s.buf = append(s.buf, data[:n]...)
	if len(s.buf) < 4 {
		return n
	}
	size := be32(s.buf)
	if size < 2 || size > sshMaxPacket {
		p.done = true
		return n
	}
	if len(s.buf) == 4+int(size) {
		p.message(from, s, s.buf[5:], emit)
		s.buf = s.buf[:0]
	}
	return n
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func (p *sshParser) message(from event.Side, s *sshSide, m []byte, emit func(event.Record)) {
	switch {
	case len(m) == 0:
	case m[0] == sshKexInit && s.kex == nil:
		s.kex = parseKexInit(m)
		if s.kex == nil {
			p.done = true
			return
		}
		p.rec.Hassh[from] = s.kex.hassh(from)
		if a, b := p.sides[0].kex, p.sides[1].kex; a != nil && b != nil {
			p.agree(a, b, emit)
		}
	case m[0] == sshNewKeys:
		s.state = sshOpaque
		if p.auth.packets[from].readable {
			s.state = sshExact
		}
	}
}

// agree works out what both will use, and emits the record.
func (p *sshParser) agree(client, server *kexInit, emit func(event.Record)) {
	r := p.rec
	r.Kex, r.HostKey = choose(client.lists[kexAlgorithms], server.lists[kexAlgorithms]), choose(client.lists[kexHostKeys], server.lists[kexHostKeys])
	r.Cipher = choose(client.lists[kexCiphersOut], server.lists[kexCiphersOut])
	r.MAC = choose(client.lists[kexMACsOut], server.lists[kexMACsOut])
	back := choose(client.lists[kexCiphersIn], server.lists[kexCiphersIn])
	backMAC := choose(client.lists[kexMACsIn], server.lists[kexMACsIn])
	p.auth = newSSHAuth(r.Banner[event.Client], newSSHPackets(r.Cipher, r.MAC), newSSHPackets(back, backMAC))
	p.flush(emit)
}

func (p *sshParser) flush(emit func(event.Record)) {
	if r := p.rec; r != nil && (r.Banner[0] != "" || r.Banner[1] != "") {
		emit(r)
	}
	p.rec = &SSH{Banner: p.rec.Banner, emitted: true}
}

// exact reads the length that encrypt-then-MAC and AES-GCM leave in clear.
func (p *sshParser) exact(from event.Side, s *sshSide, data []byte, emit func(event.Record)) int {
	if s.skip > 0 {
		n := min(s.skip, len(data))
		s.skip -= n
		return n
	}
	n := min(4-len(s.buf), len(data))
	s.buf = append(s.buf, data[:n]...)
	if len(s.buf) < 4 {
		return n
	}
	size := int(be32(s.buf))
	s.buf = s.buf[:0]
	if size < 2 || size > 256<<10 {
		p.done = true
		return n
	}
	s.skip = size + p.auth.packets[from].mac
	p.unit(from, 4+s.skip, emit)
	return n
}

// unit is one encrypted packet, or what stands for it.
func (p *sshParser) unit(from event.Side, size int, emit func(event.Record)) {
	if from == event.Client {
		p.auth.request(size, emit)
	} else {
		p.auth.reply(size, emit)
	}
	p.done = p.done || p.auth.over
}

// End tells of what was never answered.
func (p *sshParser) End(emit func(event.Record)) {
	p.auth.end(emit)
	if !p.rec.emitted {
		p.flush(emit)
	}
}
