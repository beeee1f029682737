package proto

import (
	"bytes"
	"math"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "icmp", Doc: "ICMP: echoes, errors, and what hides in them", Source: "RFC 792", IP: 1, Limit: 8 << 10,
		Probe: probeICMP(icmpTypes4), New: func() Parser { return newICMP(icmpTypes4, 8, 0) }, Tables: []*event.Table{icmpTable}})
	register(Spec{Name: "icmp", Doc: "ICMPv6: echoes, errors, neighbours", Source: "RFC 4443, RFC 4861", IP: 58, Limit: 8 << 10,
		Probe: probeICMP(icmpTypes6), New: func() Parser { return newICMP(icmpTypes6, 128, 129) }, Tables: []*event.Table{icmpTable}})
}

const (
	icmpHeader   = 8
	icmpDistinct = 32 // different payloads that are counted
	icmpPending  = 32 // echo requests that wait for their reply
	icmpHead     = 16 // bytes by which a cut reply is known
	icmpStamp    = 24 // bytes at the front of a payload in which programs write the time and a count
	icmpTail     = 64 // bytes behind them that are compared with the request before
	icmpWord     = 32 // bytes of the longest word that a request may be, and least of zeros behind it
	icmpAgain    = 64 // messages after which a record is given again, and at each fourfold
)

// icmpTypes names the types that are in use, and tells errors by the bang.
type icmpTypes map[uint8]string

var (
	icmpTypes4 = icmpTypes{0: "echo-reply", 3: "!unreachable", 4: "!source-quench", 5: "!redirect", 8: "echo-request", 9: "router-advertisement", 10: "router-solicitation",
		11: "!time-exceeded", 12: "!parameter-problem", 13: "timestamp-request", 14: "timestamp-reply", 15: "information-request", 16: "information-reply",
		17: "mask-request", 18: "mask-reply", 42: "extended-echo-request", 43: "extended-echo-reply"}
	icmpTypes6 = icmpTypes{1: "!unreachable", 2: "!packet-too-big", 3: "!time-exceeded", 4: "!parameter-problem", 128: "echo-request", 129: "echo-reply",
		130: "listener-query", 131: "listener-report", 132: "listener-done", 133: "router-solicitation", 134: "router-advertisement",
		135: "neighbour-solicitation", 136: "neighbour-advertisement", 137: "redirect", 143: "listener-report-2", 160: "extended-echo-request", 161: "extended-echo-reply"}
)

func (t icmpTypes) name(n uint8) (name string, failure bool) {
	name = t[n]
	switch {
	case name == "":
		return strconv.Itoa(int(n)), false
	case name[0] == '!':
		return name[1:], true
	}
	return name, false
}

func probeICMP(types icmpTypes) func(event.Side, []byte) Verdict {
	return func(_ event.Side, data []byte) Verdict {
		return yesIf(len(data) >= icmpHeader && types[data[0]] != "" && data[1] <= 20)
	}
}

// icmpParser sums up the messages of one pair of hosts.
type icmpParser struct {
	types          icmpTypes
	request, reply uint8

	sum     ICMP
	told    int64 // messages at the latest record
	again   int64 // messages at which the next one is due
	seen    []uint64
	pending few[uint32, asked] // by id and sequence number
	tail    []byte             // of the latest request's payload, behind what a ping changes
	words   [4]string          // that requests were
	octets  *[256]uint64       // how often each byte stood in an echo
}

func newICMP(types icmpTypes, request, reply uint8) *icmpParser {
	return &icmpParser{types: types, request: request, reply: reply, again: icmpAgain}
}

func (p *icmpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if len(data) < icmpHeader {
		return true
	}
	s := &p.sum
	name, failure := p.types.name(data[0])
	if s.Messages++; s.Messages == 1 {
		s.Type, s.Code, s.Name = data[0], data[1], name
	}
	answered := false
	switch {
	case data[0] == p.request:
		p.echo(from, data)
	case data[0] == p.reply:
		p.echo(from, data)
		answered = s.Replies == 1
	case failure:
		s.Errors++
		s.ErrorName, s.ErrorCode = name, data[1]
		answered = s.Errors == 1
	default:
		answered = s.Messages == 1
	}
	if answered && p.told == 0 || s.Messages == p.again {
		p.tell(false, emit)
	}
	return true
}

func (p *icmpParser) End(emit func(event.Record)) {
	if p.sum.Messages > p.told {
		p.tell(true, emit)
	}
}

// tell gives what was summed up so far.
func (p *icmpParser) tell(final bool, emit func(event.Record)) {
	s := p.sum
	s.Final = final
	s.Entropy, s.Printable = p.looks()
	p.told = s.Messages
	for p.again <= s.Messages {
		p.again *= 4
	}
	emit(&s)
}

// echo counts a request or a reply. A reply must carry what its request did:
// a difference is a conversation that only looks like a ping.
func (p *icmpParser) echo(from event.Side, data []byte) {
	s, load := &p.sum, data[icmpHeader:]
	s.Bytes[from] += int64(len(load))
	s.Largest = max(s.Largest, len(load))
	hash := p.note(load)
	c := cursor{data: data, at: 4}
	id := c.be32()
	mine := asked{hash, string(load[:min(len(load), icmpHead)]), len(load)}
	if data[0] == p.request {
		s.Requests++
		p.pending.put(id, mine, icmpPending)
		p.carries(load)
		p.says(wordOf(load))
		return
	}
	s.Replies++
	switch request, ok := p.pending.pop(id); {
	case !ok:
		s.Unasked++
	case request.hash != hash && !mine.cut(request):
		s.Mismatched++
	}
}

// asked is what a request carried, to compare its reply with.
type asked struct {
	hash uint64
	head string
	size int
}

// cut reports whether a reply is the front of its request: small stacks send no
// more than they have room for.
func (a asked) cut(request asked) bool {
	return a.size >= icmpHead && a.size < request.size && a.head == request.head
}

// carries counts the bytes of a request that a ping would not have changed: all
// behind the time and the count that programs write in front. A ping fills the
// rest with the same pattern each time, whatever the size.
func (p *icmpParser) carries(load []byte) {
	tail := load[min(len(load), icmpStamp):]
	sample := tail[:min(len(tail), icmpTail)]
	n := min(len(sample), len(p.tail))
	if p.sum.Requests > 1 && n > 0 && !bytes.Equal(sample[:n], p.tail[:n]) {
		p.sum.Carried += int64(len(tail))
		p.sum.Carriers++
	}
	p.tail = append(p.tail[:0], sample...)
}

// says notes a word that a request was: orders are given so. The words do not leave
// the parser.
func (p *icmpParser) says(word []byte) {
	for i := range p.words {
		switch p.words[i] {
		case "":
			if len(word) > 0 {
				p.words[i] = string(word)
				p.sum.Words++
			}
			return
		case string(word):
			return
		}
	}
}

// wordOf is the word that a payload begins with, alone in a field of zeros, without the
// number that may stand behind it; nil where it is something else. Pings of systems
// and monitors have a time, a pattern, or one text again and again.
func wordOf(load []byte) []byte {
	end := bytes.IndexByte(load, 0)
	if end < 2 || end > icmpWord || len(load)-end < icmpWord || len(bytes.TrimLeft(load[end:end+icmpWord], "\x00")) > 0 {
		return nil
	}
	word := bytes.TrimRight(load[:end], "0123456789")
	for _, c := range word {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return nil
		}
	}
	return word
}

// note counts the bytes of a payload and whether it is a new one. The hash
// (FNV-1a) is only compared, it goes nowhere.
func (p *icmpParser) note(load []byte) uint64 {
	if p.octets == nil {
		p.octets = new([256]uint64)
	}
	hash := uint64(14695981039346656037)
	for _, b := range load {
		p.octets[b]++
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	for _, h := range p.seen {
		if h == hash {
			return hash
		}
	}
	if len(p.seen) < icmpDistinct {
		p.seen = append(p.seen, hash)
		p.sum.Distinct = len(p.seen)
	}
	return hash
}

// looks is the entropy of all echoed bytes and the share of printable ones.
func (p *icmpParser) looks() (bits, share float64) {
	total, text := 0.0, 0.0
	if p.octets == nil {
		return 0, 0
	}
	for b, n := range p.octets {
		total += float64(n)
		if b >= 0x20 && b < 0x7f {
			text += float64(n)
		}
	}
	if total == 0 {
		return 0, 0
	}
	for _, n := range p.octets {
		if f := float64(n) / total; f > 0 {
			bits -= f * math.Log2(f)
		}
	}
	return bits, text / total
}
