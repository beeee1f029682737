package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	// A list of points is set up once and then answers; what is wrong in it stays
	// the same few addresses. More different ones are a search.
	icsAddresses = 16
	// A gateway asked for its units may have a dozen that are switched off.
	icsUnits = 24
	// Clients try an optional function or two: identification, file records.
	icsFunctions = 5
	// Who searches asks one after the other. Over weeks an engineering station tries
	// as many that a simple device lacks.
	icsSearch = 600 * second

	// What is learnt of a device counts after two weeks: a night shift, a weekend
	// and the monthly visit's first half have passed.
	icsLearn  = 14 * 24 * 3600 * second
	icsMemory = 45 * 24 * 3600 * second

	// Before that one thing tells: whoever works with a device reads it. A host that
	// comes when another has polled it for a while, and writes a series of values
	// without ever reading one, does not.
	icsSettled = 10 * second
	icsPolls   = 20
	icsAsked   = 1 // IEC 104: a station that controls asks for all values when it begins
	icsSeries  = 10
	icsBurst   = 60 * second
)

type icsPair struct {
	asker, device netip.Addr
	protocol      string
}

// icsTried is what one host asked of one device in vain.
type icsTried struct {
	onset     int64
	silent    []int64  // units that did not accept anything
	live      []int64  // units that did
	functions []string // refused as not supported, within icsSearch of the first
	since     int64    // when the first of them was
	unknown   int64
	answered  bool // where nothing is ever answered, only one direction is mirrored
	told      int
	flows     []event.FlowRef

	reads, writes int64 // accepted
	intruded      bool  // told of
}

// search notes what the device does not have.
func (d *icsCommand) search(o *icsEvent, report Report) {
	if o.class == "session" && o.unit < 0 {
		return
	}
	k := icsPair{o.asker, o.device, o.protocol}
	t, fresh := d.pairs.Touch(k, o.at)
	if fresh {
		t.onset = o.at
	}
	t.note(o)
	size := t.size()
	if size == 0 || t.told > 0 && size < 2*t.told {
		return
	}
	t.told = size
	f := event.Finding{
		Key: "search " + k.asker.String() + " " + k.device.String() + " " + k.protocol, Family: "scan", Time: o.at, Onset: t.onset,
		Subject: d.env.Know.Entity(k.asker), Peer: d.env.Know.Entity(k.device), Port: o.port, Score: 80, Severity: event.Medium,
		Flows: slices.Clone(t.flows), FlowsTotal: len(t.flows),
		Observed: event.Measure{Value: float64(size), Unit: "unknown", N: size},
		Facts:    &icsFacts{Protocol: k.protocol, Searched: size, Addresses: t.unknown, Units: len(t.silent), Functions: len(t.functions)},
	}
	if allowedFrom(d.env, k.asker, k.device) {
		f.Severity = event.Low
	}
	report(f)
}

func (t *icsTried) note(o *icsEvent) {
	t.unknown = max(t.unknown, o.unknown)
	t.answered = t.answered || o.status != ""
	if o.class == "read" {
		t.reads += o.accepted
	} else if o.class == "write" {
		t.writes += o.accepted
	}
	switch {
	case o.unit < 0:
	case o.accepted > 0:
		if i := slices.Index(t.silent, o.unit); i >= 0 {
			t.silent = slices.Delete(t.silent, i, i+1)
		}
		t.live = keep(t.live, o.unit, icsHosts)
	case len(t.silent) < 2*icsHosts && !slices.Contains(t.silent, o.unit) && !slices.Contains(t.live, o.unit):
		t.silent = append(t.silent, o.unit)
	}
	unsupported := o.status == "illegal-function" || o.status == "function-not-supported" || o.status == "service-not-supported"
	if unsupported {
		if o.at-t.since > icsSearch {
			t.functions, t.since = nil, o.at
		}
		t.functions = keep(t.functions, o.operation, icsHosts)
	}
	t.flows = keep(t.flows, o.flow, event.MaxRefs)
}

// size is how many things were searched for, 0 while it may be a mistake.
func (t *icsTried) size() int {
	n := 0
	if t.unknown >= icsAddresses {
		n += int(t.unknown)
	}
	if t.answered && len(t.silent) >= icsUnits {
		n += len(t.silent)
	}
	if len(t.functions) >= icsFunctions {
		n += len(t.functions)
	}
	return n
}

type icsDevice struct {
	device   netip.Addr
	protocol string
}

// icsMasters is who asks a device. More masters than fit are no secret any more:
// then nobody is new.
type icsMasters struct {
	since            int64
	readers, writers []netip.Addr
}

const icsMastersMost = 16

// master finds a new one, and the first write of one that only read.
func (d *icsCommand) master(o *icsEvent, report Report) {
	writes := o.class == "write" || o.class == "state" || o.class == "program" || o.class == "file"
	if !writes && o.class != "read" || o.accepted == 0 {
		return
	}
	m, fresh := d.devices.Touch(icsDevice{o.device, o.protocol}, o.at)
	if fresh {
		m.since = o.at
	}
	if d.intrudes(o, m) {
		report(d.newMaster(o, m, len(m.readers)+len(m.writers)-1, writes))
		return
	}
	known := slices.Contains(m.readers, o.asker) || slices.Contains(m.writers, o.asker)
	list := &m.readers
	if writes {
		list = &m.writers
	}
	if slices.Contains(*list, o.asker) || len(*list) == icsMastersMost {
		return
	}
	masters := len(m.readers) + len(m.writers)
	*list = append(*list, o.asker)
	if masters == 0 || o.at-m.since < icsLearn || known && !writes {
		return
	}
	report(d.newMaster(o, m, masters, writes))
}

// icsReads is how often a device's own master has read it, where it does. Of IEC 104
// it is once: whoever controls begins with an interrogation (IEC 60870-5-101, station initialization),
// and what changes is sent to it. By EtherNet/IP controllers write to each other and
// read nothing; elsewhere values are subscribed to or pushed.
var icsReads = map[string]int64{"modbus": icsPolls, "iec104": icsAsked}

// intrudes reports, once, a host that only writes to a device which another reads.
func (d *icsCommand) intrudes(o *icsEvent, m *icsMasters) bool {
	t := d.pairs.Get(icsPair{o.asker, o.device, o.protocol})
	if icsReads[o.protocol] == 0 || t == nil || t.intruded || t.reads > 0 || t.writes < icsSeries || o.at-t.onset > icsBurst || t.onset-m.since < icsSettled || slices.Contains(m.readers, o.asker) {
		return false
	}
	t.intruded = slices.ContainsFunc(m.readers, func(a netip.Addr) bool {
		p := d.pairs.Get(icsPair{a, o.device, o.protocol})
		return p != nil && p.reads >= icsReads[o.protocol]
	})
	return t.intruded
}

func (d *icsCommand) newMaster(o *icsEvent, m *icsMasters, masters int, writes bool) event.Finding {
	f := event.Finding{
		Key: "master " + o.asker.String() + " " + o.device.String() + " " + o.protocol, Time: o.at, Onset: o.at,
		Subject: d.env.Know.Entity(o.asker), Peer: d.env.Know.Entity(o.device), Port: o.port, Score: 65, Severity: event.Medium, Class: event.Novelty,
		Flows: []event.FlowRef{o.flow}, FlowsTotal: 1,
		Observed: event.Measure{Value: 1, Unit: "new masters", N: 1},
		Baseline: event.Measure{Value: float64(masters), Unit: "masters", N: masters, Since: m.since},
		Facts: &icsFacts{Protocol: o.protocol, Masters: masters, Known: float64(o.at-m.since) / second, Writes: writes,
			Operations: []string{o.operation}},
	}
	if allowedFrom(d.env, o.asker, o.device) {
		f.Severity = event.Low
	}
	return f
}
