package flow

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// announce writes flow.start: of TCP once it was answered or carries data, so that
// a flood of SYNs costs one document each and not two; of others at once.
func (l *Lane) announce(slot int32) {
	r := &l.table.records[slot]
	if !r.announced {
		r.announced = true
		l.say("flow.start", slot, "")
	}
}

// end writes flow.end. The record stays in the table until it is dropped.
func (l *Lane) end(slot int32, how string) {
	r := &l.table.records[slot]
	l.finish(slot)
	r.over = true
	for s := range event.Side(2) {
		for r.tcp[s].holes > 0 {
			l.giveUp(r, s)
		}
	}
	l.say("flow.end", slot, how)
	l.count.Live--
	l.minute.FlowsEnded++
	if !r.tags[0].Known || !r.tags[1].Known {
		l.minute.FlowsOneWay++
	}
	l.minute.Protocol(l.appOf(r)).Flows++
	switch how {
	case "fin":
		l.count.Fin++
	case "rst":
		l.count.Rst++
	case "idle":
		l.count.Idle++
	case "hard":
		l.count.Hard++
	case "shutdown":
		l.count.Shutdown++
	case "evicted":
		l.minute.FlowsEvicted++
		if r.class <= silent {
			l.count.EvictedHalfOpen++
		} else {
			l.count.EvictedEstablished++
		}
	}
}

// say writes a document of the conversation itself.
func (l *Lane) say(kind string, slot int32, how string) {
	r := &l.table.records[slot]
	t := &event.Traffic{
		First: r.first, Last: r.last, Total: r.total, Delta: r.total,
		State: r.tcpState(), History: string(r.history[:r.historyLen]), RTT: r.rtt,
		OneWay: !r.tags[0].Known || !r.tags[1].Known, End: how, Leads: r.dialogue.leads(), Openings: r.dialogue.openings(),
	}
	for s := range t.Delta {
		t.Delta[s].Sub(r.told[s])
	}
	r.told = r.total
	l.send(kind, l.view(slot), t)
}

func (l *Lane) send(kind string, f *event.Flow, data event.Record) {
	l.emit(event.Event{Kind: kind, Time: l.time, Place: l.place, Flow: f, Data: data})
	l.place.N++
}

// emitRecord takes what the parser of the current conversation emits.
func (l *Lane) emitRecord(data event.Record) {
	var f *event.Flow
	name := "arp"
	if l.current != none {
		f = l.view(l.current)
		name = f.App
		l.unheard(data)
	}
	l.minute.Protocol(name).Records++
	l.send(data.Table().Name, f, data)
}

// unheard marks a login of which a mirror that shows one direction leaves out what
// would tell how it ended.
func (l *Lane) unheard(data event.Record) {
	login, ok := data.(*event.Login)
	total := &l.table.records[l.current].total
	if ok && login.Outcome == event.Unknown && (total[event.Client].Packets == 0 || total[event.Server].Packets == 0) {
		login.Reason = event.Unheard
	}
}

func (l *Lane) appOf(r *record) string {
	if r.app == 0 {
		return ""
	}
	return l.known.all[r.app-1].Name
}

// view is what others see of the conversation: made once, and anew when something
// was learnt.
func (l *Lane) view(slot int32) *event.Flow {
	r := &l.table.records[slot]
	old := l.views[slot]
	if old != nil && !r.stale {
		return old
	}
	r.stale = false
	a, b := netip.AddrPortFrom(r.key.AddrA(), r.key.APort), netip.AddrPortFrom(r.key.AddrB(), r.key.BPort)
	if !r.clientIsA {
		a, b = b, a
	}
	f := &event.Flow{
		Key: r.key, Client: a, Server: b, ClientMAC: r.mac[event.Client], ServerMAC: r.mac[event.Server],
		Proto: r.key.Proto, App: l.appOf(r), Start: r.first, Number: r.number,
		VLAN: r.tags, MidStream: r.midStream,
	}
	if old != nil {
		f.CommunityID, f.Tunnel = old.CommunityID, old.Tunnel
	} else {
		f.CommunityID = communityID(&r.key)
		if r.tunnel != 0 {
			t := l.tunnels[r.tunnel]
			f.Tunnel = &t
		}
	}
	if int(r.ingress) < len(l.interfaces) {
		f.Ingress = l.interfaces[r.ingress]
	}
	l.views[slot] = f
	return f
}
