package pipeline

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// officeHour is an hour of the workstations: people log on in the morning, work in
// the patient record, read mail, browse, print and open files.
func (w *week) officeHour() {
	busy := w.busy()
	for i, pc := range w.office {
		night := i%10 == 0 // wards: used and on day and night
		share := busy
		if night {
			share = max(share, .3)
		}
		on := share > .3 || i%3 == 0 // a third is never switched off
		if !on {
			continue
		}
		if start := 6 + i%4; w.weekday() < 5 && w.clockHour() == start || night && w.clockHour()%8 == 7 {
			w.morning(pc, i)
		}
		w.background(pc, i)
		for range w.times(4 * share) {
			host, domain := "www", w.site()
			w.web(w.at(), pc, host, domain, 2000+w.size(2000), w.size(60_000), int64(1+w.r.IntN(60))*second)
		}
		for range w.times(3 * share) {
			w.talk(w.at(), pc, service(w.server(epd), 443), talkOf{app: "tls", last: int64(5+w.r.IntN(300)) * second, up: w.size(8000), down: w.size(90_000)})
		}
		for range w.times(1 * share) {
			w.openFile(pc, i)
		}
		for range w.times(.4 * share) {
			w.printPage(pc)
		}
	}
}

// morning is what a computer and a person do when they begin.
func (w *week) morning(pc netip.Addr, i int) {
	at, user := w.at(), fmt.Sprintf("medewerker%d", i)
	for range w.r.IntN(14) / 12 * (1 + w.r.IntN(2)) { // mistyped, now and then twice
		w.ticket(at-20*second, pc, user, "", false)
	}
	w.ticket(at, pc, user, "", true)
	w.ticket(at, pc, fmt.Sprintf("PC%04d$", i), "", true)
	for n, s := range []string{"cifs/files.zorg.local", "ldap/dc1.zorg.local", "cifs/dc1.zorg.local", "host/pc.zorg.local", "exchangeMDB/mail.zorg.local"} {
		w.ticket(at+int64(n)*second, pc, user, s, true)
	}
	dc := w.server(dcOne + i%2)
	f := w.talk(at+second, pc, service(dc, 389), talkOf{app: "ldap", last: 20 * second, up: 3000, down: 9000})
	w.say("ldap", at+2*second, f, &proto.LDAP{Operation: "search", Scope: "base", Filter: "(objectclass=*)", Attributes: []string{"netlogon"}, Results: 1})
	w.say("ldap", at+3*second, f, &proto.LDAP{Operation: "search", Base: "cn=policies,cn=system,dc=zorg,dc=local", Scope: "one", Filter: "(|(distinguishedname=cn=a)(distinguishedname=cn=b))", Attributes: []string{"ntsecuritydescriptor", "gpcfilesyspath"}, Results: 14})
	s := w.talk(at+4*second, pc, service(dc, 445), talkOf{app: "smb", last: 30 * second, up: 9000, down: 60_000})
	w.logon(at+4*second, s, "smb", "kerberos", user, event.Success)
	for n := range 6 {
		w.say("smb", at+int64(5+n)*second, s, closed("SYSVOL", fmt.Sprintf(`zorg.local\Policies\{%d}\gpt.ini`, n), 60, 0, "text"))
	}
	w.call(at+5*second, pc, dc, "netlogon", "netlogon", "NetrLogonGetCapabilities")
	w.call(at+6*second, pc, dc, "lsass", "lsarpc", "LsarLookupNames4")
	w.call(at+7*second, pc, w.server(files), "", "netdfs", "NetrDfsGetInfo")
	w.call(at+7*second, pc, w.server(printServer), "spoolss", "spoolss", "RpcGetPrinter")
	w.call(at+8*second, pc, w.server(printServer), "spoolss", "spoolss", "RpcRemoteFindFirstPrinterChangeNotificationEx")
	// the spooler calls back with what happens to the printers
	w.talk(at+9*second, w.server(printServer), service(pc, 49668), talkOf{app: "dcerpc", last: 200_000_000, up: 600, down: 300})
}

// background is what programs do of their own accord: telemetry of the protection,
// checks of the system, time, mail that waits.
func (w *week) background(pc netip.Addr, i int) {
	const period = 30 * minute
	phase := int64(i) * 7919 * 1_000_000 % period
	for n := range int64(2) {
		w.web(w.begin+n*period+phase+w.r.Int64N(60*second)-30*second, pc, "eu-telemetry", "eindpuntbeveiliging.com", 3000, 800, 2*second)
	}
	for _, name := range []string{"settings-win", "v10.events", "ctldl"} {
		for range w.times(.2) {
			w.web(w.at(), pc, name, "besturing.com", 1500, 4000, 2*second)
		}
	}
	if w.times(.1) > 0 { // a computer's own ticket lasts ten hours
		w.ticket(w.at(), pc, fmt.Sprintf("PC%04d$", i), "", true)
	}
	if w.times(.4) > 0 {
		w.talk(w.at(), pc, service(w.server(dcOne+i%2), 123), talkOf{app: "ntp", number: udpNumber, up: 48, down: 48})
	}
	w.talk(w.begin+phase, pc, service(w.server(mailServer), 443), talkOf{app: "tls", last: 50 * minute, up: w.size(40_000), down: w.size(300_000)})
	if i%40 == 7 { // a small program of few: asks its maker for news each half hour
		for n := range int64(2) {
			w.web(w.begin+n*30*minute+phase, pc, "update", fmt.Sprintf("programma%d.nl", i/200), 900, 1200, second)
		}
	}
}

// openFile reads, or saves, a document of the department.
func (w *week) openFile(pc netip.Addr, i int) {
	at := w.at()
	f := w.talk(at, pc, service(w.server(files+i%2), 445), talkOf{app: "smb", last: 5 * minute, up: w.size(30_000), down: w.size(200_000)})
	w.logon(at, f, "smb", "kerberos", fmt.Sprintf("medewerker%d", i), event.Success)
	for n := range 1 + w.r.IntN(4) {
		r := closed("afdeling", fmt.Sprintf(`team%d\stuk%d.docx`, i%60, w.r.IntN(4000)), int64(w.size(90_000)), 0, "zip")
		if w.r.IntN(3) == 0 {
			r = closed("afdeling", fmt.Sprintf(`team%d\stuk%d.docx`, i%60, w.r.IntN(4000)), 0, int64(w.size(90_000)), "zip")
			r.Entropy = 7.9
			w.say("smb", at+int64(n)*10*second+second, f, &proto.SMB{Command: "rename", Version: 2, Status: "STATUS_SUCCESS", Share: "afdeling", ShareType: "disk", Path: r.Path + ".tmp", NewPath: r.Path})
		}
		w.say("smb", at+int64(n)*10*second, f, r)
	}
}

func (w *week) printPage(pc netip.Addr) {
	at := w.at()
	for n, operation := range []string{"RpcOpenPrinterEx", "RpcStartDocPrinter", "RpcWritePrinter", "RpcEndDocPrinter"} {
		w.call(at+int64(n)*second, pc, w.server(printServer), "spoolss", "spoolss", operation)
	}
	w.talk(at+5*second, w.server(printServer), service(w.pick(w.printers), 9100), talkOf{last: 20 * second, up: w.size(300_000), down: 200})
}
