package detect

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// tls looks at a handshake whose certificate could be read (up to TLS 1.2).
func (c *c2) tls(e *event.Event, report Report) {
	f, r := e.Flow, e.Data
	subject := event.TextOf(r, "tls.server.subject")
	if subject == "" && !event.Has(r, "brandmelder.tls.self_signed") {
		return
	}
	place := placeOf(c.env, f.Server.Addr())
	k := c2Key{f.Client.Addr(), place, f.Server.Port(), c2TLS}
	ch := c.channel(e, k)
	ch.n++
	known := frameworkCertificate(subject, event.TextOf(r, "tls.server.issuer"), event.TextOf(r, "tls.server.x509.serial_number"))
	if known {
		ch.signs |= signFrameworkCertificate
	} else if !event.IsTrue(r, "brandmelder.tls.self_signed") {
		return
	}
	ch.signs |= certificateSigns(c.env, e, place)
	if !known && !c.outward(f) && !startedJustNow(ch.signs, r) {
		return // inside that is usual, and no more than a sign beside others
	}
	if ch.n >= 5 {
		ch.signs |= signRepeated
	}
	if known || c.alone(place, k.client, e.Time) {
		c.judge(e, k, ch, c.env.Know.Entity(k.client), c.env.Know.Entity(f.Server.Addr()), report)
	}
}

// startedJustNow knows the certificate that a tool makes for itself when it is started
// (ncat --ssl, socat, listeners of frameworks): in nobody's name, not an hour old, and
// asked for by a program that speaks of no name and no protocol within, as browsers do.
func startedJustNow(s signs, r event.Record) bool {
	return s&signDefaultCertificate != 0 && s&signJustMade != 0 && helloSeen(r) && event.TextOf(r, "tls.client.server_name") == "" && !event.Has(r, "brandmelder.tls.client.alpn")
}

// helloSeen reports whether what the client says first was seen: of all else it says nothing.
func helloSeen(r event.Record) bool { return event.TextOf(r, "brandmelder.tls.ja4") != "" }

// frameworkNames are the subjects that tools give their certificates by default, as
// their sources and the vendors' reports say.
var frameworkNames = []string{"asyncrat", "dcrat", "venomrat", "quasar server", "bitrat", "xworm", "orcus server", "pandora hvnc", "cobaltstrike", "major cobalt strike", "covenant", "poshc2", "p18055077", "multiplayer,o=operators"}

// frameworkSerials: the certificate that Cobalt Strike ships.
var frameworkSerials = []string{"8BB00EE"}

func frameworkCertificate(subject, issuer, serial string) bool {
	both := strings.ToLower(subject + " " + issuer)
	return slices.ContainsFunc(frameworkNames, func(n string) bool { return strings.Contains(both, n) }) || slices.Contains(frameworkSerials, strings.TrimLeft(serial, "0"))
}

// keptPorts are those of services within TLS that clients keep calling by their nature: mail,
// directories, desks, calls, push and telemetry (IANA).
var keptPorts = []uint16{465, 587, 636, 853, 990, 993, 995, 3389, 5061, 5223, 5349, 8883}

// certificateSigns weighs a certificate that signs itself, or is known.
func certificateSigns(env Env, e *event.Event, place string) (s signs) {
	f, r := e.Flow, e.Data
	subject, name := strings.ToLower(event.TextOf(r, "tls.server.subject")), event.TextOf(r, "tls.client.server_name")
	if event.IsTrue(r, "brandmelder.tls.self_signed") {
		s |= signSelfSigned
	}
	// The defaults of the openssl command, and a name that is nobody's.
	if strings.Contains(subject, "internet widgits") || strings.Contains(subject, "cn=localhost") || strings.Contains(subject, "default city") {
		s |= signDefaultCertificate
	}
	if bareHost(env, place, f.Server.Addr()) {
		s |= signBareHost
	} else if name == "" && helloSeen(r) {
		s |= signNoName
	}
	if name != "" && subject != "" && !certifies(r, subject, name) {
		s |= signOtherName
	}
	if port := f.Server.Port(); port != 443 && port != 8443 && !slices.Contains(keptPorts, port) {
		s |= signOddPort
	}
	const week = 7 * 24 * 3600 * second
	if begin := event.NumberOf(r, "tls.server.not_before"); begin > 0 && e.Time-begin < week && e.Time >= begin-week/7 {
		s |= signFresh
		if e.Time-begin < 3600*second {
			s |= signJustMade
		}
	}
	// What people are sold lives a year or ten; programs that make their own do not count.
	if begin, end := event.NumberOf(r, "tls.server.not_before"), event.NumberOf(r, "tls.server.not_after"); begin != 0 && (end-begin)/(365*24*3600*second) >= 15 {
		s |= signEternal
	}
	if dynamic(place) || dynamic(name) {
		s |= signDynamicName
	}
	return s
}

// certifies reports whether the certificate is for the name that was asked for.
func certifies(r event.Record, subject, name string) bool {
	names := append(slices.Clone(event.TextsOf(r, "tls.server.x509.alternative_names")), commonName(subject))
	return slices.ContainsFunc(names, func(n string) bool {
		rest, wild := strings.CutPrefix(strings.ToLower(n), "*")
		return strings.EqualFold(n, name) || wild && rest != "" && strings.HasSuffix(strings.ToLower(name), rest)
	})
}

func commonName(subject string) string {
	_, after, _ := strings.Cut(subject, "cn=")
	cn, _, _ := strings.Cut(after, ",")
	return cn
}
