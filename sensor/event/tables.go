package event

import (
	"net/netip"
	"strconv"
)

// sides names the two ends of a count in the documents.
var sides = [2]string{"source", "destination"}

var flowTable = NewTable("conversation", "Who talks to whom: on every document that belongs to a flow.",
	IP("source.ip", Technical, "client", func(f *Flow) netip.Addr { return f.Client.Addr() }),
	Int("source.port", Technical, "client's port", func(f *Flow) (int64, bool) { return int64(f.Client.Port()), f.hasPorts() }),
	String("source.mac", Technical, "client's link address", func(f *Flow) (string, bool) { return f.ClientMAC.String(), !f.ClientMAC.IsZero() }),
	IP("destination.ip", Technical, "server", func(f *Flow) netip.Addr { return f.Server.Addr() }),
	Int("destination.port", Technical, "server's port", func(f *Flow) (int64, bool) { return int64(f.Server.Port()), f.hasPorts() }),
	String("destination.mac", Technical, "server's link address", func(f *Flow) (string, bool) { return f.ServerMAC.String(), !f.ServerMAC.IsZero() }),
	String("network.community_id", Technical, "Community ID v1", func(f *Flow) (string, bool) { return f.CommunityID, f.CommunityID != "" }),
	String("network.transport", Technical, "tcp, udp, icmp …", func(f *Flow) (string, bool) { return ProtoName(f.Proto), true }),
	String("network.type", Technical, "ipv4 or ipv6", func(f *Flow) (string, bool) {
		if f.Client.Addr().Unmap().Is4() {
			return "ipv4", true
		}
		return "ipv6", true
	}),
	String("network.protocol", Technical, "protocol recognised in the bytes", func(f *Flow) (string, bool) { return f.App, f.App != "" }),
	String("observer.ingress.interface.name", Technical, "interface of the first packet", func(f *Flow) (string, bool) { return f.Ingress, f.Ingress != "" }),
	String("network.vlan.id", Technical, "outer VLAN id of the client's side; of the server's where the client's has none", func(f *Flow) (string, bool) { return f.vlan(0) }),
	String("network.inner.vlan.id", Technical, "second VLAN id of the same side", func(f *Flow) (string, bool) { return f.vlan(1) }),
	String("brandmelder.tunnel.kind", Technical, "tunnel the flow was found in", func(f *Flow) (string, bool) {
		if f.Tunnel == nil {
			return "", false
		}
		return f.Tunnel.Kind, true
	}),
	Int("brandmelder.tunnel.id", Technical, "VNI, key or session of the tunnel", func(f *Flow) (int64, bool) {
		if f.Tunnel == nil {
			return 0, false
		}
		return int64(f.Tunnel.ID), true
	}),
	IPs("brandmelder.tunnel.ends", Technical, "outer addresses of the tunnel", func(f *Flow) []netip.Addr {
		if f.Tunnel == nil {
			return nil
		}
		return []netip.Addr{f.Tunnel.Outer, f.Tunnel.OuterPeer}
	}),
	Bool("brandmelder.flow.mid_stream", Technical, "the start was not seen: the client is a guess", func(f *Flow) (bool, bool) { return true, f.MidStream }),
)

func (*Flow) Table() *Table { return flowTable }

func (f *Flow) hasPorts() bool { return f.Proto == 6 || f.Proto == 17 || f.Proto == 132 }

func (f *Flow) vlan(depth uint8) (string, bool) {
	t := f.VLAN[Client]
	if t.N == 0 {
		t = f.VLAN[Server]
	}
	if depth >= min(t.N, 2) {
		return "", false
	}
	return itoa(int64(t.ID[depth])), true
}

var trafficTable = NewTable("flow", "A conversation's counters: since its start, and since its previous document.", trafficFields()...).InBrief("brandmelder.flow.state", "network.packets", "network.bytes", "brandmelder.flow.end_reason")

func (*Traffic) Table() *Table { return trafficTable }

func trafficFields() []Field {
	fields := []Field{
		Time("event.start", Technical, "time of the first packet", func(t *Traffic) int64 { return t.First }),
		Int("event.duration", Technical, "from the first packet to the latest, ns", func(t *Traffic) (int64, bool) { return max(t.Last-t.First, 0), true }),
		Time("event.end", Technical, "time of the latest packet", func(t *Traffic) int64 { return t.Last }),
		// Most outputs get the document of the end alone, and people sum up what they have: so
		// the fields that everybody knows are in that one, and whole.
		Int("network.packets", Technical, "packets of both sides, in the document of the end", func(t *Traffic) (int64, bool) {
			return int64(t.Total[Client].Packets + t.Total[Server].Packets), t.End != ""
		}),
		Int("network.bytes", Technical, "bytes of both sides, in the document of the end", func(t *Traffic) (int64, bool) {
			return int64(t.Total[Client].Bytes + t.Total[Server].Bytes), t.End != ""
		}),
		String("brandmelder.flow.state", Technical, "TCP state, Zeek's names", func(t *Traffic) (string, bool) { return t.State.String(), t.State != StateNone }),
		String("brandmelder.flow.history", Technical, "TCP history, Zeek's letters", func(t *Traffic) (string, bool) { return t.History, t.History != "" }),
		Int("brandmelder.flow.rtt", Technical, "round trip of the handshake, ns", func(t *Traffic) (int64, bool) { return t.RTT, t.RTT > 0 }),
		Int("brandmelder.flow.client.leads", Technical, "exchanges that the client led: it broke a silence with few bytes and was answered with more", func(t *Traffic) (int64, bool) { return int64(t.Leads[Client]), t.Leads[Client] > 0 }),
		Int("brandmelder.flow.server.leads", Technical, "exchanges that the server led", func(t *Traffic) (int64, bool) { return int64(t.Leads[Server]), t.Leads[Server] > 0 }),
		Bool("brandmelder.flow.one_way", Technical, "only one side was seen", func(t *Traffic) (bool, bool) { return true, t.OneWay }),
		String("brandmelder.flow.end_reason", Technical, "why the flow ended", func(t *Traffic) (string, bool) { return t.End, t.End != "" }),
	}
	for side, name := range sides {
		fields = append(fields, countFields(side, name)...)
	}
	return fields
}

func countFields(side int, name string) []Field {
	whole := func(path, doc string, get func(*Count) uint64) Field {
		return Int(path, Technical, doc+", in the document of the end", func(t *Traffic) (int64, bool) { return int64(get(&t.Total[side])), t.End != "" })
	}
	delta := func(part, doc string, get func(*Count) uint64) Field {
		return Int("brandmelder.flow."+name+"."+part, Technical, doc+", since the flow's previous document", func(t *Traffic) (int64, bool) { return int64(get(&t.Delta[side])), true })
	}
	total := func(part, doc string, get func(*Count) uint64) Field {
		return Int("brandmelder.flow.total."+name+"."+part, Technical, doc+", since the flow's start", func(t *Traffic) (int64, bool) { return int64(get(&t.Total[side])), true })
	}
	rare := func(part, doc string, get func(*Count) uint64) Field {
		return Int("brandmelder.flow.total."+name+"."+part, Technical, doc+", since the flow's start", func(t *Traffic) (int64, bool) {
			n := get(&t.Total[side])
			return int64(n), n > 0
		})
	}
	return []Field{
		whole(name+".packets", "packets sent", func(c *Count) uint64 { return c.Packets }),
		whole(name+".bytes", "bytes sent from the network header on", func(c *Count) uint64 { return c.Bytes }),
		delta("packets", "packets sent", func(c *Count) uint64 { return c.Packets }),
		delta("bytes", "bytes sent", func(c *Count) uint64 { return c.Bytes }),
		delta("payload", "payload bytes sent", func(c *Count) uint64 { return c.Payload }),
		total("packets", "packets sent", func(c *Count) uint64 { return c.Packets }),
		total("bytes", "bytes sent", func(c *Count) uint64 { return c.Bytes }),
		total("payload", "payload bytes sent", func(c *Count) uint64 { return c.Payload }),
		rare("retransmitted", "segments sent again", func(c *Count) uint64 { return c.Retransmit }),
		rare("duplicates", "copies made by the mirror", func(c *Count) uint64 { return c.Duplicate }),
		rare("gap", "payload bytes never seen", func(c *Count) uint64 { return c.Gap }),
		rare("bad_checksums", "packets with a wrong checksum", func(c *Count) uint64 { return c.BadSum }),
	}
}

// ProtoName is the name of an IANA protocol number as ECS writes it.
func ProtoName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 2:
		return "igmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 41:
		return "ipv6"
	case 47:
		return "gre"
	case 50:
		return "esp"
	case 51:
		return "ah"
	case 58:
		return "ipv6-icmp"
	case 89:
		return "ospf"
	case 132:
		return "sctp"
	}
	return itoa(int64(p))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
