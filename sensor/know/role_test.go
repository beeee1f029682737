package know

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ticket is an exchange of Kerberos by its latest message.
type ticket string

func (ticket) Table() *event.Table { return ticketTable }

var ticketTable = event.NewTable("kerberos", "",
	event.String("brandmelder.kerberos.message", event.Technical, "", func(t ticket) (string, bool) { return string(t), true }))

// ping is a search for an attribute with its number of results.
type ping struct {
	attribute string
	results   int64
}

func (ping) Table() *event.Table { return pingTable }

var pingTable = event.NewTable("ldap", "",
	event.Strings("brandmelder.ldap.attributes", event.Technical, "", func(p ping) []string { return []string{p.attribute} }),
	event.Int("brandmelder.ldap.results", event.Technical, "", func(p ping) (int64, bool) { return p.results, true }))

func between(client, server string) *event.Flow {
	return &event.Flow{Client: netip.AddrPortFrom(addr(client), 4000), Server: netip.AddrPortFrom(addr(server), 88)}
}

func TestControllers(t *testing.T) {
	k := mustNew(t, Config{})
	const service = "E3514235-4B06-11D1-AB04-00C04FC2DCD2/aaaa/example.org"
	partner := func(o event.Outcome, service string) *event.Login { return &event.Login{Service: service, Outcome: o} }
	for _, tt := range []struct {
		kind, client, server string
		data                 event.Record
		controller           bool // the server is one from now on
	}{
		{"kerberos", "10.0.0.1", "10.0.9.1", ticket("AS-REQ"), false},
		{"kerberos", "10.0.0.1", "10.0.9.1", ticket("AS-REP"), true},
		{"ldap", "10.0.0.1", "10.0.9.2", ping{"netlogon", 0}, false},
		{"ldap", "10.0.0.1", "10.0.9.2", ping{"cn", 1}, false},
		{"ldap", "10.0.0.1", "10.0.9.2", ping{"Netlogon", 1}, true},
		{"auth", "10.0.0.1", "10.0.9.3", partner(event.Success, service), false},
		{"auth", "10.0.9.1", "10.0.9.3", partner(event.Failure, service), false},
		{"auth", "10.0.9.1", "10.0.9.3", partner(event.Success, "ldap/dc3"), false},
		{"auth", "10.0.9.1", "10.0.9.3", partner(event.Success, service), true},
	} {
		k.Observe(&event.Event{Kind: tt.kind, Data: tt.data, Flow: between(tt.client, tt.server)})
		if got := k.Controller(addr(tt.server)); got != tt.controller {
			t.Errorf("%s %s to %s: a controller is %v", tt.kind, tt.client, tt.server, got)
		}
	}
	if k.Controller(addr("10.0.0.1")) || !k.Controller(addr("::ffff:10.0.9.1")) {
		t.Error("a client became a controller, or one is unknown by its mapped address")
	}
	k.Observe(&event.Event{Kind: "kerberos", Data: ticket("AS-REP")})
}
