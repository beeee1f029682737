package detect

import (
	"hash/fnv"
	"math"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// What the two detectors of guessed logins share. Both are sequential tests
// (Wald 1945): each refused login adds the log of how much likelier it is for a
// guesser than for a person, each accepted one takes away.
const (
	guesserFails = 0.9  // share of a guesser's logins that are refused
	personFails  = 0.05 // share of everyone else's first logins that are
)

var (
	// guessLimit is where the test decides: one wrong alarm in 100,000 tests.
	guessLimit = math.Log(0.99 / 1e-5)
	refused    = math.Log(guesserFails / personFails)
	accepted   = math.Log((1 - guesserFails) / (1 - personFails))
)

// guessing is the facts of both detectors.
type guessing struct {
	Attempts, Failures int64
	Users, Hosts       int // told apart up to maxNoted
	Protocol           string
	Seconds            float64
	Succeeded          bool
}

// guessFields are the fields of guessing below brandmelder.<prefix>.
func guessFields[R event.Record](prefix string, of func(R) *guessing) []event.Field {
	path := func(name string) string { return "brandmelder." + prefix + "." + name }
	count := func(name, doc string, get func(*guessing) int64) event.Field {
		return event.Int(path(name), event.Technical, doc, func(r R) (int64, bool) { return get(of(r)), true })
	}
	return []event.Field{
		count("attempts", "logins tried", func(g *guessing) int64 { return g.Attempts }),
		count("failures", "logins refused", func(g *guessing) int64 { return g.Failures }),
		count("users", "users tried, at most 64 are told apart; 0 where they cannot be seen", func(g *guessing) int64 { return int64(g.Users) }),
		count("hosts", "servers tried, at most 64 are told apart", func(g *guessing) int64 { return int64(g.Hosts) }),
		event.String(path("protocol"), event.Technical, "protocol of the logins", func(r R) (string, bool) { return of(r).Protocol, true }),
		event.Float(path("seconds"), event.Technical, "time between the first and the latest refused login, s", func(r R) (float64, bool) { return of(r).Seconds, true }),
		event.Bool(path("succeeded"), event.Technical, "a login was accepted after the alarm", func(r R) (bool, bool) { return of(r).Succeeded, true }),
	}
}

// userID tells users apart without keeping their names; 0 is a user that cannot
// be seen.
func userID(l *event.Login) uint64 {
	if l.User == "" {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(l.Domain)))
	h.Write([]byte{'\\'})
	h.Write([]byte(strings.ToLower(l.User)))
	return max(h.Sum64(), 1)
}

// loginOf is the login in an event and its two ends. RADIUS is left out: its client
// is a switch or controller that asks for thousands of people, some of whose devices
// keep an old password for months.
func loginOf(e *event.Event) (l *event.Login, client, server netip.Addr, ok bool) {
	l, ok = e.Data.(*event.Login)
	if !ok || e.Flow == nil || l.Protocol == "radius" {
		return nil, client, server, false
	}
	return l, e.Flow.Client.Addr(), e.Flow.Server.Addr(), true
}

// certainty turns the evidence of a test into 0 to 100: half the doubt goes with
// each four units, so the limit is 86.
func certainty(evidence float64) float64 { return 100 * (1 - math.Exp2(-evidence/4)) }
