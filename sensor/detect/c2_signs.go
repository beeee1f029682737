package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// c2Kind is the kind of a channel: what its signs are summed over.
type c2Kind uint8

const (
	c2Shell c2Kind = iota
	c2Implant
	c2HTTP
	c2TLS
	c2Lone
	c2Led
)

// c2Kinds names the kinds, and what each is in ATT&CK.
var c2Kinds = [...]struct {
	name      string
	technique []string
}{
	{"shell", []string{"T1059", "T1095"}}, {"implant", []string{"T1095"}}, {"http", []string{"T1071.001"}},
	{"tls", []string{"T1573.002"}}, {"lone", []string{"T1095"}}, {"led", []string{"T1095"}},
}

// signs is a set of c2Signs.
type signs uint64

const (
	signWindowsShell signs = 1 << iota
	signUnixShell
	signCallerShell
	signStage
	signZlibFrame
	signTickBar
	signSurvey
	signHexText
	signBareHost
	signOddPort
	signFakeBrowser
	signToolAgent
	signHiddenBody
	signUntyped
	signMislabelled
	signScriptPost
	signStagerPath
	signBlobCookie
	signRepeated
	signOnlyPosts
	signRegular
	signRefused
	signSamePath
	signShortAnswer
	signFrameworkCertificate
	signSelfSigned
	signDefaultCertificate
	signNoName
	signFresh
	signOtherName
	signEternal
	signDynamicName
	signFramed
	signDecimal
	signServerFirst
	signKeepAlive
	signOpaque
	signLong
	signSameOpening
	signUnanswered
	signLed
	signSurveyed
	signSurveyFields
	signCoded
	signCodedAnswer
	signCodedPicture
	signCookieNoAgent
	signBotOrder
	signBotHello
	signBareEndpoint
	signBlobAnswer
	signJustMade
	// Of beacon alone.
	signNoAgent
	signUnread
	signMadeUpName
	signStrays
	signNewAlone
	signKeepsOn
	signRarePrint
)

// c2Signs names the signs and weighs them. A weight says how many honest programs
// show the sign: 1 many, 2 few, the bar or more hardly any.
var c2Signs = [...]struct {
	name   string
	weight int
}{
	{"windows-shell", 7}, {"unix-shell", 5}, {"caller-shell", 2},
	{"stage", 7}, {"zlib-frame", 5}, {"tick-bar", 5}, {"survey", 5}, {"hex-text", 2},
	{"bare-host", 2}, {"odd-port", 1},
	{"fake-browser", 1}, {"tool-agent", 1},
	{"hidden-body", 2}, {"untyped-body", 1}, {"mislabelled-answer", 2}, {"script-post", 1},
	{"stager-path", 2}, {"blob-cookie", 2},
	{"repeated", 1}, {"only-posts", 1}, {"regular", 2}, {"refused-again", 1}, {"same-post-elsewhere", 5}, {"short-answer", 1},
	{"framework-certificate", 7}, {"self-signed", 2}, {"default-certificate", 2}, {"no-name", 1}, {"fresh-certificate", 1}, {"other-name", 1},
	{"eternal-certificate", 1}, {"dynamic-name", 2},
	{"framed", 1}, {"framed-in-digits", 2}, {"server-first", 1}, {"keep-alive", 2}, {"opaque", 1}, {"long", 1},
	{"same-opening", 1}, {"unanswered", 1}, {"led-by-server", 4},
	{"machine-described", 4}, {"machine-fields", 2}, {"coded-body", 1}, {"coded-answer", 1}, {"coded-picture", 4}, {"cookie-without-agent", 2},
	{"bot-order", 5}, {"bot-hello", 5}, {"bare-endpoint", 2},
	{"blob-answer", 1}, {"just-made", 1},
	{"no-agent", 2}, {"unread-protocol", 1}, {"made-up-name", 1}, {"strays-on-purpose", 2},
	{"new-and-alone", 1}, {"keeps-on", 1}, {"rare-fingerprint", 1},
}

// Points from which a channel is a finding, and how many more make it one of high
// severity. Calibrated on captures of ordinary traffic, none of which passes, and of
// implants; make eval-loo chooses the first without each laboratory in turn.
const (
	c2Bar  = 5
	c2More = 2
)

// c2Config is the section of the configuration.
type c2Config struct {
	Points int `yaml:"points"`
}

func (s signs) names() []string {
	var out []string
	for i := range c2Signs {
		if s&(1<<i) != 0 {
			out = append(out, c2Signs[i].name)
		}
	}
	return out
}

func (s signs) points() int {
	n := 0
	for i := range c2Signs {
		if s&(1<<i) != 0 {
			n += c2Signs[i].weight
		}
	}
	return n
}

// judge reports a channel whose signs suffice, and again when they weigh more.
func (c *c2) judge(e *event.Event, k c2Key, ch *c2Channel, subject, peer event.Entity, report Report) {
	points, severity := ch.signs.points(), event.Medium
	if points >= c.bar+c2More {
		severity = event.High
	}
	if points < c.bar || severity <= ch.told {
		return
	}
	ch.told = severity
	report(event.Finding{
		Key: k.client.String() + " " + k.place + " " + c2Kinds[k.kind].name, Time: e.Time, Onset: ch.first,
		Subject: subject, Peer: peer, Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), ch.refs...), FlowsTotal: max(ch.n, len(ch.refs)),
		Observed: event.Measure{Value: float64(points), Unit: "points", N: max(ch.n, 1)},
		Baseline: event.Measure{Value: float64(c.bar), Unit: "points"},
		Facts:    &c2Facts{Kind: c2Kinds[k.kind].name, Signs: ch.signs.names(), Points: points, Place: k.place},
		// At the bar it is likely, two points on nearly sure.
		Score: min(30+8*float64(points), 95), Severity: severity, Technique: c2Kinds[k.kind].technique,
	})
}

// c2Facts is what a finding of c2-channel rests on.
type c2Facts struct {
	Kind   string // shell, implant, http, tls, lone or led
	Signs  []string
	Points int
	Place  string
}

var c2Table = event.NewTable("c2-channel", "A channel by which a host seems to be steered.",
	event.String("brandmelder.c2.kind", event.Technical, "what it looks like: shell, implant, http, tls, lone or led", func(f *c2Facts) (string, bool) { return f.Kind, true }),
	event.Strings("brandmelder.c2.signs", event.Technical, "what speaks for it", func(f *c2Facts) []string { return f.Signs }),
	event.Int("brandmelder.c2.points", event.Technical, "weight of these signs; five is a finding", func(f *c2Facts) (int64, bool) { return int64(f.Points), true }),
	c2KindFlag(c2Shell, "a command shell"), c2KindFlag(c2Implant, "the bytes of an implant"), c2KindFlag(c2HTTP, "requests that only look like a browser's"),
	c2KindFlag(c2TLS, "encryption with a self-made certificate"), c2KindFlag(c2Lone, "an unknown protocol that nobody else uses"),
	c2KindFlag(c2Led, "a conversation in which the other end gives the orders"),
	event.String("brandmelder.c2.destination", event.Technical, "name of the other end, or its address where no name is known", func(f *c2Facts) (string, bool) { return f.Place, f.Place != "" }),
)

// c2KindFlag is true where the finding is of this kind, for the sentence.
func c2KindFlag(kind c2Kind, doc string) event.Field {
	return event.Bool("brandmelder.c2.is_"+c2Kinds[kind].name, event.Technical, "it is "+doc, func(f *c2Facts) (bool, bool) { return true, f.Kind == c2Kinds[kind].name })
}

func (*c2Facts) Table() *event.Table { return c2Table }

func init() {
	register(Spec{
		Name:      "c2-channel",
		Doc:       "a shell on a socket, an implant's check-in, or a disguised channel to a place that nobody else here uses",
		Family:    "c2-channel",
		Technique: []string{"T1071.001", "T1095", "T1573.002", "T1059"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"talk", "http", "tls", "flow.start", "flow.alive", "flow.end"},
		Facts:     c2Table,
		New:       newC2,
	})
}

// dynamicZones are zones in which anybody gets a name for a changing address at no
// cost: the providers' own lists.
var dynamicZones = []string{
	"duckdns.org", "ddns.net", "no-ip.org", "no-ip.biz", "no-ip.info", "noip.me", "hopto.org", "hopto.me", "zapto.org", "sytes.net", "myftp.biz", "myftp.org",
	"servegame.com", "serveftp.com", "servehttp.com", "serveblog.net", "redirectme.net", "bounceme.net", "dyndns.org", "dyndns.info", "con-ip.com", "ydns.eu",
	"mooo.com", "chickenkiller.com", "us.to", "dynu.net", "dynu.com", "kozow.com", "gleeze.com", "accesscam.org", "ddnsfree.com", "giize.com", "loseyourip.com",
	"publicvm.com", "linkpc.net", "myddns.me", "freeddns.org", "portmap.io", "portmap.host", "ngrok.io", "playit.gg", "selfip.com", "3utilities.com",
}

func dynamic(name string) bool {
	for _, zone := range dynamicZones {
		if strings.HasSuffix(name, "."+zone) {
			return true
		}
	}
	return false
}
