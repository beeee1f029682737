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
}

// loginPair is who logs on where, with what; a zero server stands for all.
type loginPair struct {
	client, server netip.Addr
	protocol       string
}

const (
	ledgers    = 20_000
	ledgerIdle = 2 * 60 * loginMinute

	// Three mistyped passwords and a second connection with three more are a
	// person's; the test alone would speak after four.
	bruteFloor = 8
	// Fewer tries per user than this are a spray, which has its own detector.
	brutePerUser = 3
	// One more host is a person who looks for the right one.
	wideHosts = 3
)

func newBruteforce(env Env, _ Decoder) (Detector, error) {
	return &bruteforce{
		env:    env,
		single: baseline.NewMap[loginPair, ledger](env.State, "login-bruteforce.servers", ledgers, ledgerIdle),
		wide:   baseline.NewMap[loginPair, ledger](env.State, "login-bruteforce.clients", ledgers, ledgerIdle),
	}, nil
}

func (b *bruteforce) Observe(e *event.Event, report Report) {
	l, client, server, ok := loginOf(e)
	if !ok {
		return
	}
	pair := loginPair{client, server, l.Protocol}
	all := loginPair{client: client, protocol: l.Protocol}
	w, _ := b.wide.Touch(all, e.Time)
	w.enter(l, e)
	if b.judge(w, l, len(w.hosts) >= wideHosts) {
		report(b.finding(all, w, e))
	}
	s, _ := b.single.Touch(pair, e.Time)
	s.enter(l, e)
	// One story for a client that goes from server to server.
	if b.judge(s, l, w.reported == 0) {
		report(b.finding(pair, s, e))
	}
}

// judge says whether there is something to report: the alarm, its doubling, or
// a login that was accepted after it.
func (b *bruteforce) judge(g *ledger, l *event.Login, mine bool) bool {
	if g.reported > 0 {
		return mine && g.grown(l)
	}
	users := g.failing()
	if !mine || g.evidence < guessLimit || g.failures < bruteFloor || g.failures <= brutePerUser*(int64(users)+g.unkept) {
		return false
	}
	g.reported = g.failures
	return true
}

// grown says whether an alarm that stands has something new to tell.
func (g *ledger) grown(l *event.Login) bool {
	if l.Outcome == event.Success && !g.broken {
		g.broken = true
		g.reported = max(g.failures, 1)
		return true
	}
	if g.failures < 2*g.reported {
		return false
	}
	g.reported = g.failures
	return true
}

// Tick has nothing to do: evidence fades by packet time when the next login comes.
func (*bruteforce) Tick(int64, Report) {}

func (b *bruteforce) finding(p loginPair, g *ledger, e *event.Event) event.Finding {
	return guessFinding(b.env, p, g, e, &bruteFacts{g.facts(p.protocol)})
}

// guessFinding is what both detectors say of a ledger.
func guessFinding(env Env, p loginPair, g *ledger, e *event.Event, facts event.Record) event.Finding {
	f := event.Finding{
		Key:  fmt.Sprintf("%s %s %s", p.client, p.server, p.protocol),
		Time: e.Time, Onset: g.first,
		Subject: env.Know.Entity(p.client), Port: e.Flow.Server.Port(),
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
	case allowedFrom(env, p.client, e.Flow.Server.Addr()):
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
		Name: "login-bruteforce", Doc: "A client guesses the secret of an account by trying many.",
		Family: "login-bruteforce", Technique: []string{"T1110.001"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"auth"}, Facts: bruteTable, New: newBruteforce,
	})
}
