package pipeline

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// intrusion is one attack: who it comes from, and what happens from a time on.
type intrusion struct {
	name  string
	at    int64 // ns after the week's begin
	who   int   // place in house.office
	lasts int64 // ns
	play  func(*week, int64, netip.Addr)
}

// intrusions are spread over the week; with one day alone they all happen in it.
var intrusions = []intrusion{
	{"phishing to exfiltration", 9 * hour, 101, 10 * hour, (*week).phishing},
	{"password spray", 22 * hour, 102, hour, (*week).sprays},
	{"DNS tunnel", 34 * hour, 103, 2 * hour, (*week).dnsTunnels},
	{"ransomware", 50 * hour, 104, hour, (*week).encrypts},
	{"titles guessed at the archive", 58 * hour, 105, hour, (*week).guessesTitles},
	{"controllers stopped", 60 * hour, 106, hour, (*week).stops},
	{"Kerberoasting", 66 * hour, 107, hour, (*week).roasts},
	{"DCSync", 75 * hour, 108, hour, (*week).copiesDirectory},
	{"search for file servers", 80 * hour, 109, hour, (*week).searches},
	{"passwords guessed over SSH", 84 * hour, 110, hour, (*week).guessesSSH},
	{"ICMP tunnel", 90 * hour, 111, 2 * hour, (*week).pings},
	{"made-up names", 97 * hour, 112, 2 * hour, (*week).madeUpNames},
	{"mining", 103 * hour, 113, 4 * hour, (*week).mines},
	{"shell on a socket", 108 * hour, 114, hour, (*week).shells},
	{"implant with a self-made certificate", 112 * hour, 115, 6 * hour, (*week).selfMade},
	{"domain collected by LDAP", 121 * hour, 116, hour, (*week).collects},
	{"spread by WMI", 127 * hour, 117, hour, (*week).spreads},
	{"server made to log on", 132 * hour, 118, hour, (*week).coerces},
	{"smash and grab", 140 * hour, 119, 2 * hour, (*week).grabs},
	{"slow beacon", 30 * hour, 120, 40 * hour, (*week).slowBeacon},
}

// beacons call a place of their own like a timer does.
func (w *week) beacons(at int64, client netip.Addr, domain string, period int64, jitter float64, n int) {
	for range n {
		w.web(at, client, "cdn", domain, 700, 400, second)
		at += period + int64(jitter*float64(period)*(w.r.Float64()-.5))
	}
}

func (w *week) phishing(at int64, pc netip.Addr) {
	w.web(at, pc, "facturen", "betaalportaal-zorg.nl", 3000, 400_000, 10*second)
	w.beacons(at+minute, pc, "kantoorwolk-sync.nl", 60*second, .3, 540)
	dc := w.server(dcOne)
	for n, operation := range []string{"SamrEnumerateUsersInDomain", "SamrEnumerateGroupsInDomain", "SamrGetMembersInGroup"} {
		w.call(at+2*hour+int64(n)*10*second, pc, dc, "samr", "samr", operation)
	}
	for _, n := range []int{401, 402} {
		w.psexec(at+3*hour+int64(n)*second, pc, w.office[n])
	}
	w.web(at+5*hour, pc, "up", "bestandswolk-tijdelijk.nl", 2_500_000_000, 900_000, 30*minute)
}

func (w *week) psexec(at int64, pc, target netip.Addr) {
	f := w.talk(at, pc, service(target, 445), talkOf{app: "smb", last: minute, up: 900_000, down: 90_000})
	w.logon(at, f, "smb", "ntlm", "beheerder", event.Success)
	w.say("smb", at+second, f, closed("ADMIN$", "hulp.exe", 0, 400_000, "exe-pe"))
	for n, operation := range []string{"OpenSCManagerW", "CreateServiceW", "StartServiceW"} {
		w.say("rpc", at+int64(2+n)*second, f, &proto.RPC{Interface: "svcctl", Operation: operation, Status: "ok", Pipe: "svcctl", HasReturned: true})
	}
}

func (w *week) sprays(at int64, pc netip.Addr) {
	for n := range 40 {
		w.ticket(at+int64(n)*20*second, pc, fmt.Sprintf("medewerker%d", 300+n), "", false)
	}
}

func (w *week) dnsTunnels(at int64, pc netip.Addr) {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	for n := range 1500 {
		var b strings.Builder
		for range 50 {
			b.WriteByte(letters[w.r.IntN(len(letters))])
		}
		w.ask(at+int64(n)*3*second, pc, b.String(), "t-kanaal.nl", "TXT", "NOERROR")
	}
}

func (w *week) encrypts(at int64, pc netip.Addr) {
	f := w.talk(at, pc, service(w.server(files), 445), talkOf{app: "smb", last: 20 * minute, up: 4e9, down: 4e9})
	for n := range 300 {
		path := fmt.Sprintf(`team%d\stuk%d.%s`, n%20, n, []string{"docx", "xlsx", "pdf", "txt"}[n%4])
		r := closed("afdeling", path, 40_000, 40_000, "")
		r.Entropy, r.ReadEntropy = 7.99, 5
		w.say("smb", at+int64(n)*2*second, f, r)
		w.say("smb", at+int64(n)*2*second+second, f, &proto.SMB{Command: "rename", Version: 2, Status: "STATUS_SUCCESS", Share: "afdeling", ShareType: "disk", Path: path, NewPath: path + ".locked"})
	}
}

func (w *week) guessesTitles(at int64, pc netip.Addr) {
	for n, title := range []string{"PACS1", "ARCHIVE", "ORTHANC", "DCM4CHEE", "STORESCP", "AE_TITLE", "SERVER", "IMPAX"} {
		t := at + int64(n)*20*second
		f := w.talk(t, pc, service(w.server(pacs), 104), talkOf{app: "dicom", last: second, up: 300, down: 100})
		w.say("dicom", t+second, f, &proto.DICOM{Kind: "association", Calling: "FINDSCU", Called: title, Result: "rejected", Reason: "called-ae-not-recognized"})
	}
}

func (w *week) stops(at int64, pc netip.Addr) {
	for i, c := range w.controllers[:min(6, len(w.controllers))] {
		t := at + int64(i)*30*second
		f := w.talk(t, pc, service(c, 47808), talkOf{app: "bacnet", number: udpNumber, last: 5 * second, up: 900, down: 900})
		w.say("ot", t+second, f, controlled("ReinitializeDevice", "state", 1))
	}
}

func (w *week) roasts(at int64, pc netip.Addr) {
	for n := range 25 {
		t := at + int64(n)*second
		f := w.talk(t, pc, service(w.server(dcOne), 88), talkOf{app: "kerberos", last: second, up: 1400, down: 1500})
		w.say("kerberos", t+second/2, f, &proto.Kerberos{Request: "TGS", Answer: "TGS-REP", Client: "medewerker107", Realm: "ZORG.LOCAL", Service: fmt.Sprintf("MSSQLSvc/db%d.zorg.local", n), Offered: []int32{23}, Ticket: 23, Reply: 23, TGT: 18, Error: -1})
	}
}

func (w *week) copiesDirectory(at int64, pc netip.Addr) {
	for n := range int64(4) {
		w.call(at+n*second, pc, w.server(dcOne), "", "drsuapi", "DRSGetNCChanges")
	}
}

func (w *week) searches(at int64, pc netip.Addr) {
	for n := range 120 {
		w.fail(at+int64(n)*second, pc, service(netip.AddrFrom4([4]byte{10, 20, 3, byte(n + 100)}), 445), tcpNumber, n%3 == 0)
	}
}

func (w *week) guessesSSH(at int64, pc netip.Addr) {
	for n := range 60 {
		t := at + int64(n)*4*second
		f := w.talk(t, pc, service(w.server(intranet), 22), talkOf{app: "ssh", last: 3 * second, up: 2000, down: 2000})
		w.logon(t+second, f, "ssh", "password", "root", event.Failure)
	}
}
