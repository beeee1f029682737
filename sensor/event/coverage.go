package event

import (
	"cmp"
	"slices"
)

// Coverage says how much of the traffic was seen and understood in one minute of
// packet time, so that quiet never looks like blind. Parts made by several hands
// are added up with Add.
type Coverage struct {
	Start, End int64 // ns

	Seen    uint64 // packets that reached the tap
	Dropped uint64 // of those, lost in the kernel
	Freezes uint64 // times a ring was full

	Packets   uint64   // handed out by the sources
	Bytes     uint64   // on the wire
	Undecoded []Tally  // packets without headers, by reason
	Truncated uint64   // packets cut by the snap length
	BadSums   uint64   // packets with a wrong checksum
	Offload   uint64   // packets whose checksum the sender's card fills in
	Duplicate uint64   // copies made by the mirror
	Gap       uint64   // payload bytes that were never seen
	TCP       uint64   // packets of TCP conversations, without copies
	TCPOneWay uint64   // of those, in conversations of which only one side was seen so far
	VLANs     []uint16 // seen, sorted, at most 64

	FlowsOpened  uint64
	FlowsEnded   uint64
	FlowsOneWay  uint64 // ended, with one side only
	FlowsEvicted uint64

	Protocols []ProtocolCoverage // sorted by name
	Blind     int64              // ns without an interface to look at
}

// Tally is a count by name.
type Tally struct {
	Name  string
	Count uint64
}

// ProtocolCoverage says how far the flows of one protocol could be read.
type ProtocolCoverage struct {
	Name    string // "" unknown
	Flows   uint64
	Records uint64
	Stopped uint64 // parsers that gave up: a gap, or not what it seemed
}

// Add adds a part to c. The parts of one minute may come in any order.
func (c *Coverage) Add(d *Coverage) {
	if c.Start == 0 || d.Start != 0 && d.Start < c.Start {
		c.Start = d.Start
	}
	c.End = max(c.End, d.End)
	c.Seen += d.Seen
	c.Dropped += d.Dropped
	c.Freezes += d.Freezes
	c.Packets += d.Packets
	c.Bytes += d.Bytes
	c.Truncated += d.Truncated
	c.BadSums += d.BadSums
	c.Offload += d.Offload
	c.Duplicate += d.Duplicate
	c.Gap += d.Gap
	c.TCP += d.TCP
	c.TCPOneWay += d.TCPOneWay
	c.FlowsOpened += d.FlowsOpened
	c.FlowsEnded += d.FlowsEnded
	c.FlowsOneWay += d.FlowsOneWay
	c.FlowsEvicted += d.FlowsEvicted
	c.Blind = max(c.Blind, d.Blind)
	for _, t := range d.Undecoded {
		c.CountUndecoded(t.Name, t.Count)
	}
	for _, id := range d.VLANs {
		c.SeeVLAN(id)
	}
	for _, p := range d.Protocols {
		mine := c.Protocol(p.Name)
		mine.Flows += p.Flows
		mine.Records += p.Records
		mine.Stopped += p.Stopped
	}
}

// CountUndecoded adds n packets that gave no headers for this reason.
func (c *Coverage) CountUndecoded(reason string, n uint64) {
	c.Undecoded = AddTally(c.Undecoded, reason, n)
}

// AddTally adds n to the count of this name in a list that is sorted by name.
func AddTally(list []Tally, name string, n uint64) []Tally {
	i, ok := slices.BinarySearchFunc(list, name, func(t Tally, s string) int { return cmp.Compare(t.Name, s) })
	if !ok {
		list = slices.Insert(list, i, Tally{Name: name})
	}
	list[i].Count += n
	return list
}

// Protocol is the entry of one protocol; it is valid until the next call.
func (c *Coverage) Protocol(name string) *ProtocolCoverage {
	i, ok := slices.BinarySearchFunc(c.Protocols, name, func(p ProtocolCoverage, s string) int { return cmp.Compare(p.Name, s) })
	if !ok {
		c.Protocols = slices.Insert(c.Protocols, i, ProtocolCoverage{Name: name})
	}
	return &c.Protocols[i]
}

// SeeVLAN notes a VLAN id; past maxList further ones are not kept.
func (c *Coverage) SeeVLAN(id uint16) {
	i, ok := slices.BinarySearch(c.VLANs, id)
	if !ok && len(c.VLANs) < maxList {
		c.VLANs = slices.Insert(c.VLANs, i, id)
	}
}

func (t *Tally) Table() *Table            { return tallyTable }
func (p *ProtocolCoverage) Table() *Table { return protocolTable }
func (c *Coverage) Table() *Table         { return CoverageTable }

var tallyTable = NewTable("tally", "A count by name.",
	String("reason", Technical, "why", func(t *Tally) (string, bool) { return t.Name, true }),
	Int("packets", Technical, "how many", func(t *Tally) (int64, bool) { return int64(t.Count), true }),
)

var protocolTable = NewTable("protocol", "How far a protocol could be read.",
	String("name", Technical, "protocol", func(p *ProtocolCoverage) (string, bool) { return cmp.Or(p.Name, "unknown"), true }),
	Int("flows", Technical, "flows in which it was recognised", func(p *ProtocolCoverage) (int64, bool) { return int64(p.Flows), true }),
	Int("records", Technical, "records it gave", func(p *ProtocolCoverage) (int64, bool) { return int64(p.Records), true }),
	Int("stopped", Technical, "flows in which the parser gave up", func(p *ProtocolCoverage) (int64, bool) { return int64(p.Stopped), true }),
)

// CoverageTable is the table of Coverage: on the document of each minute, and on
// every alert as it stood when the alert was raised.
var CoverageTable = NewTable("coverage", "How much of the traffic was seen and understood in one minute.", coverageFields()...).InBrief("brandmelder.coverage.packets", "brandmelder.coverage.dropped", "brandmelder.coverage.one_way_share")

func coverageFields() []Field {
	count := func(name, doc string, get func(*Coverage) uint64) Field {
		return Int("brandmelder.coverage."+name, Technical, doc, func(c *Coverage) (int64, bool) { return int64(get(c)), true })
	}
	return []Field{
		Time("brandmelder.coverage.start", Technical, "begin of the minute", func(c *Coverage) int64 { return c.Start }),
		Time("brandmelder.coverage.end", Technical, "end of the minute", func(c *Coverage) int64 { return c.End }),
		count("seen", "packets that reached the tap", func(c *Coverage) uint64 { return c.Seen }),
		count("dropped", "packets lost in the kernel", func(c *Coverage) uint64 { return c.Dropped }),
		count("freezes", "times a ring was full", func(c *Coverage) uint64 { return c.Freezes }),
		count("packets", "packets handed to the line", func(c *Coverage) uint64 { return c.Packets }),
		count("bytes", "bytes on the wire", func(c *Coverage) uint64 { return c.Bytes }),
		count("truncated", "packets cut by the snap length", func(c *Coverage) uint64 { return c.Truncated }),
		count("bad_checksums", "packets with a wrong checksum", func(c *Coverage) uint64 { return c.BadSums }),
		count("offload_checksums", "packets whose checksum the sender's card fills in", func(c *Coverage) uint64 { return c.Offload }),
		count("duplicates", "copies made by the mirror", func(c *Coverage) uint64 { return c.Duplicate }),
		count("gap_bytes", "payload bytes never seen", func(c *Coverage) uint64 { return c.Gap }),
		count("tcp.packets", "packets of TCP conversations, without copies", func(c *Coverage) uint64 { return c.TCP }),
		count("tcp.one_way", "packets of TCP conversations of which only one side was seen so far", func(c *Coverage) uint64 { return c.TCPOneWay }),
		count("flows.opened", "flows that began", func(c *Coverage) uint64 { return c.FlowsOpened }),
		count("flows.ended", "flows that ended", func(c *Coverage) uint64 { return c.FlowsEnded }),
		count("flows.one_way", "ended flows with one side only", func(c *Coverage) uint64 { return c.FlowsOneWay }),
		count("flows.evicted", "flows that had to make room", func(c *Coverage) uint64 { return c.FlowsEvicted }),
		Float("brandmelder.coverage.one_way_share", Technical, "share of the ended flows with one side only, 0 to 1", func(c *Coverage) (float64, bool) {
			return float64(c.FlowsOneWay) / float64(max(c.FlowsEnded, 1)), c.FlowsEnded > 0
		}),
		Int("brandmelder.coverage.blind", Technical, "time without an interface to look at, ns", func(c *Coverage) (int64, bool) { return c.Blind, c.Blind > 0 }),
		Ints("brandmelder.coverage.vlans", Technical, "VLAN ids seen", func(c *Coverage) []int64 {
			out := make([]int64, len(c.VLANs))
			for i, id := range c.VLANs {
				out[i] = int64(id)
			}
			return out
		}),
		Objects("brandmelder.coverage.undecoded", "packets without headers, by reason", tallyTable, func(c *Coverage, yield func(Record)) {
			for i := range c.Undecoded {
				yield(&c.Undecoded[i])
			}
		}),
		Objects("brandmelder.coverage.protocols", "how far each protocol could be read", protocolTable, func(c *Coverage, yield func(Record)) {
			for i := range c.Protocols {
				yield(&c.Protocols[i])
			}
		}),
	}
}
