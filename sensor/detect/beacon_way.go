package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// beaconWay is what the calls of a pair are, and what its place is.
type beaconWay uint8

const (
	beaconCallsPlace beaconWay = iota // conversations with a name or an address, and requests in them
	beaconFromAll                     // the same of all clients, where they are few: one that changes its address, or several that take turns
	beaconWithin                      // exchanges within a conversation, each after a silence
	beaconAlike                       // TLS handshakes of one client fingerprint and certificate, wherever they go
	beaconAsks                        // look-ups below a registered domain
	beaconPings                       // echo requests
)

var beaconWays = [...]string{"connections", "connections of several hosts", "exchanges within a connection", "handshakes of one kind", "look-ups", "echo requests"}

// holds reports whether the calls are what the way is about. Names and addresses
// change where somebody makes them change: a program's own look-up has always the
// same name, a cache would answer it, and who asks for a service calls it. Pings of
// one size are how a line is measured.
func (w beaconWay) holds(p beaconPair, c *beaconCalls) bool {
	switch w {
	case beaconAlike:
		return int(c.moved)*4 >= c.seen
	case beaconAsks:
		return int(c.moved)*2 >= c.seen && int(c.met)*4 <= c.seen
	case beaconPings:
		return c.ring.sizes() >= beaconSizes
	}
	return !timed(p.proto, p.port, c.app)
}

// beaconSizes is how many different sizes pings have that carry something.
const beaconSizes = 3

// book is where pairs of a way are kept, and who uses their places: what people look
// up must not push out what they talk to.
func (b *beacon) book(w beaconWay) (*baseline.Map[beaconPair, beaconCalls], *baseline.Map[string, sentPlace]) {
	switch w {
	case beaconCallsPlace:
		return b.pairs, b.places
	case beaconAsks, beaconAlike:
		return b.others, b.names
	}
	return b.others, b.places
}

// talks takes conversations, and requests in them.
func (b *beacon) talks(e *event.Event, report Report) {
	f := e.Flow
	pair, ok := b.pairOf(f, placeOf(b.env, f.Server.Addr()))
	switch {
	case !ok:
	case e.Kind == "http": // says which end is the client
		odd, vouched := b.asked(e)
		b.mark(pair, odd, vouched)
		b.call(e, pair, e.Time, 0, report)
	case e.Kind == "flow.start" && !f.MidStream:
		b.call(e, pair, f.Start, 0, report)
		b.together(e, pair, report)
		b.meets(pair)
	case e.Kind != "flow.start":
		b.within(e, pair, report)
		if e.Kind == "flow.end" && !f.MidStream {
			b.end(e, pair)
			pair.client, pair.way = netip.Addr{}, beaconFromAll
			b.end(e, pair)
		}
	}
}

// pairOf names who calls and what, and leaves out what is no call of a client of ours
// to one place.
func (b *beacon) pairOf(f *event.Flow, place string) (beaconPair, bool) {
	from, to := f.Client.Addr(), f.Server.Addr()
	inside, outside := b.env.Know.Internal(to), !b.env.Know.Internal(from)
	pair := beaconPair{client: from, place: place, port: f.Server.Port(), proto: f.Proto}
	if inside && outside || b.env.Know.Multicast(to) {
		return pair, false
	}
	if f.Proto == protoICMP {
		pair.port, pair.way = 0, beaconPings
		return pair, !inside && f.Client.Port() == echoRequest
	}
	return pair, (f.Proto == 6 || f.Proto == 17) && !timed(f.Proto, pair.port, f.App)
}

// end notes the sizes of a conversation that is over.
func (b *beacon) end(e *event.Event, pair beaconPair) {
	pairs, _ := b.book(pair.way)
	c, t, f := pairs.Get(pair), e.Data.(*event.Traffic), e.Flow
	if c == nil {
		return
	}
	if f.App != "" {
		c.app = f.App
	} else if t.Total[event.Client].Payload > 0 {
		c.odd |= signUnread
	}
	c.failed += failed(t, b.env.Know.Half())
	up, down := uint32(min(t.Total[event.Client].Payload, 1<<32-1)), uint32(min(t.Total[event.Server].Payload, 1<<32-1))
	c.ring.end(f.Start, up, down)
	if long := b.longs.Get(pair); c.long && long != nil {
		long.end(f.Start, up, down)
	}
}

// together counts the calls of two or three hosts to a place as one series.
func (b *beacon) together(e *event.Event, pair beaconPair, report Report) {
	users := b.places.Get(pair.place)
	if pair.way != beaconCallsPlace || users == nil || users.users.n < 2 || users.users.n > beaconOthers+1 || b.env.Know.Internal(e.Flow.Server.Addr()) {
		return
	}
	if own := b.pairs.Get(pair); own != nil && own.told > 0 {
		return
	}
	pair.client, pair.way = netip.Addr{}, beaconFromAll
	b.call(e, pair, e.Flow.Start, 0, report)
}

// within takes the exchanges of a conversation with the world since it last told.
func (b *beacon) within(e *event.Event, pair beaconPair, report Report) {
	t, ok := e.Data.(*event.Traffic)
	if !ok || len(t.Openings) == 0 || b.env.Know.Internal(e.Flow.Server.Addr()) {
		return
	}
	pair.way = beaconWithin
	for _, at := range t.Openings {
		b.call(e, pair, at, 0, report)
	}
}

// resembles takes a handshake by who seems to call and who answers.
func (b *beacon) resembles(e *event.Event, report Report) {
	ja4, certificate := event.TextOf(e.Data, "brandmelder.tls.ja4"), event.TextOf(e.Data, "tls.server.hash.sha256")
	pair, ok := b.pairOf(e.Flow, placeOf(b.env, e.Flow.Server.Addr()))
	if !ok || b.env.Know.Internal(e.Flow.Server.Addr()) {
		return
	}
	odd, vouched := b.shook(e)
	if b.mark(pair, odd, vouched); ja4 == "" || certificate == "" {
		return
	}
	pair.place, pair.way = ja4+" "+certificate, beaconAlike
	b.mark(pair, odd, vouched)
	b.call(e, pair, e.Flow.Start, uint32(mix(addrID(e.Flow.Server.Addr()))), report)
}

// asks takes a look-up. Who answers look-ups asks for others.
func (b *beacon) asks(e *event.Event, report Report) {
	f, domain := e.Flow, strings.ToLower(event.TextOf(e.Data, "dns.question.registered_domain"))
	sub := event.TextOf(e.Data, "dns.question.subdomain")
	if b.env.Know.Internal(f.Server.Addr()) {
		b.resolvers.Touch(f.Server.Addr(), e.Time)
	}
	client := f.Client.Addr()
	if domain == "" || sub == "" || tunnelHarmless(domain, sub) || b.resolvers.Get(client) != nil || !b.env.Know.Internal(client) {
		return
	}
	pair := beaconPair{client: client, place: strings.Clone(domain), port: 53, proto: 17, way: beaconAsks}
	if c := b.others.Get(pair); c != nil && event.TextOf(e.Data, "dns.response_code") != "NOERROR" {
		c.failed++
	}
	b.call(e, pair, e.Time, uint32(hashOf(sub)), report)
}

// meets notes that a host calls what it had looked up: every domain that the name of
// the place ends with.
func (b *beacon) meets(pair beaconPair) {
	asked := beaconPair{client: pair.client, port: 53, proto: 17, way: beaconAsks}
	for name, more := pair.place, true; more; _, name, more = strings.Cut(name, ".") {
		asked.place = name
		if c := b.others.Get(asked); c != nil {
			c.met++
			return
		}
	}
}
