package check

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

const (
	sightFlows = 65536
	maxSeen    = 65536 // hosts, and servers of a protocol, that are told apart
)

// Sight is what was seen of one interface.
type Sight struct {
	Name   string
	Failed error         // why nothing could be seen
	Took   time.Duration // of looking
	Up     bool
	Own    []string // what of the host's own traffic it carries

	Packets, Bytes uint64
	Dropped        uint64 // by the kernel, for want of room
	Missed         uint64 // by the card
	Sent           uint64 // by this interface
	Truncated      uint64
	Duplicates     uint64
	Foreign        uint64 // packets from one host to one host, neither of them this one
	Hosts          map[netip.Addr]struct{}
	Ways           Ways
	VLANs          map[uint16]*VLAN
	Servers        map[string]map[netip.Addr]struct{} // by protocol

	halves map[pair]half
	mac    event.MAC
	lanes  [decode.Lanes]*flow.Lane
}

// VLAN is what was seen with one tag.
type VLAN struct {
	Packets, ToOne uint64 // all, and those to one host
	Ways           Ways
}

// Ways counts conversations of TCP by whether both sides were seen. Those of fewer
// than three packets say nothing: nobody may have answered.
type Ways struct{ Two, One int }

// Share is the part with both sides, 0 to 1.
func (w Ways) Share() float64 { return float64(w.Two) / float64(max(w.Two+w.One, 1)) }

// Sights looks at all interfaces at once, the first time that a question asks.
func (e *Env) Sights() []*Sight {
	e.once.Do(func() {
		if e.For > 0 {
			e.sights = e.look()
		}
	})
	return e.sights
}

func (e *Env) look() (all []*Sight) {
	defer e.borrow()()
	links, err := netlink.LinkList()
	if err != nil {
		return nil
	}
	var ready, looking sync.WaitGroup // all begin at once: the two ports of a tap show halves of the same
	for _, l := range links {
		a := l.Attrs()
		if a.EncapType != "ether" || len(e.Interface) > 0 && !slices.Contains(e.Interface, a.Name) {
			continue
		}
		s := newSight(l)
		all = append(all, s)
		if s.Up {
			ready.Add(1)
		}
	}
	for _, s := range all {
		if s.Up {
			looking.Go(func() {
				s.prepare()
				ready.Done()
				ready.Wait()
				s.look(e.For)
			})
		}
	}
	looking.Wait()
	return all
}

// borrow has a run leave frames to us until the function that it returns is called.
func (e *Env) borrow() (end func()) {
	if e.Lend == nil {
		return func() {}
	}
	e.Lend()
	again, over := time.NewTicker(time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-again.C:
				e.Lend()
			case <-over:
				return
			}
		}
	}()
	return func() { again.Stop(); close(over) }
}

func newSight(l netlink.Link) *Sight {
	a := l.Attrs()
	s := &Sight{Name: a.Name, Up: a.Flags&net.FlagUp != 0 && a.OperState != netlink.OperDown,
		Hosts: map[netip.Addr]struct{}{}, VLANs: map[uint16]*VLAN{}, Servers: map[string]map[netip.Addr]struct{}{}, halves: map[pair]half{}}
	copy(s.mac[:], a.HardwareAddr)
	s.Own, _ = iface.Carries(a.Name)
	return s
}

// prepare takes a moment, in which a ring that is there would run full.
func (s *Sight) prepare() {
	for i := range s.lanes {
		s.lanes[i] = flow.NewLane(uint8(i), flow.Config{Flows: sightFlows, Streams: sightFlows / 8}, s.hear)
	}
}

// look reads the interface for a while.
func (s *Sight) look(long time.Duration) {
	sources, err := capture.Live(s.Name, capture.Options{})
	if err != nil {
		s.Failed = err
		return
	}
	defer sources[0].Close()
	before := counters(s.Name)
	began := time.Now()
	s.read(sources[0], began.Add(long))
	s.Took = time.Since(began)
	stats, after := sources[0].Stats(), counters(s.Name)
	s.Dropped = stats.Dropped
	s.Missed = after.missed() - before.missed()
	s.Sent = after.TxPackets - before.TxPackets
	s.Foreign -= min(s.Foreign, s.Sent) // what this host passes on is no mirror
}

func (s *Sight) read(source capture.Source, end time.Time) {
	var p event.Packet
	var h decode.Headers
	decoder, clock := decode.New(decode.Options{}), int64(0)
	for time.Now().Before(end) {
		err := source.Read(&p)
		if errors.Is(err, capture.ErrIdle) {
			continue
		}
		if err != nil {
			s.Failed = err
			break
		}
		p.Number++
		clock = max(clock, p.Time)
		s.count(&p)
		if decoder.Decode(&p, &h) == decode.OK {
			s.headers(&h)
			s.lanes[h.Lane].Packet(&h, s.Name, 0, clock)
		}
	}
	for _, l := range s.lanes {
		l.Close(0, clock)
	}
}

// count takes what a frame tells before it is understood.
func (s *Sight) count(p *event.Packet) {
	s.Packets++
	s.Bytes += uint64(p.Wire)
	if len(p.Data) < 12 {
		return
	}
	if short(p.Data, int(p.Wire)) {
		s.Truncated++
	}
	to, from := event.MAC(p.Data[:6]), event.MAC(p.Data[6:12])
	if !to.IsGroup() && to != s.mac && from != s.mac {
		s.Foreign++
	}
}

// short reports a frame that ends before the packet in it does: cut on its way here.
func short(frame []byte, wire int) bool {
	at := 12
	for at+4 <= len(frame) && (frame[at] == 0x81 && frame[at+1] == 0 || frame[at] == 0x88 && frame[at+1] == 0xa8) {
		at += 4
	}
	if at+8 > len(frame) {
		return false
	}
	length := 0
	switch binary.BigEndian.Uint16(frame[at:]) {
	case 0x0800: // total length, 0 in frames that this host merged
		length = int(binary.BigEndian.Uint16(frame[at+4:]))
	case 0x86dd: // payload length
		length = 40 + int(binary.BigEndian.Uint16(frame[at+6:]))
	}
	return at+2+length > wire
}

func (s *Sight) headers(h *decode.Headers) {
	if h.Tags.N > 0 {
		v := s.vlan(h.Tags)
		v.Packets++
		if !h.DstMAC.IsGroup() {
			v.ToOne++
		}
	}
}

// vlan is that of the inner tag, which is the one that people know by number.
func (s *Sight) vlan(t event.Tags) *VLAN {
	id := t.ID[t.N-1]
	if s.VLANs[id] == nil {
		s.VLANs[id] = &VLAN{}
	}
	return s.VLANs[id]
}

// hear takes what the lanes say.
func (s *Sight) hear(e event.Event) {
	if c, ok := e.Data.(*event.Coverage); ok {
		s.Duplicates += c.Duplicate
		return
	}
	t, ok := e.Data.(*event.Traffic)
	if !ok || e.Kind != "flow.end" || e.Flow == nil {
		return
	}
	f := e.Flow
	s.met(f.Client.Addr())
	s.met(f.Server.Addr())
	seen := half{app: f.App, server: f.Server.Addr()}
	if f.Proto == protoTCP && t.Total[0].Packets+t.Total[1].Packets >= 3 {
		seen.ways = s.counted(f)
	}
	if t.OneWay {
		s.half(f, seen)
		return
	}
	s.whole(seen)
	for _, w := range seen.ways {
		w.Two++
	}
}

// counted are the counts that a conversation belongs to: of the interface, and of its VLAN.
func (s *Sight) counted(f *event.Flow) []*Ways {
	ways := []*Ways{&s.Ways}
	for _, tags := range f.VLAN {
		if tags.Known && tags.N > 0 {
			return append(ways, &s.vlan(tags).Ways)
		}
	}
	return ways
}

const protoTCP = 6

// met notes a host of the institution's own networks.
func (s *Sight) met(a netip.Addr) {
	if a.IsPrivate() && len(s.Hosts) < maxSeen {
		s.Hosts[a] = struct{}{}
	}
}

// whole notes who answered in a conversation.
func (s *Sight) whole(h half) {
	if h.app != "" {
		s.served(h.app, h.server)
	}
}

func (s *Sight) served(protocol string, a netip.Addr) {
	if s.Servers[protocol] == nil {
		s.Servers[protocol] = map[netip.Addr]struct{}{}
	}
	if len(s.Servers[protocol]) < maxSeen {
		s.Servers[protocol][a] = struct{}{}
	}
}

// cardCounters are an interface's own counters.
type cardCounters netlink.LinkStatistics

func counters(name string) cardCounters {
	l, err := netlink.LinkByName(name)
	if err != nil || l.Attrs().Statistics == nil {
		return cardCounters{}
	}
	return cardCounters(*l.Attrs().Statistics)
}

// missed are frames that reached the card and no memory.
func (c cardCounters) missed() uint64 { return c.RxMissedErrors + c.RxFifoErrors + c.RxOverErrors }
