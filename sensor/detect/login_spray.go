package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// spray finds few secrets tried on many users, by one client at any servers.
type spray struct {
	env     Env
	clients *baseline.Map[loginPair, ledger]
}

const (
	// Ten users of one address who all fail and none of whom gets in afterwards:
	// more than a shared terminal has on the morning after a change of passwords.
	sprayUsers = 10
	// A spray stays below the limit that locks an account, usually five.
	sprayPerUser = 3
)

func newSpray(env Env, _ Decoder) (Detector, error) {
	return &spray{env, baseline.NewMap[loginPair, ledger](env.State, "login-spray.clients", ledgers, ledgerIdle)}, nil
}

func (s *spray) Observe(e *event.Event, report Report) {
	l, client, _, ok := loginOf(e)
	if !ok || l.User == "" { // without users there is nothing to tell apart
		return
	}
	p := loginPair{client: client, protocol: l.Protocol}
	g, _ := s.clients.Touch(p, e.Time)
	g.enter(l, e)
	if s.judge(g, l) {
		report(guessFinding(s.env, p, g, e, &sprayFacts{g.facts(p.protocol)}))
	}
}

func (s *spray) judge(g *ledger, l *event.Login) bool {
	if g.reported > 0 {
		return g.grown(l)
	}
	users := g.failing()
	all := int64(users) + g.unkept
	if users < sprayUsers || g.evidence < guessLimit || g.failures > sprayPerUser*all {
		return false
	}
	g.reported = g.failures
	return true
}

// Tick has nothing to do: evidence fades by packet time when the next login comes.
func (*spray) Tick(int64, Report) {}

type sprayFacts struct{ guessing }

var sprayTable = event.NewTable("login-spray", "Few secrets tried on many users.",
	guessFields("spray", func(f *sprayFacts) *guessing { return &f.guessing })...)

func (*sprayFacts) Table() *event.Table { return sprayTable }

func init() {
	register(Spec{
		Name: "login-spray", Doc: "A client tries a few secrets on many users.",
		Family: "login-spray", Technique: []string{"T1110.003"},
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"auth"}, Facts: sprayTable, New: newSpray,
	})
}
