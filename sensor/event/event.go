// Package event holds the words that every room of the sensor uses: what a
// packet, a flow, an event, a finding and an alert are, and how a record names
// its fields. It imports nothing of ours, and values that cross a goroutine in
// it are never changed after they were sent.
package event

import "cmp"

// A Record is a typed set of facts: one DNS exchange, one login, the counters of
// a flow, the facts of a finding. Its table names each field once, for the
// documents, the rules, the mappings and the documentation.
// Records are pointers to structs and are not changed after they were emitted.
type Record interface{ Table() *Table }

// Event is something that was seen on the wire, at one place in the total order
// of its source.
type Event struct {
	Kind  string // "dns", "auth", "flow.end" …: the record's table, or a phase of a flow
	Time  int64  // packet time, ns since 1970; may step back where the capture's clock does
	Place Place
	Flow  *Flow // nil for what belongs to no conversation (ARP, coverage)
	Data  Record
}

// Phase orders what happens at one instant of the line clock.
type Phase uint8

const (
	PhaseMinute Phase = iota // a lane's counters at the minute
	PhaseTimer               // a flow that ends because its time is up
	PhasePacket              // what a packet caused
	PhaseEnd                 // a flow that ends because the run does
)

// Place says where in the total order of one run an event stands. It does not
// depend on the number of shards, so neither does anything after the merge.
type Place struct {
	Epoch  uint32 // counts the steps of the capture's clock
	Phase  Phase
	N      uint32 // n-th event of this packet or timer
	Clock  int64  // line clock, ns: the highest packet time so far in this epoch, or a timer's deadline
	Number uint64 // of the packet; of a timer or end: of the flow's first packet; of a minute: of the lane
}

// Compare orders places: epoch, clock, phase, number, n.
func (p Place) Compare(q Place) int {
	return cmp.Or(
		cmp.Compare(p.Epoch, q.Epoch),
		cmp.Compare(p.Clock, q.Clock),
		cmp.Compare(p.Phase, q.Phase),
		cmp.Compare(p.Number, q.Number),
		cmp.Compare(p.N, q.N),
	)
}

// Doc is one JSON document on its way to the journal and the outputs.
type Doc struct {
	Dataset string // "alert", "flow", "dns" …: data stream logs-brandmelder.<dataset>-<namespace>
	ID      string // unique within the dataset; the same in every replay of the same packets
	Time    int64  // @timestamp, ns since 1970
	Keep    Series
	JSON    []byte // one object without a line break
}

// Series is the shelf life of a document in the journal.
type Series uint8

const (
	Telemetry Series = iota // goes by age and size
	Decisions               // alerts, incidents and what people decided: kept to their own age
)
