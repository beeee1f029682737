package proto

import (
	"bytes"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "irc", Doc: "IRC: channels that are joined, messages counted, shapes of bots",
		Source: "RFC 1459, RFC 2812", IP: 6, Ports: []uint16{6667, 6666, 6668, 6669, 7000},
		Limit: 2 * textMaxLine, Probe: probeIRC, New: func() Parser { return &ircParser{} },
		Tables: []*event.Table{ircTable, (*event.Login)(nil).Table()},
	})
}

// IRC is a channel that was joined, an order in the manner of bots, or the end of
// a session. What people say is not in it.
type IRC struct {
	What     string // "join", "order", "end"
	Nick     string
	BotNick  bool // made of an operating system and a number
	Channel  string
	Keyed    bool   // the join gave a key
	Order    string // word of the order, of a fixed list
	Topic    bool   // the order is the channel's topic: it waits for whoever joins
	Sent     int64  // messages
	Received int64
}

// probeIRC knows the client's first commands and the server's prefixed lines.
// USER stands in FTP and POP3 too, but has four parameters only here.
func probeIRC(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return probeIRCServer(data)
	}
	for len(data) > 0 {
		if !openedBy(data, "NCUP") {
			return No
		}
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		verb, arg := words(bytes.TrimSpace(line))
		switch {
		case !whole:
			if i := bytes.IndexByte(line, ' '); i > 4 || i < 0 && len(line) > 4 {
				return No
			}
			return More
		case verb == "NICK" && arg != "" && !strings.Contains(strings.TrimPrefix(arg, ":"), " "):
			return Yes
		case verb == "CAP" && (strings.HasPrefix(arg, "LS") || strings.HasPrefix(arg, "REQ ")):
			return Yes
		case verb == "USER":
			return yesIf(len(strings.Fields(arg)) >= 4)
		case verb != "PASS":
			return No
		}
		data = rest
	}
	return More
}

func probeIRCServer(data []byte) Verdict {
	for _, notice := range []string{"NOTICE AUTH :", "NOTICE * :", "PING :"} {
		if v := startsWith(data, notice); v != No {
			return v
		}
	}
	if data[0] != ':' {
		return No
	}
	_, rest, ok := bytes.Cut(data, []byte(" "))
	if !ok || len(rest) < 7 {
		if len(data) > 128 || bytes.IndexByte(data, '\n') >= 0 {
			return No
		}
		return More
	}
	return yesIf(bytes.HasPrefix(rest, []byte("NOTICE ")) || bytes.HasPrefix(rest, []byte("001 ")) || bytes.HasPrefix(rest, []byte("020 ")) || bytes.HasPrefix(rest, []byte("CAP ")))
}

const ircMaxOrders = 32 // that are told of in a session

type ircParser struct {
	lines  [2]lineBuffer
	nick   string
	secret bool // PASS was sent and nothing came of it yet
	sent   int64
	heard  int64
	orders int
	keys   few[string, bool] // channels that the client asked for, and whether with a key
}

func (p *ircParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if whole {
			p.line(from, string(line), emit)
		}
	}
	return true
}

// line reads [:prefix] command parameters (RFC 2812, section 2.3.1).
func (p *ircParser) line(from event.Side, line string, emit func(event.Record)) {
	prefix := ""
	if rest, ok := strings.CutPrefix(line, ":"); ok {
		prefix, line, _ = strings.Cut(rest, " ")
	}
	verb, arg := words([]byte(line))
	if from == event.Client {
		p.client(verb, arg, emit)
		return
	}
	p.server(prefix, verb, arg, emit)
}

func (p *ircParser) client(verb, arg string, emit func(event.Record)) {
	switch verb {
	case "NICK":
		p.nick = printable(strings.TrimPrefix(arg[:min(len(arg), 64)], ":"))
	case "PASS":
		p.secret = arg != ""
	case "JOIN":
		p.join(arg, emit)
	case "PRIVMSG", "NOTICE":
		p.sent++
		p.message(arg, false, emit)
	default:
		// No command of the protocol; the copies of UnrealIRCd 3.2.8.1 that were
		// tampered with run what follows (CVE-2010-2075).
		if strings.HasPrefix(verb, "AB;") {
			emit(p.record(IRC{What: "backdoor"}))
		}
	}
}

// join tells of the channels that a client asks for: names and keys are two lists
// with commas.
func (p *ircParser) join(arg string, emit func(event.Record)) {
	names, keys, _ := strings.Cut(arg, " ")
	key := strings.Split(strings.TrimSpace(keys), ",")
	for i, name := range strings.SplitN(names, ",", 9) {
		name = strings.TrimPrefix(name, ":")
		if i == 8 || name == "" || name == "0" {
			return
		}
		keyed := i < len(key) && key[i] != ""
		p.keys.put(name[:min(len(name), 64)], keyed, 8)
		emit(p.record(IRC{What: "join", Channel: printable(name[:min(len(name), 64)]), Keyed: keyed}))
	}
}

func (p *ircParser) record(r IRC) *IRC {
	r.Nick, r.BotNick = p.nick, botNick(p.nick)
	return &r
}

func (p *ircParser) server(prefix, verb, arg string, emit func(event.Record)) {
	switch verb {
	case "001": // welcome: the nick that the server knows
		p.nick, _, _ = strings.Cut(arg, " ")
		p.nick = printable(p.nick[:min(len(p.nick), 64)])
		p.login(event.Success, "", emit)
	case "464": // ERR_PASSWDMISMATCH
		p.login(event.Failure, "ERR_PASSWDMISMATCH", emit)
	case "332": // RPL_TOPIC: nick channel :topic
		_, arg, _ = strings.Cut(arg, " ")
		p.message(arg, true, emit)
	case "TOPIC":
		p.message(arg, true, emit)
	case "PRIVMSG", "NOTICE":
		if strings.Contains(prefix, "!") { // of a person, not of the server
			p.heard++
			p.message(arg, false, emit)
		}
	}
}

func (p *ircParser) login(o event.Outcome, reason string, emit func(event.Record)) {
	if p.secret {
		p.secret = false
		emit(&event.Login{Protocol: "irc", Method: "password", User: p.nick, Outcome: o, Reason: reason, Clear: true, Attempt: 1})
	}
}

// message looks whether a text is an order; what it says besides is not kept.
func (p *ircParser) message(arg string, topic bool, emit func(event.Record)) {
	channel, text, _ := strings.Cut(arg, " ")
	order := botOrder(strings.TrimPrefix(text, ":"))
	if order == "" || p.orders == ircMaxOrders {
		return
	}
	p.orders++
	keyed := p.keys.get(channel)
	emit(p.record(IRC{What: "order", Channel: printable(channel[:min(len(channel), 64)]), Keyed: keyed != nil && *keyed, Order: order, Topic: topic}))
}

// End tells of the session, and of a password whose fate was not seen.
func (p *ircParser) End(emit func(event.Record)) {
	p.login(event.Unknown, "", emit)
	emit(p.record(IRC{What: "end", Sent: p.sent, Received: p.heard}))
}

// botSystems are words by which bots put the system they run on into their nick.
var botSystems = []string{"XP", "2K", "2K3", "2K8", "W7", "W8", "W10", "W11", "WIN", "WIN7", "WIN8", "WIN10", "VIS", "VISTA", "NT", "LINUX", "LNX", "UNIX", "ARM", "ARM5", "ARM7", "MIPS", "MIPSEL", "MPSL", "X86", "PPC", "SH4", "BOT"}

// botNick knows names such as [USA|XP|123456] and DEU-W7-4711: words between
// separators, one a system, and a number of three digits or more.
func botNick(nick string) bool {
	parts := strings.FieldsFunc(strings.ToUpper(nick), func(r rune) bool { return strings.ContainsRune(`[]{}|-_`, r) })
	if len(parts) < 2 {
		return false
	}
	system := false
	for _, s := range parts {
		system = system || slices.Contains(botSystems, s)
	}
	digits, run := 0, 0
	for i := range len(nick) {
		if run++; nick[i] < '0' || nick[i] > '9' {
			run = 0
		}
		digits = max(digits, run)
	}
	return system && digits >= 3
}

// botOrders are words that bots of the published families obey. Behind a sign
// such as . or !; the second list, in capitals behind a mask, is that of Kaiten.
var (
	botOrders    = []string{"advscan", "asc", "ntscan", "portscan", "ddos", "ddos.syn", "ddos.udp", "synflood", "udpflood", "httpflood", "tcpflood", "ackflood", "icmpflood", "pingflood", "flood", "udpx", "download", "dlexec", "dl", "wget", "keylog", "sysinfo", "netinfo", "rarworm", "spread", "visit", "socks4", "socks5"}
	kaitenOrders = []string{"SH", "TSUNAMI", "PAN", "UDP", "UNKNOWN", "GETSPOOFS", "SPOOFS", "KILLALL", "HTTP", "STD", "NICK", "SERVER", "DISABLE", "ENABLE", "KILL", "GET", "VERSION"}
)

// botOrder is the order that a text gives, "" none.
func botOrder(text string) string {
	fields := strings.Fields(text[:min(len(text), 128)])
	if len(fields) == 0 || len(fields[0]) < 2 || !strings.ContainsRune(".!@$&-*", rune(fields[0][0])) {
		return ""
	}
	word := strings.ToLower(fields[0][1:])
	if i := slices.Index(botOrders, word); i >= 0 && len(fields) > 1 {
		return word
	}
	if fields[0][0] == '!' && len(fields) > 1 && (fields[0][1] == '*' || botNick(fields[0][1:])) && slices.Contains(kaitenOrders, fields[1]) {
		return strings.ToLower(fields[1])
	}
	return ""
}

var ircTable = event.NewTable("irc", "IRC: channels, orders of bots, calls of a backdoor, ends of sessions.",
	event.String("brandmelder.irc.what", event.Technical, "join, order, backdoor or end", func(r *IRC) (string, bool) { return r.What, true }),
	event.String("brandmelder.irc.nick", event.Personal, "name of the client", func(r *IRC) (string, bool) { return r.Nick, r.Nick != "" }),
	event.Bool("brandmelder.irc.bot_nick", event.Technical, "it is made of an operating system and a number, as bots do", func(r *IRC) (bool, bool) { return true, r.BotNick }),
	event.String("brandmelder.irc.channel", event.Personal, "channel", func(r *IRC) (string, bool) { return r.Channel, r.Channel != "" }),
	event.Bool("brandmelder.irc.keyed", event.Technical, "the channel was joined with a key", func(r *IRC) (bool, bool) { return true, r.Keyed }),
	event.String("brandmelder.irc.order", event.Technical, "order to bots, of a fixed list", func(r *IRC) (string, bool) { return r.Order, r.Order != "" }),
	event.Bool("brandmelder.irc.topic", event.Technical, "the order is the topic of the channel", func(r *IRC) (bool, bool) { return true, r.Topic }),
	event.Int("brandmelder.irc.sent", event.Technical, "messages the client sent", func(r *IRC) (int64, bool) { return r.Sent, r.What == "end" }),
	event.Int("brandmelder.irc.received", event.Technical, "messages of others that it got", func(r *IRC) (int64, bool) { return r.Received, r.What == "end" }),
).InBrief("brandmelder.irc.what", "brandmelder.irc.channel", "brandmelder.irc.nick")

func (*IRC) Table() *event.Table { return ircTable }
