package detect

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// bruteforce finds many secrets tried on few users: at one server, and by one
// client at several.
type bruteforce struct {
	env    Env
	single *baseline.Map[loginPair, ledger]
	wide   *baseline.Map[loginPair, ledger] // without a server

	growing []loginPair // alarms with new figures since the latest tick
}

// loginPair is who logs on where, with what; a zero server stands for all.
type loginPair struct {
	client, server netip.Addr
	protocol       string
}

const (
	ledgers    = 16_384
	ledgerIdle = 2 * 60 * minute

	// Three mistyped passwords and a second connection with three more are a
	// person's; the test alone would speak after four.
	bruteFloor = 8
	// Fewer tries per user than this are a spray, which has its own detector.
	brutePerUser = 3
	// One more host is a person who looks for the right one.
	wideHosts = 3
)

func newBruteforce(env Env, decode Decoder) (Detector, error) {
	return &bruteforce{
		env:    env,
		single: baseline.NewMap[loginPair, ledger](env.State, "login-bruteforce.servers", ledgers, ledgerIdle),
		wide:   baseline.NewMap[loginPair, ledger](env.State, "login-bruteforce.clients", ledgers, ledgerIdle),
	}, decode(&struct{}{})
}

func (b *bruteforce) Observe(e *event.Event, report Report) {
	l, client, server, ok := loginOf(e)
	if !ok {
		return
	}
	all := loginPair{client: client, protocol: l.Protocol}
	w, _ := b.wide.Touch(all, e.Time)
	w.enter(l, e)
	if w.settle(l, len(w.hosts) >= wideHosts && w.bruteforced()) {
		report(b.finding(all, w, e.Time))
	} else {
		b.growing = w.grow(b.growing, all)
	}
	pair := loginPair{client, server, l.Protocol}
	s, _ := b.single.Touch(pair, e.Time)
	s.enter(l, e)
	switch { // one story for a client that goes from server to server
	case w.alarmed:
	case s.settle(l, s.bruteforced()):
		report(b.finding(pair, s, e.Time))
	default:
		b.growing = s.grow(b.growing, pair)
	}
}

// bruteforced says whether the logins are certain to be guesses of few secrets.
func (g *ledger) bruteforced() bool {
	return g.evidence >= guessLimit && g.failures >= bruteFloor && g.failures > brutePerUser*(int64(g.failing())+g.unkept)
}

// settle says whether there is something to report at once: the alarm, or a login
// that was accepted after it.
func (g *ledger) settle(l *event.Login, certain bool) bool {
	switch {
	case !g.alarmed:
		g.alarmed = certain
		return certain
	case l.Outcome == event.Success && !g.broken:
		g.broken = true
		return true
	}
	return false
}

// grow queues a ledger whose alarm stands and has new figures.
func (g *ledger) grow(queue []loginPair, p loginPair) []loginPair {
	if !g.alarmed || g.due {
		return queue
	}
	g.due = true
	return append(queue, p)
}

// Tick tells the new figures of the alarms that stand.
func (b *bruteforce) Tick(now int64, report Report) {
	for _, p := range b.growing {
		of := b.single
		if !p.server.IsValid() {
			of = b.wide
		}
		if g := of.Get(p); g != nil && g.due {
			g.due = false
			report(b.finding(p, g, now))
		}
	}
	b.growing = b.growing[:0]
}

func (b *bruteforce) finding(p loginPair, g *ledger, at int64) event.Finding {
	return guessFinding(b.env, p, g, at, &bruteFacts{g.facts(p.protocol)})
}

// guessFinding is what both detectors say of a ledger.
func guessFinding(env Env, p loginPair, g *ledger, at int64, facts event.Record) event.Finding {
	f := event.Finding{
		Key:  fmt.Sprintf("%s %s %s", p.client, p.server, p.protocol),
		Time: at, Onset: g.first,
		Subject: env.Know.Entity(p.client), Port: g.server.Port(),
		Flows: append([]event.FlowRef(nil), g.flows...), FlowsTotal: g.connections,
		Observed: event.Measure{Value: float64(g.failures), Unit: "attempts", N: int(g.attempts)},
		Baseline: event.Measure{Value: personFails, Unit: "refused per login"},
		Facts:    facts, Score: certainty(g.evidence),
	}
	if p.server.IsValid() {
		f.Peer = env.Know.Entity(p.server)
	} else {
		f.Key = fmt.Sprintf("%s * %s", p.client, p.protocol)
		f.Related = append(f.Related, g.hosts...)
	}
	switch {
	case g.broken:
		f.Severity = event.Critical
	case allowedFrom(env, p.client, g.server.Addr()):
		f.Severity = event.Low
	}
	return f
}

type bruteFacts struct{ guessing }

var bruteTable = event.NewTable("login-bruteforce", "Many secrets tried on few users.",
	guessFields("bruteforce", func(f *bruteFacts) *guessing { return &f.guessing })...)

func (*bruteFacts) Table() *event.Table { return bruteTable }

func init() {
	register(Spec{
		Name: "login-bruteforce", Doc: "a client guesses the secret of an account by trying many",
		Family: "login-bruteforce", Technique: []string{"T1110.001"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"auth"}, Facts: bruteTable, New: newBruteforce,
	})
}
