package detect

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// talk looks at a conversation in a protocol that no parser reads.
func (c *c2) talk(e *event.Event, report Report) {
	f, r := e.Flow, e.Data
	place := placeOf(c.env, f.Server.Addr())
	if s := implantSigns(r); s != 0 {
		k := c2Key{f.Client.Addr(), place, f.Server.Port(), c2Implant}
		ch := c.channel(e, k)
		ch.signs |= s
		c.judge(e, k, ch, c.env.Know.Entity(f.Client.Addr()), c.env.Know.Entity(f.Server.Addr()), report)
	}
	if telnet(f.Server.Port()) || event.TextOf(r, "brandmelder.talk.client.class") == "telnet" || event.TextOf(r, "brandmelder.talk.server.class") == "telnet" {
		return // a shell by its own right
	}
	if s := shellSigns(r); s != 0 {
		k := c2Key{f.Client.Addr(), place, f.Server.Port(), c2Shell}
		ch := c.channel(e, k)
		ch.signs |= s
		held, other := f.Client.Addr(), f.Server.Addr()
		if event.TextOf(r, "brandmelder.talk.shell_side") == "server" {
			held, other = other, held
		}
		c.judge(e, k, ch, c.env.Know.Entity(held), c.env.Know.Entity(other), report)
	}
	if f.Proto == 6 && !f.MidStream && c.outward(f) {
		c.lone(e, place, report)
	}
}

func telnet(port uint16) bool { return port == 23 || port == 992 || port == 2323 }

// shellSigns weighs the shapes of a shell. A banner, a prompt of Windows and what a
// shell says when it starts on a socket stand alone; others need a dialogue, for
// logs quote them.
func shellSigns(r event.Record) signs {
	shapes, side := event.TextsOf(r, "brandmelder.talk.shell"), event.TextOf(r, "brandmelder.talk.shell_side")
	printable, commands := event.ShareOf(r, "brandmelder.talk.client.printable"), event.NumberOf(r, "brandmelder.talk.server.commands")
	if side == "server" {
		printable, commands = event.ShareOf(r, "brandmelder.talk.server.printable"), event.NumberOf(r, "brandmelder.talk.client.commands")
	}
	has := func(s string) bool { return slices.Contains(shapes, s) }
	if len(shapes) == 0 || printable < .85 { // a shell's output is text
		return 0
	}
	var s signs
	if has("windows-banner") || has("windows-prompt") || has("powershell-prompt") {
		s |= signWindowsShell
	}
	weight := 0
	for _, shape := range []string{"unix-prompt", "unix-id", "listing", "shell-error"} {
		if has(shape) {
			weight++
		}
	}
	if event.NumberOf(r, "brandmelder.talk.turns") > 0 && weight > 0 && weight+int(min(commands, 2)) >= 3 || has("shell-start") {
		s |= signUnixShell
	}
	if s != 0 && side == "client" {
		s |= signCallerShell
	}
	return s
}

// implantSigns are shapes that known kinds of implants give themselves away by:
// staged payloads of Metasploit, packets of the Gh0st family, fields of njRAT, the
// check-in with a description of the machine that most families begin with.
func implantSigns(r event.Record) signs {
	var s signs
	for _, shape := range event.TextsOf(r, "brandmelder.talk.shapes") {
		switch shape {
		case "stage":
			s |= signStage
		case "zlib-frame":
			s |= signZlibFrame
		case "tick-bar":
			s |= signTickBar
		case "survey":
			s |= signSurvey
		case "bot-order":
			s |= signBotOrder
		case "bot-hello":
			s |= signBotHello
		}
	}
	return s
}

// lone looks for a conversation that only one host here has with one place outside,
// in an unknown protocol. Games, calls and file sharing are many such at once.
func (c *c2) lone(e *event.Event, place string, report Report) {
	f, r := e.Flow, e.Data
	if event.NumberOf(r, "brandmelder.talk.client.messages") == 0 {
		return
	}
	peers, _ := c.peers.Touch(f.Client.Addr(), e.Time)
	peers.add(f.Server.Addr())
	alone := c.alone(place, f.Client.Addr(), e.Time)
	if usual(f.Server.Port()) || readable(event.TextOf(r, "brandmelder.talk.client.class")) || readable(event.TextOf(r, "brandmelder.talk.server.class")) {
		return
	}
	k := c2Key{f.Client.Addr(), place, f.Server.Port(), c2Lone}
	ch := c.channel(e, k)
	ch.signs |= loneSigns(r) | signOddPort | ch.checkIn(e, place)
	if e.Time-f.Start >= c2Long {
		ch.signs |= signLong
	}
	if nameless(f, place) {
		ch.signs |= signNoName
	}
	if alone && peers.n <= c2Few {
		c.judge(e, k, ch, c.env.Know.Entity(f.Client.Addr()), c.env.Know.Entity(f.Server.Addr()), report)
	}
}

// c2CheckIns is how often a conversation must begin alike: regular needs as many
// distances, and five like ones in a row are no accident.
const c2CheckIns = 6

// checkIn weighs how conversations of a channel resemble each other. An implant
// whose controller is away says the same opaque greeting at the beat of a timer and
// is not answered. What has a name may be a device that its maker forgot.
func (ch *c2Channel) checkIn(e *event.Event, place string) (s signs) {
	r := e.Data
	sizes := event.NumbersOf(r, "brandmelder.talk.sizes")
	if len(sizes) == 0 || event.TextOf(r, "brandmelder.talk.first") != "client" || event.TextOf(r, "brandmelder.talk.client.class") != "binary" {
		return 0
	}
	ch.open(e.Flow, sizes[0])
	if !nameless(e.Flow, place) || ch.opening.n < c2CheckIns {
		return 0
	}
	s |= signSameOpening
	if ch.regular() {
		s |= signRegular
	}
	if event.NumberOf(r, "brandmelder.talk.server.messages") == 0 {
		s |= signUnanswered
	}
	return s
}

// readable are classes of a protocol that has a name.
func readable(class string) bool {
	return slices.Contains([]string{"tls-record", "http", "xml", "mqtt", "openvpn"}, class)
}

func loneSigns(r event.Record) signs {
	var s signs
	client, server := event.TextOf(r, "brandmelder.talk.client.class"), event.TextOf(r, "brandmelder.talk.server.class")
	frames := [2]string{event.TextOf(r, "brandmelder.talk.client.frame"), event.TextOf(r, "brandmelder.talk.server.frame")}
	switch {
	case slices.Contains(frames[:], "decimal"):
		s |= signDecimal
	case slices.Contains(frames[:], "binary"):
		s |= signFramed
	}
	if event.TextOf(r, "brandmelder.talk.first") == "server" && server != "text" {
		s |= signServerFirst
	}
	if client == "binary" && server == "binary" {
		s |= signOpaque
	}
	if slices.Contains(event.TextsOf(r, "brandmelder.talk.shapes"), "hex-text") {
		s |= signHexText
	}
	if slices.Contains(event.TextsOf(r, "brandmelder.talk.shapes"), "bare-endpoint") {
		s |= signBareEndpoint
	}
	if steady(event.NumbersOf(r, "brandmelder.talk.gaps"), 2000, .1) { // ms
		s |= signKeepAlive
	}
	return s
}

// usualPorts belong to protocols that programs people install speak to the outside
// without a parser here: mail, chat and push, remote support, voice and video,
// databases, VPNs. What is on them has another detector or a name.
var usualPorts = []uint16{
	20, 21, 22, 25, 43, 53, 80, 110, 119, 143, 194, 443, 465, 554, 563, 587, 636, 853, 873, 989, 990, 993, 995,
	1080, 1194, 1433, 1494, 1521, 1701, 1723, 1863, 1883, 1935, 2598, 2775, 3128, 3306, 3389, 3478, 3479, 4070, 4172, 4443, 4500,
	5050, 5060, 5061, 5190, 5222, 5223, 5228, 5229, 5230, 5242, 5269, 5349, 5432, 5671, 5672, 5900, 5938, 6568, 6667, 6697,
	7070, 8080, 8443, 8801, 8802, 8883, 9100, 9418, 11371, 19302, 21116, 21117,
}

func usual(port uint16) bool {
	return slices.Contains(usualPorts, port) || port >= 6881 && port <= 6999
}
