package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// spray finds few secrets tried on many users, by one client at any servers.
type spray struct {
	env     Env
	clients *baseline.Map[loginPair, ledger]
	growing []loginPair // alarms with new figures since the latest tick
}

const (
	// Ten users of one address who all fail and none of whom gets in afterwards:
	// more than a shared terminal has on the morning after a change of passwords.
	sprayUsers = 10
	// A spray stays below the limit that locks an account, usually five.
	sprayPerUser = 3
)

func newSpray(env Env, decode Decoder) (Detector, error) {
	return &spray{env: env, clients: baseline.NewMap[loginPair, ledger](env.State, "login-spray.clients", ledgers, ledgerIdle)}, decode(&struct{}{})
}

func (s *spray) Observe(e *event.Event, report Report) {
	l, client, _, ok := loginOf(e)
	if !ok || l.User == "" { // without users there is nothing to tell apart
		return
	}
	p := loginPair{client: client, protocol: l.Protocol}
	g, _ := s.clients.Touch(p, e.Time)
	g.enter(l, e)
	if g.settle(l, g.sprayed()) {
		report(s.finding(p, g, e.Time))
		return
	}
	s.growing = g.grow(s.growing, p)
}

// sprayed says whether the logins are certain to be few secrets for many users.
func (g *ledger) sprayed() bool {
	users := g.failing()
	return users >= sprayUsers && g.evidence >= guessLimit && g.failures <= sprayPerUser*(int64(users)+g.unkept)
}

// Tick tells the new figures of the alarms that stand.
func (s *spray) Tick(now int64, report Report) {
	for _, p := range s.growing {
		if g := s.clients.Get(p); g != nil && g.due {
			g.due = false
			report(s.finding(p, g, now))
		}
	}
	s.growing = s.growing[:0]
}

func (s *spray) finding(p loginPair, g *ledger, at int64) event.Finding {
	return guessFinding(s.env, p, g, at, &sprayFacts{g.facts(p.protocol)})
}

type sprayFacts struct{ guessing }

var sprayTable = event.NewTable("login-spray", "Few secrets tried on many users.",
	guessFields("spray", func(f *sprayFacts) *guessing { return &f.guessing })...)

func (*sprayFacts) Table() *event.Table { return sprayTable }

func init() {
	register(Spec{
		Name: "login-spray", Doc: "a client tries a few secrets on many users",
		Family: "login-spray", Technique: []string{"T1110.003"},
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"auth"}, Facts: sprayTable, New: newSpray,
	})
}
