package proto

import (
	"bytes"
	"cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "tls", Doc: "TLS handshakes: names, versions, ciphers, fingerprints and certificates",
		Source: "RFC 8446, RFC 5246, RFC 6101, RFC 6176", IP: 6, Ports: []uint16{443, 8443, 993, 995, 465, 636, 3269, 5986},
		Limit: 2 * tlsMaxMessage, Probe: probeTLS, New: func() Parser { return &tlsParser{rec: &TLS{}} },
		Tables: []*event.Table{tlsTable},
	})
}

// Record types (RFC 8446, section 5.1) and handshake messages (section 4).
const (
	tlsChangeCipher = 20
	tlsAlert        = 21
	tlsHandshake    = 22
	tlsData         = 23
	tlsHeartbeat    = 24 // RFC 6520

	tlsClientHello = 1
	tlsServerHello = 2
	tlsCertificate = 11
	tlsServerDone  = 14
	tlsFinished    = 20

	// Bytes of an alert under the keys of TLS 1.3: level, description, type, tag.
	// A Finished message is longer.
	tlsHiddenAlert = 2 + 1 + 16

	tlsMaxRecord  = 16384 + 2048 // ciphertext of TLS 1.2, the largest that is allowed
	tlsMaxMessage = 128 << 10    // of one handshake message, bytes; longer ones are skipped
)

// probeTLS knows a handshake or alert record with a hello in it.
func probeTLS(from event.Side, data []byte) Verdict {
	if from == event.Client && len(data) > 0 && data[0] >= 0x80 {
		return probeSSL2(data)
	}
	head := [...]byte{tlsHandshake, 3}
	for i, want := range head {
		if i == len(data) {
			return More
		}
		if data[i] != want && !(i == 0 && data[0] == tlsAlert && from == event.Server) {
			return No
		}
	}
	if len(data) < 6 {
		return More
	}
	n := int(data[3])<<8 | int(data[4])
	if data[2] > 4 || n == 0 || n > tlsMaxRecord {
		return No
	}
	if data[0] == tlsAlert {
		return yesIf(n == 2 && (data[5] == 1 || data[5] == 2))
	}
	want := byte(tlsClientHello)
	if from == event.Server {
		want = tlsServerHello
	}
	return yesIf(data[5] == want)
}

type tlsParser struct {
	rec   *TLS
	sides [2]tlsSide
	done  bool
}

// tlsSide reads the records of one direction, one byte once: the header into
// head, handshake bytes into msg, everything else passed over by its length.
type tlsSide struct {
	head   [5]byte
	have   int
	left   int  // bytes of the record still to come
	cipher bool // ChangeCipherSpec was seen: what follows is encrypted
	alert  []byte
	beat   []byte // first bytes of a heartbeat in clear
	msg    []byte
	skip   int  // bytes of a handshake message too long to keep, or not whole
	deaf   bool // handshake messages can no longer be told apart
}

func (p *tlsParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 && !p.done {
		if s.left == 0 {
			n := copy(s.head[s.have:], data)
			s.have += n
			data = data[n:]
			if s.have == len(s.head) {
				p.header(from)
			}
			continue
		}
		n := min(s.left, len(data))
		p.fragment(from, data[:n])
		s.left -= n
		data = data[n:]
		if s.left == 0 {
			s.have = 0
		}
	}
	if p.done {
		p.finish(emit)
	}
	return !p.done
}

// Gap goes on when what was lost ends within a record, whose length is known.
func (p *tlsParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	s := &p.sides[from]
	if p.done || n > s.left || s.head[0] >= 0x80 {
		p.End(emit)
		return false
	}
	s.left -= n
	if s.left == 0 {
		s.have = 0
	}
	switch s.head[0] {
	case tlsAlert:
		s.alert, s.deaf = nil, true
	case tlsHandshake:
		s.deaf = s.deaf || !s.lose(n)
	}
	return true
}

// lose reports whether n lost bytes end within a handshake message of known length,
// which is passed over.
func (s *tlsSide) lose(n int) bool {
	left := s.skip
	if len(s.msg) >= 4 {
		left = 4 + messageLen(s.msg) - len(s.msg)
	}
	if n > left {
		return false
	}
	s.skip, s.msg = left-n, s.msg[:0]
	return true
}

// header starts a record. What is no record ends the parsing.
func (p *tlsParser) header(from event.Side) {
	s := &p.sides[from]
	if p.opens(from) {
		s.left = (int(s.head[0])<<8|int(s.head[1]))&0x7fff + 2 - len(s.head)
		p.done = s.left <= 0
		return
	}
	s.left = int(s.head[3])<<8 | int(s.head[4])
	if s.left == 0 {
		s.have = 0
	}
	kind := s.head[0]
	if kind < tlsChangeCipher || kind > tlsHeartbeat || s.head[1] != 3 || s.left > tlsMaxRecord {
		p.done = true
		return
	}
	switch kind {
	case tlsChangeCipher:
		if p.rec.Retry && !p.rec.serverSeen {
			return // between the two hellos it says nothing (RFC 8446, appendix D.4)
		}
		s.cipher = true
		p.bothEncrypt()
	case tlsData:
		p.data(from)
	case tlsHandshake:
		if s.cipher {
			p.bothEncrypt()
		}
	case tlsHeartbeat:
		p.beats(from, s.left)
	}
}

// beats counts what crosses in heartbeats. A server that was asked for more than was
// sent and gives it shows its memory (CVE-2014-0160).
func (p *tlsParser) beats(from event.Side, n int) {
	p.sides[from].beat = p.sides[from].beat[:0]
	if b := &p.rec.Heartbeat; from == event.Server && b.Asked > 0 {
		b.Returned += int64(n)
	}
}

// heartbeat reads the length that a request claims to have: type, length, payload.
func (p *tlsParser) heartbeat(s *tlsSide, b []byte) {
	size := int(s.head[3])<<8 | int(s.head[4])
	if len(s.beat) == 3 {
		return
	}
	s.beat = append(s.beat, b[:min(len(b), 3-len(s.beat))]...)
	if len(s.beat) < 3 || s.beat[0] != 1 {
		return
	}
	if asked := int64(s.beat[1])<<8 | int64(s.beat[2]); asked > int64(size-3) {
		h := &p.rec.Heartbeat
		h.Asked, h.Sent = max(h.Asked, asked), int64(size)
	}
}

// data ends the parsing, but for the server's half of a TLS 1.3 handshake and for
// what a client sends before it was answered (0-RTT).
func (p *tlsParser) data(from event.Side) {
	r := p.rec
	switch {
	case !r.serverSeen:
		p.done = from == event.Server || !r.clientSeen
	case !r.is13():
		r.Established, p.done = true, true
	case from == event.Client:
		r.Established, p.done = p.sides[from].left != tlsHiddenAlert, true
	}
}

// bothEncrypt ends a handshake up to TLS 1.2 once both sides have switched their
// keys on. TLS 1.3 sends ChangeCipherSpec for middleboxes only.
func (p *tlsParser) bothEncrypt() {
	if p.rec.serverSeen && !p.rec.is13() && p.sides[0].cipher && p.sides[1].cipher {
		p.rec.Established, p.done = true, true
		p.rec.Resumed = p.rec.Resumed || len(p.rec.Server) == 0 && p.rec.sameSession()
	}
}

func (p *tlsParser) fragment(from event.Side, b []byte) {
	s := &p.sides[from]
	switch {
	case s.head[0] >= 0x80:
		p.ssl2(from, b)
	case s.head[0] == tlsAlert && !s.cipher && !s.deaf:
		s.alert = append(s.alert, b[:min(len(b), 2-len(s.alert))]...)
		if len(s.alert) == 2 {
			p.alert(from)
		}
	case s.head[0] == tlsHandshake && !s.cipher && !s.deaf:
		p.handshake(from, b)
	case s.head[0] == tlsHeartbeat && !s.cipher && from == event.Client:
		p.heartbeat(s, b)
	}
}

func (p *tlsParser) alert(from event.Side) {
	s := &p.sides[from]
	if p.rec.Alert == "" {
		p.rec.Alert, p.rec.AlertFrom = alertName(s.alert[1]), from.String()
	}
	if s.alert[0] == 2 || s.alert[1] == 0 {
		p.done = true
	}
	s.alert = s.alert[:0]
}

// handshake gathers messages, which may span records and share them.
func (p *tlsParser) handshake(from event.Side, b []byte) {
	s := &p.sides[from]
	for len(b) > 0 && !p.done {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		need := 4
		if len(s.msg) >= 4 {
			need = 4 + messageLen(s.msg)
		}
		n := min(need-len(s.msg), len(b))
		s.msg = append(s.msg, b[:n]...)
		b = b[n:]
		if len(s.msg) < 4 {
			continue
		}
		size := messageLen(s.msg)
		if size > tlsMaxMessage {
			s.skip, s.msg = size, s.msg[:0]
		} else if len(s.msg) == 4+size {
			p.message(from, s.msg)
			s.msg = s.msg[:0]
		}
	}
}

func messageLen(m []byte) int { return int(m[1])<<16 | int(m[2])<<8 | int(m[3]) }

func (p *tlsParser) message(from event.Side, m []byte) {
	r := p.rec
	switch {
	case m[0] == tlsClientHello && from == event.Client:
		if h, ok := ParseClientHello(m); ok && !r.clientSeen {
			r.Hello, r.clientSeen, r.ja4 = h, true, h.JA4(cmp.Or(r.transport, 't'))
		}
	case m[0] == tlsServerHello && from == event.Server:
		p.serverHello(m[4:])
	case m[0] == tlsCertificate && !r.is13():
		chain := parseChain(m[4:])
		if from == event.Client {
			r.Client = chain
		} else {
			r.Server = chain
		}
	case m[0] < 25 || m[0] == 67 || m[0] == 254:
	default:
		p.done = true
	}
}

func (p *tlsParser) serverHello(body []byte) {
	h, ok := parseServerHello(body)
	if !ok {
		return
	}
	r := p.rec
	if h.retry {
		r.Retry = true
		return
	}
	r.serverHello, r.serverSeen = h, true
	r.Resumed = r.is13() && h.preShared
}

// finish emits the one record of the connection when anything is known.
func (p *tlsParser) finish(emit func(event.Record)) {
	r := p.rec
	p.rec = nil
	if r != nil && (r.clientSeen || r.serverSeen || r.Alert != "") {
		emit(r)
	}
}

// End tells of a handshake that was never finished.
func (p *tlsParser) End(emit func(event.Record)) {
	if p.rec != nil {
		p.finish(emit)
	}
}

func (r *TLS) is13() bool { return r.serverHello.version >= 0x0304 }

func (r *TLS) sameSession() bool {
	return len(r.Hello.session) > 0 && bytes.Equal(r.Hello.session, r.serverHello.session)
}
