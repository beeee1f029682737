package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// Classes of what is asked of a controller. They are the words that detectors
// and people use over all industrial and building protocols.
const (
	otRead     = "read"     // values
	otIdentify = "identify" // what the device is and which objects it has
	otWrite    = "write"    // values, set points, outputs
	otState    = "state"    // stop, start, restart, silence
	otProgram  = "program"  // programs, firmware, configuration changed; taking a copy is a read
	otFile     = "file"     // files written
	otBackup   = "backup"   // the device put aside to be read as a whole
	otSession  = "session"  // set-up, keep-alive, time, subscriptions
)

// otOp is one operation of a protocol.
type otOp struct{ name, class string }

// OT is one kind of operation between the two ends of a conversation, given at
// the first request, at the first answer of each outcome, and each time that the
// number of requests or refusals has doubled. No value that is read or written is
// in it.
type OT struct {
	op       *otOp
	Code     int32  // of the operation in its protocol
	Unit     int32  // unit, station or device behind the address; -1 none
	Detail   string // kind of restart, object class …
	Status   string // of the latest answer: "accepted", or the protocol's own name of the error; "" none yet
	Requests int64  // since the conversation began
	Accepted int64
	Refused  int64
	Items    int64 // registers, points or objects asked for, of all requests
	Unknown  int32 // different addresses refused because they do not exist, at most maxUnknown
	Reversed bool  // the conversation's server asks its client

	told, toldRefused int64
}

var otTable = event.NewTable("ot", "Operations on industrial and building controllers: each kind at its first time, then at each doubling and at the end.", otFields()...).InBrief("brandmelder.ot.operation", "brandmelder.ot.class", "brandmelder.ot.unit", "brandmelder.ot.status")

func (*OT) Table() *event.Table { return otTable }

func otFields() []event.Field {
	text := func(path, doc string, get func(*OT) string) event.Field {
		return event.String("brandmelder.ot."+path, event.Technical, doc, func(o *OT) (string, bool) { s := get(o); return s, s != "" })
	}
	count := func(path, doc string, get func(*OT) int64) event.Field {
		return event.Int("brandmelder.ot."+path, event.Technical, doc, func(o *OT) (int64, bool) { n := get(o); return n, n > 0 })
	}
	return []event.Field{
		text("operation", "what is asked", func(o *OT) string { return o.op.name }),
		text("class", "read, identify, write, state, program, file, backup or session", func(o *OT) string { return o.op.class }),
		event.Int("brandmelder.ot.code", event.Technical, "number of the operation in its protocol", func(o *OT) (int64, bool) { return int64(o.Code), true }),
		event.Int("brandmelder.ot.unit", event.Technical, "unit, station or device behind the address", func(o *OT) (int64, bool) { return int64(o.Unit), o.Unit >= 0 }),
		text("detail", "kind of restart, class of object", func(o *OT) string { return o.Detail }),
		text("status", "latest answer: accepted, or the name of the error", func(o *OT) string { return o.Status }),
		count("requests", "requests of this kind since the conversation began", func(o *OT) int64 { return o.Requests }),
		count("accepted", "of them accepted", func(o *OT) int64 { return o.Accepted }),
		count("refused", "of them refused", func(o *OT) int64 { return o.Refused }),
		count("items", "registers, points or objects asked for", func(o *OT) int64 { return o.Items }),
		count("unknown_addresses", "different addresses that do not exist, counted to 64", func(o *OT) int64 { return int64(o.Unknown) }),
		event.Bool("brandmelder.ot.reversed", event.Technical, "the conversation's server asks its client", func(o *OT) (bool, bool) { return true, o.Reversed }),
	}
}

const (
	otKinds    = 48   // kinds of operations that a conversation remembers
	otTellings = 1024 // records of a conversation, then only doublings: a sweep is known by then
	maxUnknown = 64
	otLimit    = otKinds * 160
	accepted   = "accepted"
)

// otKind is what is counted together.
type otKind struct {
	from   event.Side // who asks
	pccc   bool       // carried within EtherNet/IP, and so is the answer
	op     *otOp
	code   int32
	unit   int32
	detail string
}

// otTally counts the operations of a conversation.
type otTally struct {
	kinds   few[otKind, OT]
	unknown few[uint32, struct{}] // addresses refused
	told    int
}

// ask counts a request that concerns n registers, points or objects.
func (t *otTally) ask(k otKind, n int, emit func(event.Record)) {
	o := t.of(k)
	o.Requests++
	o.Items += int64(n)
	if o.Requests >= 2*o.told {
		t.tell(o, emit)
	}
}

// answer counts the answer to a request: the status is accepted, or an error.
func (t *otTally) answer(k otKind, status string, emit func(event.Record)) {
	o := t.of(k)
	news := o.Status != status
	o.Status = status
	if status == accepted {
		o.Accepted++
		news = news && o.Accepted == 1
	} else {
		o.Refused++
		news = news && o.Refused == 1 || o.Refused >= 2*o.toldRefused
	}
	if news {
		t.tell(o, emit)
	}
}

// nowhere notes an address that was refused because it does not exist.
func (t *otTally) nowhere(k otKind, addr uint32) {
	if len(t.unknown.entries) < maxUnknown && t.unknown.get(addr) == nil {
		t.unknown.put(addr, struct{}{}, maxUnknown)
		t.of(k).Unknown++
	}
}

func (t *otTally) of(k otKind) *OT {
	return t.kinds.meet(k, OT{op: k.op, Code: k.code, Unit: k.unit, Detail: k.detail, Reversed: k.from == event.Server}, otKinds)
}

// end tells of what has grown since it was told.
func (t *otTally) end(emit func(event.Record)) {
	for i := range t.kinds.entries {
		if o := &t.kinds.entries[i].value; o.Requests > o.told || o.Refused > o.toldRefused {
			t.tell(o, emit)
		}
	}
}

func (t *otTally) tell(o *OT, emit func(event.Record)) {
	o.told, o.toldRefused = o.Requests, o.Refused
	if t.told++; t.told > otTellings && o.Requests < 2 { // a kind that is new
		return
	}
	told := *o
	emit(&told)
}
