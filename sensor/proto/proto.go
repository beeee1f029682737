// Package proto is the shelf of protocols: conversations in, typed records out.
// One file holds one protocol: its record with its field table, its Probe, its
// parser and its Spec. A parser reads bytes that an attacker chose: its memory
// is bounded by Spec.Limit, it never recurses, it looks at each byte a bounded
// number of times, and it gives the same records however the bytes are cut.
package proto

import (
	"fmt"
	"sort"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ARP stands for the protocol that has no IANA protocol number.
const ARP uint8 = 255

// Verdict is what a Probe thinks of a conversation's first bytes.
type Verdict uint8

const (
	No   Verdict = iota // this is not it, and will not become it
	More                // cannot say yet
	Yes
)

// Parser reads one conversation.
type Parser interface {
	// Feed takes the next bytes of one side: of a stream the next in order, of
	// UDP, ICMP and ARP one whole message. data is never empty, and valid during
	// the call only.
	// Emitted records are the receiver's. When more is false the parser has seen
	// all it wants: it is fed no longer.
	Feed(from event.Side, data []byte, emit func(event.Record)) (more bool)
}

// Gapper is a Parser that can go on after bytes were lost. Without it a gap ends
// the parsing of the flow.
type Gapper interface {
	// Gap says that n bytes of one side were never seen.
	Gap(from event.Side, n int, emit func(event.Record)) (more bool)
}

// Ender is a Parser that still has something to say when its flow is over, such
// as a query without an answer.
type Ender interface {
	End(emit func(event.Record))
}

// Segmenter is a Parser that wants the sizes of TCP segments, for inference on
// encrypted conversations. Segment is called before Feed with the payload length
// of each new segment in order; it is the one thing that depends on the cut.
type Segmenter interface {
	Segment(from event.Side, n int)
}

// Clocked is a Parser that wants to know when bytes came. Clock is called before
// Feed with the packet time of what is fed, ns since 1970.
type Clocked interface {
	Clock(now int64)
}

// Expecter is a Parser that learns of another conversation to come between the
// same two addresses: an FTP data connection, a dynamic RPC port.
type Expecter interface {
	// Expect returns what was learnt since the last call, nil mostly.
	Expect() []Expectation
}

// Expectation names the protocol of a conversation to come.
type Expectation struct {
	Proto string     // name of a Spec
	On    event.Side // side that will listen
	Port  uint16
}

// Spec describes a protocol.
type Spec struct {
	Name   string   // as network.protocol says it, lower case
	Doc    string   // one line for people
	Source string   // RFC or specification
	IP     uint8    // 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, ARP
	Ports  []uint16 // usual ports of the server: they only order the probes
	Limit  int      // bytes that one parser may keep, both sides together

	// Probe looks at the first bytes of one side. It is asked again with more of
	// them while it says More, for at most ProbeLimit bytes a side.
	Probe func(from event.Side, data []byte) Verdict
	New   func() Parser
	// Tables of all records that the parser emits.
	Tables []*event.Table

	// Fallback: it reads what no other protocol wanted, and does not name it. One
	// per IP protocol; its Probe is not asked.
	Fallback bool
}

// ProbeLimit is how many first bytes of a side a stream is identified by.
const ProbeLimit = 512

var registry []*Spec

// register puts a protocol on the shelf: once per name and IP protocol, from an
// init function. There is room for 64 over one IP protocol, since the flow room
// keeps who is still asked in the bits of a word.
func register(s Spec) {
	for _, other := range registry {
		if other.Name == s.Name && other.IP == s.IP {
			panic(fmt.Sprintf("proto: %s over %s registered twice", s.Name, event.ProtoName(s.IP)))
		}
	}
	registry = append(registry, &s)
	sort.SliceStable(registry, func(i, j int) bool {
		a, b := registry[i], registry[j]
		return a.Name < b.Name || a.Name == b.Name && a.IP < b.IP
	})
}

// All lists the protocols by name. The slice is the caller's, the specs are not.
func All() []*Spec { return append([]*Spec(nil), registry...) }
