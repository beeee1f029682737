package detect

import (
	"github.com/brandmelder/brandmelder/sensor/event"
)

// c2LedLeast is how often the server must have led before it is a habit. In the
// ordinary traffic of 30 captures and 43 hours no unread or encrypted conversation of
// ours is led by its server three times; in those of shells and implants most are.
const c2LedLeast = 3

// led looks at who leads a conversation that nobody can read: a client of ours that
// waits, and answers few bytes of its server with many, takes orders. A person at the
// other end is not needed to be seen for that, nor the bytes. Inside, queues and hubs
// hand out work and collectors ask at a beat: a service and a clock are no intruder.
func (c *c2) led(e *event.Event, report Report) {
	t, ok := e.Data.(*event.Traffic)
	f := e.Flow
	if !ok || f.Proto != 6 || f.App != "" && f.App != "tls" || !c.env.Know.Internal(f.Client.Addr()) || drawn(f.Server.Port()) {
		return
	}
	c.roles.note(f, e.Time)
	if e.Kind == "flow.start" || t.Leads[event.Server] == 0 || f.MidStream {
		return
	}
	place := placeOf(c.env, f.Server.Addr())
	k := c2Key{f.Client.Addr(), place, f.Server.Port(), c2Led}
	alone := c.alone(place, f.Client.Addr(), e.Time) // those count too that were led once
	ch := c.channel(e, k)
	for _, at := range t.Openings {
		ch.call(at)
	}
	if t.Leads[event.Server] < c2LedLeast || t.Leads[event.Server] < 3*t.Leads[event.Client] {
		return
	}
	ch.signs |= signLed | c.ledSigns(f, place)
	if alone && (c.outward(f) || !c.roles.service(f) && !ch.clocked()) {
		c.judge(e, k, ch, c.env.Know.Entity(k.client), c.env.Know.Entity(f.Server.Addr()), report)
	}
}

// ledSigns is what else is odd about such a conversation. Inside, hosts without a
// name are many.
func (c *c2) ledSigns(f *event.Flow, place string) (s signs) {
	if !usual(f.Server.Port()) {
		s |= signOddPort
	}
	if c.outward(f) && nameless(f, place) {
		s |= signNoName
	}
	if tls := c.channels.Get(c2Key{f.Client.Addr(), place, f.Server.Port(), c2TLS}); tls != nil {
		s |= tls.signs & (signSelfSigned | signFresh | signDefaultCertificate)
	}
	return s
}

// drawn are the ports of X11, where the server is the desk of the person who works,
// and clicks lead what the client draws.
func drawn(port uint16) bool { return port >= 6000 && port <= 6063 }
