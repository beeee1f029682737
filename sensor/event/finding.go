package event

import "net/netip"

// Class says when a detector may speak.
type Class uint8

const (
	Absolute Class = iota // may fire on a fresh sensor
	Novelty               // rests while it learns what is usual
)

func (c Class) String() string {
	if c == Novelty {
		return "novelty"
	}
	return "absolute"
}

// Severity is one of four steps, with the numbers that Elastic's detection
// engine uses. From Medium on an alert counts as a detection.
type Severity int

const (
	Low      Severity = 21
	Medium   Severity = 47
	High     Severity = 73
	Critical Severity = 99
)

// AssetID names a thing on the network across its addresses: "mac:…" once DHCP
// or ARP bound one, else the address.
type AssetID string

// Entity is one end of a finding.
type Entity struct {
	Asset  AssetID
	Addr   netip.Addr
	Name   string // host name
	User   string
	Domain string
}

// Measure is a number that can be checked by a person.
type Measure struct {
	Value float64
	Unit  string // "bytes", "s", "share", or what is counted: one of those that alert/quantity.go has words for
	N     int    // events it rests on
	Since int64  // baseline: learned since, ns; 0 a shipped prior
}

// MaxRefs is how many flows a finding keeps.
const MaxRefs = 32

// Finding is what a detector reports. A detector never words, scores across
// detectors, suppresses or writes.
type Finding struct {
	Detector string // name of its Spec
	Family   string // one of Families; "" means the Spec's
	Key      string // all that the detector groups by (hosts, service, user …): one story per key

	Time  int64 // when it became certain, ns
	Onset int64 // earliest trace of it, ns: the first column of the dwell-time ledger

	Subject Entity // who did it
	Peer    Entity // to whom; zero where there are many
	Port    uint16 // of the service at Peer, whose port the document makes it; 0 where Peer is not who serves
	Related []netip.Addr

	Flows      []FlowRef // at most MaxRefs
	FlowsTotal int

	Observed, Baseline Measure
	Facts              Record   // typed per detector; the sentences are filled from it
	Score              float64  // 0 to 100: how certain
	Severity           Severity // 0 means the Spec's
	Class              Class
	Rule               *Rule    // the rule that made it, nil for a detector's own
	Technique          []string // ATT&CK ids of what was seen; nil means the Spec's
}

// Rule is what a rule file says of itself, for the findings that it makes.
type Rule struct {
	ID, Name, Version string
	Text              map[string]string // by language, as the text files of detectors; may be nil
}
