package pipeline

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

func (w *week) pings(at int64, pc netip.Addr) {
	a := outside("tunnel.example")
	f := w.newFlow(at, pc, service(a, 0), icmpNumber, "icmp")
	for n := int64(1); n <= 4096; n *= 4 {
		w.say("icmp", at+n*second, f, &proto.ICMP{Type: 8, Name: "echo", Messages: 2 * n, Requests: n, Replies: n, Bytes: [2]int64{n * 900, n * 900}, Distinct: int(min(n, 32)), Mismatched: n,
			Carriers: n, Carried: n * 900, Largest: 1400, Entropy: 7.9, Printable: .3})
	}
}

func (w *week) madeUpNames(at int64, pc netip.Addr) {
	const letters = "bcdfghjklmnpqrstvwxz"
	for n := range 120 {
		name := make([]byte, 14)
		for i := range name {
			name[i] = letters[w.r.IntN(len(letters))]
		}
		w.ask(at+int64(n)*5*second, pc, "www", string(name)+".nl", "A", "NXDOMAIN")
	}
}

func (w *week) mines(at int64, pc netip.Addr) {
	f := w.talk(at, pc, service(outside("pool.delving.example"), 3333), talkOf{app: "stratum", last: 3 * hour, up: 90_000, down: 200_000})
	for n, step := range []string{"mining.subscribe", "mining.authorize", "mining.submit"} {
		w.say("stratum", at+int64(n)*second, f, newFact("stratum", map[string]any{"brandmelder.stratum.method": step, "brandmelder.stratum.accepted": true}))
	}
}

func (w *week) shells(at int64, pc netip.Addr) {
	f := w.talk(at, pc, service(outside("vps.example"), 4444), talkOf{app: "talk", last: 20 * minute, up: 90_000, down: 900})
	w.say("talk", at+19*minute, f, &proto.Talk{First: event.Client, Turns: 40, Messages: [2]int64{20, 20}, Bytes: [2]int64{90_000, 900}, Class: [2]string{"text", "text"}, Printable: [2]float64{.99, .99},
		Shell: []string{"windows-banner", "windows-prompt"}, ShellSide: "client", Commands: [2]int64{0, 6}})
}

func (w *week) selfMade(at int64, pc netip.Addr) {
	server := service(netip.AddrFrom4([4]byte{45, 9, 148, 20}), 8443)
	for n := range int64(60) {
		t := at + n*5*minute + w.r.Int64N(60*second)
		f := w.talk(t, pc, server, talkOf{app: "tls", last: second, up: 900, down: 900})
		w.say("tls", t+second/2, f, &proto.TLS{Established: true, Hello: proto.ClientHello{JA3: "other"}, Server: []proto.Certificate{{Subject: "CN=localhost", Issuer: "CN=localhost", SelfSigned: true,
			NotBefore: at - 2*day, NotAfter: at + 3650*day, Serial: "0A"}}})
	}
}

func (w *week) collects(at int64, pc netip.Addr) {
	f := w.talk(at, pc, service(w.server(dcTwo), 389), talkOf{app: "ldap", last: 5 * minute, up: 20_000, down: 9_000_000})
	for n, filter := range []string{"(samaccounttype=805306368)", "(samaccounttype=805306369)", "(&(objectcategory=person)(useraccountcontrol:1.2.840.113556.1.4.803:=4194304))", "(admincount=1)", "(objectclass=trusteddomain)"} {
		w.say("ldap", at+int64(n)*10*second, f, &proto.LDAP{Operation: "search", Base: "dc=zorg,dc=local", Scope: "sub", Filter: filter, Attributes: []string{"ntsecuritydescriptor"}, Results: 2000})
	}
}

func (w *week) spreads(at int64, pc netip.Addr) {
	for n := range 6 {
		t, target := at+int64(n)*minute, w.office[500+n*3]
		f := w.talk(t, pc, service(target, 445), talkOf{app: "smb", last: minute, up: 900_000, down: 90_000})
		w.logon(t, f, "smb", "ntlm", "beheerder", event.Success)
		w.say("smb", t+second, f, closed("C$", `Windows\Temp\w.exe`, 0, 400_000, "exe-pe"))
		w.call(t+5*second, pc, target, "", "IWbemServices", "ExecMethod")
	}
}

func (w *week) coerces(at int64, pc netip.Addr) {
	dc := w.server(dcTwo)
	w.call(at, pc, dc, "efsrpc", "efsrpc", "EfsRpcOpenFileRaw")
	w.talk(at+2*second, dc, service(pc, 445), talkOf{app: "smb", last: second, up: 3000, down: 2000})
}

func (w *week) grabs(at int64, pc netip.Addr) {
	w.web(at, pc, "s3", "opslag-van-een-ander.nl", 6_000_000_000, 4_000_000, 70*minute)
}

// slowBeacon strays by half of its half hour, to a place that looks like any other.
func (w *week) slowBeacon(at int64, pc netip.Addr) {
	w.beacons(at, pc, "weerbericht-lokaal.nl", 30*minute, .5, 90)
}
