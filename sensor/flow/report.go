package flow

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// flow is the view of a record that events carry: made once, and anew when the
// protocol becomes known.
func (l *Lane) flow(i int32) *event.Flow {
	if f := l.table.flows[i]; f != nil {
		return f
	}
	r := &l.table.records[i]
	f := &event.Flow{
		Key: r.key, Proto: r.key.Proto, Start: r.first, Number: r.number,
		CommunityID: communityID(&r.key), Ingress: l.ingress,
		ClientMAC: r.macs[event.Client], ServerMAC: r.macs[event.Server],
		VLAN: r.tags, MidStream: r.flags.has(midStream) && r.flags&(synClient|synServer) == 0,
	}
	a := netip.AddrPortFrom(r.key.AddrA(), r.key.APort)
	b := netip.AddrPortFrom(r.key.AddrB(), r.key.BPort)
	if r.clientIsA {
		f.Client, f.Server = a, b
	} else {
		f.Client, f.Server = b, a
	}
	l.table.flows[i] = f
	return f
}

// start writes flow.start: for TCP when the other side answered or bytes came, so
// that a flood of SYN makes no flood of documents.
func (l *Lane) start(i int32) {
	r := &l.table.records[i]
	if r.flags.has(started) {
		return
	}
	if r.key.Proto == protoTCP && !r.flags.has(payloadSeen) && !r.flags.has(synServer) {
		return
	}
	r.flags |= started
	l.report(i, "flow.start", "")
}

// report writes a document of a flow: totals, and the difference to the one before.
func (l *Lane) report(i int32, kind, end string) {
	r := &l.table.records[i]
	t := &event.Traffic{
		First: r.first, Last: r.last, Total: r.total, Delta: r.total,
		State: r.state(), History: string(r.history[:r.historyLen]), RTT: r.rtt,
		OneWay: !r.flags.has(sawClient | sawServer), End: end,
	}
	for side := range t.Delta {
		t.Delta[side].Sub(r.told[side])
	}
	r.told = r.total
	l.send(kind, l.flow(i), t)
}

// end writes the last of a flow and forgets it.
func (l *Lane) end(i int32, how string) {
	r := &l.table.records[i]
	if t := l.table.talks[i]; t != nil {
		for side := range t.held {
			for l.table.talks[i] == t && len(t.held[side]) > 0 {
				l.jump(i, t, event.Side(side))
			}
		}
		if l.table.talks[i] == t {
			l.stop(i, t, false)
		}
	}
	for side := range r.order {
		r.total[side].Gap += uint64(r.order[side].holeLen)
	}
	l.report(i, "flow.end", how)
	l.count.end(how)
	l.minute.part.FlowsEnded++
	l.minute.part.Gap += r.total[0].Gap + r.total[1].Gap
	if !r.flags.has(sawClient | sawServer) {
		l.minute.part.FlowsOneWay++
	}
	if r.class != classNone {
		l.lists[r.class].remove(&l.table, i)
	}
	if r.flags.has(inAlive) {
		l.alive.remove(&l.table, i)
	}
	l.table.remove(i)
}

// Count is a lane's part of the accounting: Created = Live + Ended + Evicted.
type Count struct {
	Packets        uint64
	Duplicates     uint64
	Created        uint64
	Live           uint64
	Idle           uint64
	FIN            uint64
	RST            uint64
	Hard           uint64
	Shutdown       uint64
	EvictedFlows   uint64
	StreamsRefused uint64 // flows that were not read because too many were being read
	ForgedResets   uint64
	Panics         uint64 // mistakes in parsers, each of which cost one flow's reading
}

// Ended is the number of flows that came to an end of their own.
func (c *Count) Ended() uint64 { return c.Idle + c.FIN + c.RST + c.Hard + c.Shutdown }

// Evicted is the number of flows that had to make room.
func (c *Count) Evicted() uint64 { return c.EvictedFlows }

// Add adds another lane's count.
func (c *Count) Add(d Count) {
	c.Packets += d.Packets
	c.Duplicates += d.Duplicates
	c.Created += d.Created
	c.Live += d.Live
	c.Idle += d.Idle
	c.FIN += d.FIN
	c.RST += d.RST
	c.Hard += d.Hard
	c.Shutdown += d.Shutdown
	c.EvictedFlows += d.EvictedFlows
	c.StreamsRefused += d.StreamsRefused
	c.ForgedResets += d.ForgedResets
	c.Panics += d.Panics
}

func (c *Count) end(how string) {
	switch how {
	case "idle":
		c.Idle++
	case "fin":
		c.FIN++
	case "rst":
		c.RST++
	case "hard":
		c.Hard++
	case "shutdown":
		c.Shutdown++
	case "evicted":
		c.EvictedFlows++
	}
}
