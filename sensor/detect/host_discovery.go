package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// hostDiscovery finds those who feel for hosts in the way that Nmap documents for
// its host discovery: an echo request without data, a SYN to port 443, an ACK to
// port 80 and a request for the time, all to one host within a moment. It takes
// few hosts: no other program asks in two of these ways, and most who ask this way
// look at some neighbours only. Wide searches are found by scan too.
type hostDiscovery struct {
	env     Env
	clients *baseline.Map[netip.Addr, feeler]
}

type feeler struct {
	hosts []felt // at most maxNoted, oldest first
	told  int
	flows []event.FlowRef
}

// felt is a host and the ways in which it was felt for.
type felt struct {
	host  netip.Addr
	first int64
	ways  uint8
}

const (
	feltEmptyEcho uint8 = 1 << iota
	feltSYN443
	feltACK80
	feltTimestamp

	feelerClients = 4096
	feelerHour    = 3600 * second
	// Nmap sends all of these at once; a host is retried within seconds.
	feelerMoment = 10 * second
	feelerHosts  = 3 // one or two may be somebody who looks for a fault
	feelerWindow = 300 * second

	timestampRequest = 13 // RFC 792
)

func newHostDiscovery(env Env, decode Decoder) (Detector, error) {
	return &hostDiscovery{env, baseline.NewMap[netip.Addr, feeler](env.State, "host-discovery.clients", feelerClients, feelerHour)}, decode(&struct{}{})
}

func (d *hostDiscovery) Tick(int64, Report) {}

func (d *hostDiscovery) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	way, at := feltBy(e)
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	if way == 0 || client == server || d.env.Know.Multicast(server) {
		return
	}
	s, _ := d.clients.Touch(client, e.Time)
	s.flows = noteFlow(s.flows, e.Flow)
	s.feel(server, way, at)
	hosts, first := s.twice(at - feelerWindow)
	if hosts == nil {
		s.told = 0
	}
	if len(hosts) >= feelerHosts && len(hosts) >= 2*s.told {
		s.told = len(hosts)
		report(d.finding(e, client, hosts, first, s))
	}
}

// feltBy is the way in which a conversation feels for a host, 0 none, and when.
func feltBy(e *event.Event) (way uint8, at int64) {
	if e.Kind == "icmp" {
		switch r := e.Data; {
		case event.NumberOf(r, "brandmelder.icmp.type") == timestampRequest:
			return feltTimestamp, e.Flow.Start
		case event.NumberOf(r, "brandmelder.icmp.type") == echoRequest && event.NumberOf(r, "brandmelder.icmp.source.payload") == 0:
			return feltEmptyEcho, e.Flow.Start
		}
		return 0, 0
	}
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Flow.Proto != protoTCP || t.Total[event.Client].Payload+t.Total[event.Server].Payload > 0 {
		return 0, 0
	}
	port := e.Flow.Server.Port()
	switch {
	case port == 443 && slices.Contains([]string{"S", "Sr", "ShR", "ShRr"}, t.History):
		return feltSYN443, t.First
	case port == 80 && e.Flow.MidStream && (t.History == "A" || t.History == "Ar"):
		return feltACK80, t.First
	}
	return 0, 0
}

// feel notes a way; ways within a moment add up.
func (s *feeler) feel(host netip.Addr, way uint8, at int64) {
	i := slices.IndexFunc(s.hosts, func(f felt) bool { return f.host == host })
	if i >= 0 && max(at-s.hosts[i].first, s.hosts[i].first-at) <= feelerMoment {
		s.hosts[i].ways |= way
		return
	}
	if i >= 0 {
		s.hosts = slices.Delete(s.hosts, i, i+1)
	} else if len(s.hosts) >= maxNoted {
		s.hosts = slices.Delete(s.hosts, 0, 1)
	}
	s.hosts = append(s.hosts, felt{host, at, way})
}

// twice lists the hosts that were felt for in two ways and more since a time.
func (s *feeler) twice(since int64) (hosts []netip.Addr, first int64) {
	for _, f := range s.hosts {
		if ones(f.ways) < 2 || f.first < since {
			continue
		}
		if hosts = append(hosts, f.host); first == 0 || f.first < first {
			first = f.first
		}
	}
	return hosts, first
}

func (d *hostDiscovery) finding(e *event.Event, client netip.Addr, hosts []netip.Addr, first int64, s *feeler) event.Finding {
	f := event.Finding{
		Key: client.String(), Time: e.Time, Onset: first, Subject: d.env.Know.Entity(client), Related: hosts,
		Flows: slices.Clone(s.flows), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(len(hosts)), Unit: "hosts", N: len(hosts)},
		Facts:    &discoveryFacts{int64(len(hosts))}, Score: 75,
	}
	if !d.env.Know.Internal(client) || allowedFrom(d.env, client, hosts[0]) {
		f.Severity = event.Low // what the internet sends is the same every hour
	}
	return f
}

type discoveryFacts struct{ Hosts int64 }

var discoveryTable = event.NewTable("host-discovery", "Somebody feels for hosts in the way of Nmap.",
	event.Int("brandmelder.host_discovery.hosts", event.Technical, "hosts felt for in two ways at once, at most 64 are told apart", func(f *discoveryFacts) (int64, bool) { return f.Hosts, true }),
)

func (*discoveryFacts) Table() *event.Table { return discoveryTable }

func init() {
	register(Spec{
		Name: "host-discovery", Doc: "a host feels for others in the several ways at once that Nmap's host discovery has",
		Family: "scan", Technique: []string{"T1018"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"icmp", "flow.end"}, Facts: discoveryTable, New: newHostDiscovery,
	})
}
