package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// mailExfiltration finds hosts of ours that bring mail out by themselves: straight
// to a server outside, though the institution's mail has a server for that. Two
// shapes are told of: a program that logs on and sends an archive or a report
// without naming a mailer, as stealers do; and a message with attachments of a
// size that a note does not have. Mail servers do the same all day: they are known
// by the mail that they get, and by the number of servers they bring it to.
type mailExfiltration struct {
	env     Env
	senders *baseline.Map[netip.Addr, mailSender]
	pairs   *baseline.Map[pair, mailSum]
}

type mailSender struct {
	servers  []netip.Addr // outside, that it brought mail to
	receives bool
	mailer   bool // messages of it named one
}

type mailSum struct {
	first    int64
	messages int64
	told     int64
	bytes    int64
	kinds    []string
	bare     bool
	flows    []event.FlowRef
	port     uint16
}

const (
	mailHosts  = 10_000
	mailMemory = 30 * 24 * 3600 * second
	// A person has an account or two; a server that delivers finds a new one for
	// nearly every domain.
	mailServers = 4
	// A note with a signature stays below, a document or picture does not.
	mailLarge = 100_000
)

func newMailExfiltration(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &mailExfiltration{
		env:     env,
		senders: baseline.NewMap[netip.Addr, mailSender](env.State, "mail-exfiltration.senders", mailHosts, mailMemory),
		pairs:   baseline.NewMap[pair, mailSum](env.State, "mail-exfiltration.pairs", mailHosts, 24*3600*second),
	}, nil
}

func (d *mailExfiltration) Tick(int64, Report) {}

func (d *mailExfiltration) Observe(e *event.Event, report Report) {
	size, reply := event.NumberOf(e.Data, "brandmelder.smtp.bytes"), event.NumberOf(e.Data, "brandmelder.smtp.reply")
	if e.Flow == nil || size == 0 || reply >= 400 {
		return
	}
	p := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	if d.env.Know.Internal(p.server) {
		got, _ := d.senders.Touch(p.server, e.Time)
		got.receives = true
		return
	}
	if !d.env.Know.Internal(p.client) {
		return
	}
	from, _ := d.senders.Touch(p.client, e.Time)
	from.servers = note(from.servers, p.server)
	bare := !event.Has(e.Data, "brandmelder.smtp.mailer") && !from.mailer && event.IsTrue(e.Data, "brandmelder.smtp.authenticated")
	from.mailer = from.mailer || event.Has(e.Data, "brandmelder.smtp.mailer")
	attached := event.Has(e.Data, "brandmelder.smtp.attachment.types")
	if from.receives || len(from.servers) >= mailServers || !(bare && isReport(e.Data) || attached && size >= mailLarge) {
		return
	}
	d.count(p, e, size, bare, report)
}

// isReport reports whether a message is what stealers send: an archive, or a page
// that stands for itself.
func isReport(r event.Record) bool {
	for _, class := range event.TextsOf(r, "brandmelder.smtp.attachment.classes") {
		switch class {
		case "zip", "rar", "7z", "gzip", "cab", "html":
			return true
		}
	}
	return !event.Has(r, "brandmelder.smtp.attachment.types") && event.TextOf(r, "brandmelder.smtp.type") == "text/html"
}

func (d *mailExfiltration) count(p pair, e *event.Event, size int64, bare bool, report Report) {
	s, fresh := d.pairs.Touch(p, e.Time)
	if fresh {
		*s = mailSum{first: e.Time, port: e.Flow.Server.Port()}
	}
	s.messages++
	s.bytes += size
	s.bare = s.bare || bare
	s.flows = noteFlow(s.flows, e.Flow)
	for _, kind := range event.TextsOf(e.Data, "brandmelder.smtp.attachment.types") {
		if kind != "" {
			s.kinds = keep(s.kinds, kind, 8)
		}
	}
	if s.messages < 2*s.told {
		return
	}
	s.told = s.messages
	report(event.Finding{
		Key: p.client.String() + " " + p.server.String(), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(p.client), Peer: d.env.Know.Entity(p.server), Port: s.port,
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.bytes), Unit: "bytes", N: int(s.messages)},
		Facts:    &mailFacts{s.messages, s.bytes, slices.Clone(s.kinds), s.bare}, Score: 75,
	})
}

type mailFacts struct {
	Messages, Bytes int64
	Kinds           []string
	Bare            bool
}

var mailTable = event.NewTable("mail-exfiltration", "Mail that hosts bring out by themselves.",
	event.Int("brandmelder.mail_exfiltration.messages", event.Technical, "messages of such a shape", func(f *mailFacts) (int64, bool) { return f.Messages, true }),
	event.Int("brandmelder.mail_exfiltration.bytes", event.Technical, "their size, bytes", func(f *mailFacts) (int64, bool) { return f.Bytes, true }),
	event.Strings("brandmelder.mail_exfiltration.types", event.Technical, "media types of what was attached, at most 8", func(f *mailFacts) []string { return f.Kinds }),
	event.Bool("brandmelder.mail_exfiltration.bare", event.Technical, "logged on, and no message of this host ever named a mailer", func(f *mailFacts) (bool, bool) { return true, f.Bare }),
)

func (*mailFacts) Table() *event.Table { return mailTable }

func init() {
	register(Spec{
		Name: "mail-exfiltration", Doc: "a host that is no mail server brings files or reports out by mail, past the institution's own server",
		Family: "exfiltration", Technique: []string{"T1048.003"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"smtp"}, Facts: mailTable, New: newMailExfiltration,
	})
}
