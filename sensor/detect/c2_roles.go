package detect

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// c2Roles is what our own hosts are to each other at a port, which tells a service
// and the members of a cluster from a place that only one host was told of.
type c2Roles struct {
	know  *know.Know
	hosts *baseline.Map[c2Host, c2Role]
}

type c2Host struct {
	addr netip.Addr
	port uint16
}

type c2Role struct {
	asks  firstFew // servers inside that it calls at the port
	heard firstFew // clients that call it there
}

func newC2Roles(env Env) c2Roles {
	return c2Roles{env.Know, baseline.NewMap[c2Host, c2Role](env.State, "c2-channel.roles", c2Channels, c2Idle)}
}

// note notes who calls whom inside.
func (r c2Roles) note(f *event.Flow, now int64) {
	client, server := f.Client.Addr(), f.Server.Addr()
	if !r.know.Internal(client) || !r.know.Internal(server) {
		return
	}
	caller, _ := r.hosts.Touch(c2Host{client, f.Server.Port()}, now)
	caller.asks.add(server)
	called, _ := r.hosts.Touch(c2Host{server, f.Server.Port()}, now)
	called.heard.add(client)
}

// service reports whether the conversation belongs to a service: others call the
// server at the port too, as those who give a queue its jobs, or the client itself is
// called there, or calls another one there: members of a cluster.
func (r c2Roles) service(f *event.Flow) bool {
	client, server := r.hosts.Get(c2Host{f.Client.Addr(), f.Server.Port()}), r.hosts.Get(c2Host{f.Server.Addr(), f.Server.Port()})
	return server != nil && server.heard.n > 1 || client != nil && (client.heard.n > 0 || client.asks.n > 1)
}
