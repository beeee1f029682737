package detect

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// A hospital has thousands of programs that call a place outside like a timer does.
// So that alone is a note, which is listed and corroborates an incident; an alarm
// takes something that such programs do not have, in the signs and weights of
// c2-channel: a place without a name or with one that anybody gets, a certificate
// that somebody made, a request that does not say from whom it is, a program or a
// place that nobody here knew.
const (
	beaconPoints = 2 // one sign that few honest programs show, or two that many do
	// On ports where clients keep calling by their nature a place without a name is
	// ordinary too: mail, push, telemetry of devices.
	beaconKeptPoints = 3
	// Who has so many places that it names though nobody was seen to look them up has
	// its look-ups answered elsewhere: a browser's own, or those of before the sensor.
	beaconUnheard = 3
	// Longer than anybody sits before a page that asks for news: a shift.
	beaconStays = 8 * 3600 * second
	// Programs spread their calls so that thousands of clients do not come at once, and
	// those that do call every five minutes at most. Who strays by a sixth and more at
	// shorter periods does so not to be seen; the defaults of implants are 5 to 60 s
	// (Cobalt Strike, Sliver, Mythic, PoshC2). Below five seconds of straying it may be
	// the time that answers take.
	beaconStray      = .15
	beaconStrayLeast = 5.0 // s, either way
	beaconStrayMost  = 180 // s
)

// signsOf is what is odd about a pair that calls like a timer, whose place has been
// called since by so many users.
func (b *beacon) signsOf(e *event.Event, way beaconWay, c *beaconCalls, calls []checkIn, r rhythm, since int64, users int) signs {
	s, server := c.odd, e.Flow.Server.Addr()
	if way == beaconAsks || way == beaconPings {
		return 0 // they are odd by themselves
	}
	switch place := placeOf(b.env, server); {
	case bareHost(b.env, place, server) && !c.vouched:
		s |= signBareHost
	case dynamic(place):
		s |= signDynamicName
	case madeUp(place):
		s |= signMadeUpName
	}
	if way != beaconFromAll && r.jitter >= beaconStray && r.jitter*r.period >= beaconStrayLeast && r.period <= beaconStrayMost && evenSizes(calls) {
		s |= signStrays
	}
	if b.lesson.Over(e.Time) && since >= b.lesson.Until() && e.Time-since <= placeNew && users <= placeUsers {
		s |= signNewAlone
		if e.Time-c.first >= beaconStays {
			s |= signKeepsOn
		}
	}
	return s
}

// madeUp reports whether the registered domain of a name looks generated. So does one
// in ten of the popular ones, so it is no more than a hint.
func madeUp(name string) bool {
	suffix, _ := publicsuffix.PublicSuffix(name)
	rest := strings.TrimSuffix(strings.TrimSuffix(name, suffix), ".")
	_, odd := generated(rest[strings.LastIndexByte(rest, '.')+1:])
	return odd
}

// evenSizes reports whether three in four calls send and get as much, at least eight of
// which are over: whoever calls has nothing to tell, but for an order now and then.
func evenSizes(calls []checkIn) bool {
	ups, downs := sizesOf(calls)
	for _, v := range [...][]uint32{ups, downs} {
		if n := len(v); n < 8 || float64(v[n-1-n/8]) > float64(v[n/8])*beaconBand {
			return false
		}
	}
	return true
}

// mark notes what is odd about a conversation with the pairs for which it counts;
// vouched, if it needs no name.
func (b *beacon) mark(pair beaconPair, odd signs, vouched bool) {
	note := func(pair beaconPair) {
		pairs, _ := b.book(pair.way)
		if c := pairs.Get(pair); c != nil {
			c.odd |= odd
			c.vouched = c.vouched || vouched
		}
	}
	note(pair)
	pair.client, pair.way = netip.Addr{}, beaconFromAll
	note(pair)
}

// asked is what is odd about a request. What machines send each other by their nature
// (lists of revoked certificates, printing) needs no name.
func (b *beacon) asked(e *event.Event) (odd signs, vouched bool) {
	r, f := e.Data, e.Flow
	host, method := cmp.Or(event.TextOf(r, "url.domain"), f.Server.Addr().String()), event.TextOf(r, "http.request.method")
	if method == "" || ownTraffic(host, r) {
		return 0, method != ""
	}
	odd = requestSigns(b.env, e, host)
	if event.TextOf(r, "user_agent.original") == "" {
		odd |= signNoAgent
	}
	if method == "POST" || method == "PUT" {
		odd |= bodySigns(r)
	}
	_, err := netip.ParseAddr(host)
	return odd, err != nil && b.unheard(f, e.Time)
}

// shook is what is odd about a handshake.
func (b *beacon) shook(e *event.Event) (odd signs, vouched bool) {
	r, f := e.Data, e.Flow
	odd = certificateSigns(b.env, e, placeOf(b.env, f.Server.Addr())) &^ signBareHost
	if odd&(signSelfSigned|signDefaultCertificate) == 0 {
		odd &^= signFresh | signEternal // those that are bought are renewed
	}
	if ja4 := event.TextOf(r, "brandmelder.tls.ja4"); ja4 != "" {
		users, _ := b.prints.Touch(strings.Clone(ja4), e.Time)
		if users.add(f.Client.Addr()); b.lesson.Over(e.Time) && users.n <= placeUsers {
			odd |= signRarePrint
		}
	}
	return odd, event.TextOf(r, "tls.client.server_name") != "" && b.unheard(f, e.Time)
}

// unheard notes a place that a client names itself, if nobody was seen to look it up,
// and reports whether that is usual for this client.
func (b *beacon) unheard(f *event.Flow, now int64) bool {
	server := f.Server.Addr()
	if b.env.Know.NameOf(server) != "" || b.env.Know.Internal(server) {
		return false
	}
	places, _ := b.silent.Touch(f.Client.Addr(), now)
	places.add(server)
	return places.n >= beaconUnheard
}

// suspect reports whether the signs suffice for an alarm about calls to a port.
func suspect(s signs, port uint16) bool {
	if slices.Contains(keptPorts, port) {
		return s.points() >= beaconKeptPoints
	}
	return s.points() >= beaconPoints
}
