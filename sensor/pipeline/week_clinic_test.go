package pipeline

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// clinicHour is an hour of what is peculiar to a hospital.
func (w *week) clinicHour() {
	w.imaging()
	w.messages()
	w.bedside()
	w.climate()
	w.maintenance()
}

// association adds one to the archive, with what was asked.
func (w *week) association(at int64, client netip.Addr, calling, operation, to string, n int64) {
	f := w.talk(at, client, service(w.server(pacs), 104), talkOf{app: "dicom", last: 20 * second, up: uint64(n) * 2000, down: uint64(n) * 4000})
	w.say("dicom", at+second, f, &proto.DICOM{Kind: "association", Calling: calling, Called: "PACS", Result: "accepted"})
	w.say("dicom", at+19*second, f, &proto.DICOM{Kind: "operation", Calling: calling, Called: "PACS", Operation: operation, Destination: to, Requests: n, Succeeded: n, Matches: n})
}

// imaging: modalities ask for their work and store studies, people look at them,
// and before the day begins the archive's prefetch puts ready what was planned.
func (w *week) imaging() {
	for i, m := range w.modalities {
		title := fmt.Sprintf("MOD%02d", i)
		for n := range int64(4) { // worklist
			w.association(w.begin+n*15*minute+int64(i)*second, m, title, "c-find", "", 1)
		}
		for range w.times(3 * w.busy()) {
			w.association(w.at(), m, title, "c-store", "", int64(20+w.r.IntN(400)))
		}
	}
	for i, pc := range w.office[:len(w.office)/20] { // radiologists and wards
		for range w.times(6 * w.busy()) {
			at, title := w.at(), fmt.Sprintf("VIEW%02d", i)
			w.association(at, pc, title, "c-find", "", int64(1+w.r.IntN(4)))
			w.association(at+10*second, pc, title, "c-move", title, int64(1+w.r.IntN(3)))
		}
	}
	if w.clockHour() == 5 {
		for n := range int64(60) {
			w.association(w.begin+n*30*second, w.server(proxyless), "PREFETCH", "c-move", "CACHE", int64(5+w.r.IntN(10)))
		}
	}
	if w.weekday() == 2 && w.clockHour() == 10 { // a device that was set up with the wrong title
		for n := range int64(6) {
			f := w.talk(w.begin+n*minute, w.modalities[0], service(w.server(pacs), 104), talkOf{app: "dicom", last: second, up: 300, down: 100})
			w.say("dicom", w.begin+n*minute+second, f, &proto.DICOM{Kind: "association", Calling: "MOD0", Called: fmt.Sprintf("PACS%d", n/3), Result: "rejected", Reason: "called-ae-not-recognized"})
		}
	}
}

// messages: the systems tell each other of patients, by conversations that stay.
func (w *week) messages() {
	for n, from := range []int{epd, laboratory, pacs} {
		f := w.talk(w.begin+int64(n)*second, w.server(from), service(w.server(hl7Bus), 2575), talkOf{app: "hl7", last: 59 * minute, up: 900_000, down: 90_000})
		for count := 1; count <= 512; count *= 2 {
			w.say("hl7", w.begin+int64(count)*5*second, f, message([]string{"EPD", "LIS", "RIS"}[n], []string{"ADT^A08", "ORU^R01", "ORM^O01"}[n], count))
		}
	}
}

// bedside: monitors and pumps report to their station on ports of the maker's own.
func (w *week) bedside() {
	for i, m := range w.medical {
		station := service(w.server(proxyless+1+i%3), uint16(9600+i%3))
		for n := range int64(4) {
			at := w.begin + n*15*minute + int64(i)*second
			f := w.talk(at, m, station, talkOf{app: "talk", last: 2 * second, up: 400, down: 40})
			w.say("talk", at+2*second, f, &proto.Talk{Turns: 2, Messages: [2]int64{2, 1}, Bytes: [2]int64{400, 40}, Class: [2]string{"binary", "binary"}, Frame: [2]string{"binary", "binary"}, Entropy: [2]float64{5, 3}})
		}
		if w.times(.01) > 0 { // off the network for a while: the station asks for it in vain
			for n := range int64(5) {
				w.fail(w.at()+n*20*second, station.Addr(), service(m, 9601), tcpNumber, false)
			}
		}
	}
}

// climate: the building's master polls its controllers and sets values by the clock.
func (w *week) climate() {
	master := w.server(building)
	for i, c := range w.controllers {
		app, on, number := "bacnet", uint16(47808), uint8(udpNumber)
		if i%3 == 0 {
			app, on, number = "modbus", 502, tcpNumber
		}
		f := w.talk(w.begin+int64(i)*second, master, service(c, on), talkOf{app: app, number: number, last: 58 * minute, up: 80_000, down: 120_000})
		for n := 1; n <= 256; n *= 2 {
			w.say("ot", w.begin+int64(i)*second+int64(n)*12*second, f, controlled("ReadProperty", "read", n))
		}
		if h := w.clockHour(); h == 6 || h == 19 {
			w.say("ot", w.begin+20*minute+int64(i)*second, f, controlled("WriteProperty", "write", 1))
		}
	}
}

// maintenance: makers keep an eye on their devices, and come in to repair them.
func (w *week) maintenance() {
	for i, m := range w.modalities {
		at := w.begin + int64(i*83)*second
		for n := range int64(4) { // three makers; the last device is the only one of its kind
			maker := []string{"maker-een.com", "maker-twee.com", "maker-drie.com"}[i%3]
			if i == len(w.modalities)-1 {
				maker = "zeldzaam-toestel.com"
			}
			w.web(at+n*15*minute+w.r.Int64N(40*second), m, "remote", maker, 4000, 1500, 5*second)
		}
	}
	if w.weekday()%3 == 1 && w.clockHour() == 11 {
		at, m := w.at(), w.modalities[w.weekday()]
		engineer := outside("vpn.maker-een.com")
		w.talk(at, engineer, service(w.server(help), 443), talkOf{app: "tls", last: 50 * minute, up: 2_000_000, down: 30_000_000})
		f := w.talk(at+2*minute, w.server(help), service(m, 5900), talkOf{app: "vnc", last: 40 * minute, up: 800_000, down: 20_000_000})
		w.say("vnc", at+2*minute, f, &proto.VNC{Version: [2]string{"3.8", "3.8"}, Offered: []string{"vnc"}, Chosen: "vnc", Result: "ok"})
		w.logon(at+2*minute, f, "vnc", "vnc", "", event.Success)
		g := w.talk(at+5*minute, w.server(help), service(m, 21), talkOf{app: "ftp", last: 5 * minute, up: 500, down: 900})
		w.say("auth", at+5*minute, g, &event.Login{Protocol: "ftp", Method: "password", User: "service", Outcome: event.Success, Clear: true})
	}
}
