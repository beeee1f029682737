package detect

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// peerNet finds a host of ours that talks in a net of peers all over the world on
// one and the same high UDP port, of which a good part stays silent: botnets
// without a centre carry a list of peers with a port that is built in. Peers in
// file sharing and calls choose their ports themselves, so that one client sees
// nearly as many ports as peers; what the public asks of servers is answered.
type peerNet struct {
	env     Env
	ports   *baseline.Map[peerPort, peerSet]
	clients *baseline.Map[netip.Addr, peerSet]
}

type peerPort struct {
	client netip.Addr
	port   uint16
}

type peerSet struct {
	first  int64
	peers  []uint32 // networks of 16 bits, so that no single provider counts twice; at most peerKept
	silent int
	told   int
	refs   []event.FlowRef
}

const (
	peerClients = 2048 // up to 2 KiB each
	peerHour    = 3600 * second
	peerKept    = 512
	peerMany    = 64
	// Lists of peers age fast: hosts at home are often off. Servers are not.
	peerSilent = 0.2
	// Share of the client's peers that have this port; file sharing stays far below.
	peerSame = 0.8
)

// peerKnownPorts are high ports that honest programs have built in: Teredo, STUN,
// IPsec, games' server lists, coins, folders kept alike, tunnels.
var peerKnownPorts = []uint16{1194, 3478, 3479, 3544, 4500, 5060, 5061, 5353, 7680, 8333, 8801, 9993, 19302, 22000, 27015, 30303, 33434, 41641, 51820}

func newPeerNet(env Env, decode Decoder) (Detector, error) {
	return &peerNet{
		env:     env,
		ports:   baseline.NewMap[peerPort, peerSet](env.State, "peer-net.ports", 2*peerClients, peerHour),
		clients: baseline.NewMap[netip.Addr, peerSet](env.State, "peer-net.clients", peerClients, peerHour),
	}, decode(&struct{}{})
}

func (d *peerNet) Tick(int64, Report) {}

func (d *peerNet) Observe(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow == nil || e.Flow.Proto != protoUDP {
		return
	}
	client, server, port := e.Flow.Client.Addr(), e.Flow.Server.Addr(), e.Flow.Server.Port()
	if port < 1024 || !server.Is4() || !d.env.Know.Internal(client) || d.env.Know.Internal(server) || d.env.Know.Multicast(server) {
		return
	}
	net := binary.BigEndian.Uint32(server.AsSlice()) >> 16
	all, _ := d.clients.Touch(client, e.Time)
	all.meet(net, false)
	s, fresh := d.ports.Touch(peerPort{client, port}, e.Time)
	if fresh {
		s.first = e.Flow.Start
	}
	if s.meet(net, t.Total[event.Server].Packets == 0 && !d.env.Know.Half()) {
		s.refs = noteFlow(s.refs, e.Flow)
	}
	n := len(s.peers)
	built := float64(n) >= peerSame*float64(len(all.peers)) && float64(s.silent) >= peerSilent*float64(n)
	if n < peerMany || n < 2*s.told || !built || slices.Contains(peerKnownPorts, port) {
		return
	}
	s.told = n
	report(event.Finding{
		Key: client.String(), Time: e.Time, Onset: s.first, Subject: d.env.Know.Entity(client), Port: port,
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(n), Unit: "networks", N: n},
		Facts:    &peerFacts{int64(n), int64(s.silent)}, Score: 70,
	})
}

// meet notes a network and says whether it is new.
func (s *peerSet) meet(net uint32, silent bool) bool {
	if len(s.peers) >= peerKept || slices.Contains(s.peers, net) {
		return false
	}
	s.peers = append(s.peers, net)
	if silent {
		s.silent++
	}
	return true
}

type peerFacts struct{ Networks, Silent int64 }

var peerTable = event.NewTable("peer-net", "A host talks in a net of peers with a port that is built in.",
	event.Int("brandmelder.peer_net.networks", event.Technical, "networks of the size /16 with a peer, at most 512", func(f *peerFacts) (int64, bool) { return f.Networks, true }),
	event.Int("brandmelder.peer_net.silent", event.Technical, "of these the first peer did not answer", func(f *peerFacts) (int64, bool) { return f.Silent, true }),
)

func (*peerFacts) Table() *event.Table { return peerTable }

func init() {
	register(Spec{
		Name: "peer-net", Doc: "a host talks with peers all over the world on one built-in UDP port, as botnets without a centre do",
		Family: "c2-channel", Technique: []string{"T1095", "T1571"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"flow.end"}, Facts: peerTable, New: newPeerNet,
	})
}
