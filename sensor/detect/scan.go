package detect

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// scan finds hosts that look for what there is: many ports of a host (vertical),
// many hosts on a port (horizontal), a few ports on some hosts (block), hosts by
// ping or ARP (sweep).
type scan struct {
	env     Env
	groups  *baseline.Map[scanKey, scanGroup]
	blocks  *baseline.Map[netip.Addr, scanBlock]
	stories *baseline.Map[scanStoryKey, scanStory]
	growing []scanStoryKey // with new figures since the latest tick
}

// scanKey names a group: without a server it is horizontal, without a port
// vertical, without both a sweep. With both, server is a small network.
type scanKey struct {
	client, server netip.Addr
	proto          uint8
	port           uint16
	stealth        bool
}

const (
	scanGroups = 20_000
	scanIdle   = 12 * 60 * minute

	// Zeek's long-tried figures are 15 ports and 25 hosts in five minutes; with the
	// walk beside them 15 hosts are enough.
	fastTargets = 15
	// Slow scans are judged over hours, where stale addresses add up.
	slowTargets = 25
	slowHosts   = 2 * 60 * minute
	slowPorts   = scanIdle // nobody has 25 dead services on one host

	// A router asks for whoever the outside asks it for, and a host that wakes up
	// for all its peers: an ARP sweep has to be wider.
	arpTargets = 40

	// UDP is not always meant to be answered, least of all between peers, whose
	// ports are high ones. Peers are strewn over the world: only who calls many
	// within one small network searches it.
	peerPorts = 5000
)

func newScan(env Env, decode Decoder) (Detector, error) {
	return &scan{
		env:     env,
		groups:  baseline.NewMap[scanKey, scanGroup](env.State, "scan.groups", scanGroups, scanIdle),
		blocks:  baseline.NewMap[netip.Addr, scanBlock](env.State, "scan.blocks", scanGroups, slowHosts),
		stories: baseline.NewMap[scanStoryKey, scanStory](env.State, "scan.stories", scanGroups, scanIdle),
	}, decode(&struct{}{})
}

func (s *scan) Observe(e *event.Event, report Report) {
	var p probe
	var ok bool
	switch t := e.Data.(type) {
	case *event.Traffic:
		if e.Flow != nil && !e.Flow.ServerMAC.IsGroup() { // a call to everyone is no search
			half := s.env.Know.Half()
			p, ok = probeOf(e.Kind, e.Flow, t, half)
			ok = ok && (e.Flow.Proto == protoTCP || !half) // TCP tells of answers that are not seen
		}
	default:
		if e.Kind == "arp" {
			p, ok = arpProbe(t)
		}
	}
	if !ok || s.env.Know.Multicast(p.server) || p.server.IsUnspecified() {
		return
	}
	s.contact(p, e, report)
}

// contact walks the groups that a contact belongs to.
func (s *scan) contact(p probe, e *event.Event, report Report) {
	across := scanKey{client: p.client, proto: p.proto, port: p.port}
	if p.port == 0 {
		s.walk("sweep", across, addrID(p.server), p, e, report)
		return
	}
	along := scanKey{client: p.client, server: p.server, proto: p.proto, stealth: p.stealth}
	fresh := s.walk("vertical", along, uint64(p.port), p, e, report)
	if p.stealth {
		return // dying connections: only many ports of one host are telling
	}
	if p.proto == protoUDP && p.port >= peerPorts {
		across.server = neighbourhood(p.server)
	}
	s.walk("horizontal", across, addrID(p.server), p, e, report)
	if p.failed && fresh && p.proto == protoTCP {
		s.block(p, e, report)
	}
}

// walk notes the contact in one group and reports what that makes certain. It
// says whether this was the first contact with the target.
func (s *scan) walk(kind string, k scanKey, target uint64, p probe, e *event.Event, report Report) bool {
	g := s.groups.Get(k)
	if g == nil && !p.failed && p.proto == protoARP {
		return false // an answer to a request that was not seen
	}
	g, _ = s.groups.Touch(k, e.Time)
	if p.proto == protoARP && !p.failed {
		g.answer(target)
		return false
	}
	fresh := g.meet(target, p.failed, e.Time)
	if !p.failed {
		return fresh
	}
	if e.Flow != nil {
		g.total++
		if len(g.flows) < event.MaxRefs && fresh {
			g.flows = append(g.flows, e.Flow.Ref())
		}
	}
	fast, slow, window := fastTargets, slowTargets, int64(slowHosts)
	switch {
	case p.proto == protoARP:
		fast, slow = arpTargets, contactsKept+1
	case kind == "vertical":
		window = slowPorts
	}
	if fresh && g.judge(e.Time, fast, slow, window) {
		g.alarm()
	}
	if fresh && g.alarmed {
		s.tell(kind, k, g, p, e, report)
	}
	return fresh
}

func init() {
	register(Spec{
		Name: "scan", Doc: "a host looks for hosts or services by trying many",
		Family: "scan", Technique: []string{"T1046", "T1018"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"flow.start", "flow.end", "arp"}, Facts: scanTable, New: newScan,
	})
}
