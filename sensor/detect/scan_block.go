package detect

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// scanBlock is the latest failed first contacts of one client, over all hosts and
// ports: a few ports on each of some hosts add up here and nowhere else.
type scanBlock struct {
	ring   []blockContact // grows to contactsKept: most clients never have more than one
	n      int
	before int // contacts before those of the scan
}

type blockContact struct {
	server netip.Addr
	port   uint16
	time   int64
}

const (
	blockFailed = 30
	blockHosts  = 3
	blockPorts  = 5
)

func (b *scanBlock) keep(c blockContact) {
	if len(b.ring) < contactsKept {
		b.ring = append(b.ring, c)
	} else {
		b.ring[b.n%contactsKept] = c
	}
	b.n++
}

// block reports a lattice: hosts share ports and ports share hosts, other than
// with peers, of which each has a port of its own.
func (s *scan) block(p probe, e *event.Event, report Report) {
	b, _ := s.blocks.Touch(p.client, e.Time)
	b.keep(blockContact{p.server, p.port, e.Time})
	if b.n%8 != 0 { // the look below costs more than one contact should
		return
	}
	var servers []netip.Addr
	var ports []uint16
	failed, first := 0, e.Time
	for _, c := range b.ring {
		if e.Time-c.time > scanFast {
			continue
		}
		failed++
		first = min(first, c.time)
		servers, ports = note(servers, c.server), note(ports, c.port)
	}
	if failed < blockFailed || len(servers) < blockHosts || len(ports) < blockPorts || 2*len(servers) > failed || 2*len(ports) > failed {
		return
	}
	st, fresh := s.stories.Touch(scanStoryKey{p.client, "block"}, e.Time)
	if fresh {
		st.onset = first
		b.before = b.n - failed
	}
	n := b.n - b.before
	if n < 2*st.targets {
		return
	}
	st.targets = n
	f := s.finding(&scanFacts{Kind: "block", Transport: p.transport(), Failed: n, Hosts: len(servers), Ports: len(ports),
		Seconds: float64(e.Time-st.onset) / float64(second)}, scanKey{client: p.client, proto: p.proto}, p, e.Time)
	f.Onset, f.Score = st.onset, certainty(float64(failed)*walkFailed)
	f.Flows, f.FlowsTotal = []event.FlowRef{e.Flow.Ref()}, n
	report(f)
}
