package pipeline

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// serverHour is an hour of the servers and of those who keep them in order.
func (w *week) serverHour() {
	w.directory()
	w.backups()
	w.updates()
	w.distribution()
	w.watching()
	w.scanning()
	w.databases()
	w.mail()
	w.helpdesk()
	w.developers()
}

// directory: the controllers copy from each other and ask the world's name servers,
// and a synchronisation reads all users at night.
func (w *week) directory() {
	one, two := w.server(dcOne), w.server(dcTwo)
	for n := range int64(4) {
		at := w.begin + n*15*minute
		for _, p := range [][2]netip.Addr{{one, two}, {two, one}} {
			f := w.talk(at, p[0], service(p[1], 49667), talkOf{app: "dcerpc", last: 5 * second, up: 4000, down: 60_000})
			w.say("auth", at, f, &event.Login{Protocol: "dcerpc", Method: "kerberos", User: "DC$", Domain: "ZORG", Outcome: event.Success, Service: "E3514235-4B06-11D1-AB04-00C04FC2DCD2/guid/zorg.local"})
			w.say("rpc", at+second, f, &proto.RPC{Interface: "drsuapi", Operation: "DRSGetNCChanges", Status: "ok", AuthType: "kerberos", AuthLevel: "privacy", HasReturned: true})
		}
		w.ticket(at, two, "DC2$", "ldap/dc1.zorg.local", true)
		f := w.talk(at, one, service(two, 88), talkOf{app: "kerberos", last: second, up: 1400, down: 1500})
		w.say("kerberos", at+second, f, &proto.Kerberos{Request: "TGS", Answer: "TGS-REP", Client: "DC1$", Realm: "ZORG.LOCAL", Service: "ldap/dc2.zorg.local", Offered: []int32{18}, Ticket: 18, Reply: 18, TGT: 18, Error: -1})
	}
	for range 200 {
		at := w.at()
		f := w.talk(at, one, service(netip.AddrFrom4([4]byte{9, 9, 9, byte(9 + w.r.IntN(2))}), 53), talkOf{app: "dns", number: udpNumber, last: 20_000_000, up: 70, down: 200})
		domain := w.site()
		w.say("dns", at+20_000_000, f, &proto.DNS{Asked: true, Answered: true, Questions: 1, QType: "A", QClass: "IN", RCode: "NOERROR", Suffix: -1, Query: proto.DNSName{Text: "www." + domain, Domain: domain, TLD: "nl", Subdomain: "www", Length: 20, Longest: 12}})
	}
	if w.clockHour() == 3 {
		f := w.talk(w.begin+600*second, w.server(intranet), service(one, 389), talkOf{app: "ldap", last: 3 * minute, up: 9000, down: 8_000_000})
		w.say("ldap", w.begin+620*second, f, &proto.LDAP{Operation: "search", Base: "dc=zorg,dc=local", Scope: "sub", Filter: "(&(objectcategory=person)(objectclass=user)(mail=*))", Attributes: []string{"mail", "displayname"}, Results: 3200})
		w.say("ldap", w.begin+700*second, f, &proto.LDAP{Operation: "search", Base: "dc=zorg,dc=local", Scope: "sub", Filter: "(objectclass=group)", Attributes: []string{"cn", "member"}, Results: 900})
	}
}

// backups of each server at night, and a copy of the day's changes to a safe outside.
func (w *week) backups() {
	h := w.clockHour()
	if h == 1 || h == 2 {
		for i := range w.servers[:30] {
			w.talk(w.at(), w.servers[i], service(w.server(backup), 10006), talkOf{last: int64(20+w.r.IntN(60)) * minute, up: w.size(12e9), down: w.size(4e6)})
		}
	}
	if h == 4 {
		a := w.resolve(w.begin, w.server(backup), "kluis", "reservekopie.nl")
		w.talk(w.begin+second, w.server(backup), service(a, 443), talkOf{app: "tls", last: 2 * hour, up: w.size(40e9), down: 9_000_000})
	}
}

// updates of Windows: computers fetch them from the house's own server, and pass
// them on to each other.
func (w *week) updates() {
	if w.weekday() != 2 && w.weekday() != 3 {
		return
	}
	for i, pc := range w.office {
		if i%24 != w.clockHour() {
			continue
		}
		for n := range 3 {
			w.page(w.at(), pc, service(w.server(wsus), 8530), proto.HTTP{Host: "wsus.zorg.local", Port: 8530, Path: fmt.Sprintf("/content/%d/update.exe", n), Extension: "exe", UserAgent: "Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.50",
				Type: [2]string{"", "application/octet-stream"}, Body: [2]int64{0, 90_000_000}, Class: [2]string{"", "exe-pe"}})
			w.talk(w.at(), pc, service(w.pick(w.office), 7680), talkOf{app: "talk", last: 20 * second, up: 4000, down: w.size(3e7)})
		}
		for range 2 { // a neighbour that is off
			w.fail(w.at(), pc, service(w.pick(w.office), 7680), tcpNumber, false)
		}
	}
}

// distribution puts programs on computers by their hidden share and a service, a
// batch at a time, as the common tools for it do.
func (w *week) distribution() {
	if h := w.clockHour(); w.weekday() > 4 || h != 12 && h != 18 {
		return
	}
	for range 40 {
		at, pc := w.at(), w.pick(w.office)
		f := w.talk(at, w.server(software), service(pc, 445), talkOf{app: "smb", last: 2 * minute, up: 40_000_000, down: 90_000})
		w.logon(at, f, "smb", "kerberos", "svc-uitrol", event.Success)
		w.say("smb", at+5*second, f, closed("ADMIN$", `UitrolRunner\runner-1.exe`, 0, 900_000, "exe-pe"))
		for n, operation := range []string{"OpenSCManagerW", "CreateServiceW", "StartServiceW", "DeleteService"} {
			w.say("rpc", at+int64(8+n)*second, f, &proto.RPC{Interface: "svcctl", Operation: operation, Status: "ok", Pipe: "svcctl", AuthType: "kerberos", AuthLevel: "privacy", HasReturned: true})
		}
	}
	for range 6 { // switched off
		w.fail(w.at(), w.server(software), service(w.pick(w.office), 445), tcpNumber, false)
	}
}

// watching: the monitoring pings, asks devices by SNMP and servers by WMI and SSH.
func (w *week) watching() {
	m := w.server(monitor)
	for i, d := range append(append([]netip.Addr(nil), w.switches...), w.printers...) {
		f := w.talk(w.begin+int64(i)*second, m, service(d, 161), talkOf{app: "snmp", number: udpNumber, last: 58 * minute, up: 200_000, down: 400_000})
		w.say("snmp", w.begin+int64(i)*second, f, &proto.SNMP{Version: "2c", Operation: "get", Variables: 12, Clear: true, Messages: 12, From: "client"})
		if i%40 == 39 {
			w.fail(w.begin+30*minute, m, service(d, 161), udpNumber, false) // out of order
		}
	}
	for i, s := range w.servers {
		at := w.begin + int64(i)*7*second
		if i%2 == 0 {
			w.call(at, m, s, "", "IWbemServices", "ExecQuery")
			w.call(at+second, m, s, "svcctl", "svcctl", "EnumServicesStatusW")
			continue
		}
		f := w.talk(at, m, service(s, 22), talkOf{app: "ssh", last: 3 * second, up: 3000, down: 6000})
		w.logon(at+second, f, "ssh", "publickey", "", event.Unknown)
	}
}

// scanning looks for holes in all servers and medical devices, in one night.
func (w *week) scanning() {
	if w.weekday() != 5 || w.clockHour() > 5 {
		return
	}
	for i := range 400 {
		target := w.pick(append(append([]netip.Addr(nil), w.servers...), w.medical...))
		for range 20 {
			w.fail(w.at(), w.server(scanner), service(target, uint16(1+w.r.IntN(9000))), tcpNumber, i%2 == 0)
		}
		at := w.at()
		f := w.talk(at, w.server(scanner), service(target, 22), talkOf{app: "ssh", last: 4 * second, up: 2000, down: 2000})
		w.logon(at+second, f, "ssh", "password", "admin", event.Failure)
	}
}

// databases: sessions of the servers that stand before them.
func (w *week) databases() {
	for _, from := range []int{epd, laboratory, intranet, mailServer} {
		for range 60 {
			at := w.at()
			f := w.talk(at, w.server(from), service(w.server(epdDatabase), 1433), talkOf{app: "tds", last: int64(1+w.r.IntN(600)) * second, up: w.size(40_000), down: w.size(400_000)})
			w.say("database", at+second, f, &proto.Database{System: "tds", User: "svc-app", Name: "epd", Method: "password", TLS: true, Statements: 40})
			w.logon(at+second, f, "tds", "password", "svc-app", event.Success)
		}
	}
}

// mail comes in from everywhere, and goes out.
func (w *week) mail() {
	for range w.times(20 + 200*w.busy()) {
		at, from := w.at(), w.site()
		f := w.talk(at, outside("mx."+from), service(w.server(exchangeTwo), 25), talkOf{app: "smtp", last: 5 * second, up: w.size(60_000), down: 900})
		w.say("smtp", at+4*second, f, &proto.SMTP{Helo: "mx." + from, From: from, To: []string{"zorg.nl"}, Recipients: 1, Bytes: int64(w.size(60_000)), Reply: 250, Encrypted: true})
	}
	for range w.times(10 + 120*w.busy()) {
		at, to := w.at(), w.site()
		w.ask(at, w.server(exchangeTwo), "mx", to, "MX", "NOERROR")
		w.talk(at+second, w.server(exchangeTwo), service(outside("mx."+to), 25), talkOf{app: "smtp", last: 5 * second, up: w.size(80_000), down: 900})
	}
}
