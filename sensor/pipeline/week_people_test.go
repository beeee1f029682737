package pipeline

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// helpdesk looks over people's shoulders, and now and then restarts a service.
func (w *week) helpdesk() {
	for n := range w.times(4 * w.busy()) {
		at, pc, who := w.at(), w.pick(w.office), w.office[len(w.office)-1-n%3]
		f := w.talk(at, who, service(pc, 3389), talkOf{app: "rdp", last: 10 * minute, up: 900_000, down: 20_000_000})
		w.say("rdp", at+second, f, &proto.RDP{Requested: []string{"tls", "nla"}, Selected: "nla", User: "beheer"})
		w.logon(at+2*second, f, "rdp", "nla", "beheer", event.Success)
		if w.r.IntN(4) == 0 {
			w.call(at+3*minute, who, pc, "svcctl", "svcctl", "QueryServiceStatus")
			w.call(at+4*minute, who, pc, "svcctl", "svcctl", "StartServiceW")
		}
		if w.r.IntN(4) == 0 {
			g := w.talk(at+5*minute, who, service(pc, 445), talkOf{app: "smb", last: minute, up: 90_000, down: 900_000})
			w.say("smb", at+5*minute+second, g, closed("C$", `Windows\Logs\CBS\CBS.log`, 800_000, 0, "text"))
		}
	}
}

// developers reach machines of theirs outside by SSH, on ports of their choice.
func (w *week) developers() {
	for i, pc := range w.office[20:26] {
		for range w.times(2 * w.busy()) {
			at := w.at()
			server := service(w.resolve(at-second, pc, "bouw", fmt.Sprintf("ontwikkel%d.nl", i/2)), []uint16{22, 2222, 10022}[i%3])
			f := w.talk(at, pc, server, talkOf{app: "ssh", last: int64(1+w.r.IntN(90)) * minute, up: w.size(60_000), down: w.size(400_000)})
			w.say("ssh", at+second, f, &proto.SSH{Banner: [2]string{"SSH-2.0-OpenSSH_9.5", "SSH-2.0-OpenSSH_9.2p1"}, Kex: "curve25519-sha256", HostKey: "ssh-ed25519"})
			w.logon(at+2*second, f, "ssh", "publickey", "", event.Unknown)
		}
	}
}

// voiceHour: telephones register, and people call each other.
func (w *week) voiceHour() {
	exchange := service(w.server(proxyless+4), 5060)
	for _, phone := range w.phones {
		at := w.at()
		f := w.talk(at, phone, exchange, talkOf{app: "sip", number: udpNumber, last: second, up: 900, down: 800})
		w.say("sip", at+second, f, &proto.SIP{Method: "REGISTER", Status: 200, Agent: "Toestel/4", Names: 1})
		w.logon(at+second, f, "sip", "digest", "toestel", event.Success)
		for range w.times(2 * w.busy()) {
			w.talk(w.at(), phone, service(w.pick(w.phones), uint16(16384+2*w.r.IntN(4000))), talkOf{number: udpNumber, last: 3 * minute, up: 2_000_000, down: 2_000_000})
		}
	}
}

// guestHour: visitors and patients do what they do at home.
func (w *week) guestHour() {
	share := max(w.busy(), .15)
	for i, g := range w.guests {
		if (i+w.weekday()*31)%3 != 0 { // not here today
			continue
		}
		for range w.times(12 * share) {
			w.surf(g)
		}
		switch i % 12 {
		case 0:
			w.game(g, share)
		case 1:
			w.share(g, share)
		case 2: // a tunnel home
			if w.times(share) > 0 {
				w.talk(w.at(), g, service(outside(fmt.Sprintf("thuis%d.nl", i)), 1194), talkOf{number: udpNumber, last: 40 * minute, up: w.size(3e7), down: w.size(9e7)})
			}
		case 3: // pictures to the cloud
			if w.times(.2*share) > 0 {
				w.web(w.at(), g, "upload", "fotowolk.com", w.size(9e7), 300_000, 10*minute)
			}
		}
		f := w.talk(w.begin+int64(i)*second, g, service(outside("chat.bericht.com"), 5222), talkOf{app: "talk", last: 55 * minute, up: w.size(9000), down: w.size(20_000)})
		w.say("talk", w.begin+int64(i)*second+54*minute, f, &proto.Talk{Turns: 40, Messages: [2]int64{40, 40}, Bytes: [2]int64{9000, 20_000}, Class: [2]string{"binary", "binary"}, Entropy: [2]float64{7.9, 7.9}})
	}
}

// surf is a page over QUIC, or over TLS.
func (w *week) surf(g netip.Addr) {
	at, domain := w.at(), w.site()
	if w.r.IntN(2) == 0 {
		w.web(at, g, "www", domain, w.size(3000), w.size(90_000), 20*second)
		return
	}
	a := w.resolve(at-second, g, "www", domain)
	w.talk(at, g, service(a, 443), talkOf{app: "quic", number: udpNumber, last: 20 * second, up: w.size(4000), down: w.size(300_000)})
}

// game is a session with a server of a game, after trying which one is near.
func (w *week) game(g netip.Addr, share float64) {
	if w.times(.5*share) == 0 {
		return
	}
	at := w.at()
	for n := range int64(12) {
		w.talk(at+n*50_000_000, g, service(outside(fmt.Sprintf("spel%d.com", w.r.IntN(300))), uint16(27000+w.r.IntN(60))), talkOf{number: udpNumber, last: second, up: 60, down: 60})
	}
	w.talk(at+minute, g, service(outside(fmt.Sprintf("spel%d.com", w.r.IntN(300))), 27015), talkOf{number: udpNumber, last: 40 * minute, up: w.size(6e6), down: w.size(2e7)})
}

// share is a program that exchanges files with peers all over the world, of which
// most do not answer.
func (w *week) share(g netip.Addr, share float64) {
	if w.times(.5*share) == 0 {
		return
	}
	at := w.at()
	for n := range int64(80) {
		peer := netip.AddrPortFrom(outside(fmt.Sprintf("peer%d", w.r.IntN(1<<20))), uint16(6881+w.r.IntN(50_000)))
		if w.r.IntN(3) > 0 {
			w.fail(at+n*5*second, g, peer, []uint8{tcpNumber, udpNumber}[n%2], n%5 == 0)
			continue
		}
		w.talk(at+n*5*second, g, peer, talkOf{number: udpNumber, last: 5 * minute, up: w.size(3e6), down: w.size(3e6)})
	}
}
