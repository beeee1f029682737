package flow

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// IANA protocol numbers.
const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// Lane is one part of the line: the conversations of those address pairs that
// hash to it. It is used by one goroutine.
type Lane struct {
	id     uint8
	emit   func(event.Event)
	count  Count
	table  table
	copies copies
	known  *protocols
	views  []*event.Flow // by slot, nil until something was said about the conversation
	pool   streams
	expect expected
	arp    []arpReader
	steer  func(entry uint64, w event.Want) // nil: the source cannot be told

	epoch  uint32
	clock  int64
	minute minuteCounter

	// The packet or timer at hand.
	place   event.Place
	time    int64
	current int32              // conversation whose parser speaks
	ingress string             // interface of the packet
	record  func(event.Record) // takes what a parser emits

	interfaces []string
	tunnels    []event.Tunnel
	tunnelIDs  map[event.Tunnel]uint16
}

// NewLane makes lane id. emit takes each event; events come in order of what
// caused them, and sorted by their Place once all lanes have advanced.
func NewLane(id uint8, c Config, emit func(event.Event)) *Lane {
	c = c.withDefaults()
	flows, streams := max(c.Flows/decode.Lanes, 16), max(c.Streams/decode.Lanes, 16)
	l := &Lane{
		id: id, emit: emit, current: none, steer: c.Steer,
		table:     newTable(flows, c.Seed),
		copies:    newCopies(c.Seed),
		known:     newProtocols(c.Specs),
		views:     make([]*event.Flow, flows),
		pool:      newStreams(streams),
		expect:    newExpected(),
		tunnels:   make([]event.Tunnel, 1),
		tunnelIDs: map[event.Tunnel]uint16{},
	}
	l.record = l.emitRecord
	l.arp = newARPReaders(l.known)
	return l
}

// Count is what the lane did since its start.
func (l *Lane) Count() Count { return l.count }

// Packet takes one packet. First everything happens that is due before clock, the
// line clock with which the reader stamped it. h is not kept.
func (l *Lane) Packet(h *decode.Headers, ingress string, epoch uint32, clock int64) {
	l.Advance(epoch, clock)
	l.place = event.Place{Epoch: epoch, Clock: clock, Phase: event.PhasePacket, Number: h.Number}
	l.time, l.ingress = h.Time, ingress
	l.minute.open(clock)
	if !h.Alone {
		l.count.Packets++
		l.minute.packet(h)
	}
	if h.ARP != nil {
		l.readARP(h)
		return
	}
	wide, fixed := l.table.wide(&h.Key, event.Tags{}), pinned(&h.Key)
	hash := narrow(wide)
	if fixed {
		hash = l.table.hash(&h.Key, h.Tags)
	}
	slot := l.table.find(h, hash)
	if h.Delta != nil {
		if slot == none {
			slot = l.open(h, hash, fixed)
		}
		if l.counted(slot, h); h.Alone {
			return
		}
	}
	if l.copies.seen(h, wide) {
		l.countCopy(h, slot)
		return
	}
	if slot != none && l.replaced(slot, h) {
		l.drop(slot)
		slot = none
	}
	if slot == none {
		slot = l.open(h, hash, fixed)
	}
	l.take(slot, h)
	l.order(slot, h)
}

// Advance lets everything happen that is due at clock. It costs a few compares
// when nothing is.
func (l *Lane) Advance(epoch uint32, clock int64) {
	if epoch != l.epoch {
		l.Step(epoch, clock)
	}
	for l.table.due <= clock || l.minute.next != 0 && l.minute.next <= clock {
		c, slot, deadline := l.table.earliest()
		due := slot != none && deadline <= clock
		if end := l.minute.next; end != 0 && end <= clock && (!due || end <= deadline) {
			l.closeMinute()
			continue
		}
		if !due {
			break
		}
		l.fire(c, slot, deadline)
	}
	l.clock = max(l.clock, clock)
}

// Step opens a new epoch: the clock of the capture was set. What remains of each
// time remains.
func (l *Lane) Step(epoch uint32, clock int64) {
	if l.minute.next != 0 {
		l.closeMinute()
	}
	by := clock - l.clock
	l.table.rebase(by)
	l.expect.rebase(by)
	l.copies.forget()
	l.epoch, l.clock = epoch, clock
}

// Close ends all conversations, in order of their first packets, and says what
// the last minute saw.
func (l *Lane) Close(epoch uint32, clock int64) {
	l.Advance(epoch, clock)
	for _, slot := range l.table.byNumber() {
		l.minute.open(clock)
		r := &l.table.records[slot]
		if !r.over {
			l.at(event.PhaseEnd, clock, r.number)
			l.end(slot, "shutdown")
		}
		l.drop(slot)
	}
	if l.minute.next != 0 {
		l.closeMinute()
	}
}

// at sets the place of what a timer or the end of the run causes.
func (l *Lane) at(phase event.Phase, clock int64, number uint64) {
	l.place = event.Place{Epoch: l.epoch, Clock: clock, Phase: phase, Number: number}
	l.time = clock
}

// fire lets one deadline happen.
func (l *Lane) fire(c class, slot int32, deadline int64) {
	r := &l.table.records[slot]
	l.at(event.PhaseTimer, deadline, r.number)
	if c == alive {
		l.live(slot, deadline)
		return
	}
	if !r.over {
		l.minute.open(deadline)
		l.place.N = 1 // behind a minute of the same conversation at the same instant
		l.end(slot, idleEnd(r))
	}
	l.drop(slot)
}

// idleEnd is why a silent conversation is over: both ends may have said so, with
// only the last ACK unseen.
func idleEnd(r *record) string {
	if r.tcp[0].fin && r.tcp[1].fin {
		return "fin"
	}
	return "idle"
}

// live is one minute of a conversation's own life.
func (l *Lane) live(slot int32, deadline int64) {
	r := &l.table.records[slot]
	l.table.leave(slot, alive)
	l.table.join(slot, alive, deadline+aliveEvery)
	switch {
	case r.over:
	case deadline >= r.hard:
		l.minute.open(deadline)
		l.end(slot, "hard")
		l.drop(slot)
	case r.announced && r.total != r.told:
		l.say("flow.alive", slot, "")
	}
}

// open makes the conversation that a packet begins.
func (l *Lane) open(h *decode.Headers, hash uint32, fixed bool) int32 {
	slot := l.table.take(hash)
	if slot == none {
		l.evict()
		slot = l.table.take(hash)
	}
	r := &l.table.records[slot]
	r.key, r.pinned = h.Key, fixed
	r.first, r.last, r.number = h.Time, h.Time, h.Number
	r.hard = l.place.Clock + hardAfter
	r.ingress, r.tunnel = l.interfaceID(l.ingress), l.tunnelID(&h.Tunnel)
	fromClient, guess := l.clientSends(h)
	r.clientIsA, r.midStream = h.FromA == fromClient, guess
	r.unread = len(l.known.byIP[h.Key.Proto]) == 0
	r.class = silent
	if h.Key.Proto == tcp {
		r.class = halfOpen
	}
	l.table.join(slot, r.class, l.place.Clock+timeouts[r.class])
	l.table.join(slot, alive, l.place.Clock+aliveEvery)
	l.count.Created++
	l.count.Live++
	l.minute.FlowsOpened++
	return slot
}

// evict makes room for one conversation.
func (l *Lane) evict() {
	slot := l.table.victim()
	r := &l.table.records[slot]
	if !r.over {
		l.end(slot, "evicted")
	}
	l.drop(slot)
}

// drop forgets a conversation that is over.
func (l *Lane) drop(slot int32) {
	l.table.release(slot)
	l.views[slot] = nil
}

// take counts a packet and reads it.
func (l *Lane) take(slot int32, h *decode.Headers) {
	r := &l.table.records[slot]
	if r.over {
		l.count.Stray++
		return
	}
	s := r.side(h)
	r.meet(s, h)
	count := &r.total[s]
	count.Packets += 1 + uint64(h.FragPackets)
	count.Bytes += uint64(h.IPLen) + uint64(h.FragBytes)
	if h.Overlap {
		l.suspect(slot, s, oddFragments)
	}
	broken := h.Sum == decode.SumBad
	if broken {
		count.BadSum++
	}
	r.good[s] = r.good[s] || h.Sum == decode.SumGood
	// Where no packet of this side ever had a good checksum, the capture is at
	// fault (rewritten addresses, offload), not the packet.
	use := !broken || !r.good[s]
	l.weigh(r, s, 1)
	switch {
	case !use:
		r.note(s, 'c')
		l.table.touch(slot, r.class, l.place.Clock)
	case h.Key.Proto == tcp:
		l.segment(slot, s, h)
	default:
		l.datagram(slot, s, h)
	}
	if r.announced && !r.over && r.total[s].Payload-r.told[s].Payload >= aliveBytes {
		l.say("flow.alive", slot, "")
	}
}

// weigh counts packets of TCP by whether the other side was seen, too.
func (l *Lane) weigh(r *record, s event.Side, packets uint64) {
	if r.key.Proto != tcp {
		return
	}
	l.minute.TCP += packets
	if !r.tags[s.Other()].Known {
		l.minute.TCPOneWay += packets
	}
}

// meet notes when a side was seen, and as what for the first time.
func (r *record) meet(s event.Side, h *decode.Headers) {
	r.last = max(r.last, h.Time)
	if r.tags[s].Known {
		return
	}
	r.tags[s], r.mac[s], r.stale = h.Tags, h.SrcMAC, true
	if o := s.Other(); h.DstMAC.IsGroup() && r.mac[o].IsZero() {
		r.mac[o] = h.DstMAC // how a subnet's own broadcast is told from a host
	}
}

// datagram is a packet of a protocol without a stream.
func (l *Lane) datagram(slot int32, s event.Side, h *decode.Headers) {
	r := &l.table.records[slot]
	r.total[s].Payload += uint64(h.WireLoad)
	l.settleDatagram(slot)
	if !r.unread && len(h.Payload) > 0 {
		l.readMessage(slot, s, h.Payload)
	}
}

// settleDatagram moves a conversation without a stream to its class.
func (l *Lane) settleDatagram(slot int32) {
	r := &l.table.records[slot]
	c := silent // of ICMP an answer changes nothing: it is over after each echo
	if r.tags[0].Known && r.tags[1].Known && r.key.Proto != icmp && r.key.Proto != icmpv6 {
		c = answered
	}
	l.table.touch(slot, c, l.place.Clock)
	l.announce(slot)
}

// countCopy counts a copy where its original was counted.
func (l *Lane) countCopy(h *decode.Headers, slot int32) {
	l.count.Duplicate++
	l.minute.Duplicate++
	if slot == none {
		slot = l.table.oldest(h)
	}
	if slot != none && !l.table.records[slot].over {
		r := &l.table.records[slot]
		r.total[r.side(h)].Duplicate++
	}
}

// interfaceID keeps the name of an interface once; past 255 they have none.
func (l *Lane) interfaceID(name string) uint16 {
	for i, known := range l.interfaces {
		if known == name {
			return uint16(i)
		}
	}
	if len(l.interfaces) < 256 {
		l.interfaces = append(l.interfaces, name)
		return uint16(len(l.interfaces) - 1)
	}
	return 256
}

// tunnelID keeps a tunnel once; past maxTunnels the first is named by none.
func (l *Lane) tunnelID(t *event.Tunnel) uint16 {
	if t.Depth == 0 {
		return 0
	}
	id, ok := l.tunnelIDs[*t]
	if !ok && len(l.tunnels) <= maxTunnels {
		id = uint16(len(l.tunnels))
		l.tunnels = append(l.tunnels, *t)
		l.tunnelIDs[*t] = id
	}
	return id
}

func addrOf(a [16]byte) netip.Addr { return netip.AddrFrom16(a).Unmap() }
