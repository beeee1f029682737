package proto

import (
	"encoding/hex"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "ntp", Doc: "network time: who sets whose clock, and requests that serve attacks", Source: "RFC 5905, RFC 9327", IP: 17, Ports: []uint16{123}, Limit: 512,
		Probe: probeNTP, New: func() Parser { return &ntpParser{} }, Tables: []*event.Table{ntpTable}})
}

// NTP is one exchange, given first and then when something about it has changed.
type NTP struct {
	Version   int
	Mode      string // of the latest message: client, server, control, private …
	Stratum   int    // of the answer, 0 to 16; -1 no answer
	Leap      int    // leap indicator of the answer; 3: the server's clock is not set
	Kiss      string // code by which the server turns the client away: RATE, DENY …
	Reference string // what the server sets its clock by: a source's name or an address
	Root      float64
	Requests  int64 // messages of the client since the flow began
	Replies   int64
	Request   int // code of a control or private request, -1 none
	Largest   int // bytes of the largest answer
}

func (*NTP) Table() *event.Table { return ntpTable }

var ntpModes = [...]string{"reserved", "symmetric-active", "symmetric-passive", "client", "server", "broadcast", "control", "private"}

var ntpTable = event.NewTable("ntp", "Exchanges of time: the first of a conversation, then each that differs.",
	event.Int("brandmelder.ntp.version", event.Technical, "version", func(n *NTP) (int64, bool) { return int64(n.Version), true }),
	event.String("brandmelder.ntp.mode", event.Technical, "mode of the latest message", func(n *NTP) (string, bool) { return n.Mode, true }),
	event.Int("brandmelder.ntp.stratum", event.Technical, "distance of the server from a true clock", func(n *NTP) (int64, bool) { return int64(n.Stratum), n.Stratum >= 0 }),
	event.Int("brandmelder.ntp.leap", event.Technical, "leap indicator; 3: the server's clock is not set", func(n *NTP) (int64, bool) { return int64(n.Leap), n.Stratum >= 0 }),
	event.String("brandmelder.ntp.kiss", event.Technical, "code by which the server turns the client away", func(n *NTP) (string, bool) { return n.Kiss, n.Kiss != "" }),
	event.String("brandmelder.ntp.reference", event.Technical, "what the server sets its clock by", func(n *NTP) (string, bool) { return n.Reference, n.Reference != "" }),
	event.Float("brandmelder.ntp.root_delay", event.Technical, "round trip to the true clock, s", func(n *NTP) (float64, bool) { return n.Root, n.Stratum > 0 }),
	event.Int("brandmelder.ntp.requests", event.Technical, "messages of the client so far", func(n *NTP) (int64, bool) { return n.Requests, n.Requests > 0 }),
	event.Int("brandmelder.ntp.replies", event.Technical, "messages of the server so far", func(n *NTP) (int64, bool) { return n.Replies, n.Replies > 0 }),
	event.Int("brandmelder.ntp.request_code", event.Technical, "code of a control or private request; 42 of private is the list that amplifies", func(n *NTP) (int64, bool) { return int64(n.Request), n.Request >= 0 }),
	event.Int("brandmelder.ntp.largest_reply", event.Technical, "bytes of the largest answer", func(n *NTP) (int64, bool) { return int64(n.Largest), n.Largest > 0 }),
).InBrief("brandmelder.ntp.mode", "brandmelder.ntp.stratum", "brandmelder.ntp.requests")

const ntpSize = 48 // of a time message without extensions

// probeNTP judges the first byte and what must follow it. A time message has a
// stratum and a poll interval of sane size; control and private messages their
// own lengths. Larger ones are QUIC's first, which can look like it.
func probeNTP(_ event.Side, data []byte) Verdict {
	if len(data) < 8 || len(data) >= quicLeast {
		return No
	}
	version, mode := data[0]>>3&7, data[0]&7
	switch {
	case version < 1 || version > 4 || mode == 0:
		return No
	case mode == 6:
		c := cursor{data: data, at: 10}
		return yesIf(version >= 2 && len(data) >= 12 && data[0]&0xc0 == 0 && data[1]&0x1f <= 12 && len(data) >= 12+int(c.be16()))
	case mode == 7:
		return yesIf(data[0]&0x40 == 0 && (data[2] <= 3) && data[3] <= 46)
	}
	poll, precision := int8(data[2]), int8(data[3])
	return yesIf(len(data) >= ntpSize && len(data)%4 == 0 && data[1] <= 16 && poll >= -6 && poll <= 17 && precision <= 0)
}

// ntpParser keeps the latest exchange of a conversation.
type ntpParser struct {
	sum  NTP
	told NTP
	any  bool // a record was given
}

func (p *ntpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if probeNTP(from, data) != Yes {
		return true
	}
	s := &p.sum
	mode := data[0] & 7
	if fresh := !p.any && s.Requests+s.Replies == 0; fresh || mode >= 6 { // what a clock said is none of a control message
		s.Stratum, s.Leap, s.Kiss, s.Reference, s.Root = -1, 0, "", "", 0
	}
	if mode < 6 {
		s.Request = -1
	}
	s.Version, s.Mode = int(data[0]>>3&7), ntpModes[mode]
	answer := from == event.Server || mode == 4 || mode == 5
	if answer {
		s.Replies++
		s.Largest = max(s.Largest, len(data))
	} else {
		s.Requests++
	}
	switch {
	case mode == 6:
		s.Request = int(data[1] & 0x1f)
	case mode == 7:
		s.Request = int(data[3])
	case answer || mode == 1:
		s.clock(data)
	}
	if (answer || mode >= 6) && (!p.any || s.differs(&p.told)) {
		p.tell(emit)
	}
	return true
}

func (p *ntpParser) End(emit func(event.Record)) {
	if !p.any && p.sum.Requests+p.sum.Replies > 0 {
		p.tell(emit)
	}
}

func (p *ntpParser) tell(emit func(event.Record)) {
	p.told, p.any = p.sum, true
	n := p.sum
	emit(&n)
}

// differs leaves out what changes with every message. An answer that doubled in
// size is a change: that is how amplification begins.
func (n *NTP) differs(o *NTP) bool {
	return n.Stratum != o.Stratum || n.Leap != o.Leap || n.Kiss != o.Kiss || n.Reference != o.Reference || n.Request != o.Request || n.Mode != o.Mode || n.Largest >= 2*max(o.Largest, ntpSize)
}

// clock reads what the sender says of its own clock.
func (n *NTP) clock(data []byte) {
	n.Leap, n.Stratum = int(data[0]>>6), int(data[1])
	c := cursor{data: data, at: 4}
	n.Root = float64(int32(c.be32())) / (1 << 16)
	ref := data[12:16]
	n.Kiss, n.Reference = "", ""
	switch {
	case n.Stratum == 0:
		n.Kiss = code4(ref)
	case n.Stratum == 1:
		n.Reference = code4(ref)
	default:
		n.Reference = netip.AddrFrom4([4]byte(ref)).String()
	}
}

// code4 is a four-letter code; what is none is given in hex.
func code4(b []byte) string {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	for _, c := range b {
		if c <= 0x20 || c >= 0x7f {
			return "0x" + hex.EncodeToString(b)
		}
	}
	return string(b)
}
