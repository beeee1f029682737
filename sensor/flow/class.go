package flow

// class says how long a conversation may be silent. Within a class all deadlines
// are equally far ahead, so a list is in order without sorting.
type class uint8

const (
	classNone     class = iota
	classHalfOpen       // TCP without an answer: the first to make room
	classOneWay         // UDP and others without an answer
	classClosed         // FIN from both sides, or RST
	classICMP
	classUDP
	classTCP
	classes
)

// timeout is how long each class may be silent, ns.
var timeout = [classes]int64{
	// Linux gives up a connection attempt after 1+2+4+8+16 s at its fourth retry; a
	// stealthy scan does not retry at all.
	classHalfOpen: 30 * second,
	classOneWay:   30 * second,
	// Packets that were under way when the connection closed, and a retransmitted
	// FIN (200 ms minimum, doubling), still belong to it.
	classClosed: 2 * second,
	classICMP:   30 * second,
	// Home routers and firewalls keep UDP for 30 to 180 s; RFC 4787 asks for 120 s,
	// but a query that is not answered in 60 s is not answered.
	classUDP: 60 * second,
	// A beacon that sleeps inside one connection mostly sends something within 15
	// minutes, since stateful firewalls forget idle connections by then.
	classTCP: 15 * 60 * second,
}

const (
	// A document each minute bounds how late a volume is known.
	aliveEvery = 60 * second
	// A conversation that never ends is cut once a day, so that its document exists.
	hardTimeout = 24 * 3600 * second
)

// evictOrder is who makes room when the table is full: half-open first, so that a
// flood costs only itself.
var evictOrder = [...]class{classHalfOpen, classClosed, classOneWay, classICMP, classUDP, classTCP}

// touch moves a flow to the end of the list of its class.
func (l *Lane) touch(i int32) {
	r := &l.table.records[i]
	c := r.classOf()
	if r.class != classNone {
		l.lists[r.class].remove(&l.table, i)
	}
	r.class = c
	r.deadline = l.clock + timeout[c]
	l.lists[c].push(&l.table, i)
	if !r.flags.has(inAlive) {
		r.flags |= inAlive
		r.aliveAt = l.clock + aliveEvery
		l.alive.isAlive = true
		l.alive.push(&l.table, i)
	}
}

func (r *record) classOf() class {
	switch {
	case r.key.Proto == protoTCP:
		return r.tcpClass()
	case r.key.Proto == protoICMP || r.key.Proto == protoICMPv6:
		return classICMP
	case r.flags.has(sawClient | sawServer):
		return classUDP
	}
	return classOneWay
}

func (r *record) tcpClass() class {
	f := r.flags
	switch {
	case f&(rstClient|rstServer) != 0 || f.has(finClient|finServer):
		return classClosed
	case f.has(sawClient|sawServer) || f.has(payloadSeen):
		return classTCP
	}
	return classHalfOpen
}

// idleReason is why a flow whose time is up has ended.
func (r *record) idleReason() string {
	switch {
	case r.flags&(rstClient|rstServer) != 0:
		return "rst"
	case r.class == classClosed:
		return "fin"
	}
	return "idle"
}

// makeRoom evicts one flow.
func (l *Lane) makeRoom() {
	for _, c := range evictOrder {
		if i := l.lists[c].first; i != 0 {
			l.minute.part.FlowsEvicted++
			l.end(i, "evicted")
			return
		}
	}
}
