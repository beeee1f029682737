package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// ircC2 finds bots that take orders over IRC. The shapes are those of the
// published families: a nick made of system and number, a channel behind a key,
// orders as the channel's topic or behind a sign. IRC without them is a note: few
// institutions chat by it.
type ircC2 struct {
	env   Env
	talks *baseline.Map[pair, ircSum]
}

type ircSum struct {
	first   int64
	told    event.Severity
	orders  int64
	next    int64 // orders at which to tell again
	botNick bool
	keyed   bool
	topic   bool
	order   string
	port    uint16
	flows   []event.FlowRef
}

const (
	ircTalks  = 10_000
	ircMemory = 24 * 3600 * second
)

func newIRC(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &ircC2{env, baseline.NewMap[pair, ircSum](env.State, "irc-c2.talks", ircTalks, ircMemory)}, nil
}

func (d *ircC2) Tick(int64, Report) {}

func (d *ircC2) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	s, fresh := d.talks.Touch(p, e.Time)
	if fresh {
		*s = ircSum{first: e.Time, port: e.Flow.Server.Port(), next: 1}
	}
	s.flows = noteFlow(s.flows, e.Flow)
	s.botNick = s.botNick || event.IsTrue(e.Data, "brandmelder.irc.bot_nick")
	s.keyed = s.keyed || event.IsTrue(e.Data, "brandmelder.irc.keyed")
	if order := event.TextOf(e.Data, "brandmelder.irc.order"); order != "" {
		s.order = order
		s.topic = s.topic || event.IsTrue(e.Data, "brandmelder.irc.topic")
		s.orders++
	}
	if severity := s.severity(); severity > s.told || s.orders >= s.next {
		s.told, s.next = severity, max(1, 2*s.orders)
		report(d.finding(p, s, e, severity))
	}
}

// severity weighs the shapes. One order may be a joke among people, and a nick a
// whim; a topic that gives orders, or two of the shapes together, are a bot.
func (s *ircSum) severity() event.Severity {
	n := 0
	for _, shape := range []bool{s.botNick, s.keyed && s.botNick, s.orders > 0, s.topic, s.orders > 2} {
		if shape {
			n++
		}
	}
	switch {
	case n >= 2:
		return event.High
	case n == 1:
		return event.Medium
	}
	return event.Low
}

func (d *ircC2) finding(p pair, s *ircSum, e *event.Event, severity event.Severity) event.Finding {
	place := placeOf(d.env, p.server)
	peer := d.env.Know.Entity(p.server)
	if place != p.server.String() {
		peer.Domain = place
	}
	f := event.Finding{
		Key: p.client.String() + " " + p.server.String(), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(p.client), Peer: peer, Port: s.port,
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.orders), Unit: "orders", N: int(s.orders)},
		Facts:    &ircFacts{s.botNick, s.keyed, s.topic, s.order, s.orders},
		Score:    float64(severity), Severity: severity,
	}
	if severity == event.Low {
		f.Family = "policy"
	}
	return f
}

type ircFacts struct {
	BotNick, Keyed, Topic bool
	Order                 string
	Orders                int64
}

func ircTruth(name, doc string, get func(*ircFacts) bool) event.Field {
	return event.Bool("brandmelder.irc_c2."+name, event.Technical, doc, func(f *ircFacts) (bool, bool) { return true, get(f) })
}

var ircC2Table = event.NewTable("irc-c2", "Talks over IRC, and what in them is a bot's.",
	ircTruth("bot_nick", "the client's name is made of an operating system and a number", func(f *ircFacts) bool { return f.BotNick }),
	ircTruth("keyed", "it joined a channel with a key", func(f *ircFacts) bool { return f.Keyed }),
	ircTruth("topic", "the topic of a channel was an order", func(f *ircFacts) bool { return f.Topic }),
	event.String("brandmelder.irc_c2.order", event.Technical, "latest order", func(f *ircFacts) (string, bool) { return f.Order, f.Order != "" }),
	event.Int("brandmelder.irc_c2.orders", event.Technical, "orders seen", func(f *ircFacts) (int64, bool) { return f.Orders, f.Orders > 0 }),
)

func (*ircFacts) Table() *event.Table { return ircC2Table }

func init() {
	register(Spec{
		Name: "irc-c2", Doc: "a host talks by IRC, and whether as a bot that takes orders",
		Family: "c2-channel", Technique: []string{"T1071"},
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"irc"}, Facts: ircC2Table, New: newIRC,
	})
}
