package detect

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// enumeration finds clients that try out which accounts exist: names that a
// Kerberos controller does not know, addresses that a mail server refuses or that
// are asked for and get no message,
// extensions that a telephone exchange does not have.
type enumeration struct {
	env     Env
	clients *baseline.Map[loginPair, enumSum] // without a server: a client asks any
}

type enumSum struct {
	first   int64
	told    int64
	unknown []uint64 // Kerberos: names, at most maxNoted
	known   []uint64
	no, yes int64 // SMTP: addresses refused or tried, and confirmed; SIP: requests refused and accepted
	names   int64 // SIP: of the conversation with the most
	counted event.Key
	no0     int64 // of that conversation, counted already
	yes0    int64
	servers []netip.Addr
	flows   []event.FlowRef
	port    uint16
}

const (
	enumClients = 20_000
	enumWindow  = 3600 * second
	// As many as a spray needs: more names that do not exist than the deleted
	// accounts and typing errors of one host within an hour.
	enumNames = 10
	// Where names of the exchange are guessed nearly all are wrong; a gateway that
	// registers many lines has as many accepted as refused first.
	enumAccepted = 0.05
	// Where a host asks for people who exist as well, a part of the names that is
	// this large is no longer old accounts.
	enumShare = 0.2
)

func newEnumeration(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &enumeration{env, baseline.NewMap[loginPair, enumSum](env.State, "user-enumeration.clients", enumClients, enumWindow)}, nil
}

func (d *enumeration) Tick(int64, Report) {}

func (d *enumeration) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := loginPair{client: e.Flow.Client.Addr(), protocol: e.Kind}
	s, fresh := d.clients.Touch(p, e.Time)
	if fresh || e.Time-s.first > enumWindow {
		*s = enumSum{first: e.Time}
	}
	switch e.Kind {
	case "kerberos":
		s.kerberos(e)
	case "smtp":
		s.smtp(e)
	case "sip":
		s.sip(e)
	}
	if n := s.found(e.Kind); n >= enumNames && n >= 2*s.told {
		s.told = n
		report(d.finding(p, s, e))
	}
}

// found is how many names were tried in vain, where it is certain that they were
// guessed; else 0.
func (s *enumSum) found(kind string) int64 {
	n := int64(len(s.unknown))
	switch kind {
	case "kerberos":
		if float64(n) < enumShare*float64(n+int64(len(s.known))) {
			return 0
		}
	case "smtp":
		if n = s.no; n < s.yes { // a mailing list with old addresses
			return 0
		}
	case "sip":
		if n = min(s.names, s.no); float64(s.yes) > enumAccepted*float64(s.no+s.yes) {
			return 0
		}
	}
	return n
}

func (s *enumSum) note(e *event.Event) {
	s.servers = note(s.servers, e.Flow.Server.Addr())
	s.flows = noteFlow(s.flows, e.Flow)
	s.port = e.Flow.Server.Port()
}

func (s *enumSum) kerberos(e *event.Event) {
	name := event.TextOf(e.Data, "brandmelder.kerberos.client")
	if name == "" || strings.HasSuffix(name, "$") { // a machine that was removed asks on and on
		return
	}
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(name)))
	switch event.TextOf(e.Data, "brandmelder.kerberos.error") {
	case "KDC_ERR_C_PRINCIPAL_UNKNOWN":
		s.unknown = note(s.unknown, h.Sum64())
		s.note(e)
	case "KDC_ERR_PREAUTH_REQUIRED":
		s.known = note(s.known, h.Sum64())
	}
}

// smtp adds what a session counted so far.
func (s *enumSum) smtp(e *event.Event) {
	tried := event.NumberOf(e.Data, "brandmelder.smtp.tried")
	no, yes := event.NumberOf(e.Data, "brandmelder.smtp.unknown")+tried, event.NumberOf(e.Data, "brandmelder.smtp.known")-tried
	if no == 0 {
		return
	}
	if e.Flow.Key != s.counted {
		s.counted, s.no0, s.yes0 = e.Flow.Key, 0, 0
	}
	s.no += max(0, no-s.no0)
	s.yes = max(0, s.yes+yes-s.yes0) // those that get no message turn from it
	s.no0, s.yes0 = no, yes
	s.note(e)
}

func (s *enumSum) sip(e *event.Event) {
	switch event.TextOf(e.Data, "brandmelder.sip.method") {
	case "REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE":
	default:
		return
	}
	if event.IsTrue(e.Data, "brandmelder.sip.reverse") {
		return
	}
	switch status := event.NumberOf(e.Data, "brandmelder.sip.status"); {
	case status >= 200 && status < 300:
		s.yes++
	case status == 401, status == 403, status == 404, status == 407:
		s.no++
	}
	s.names = max(s.names, event.NumberOf(e.Data, "brandmelder.sip.names"))
	s.note(e)
}

func (d *enumeration) finding(p loginPair, s *enumSum, e *event.Event) event.Finding {
	f := event.Finding{
		Key: fmt.Sprintf("%s %s", p.client, p.protocol), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(p.client), Port: s.port, Related: append([]netip.Addr(nil), s.servers...),
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.told), Unit: "names", N: int(s.told)},
		Baseline: event.Measure{Value: enumNames, Unit: "names"},
		Facts:    &enumFacts{p.protocol, s.told, int64(len(s.known)) + s.yes, float64(e.Time-s.first) / second},
		Score:    85,
	}
	server := s.servers[len(s.servers)-1]
	if len(s.servers) == 1 {
		f.Peer, f.Related = d.env.Know.Entity(server), nil
	}
	// Mail servers that the internet reaches are asked for names all day.
	if allowedFrom(d.env, p.client, server) || !d.env.Know.Internal(p.client) && p.protocol == "smtp" {
		f.Severity = event.Low
	}
	return f
}

type enumFacts struct {
	Protocol     string
	Names, Known int64
	Seconds      float64
}

var enumTable = event.NewTable("user-enumeration", "Names that were tried out.",
	event.String("brandmelder.enumeration.protocol", event.Technical, "protocol that was asked by", func(f *enumFacts) (string, bool) { return f.Protocol, true }),
	event.Int("brandmelder.enumeration.names", event.Technical, "names that do not exist, were refused or got no message; of Kerberos at most 64", func(f *enumFacts) (int64, bool) { return f.Names, true }),
	event.Int("brandmelder.enumeration.known", event.Technical, "names that exist; of Kerberos at most 64", func(f *enumFacts) (int64, bool) { return f.Known, f.Known > 0 }),
	event.Float("brandmelder.enumeration.seconds", event.Technical, "time since the first, s", func(f *enumFacts) (float64, bool) { return f.Seconds, true }),
)

func (*enumFacts) Table() *event.Table { return enumTable }

func init() {
	register(Spec{
		Name: "user-enumeration", Doc: "a client tries out which accounts exist",
		Family: "user-enumeration", Technique: []string{"T1087", "T1589"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"kerberos", "sip", "smtp"}, Facts: enumTable, New: newEnumeration,
	})
}
