package detect

import (
	"math"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ledger keeps the logins of one client, at one server or at several.
type ledger struct {
	evidence float64
	attempts int64
	failures int64
	users    []tried // at most maxNoted
	unkept   int64   // refused logins of users beyond
	hosts    []netip.Addr
	flows    []event.FlowRef

	connections int // with a refused login

	first, last int64  // refused logins, ns
	success     uint64 // user accepted latest
	welcomed    bool   // any was

	// The latest connection, so that what came before its success can be forgiven.
	flow      event.Key
	flowStart int64
	inFlow    float64
	flowFails int64

	quick *[unclearFloor]int64 // times of the latest logins without an outcome, nil without any
	next  int

	server  netip.AddrPort // of the latest login
	alarmed bool
	broken  bool // a success after the alarm was reported
	due     bool // changed since the latest report
}

type tried struct {
	user     uint64
	evidence float64
	fails    int64
}

const (
	forgiven     = 6 // refused logins before a success that are a person's own: OpenSSH's MaxAuthTries
	halfLife     = 30 * minute
	unclearFloor = 8
	unclearSpan  = 2 * minute
	shortLived   = 30 * second
	// An unclear login may as well have been fine: automation over SSH looks the
	// same. So it takes three times as many.
	unclearWeight = 0.4
)

// enter adds one login.
func (g *ledger) enter(l *event.Login, e *event.Event) {
	g.attempts++
	g.server = e.Flow.Server
	g.turnTo(e.Flow)
	switch l.Outcome {
	case event.Failure:
		g.fail(userID(l), e, 1)
	case event.Success:
		g.succeed(userID(l))
	default:
		if l.Reason != event.Unheard && g.hurried(e) {
			g.fail(userID(l), e, unclearWeight)
		}
	}
}

func (g *ledger) turnTo(f *event.Flow) {
	if g.flow != f.Key || g.flowStart != f.Start {
		g.flow, g.flowStart, g.inFlow, g.flowFails = f.Key, f.Start, 0, 0
	}
}

// hurried reports whether logins without an outcome follow each other faster
// than people make them.
func (g *ledger) hurried(e *event.Event) bool {
	if e.Time-e.Flow.Start > shortLived {
		return false
	}
	if g.quick == nil {
		g.quick = new([unclearFloor]int64)
	}
	oldest := g.quick[g.next]
	g.quick[g.next] = e.Time
	g.next = (g.next + 1) % unclearFloor
	return oldest != 0 && e.Time-oldest <= unclearSpan
}

func (g *ledger) fail(user uint64, e *event.Event, weight float64) {
	gap := max(e.Time-g.last, 0)
	if g.failures == 0 {
		g.first, gap = e.Time, 0
	}
	g.evidence *= math.Exp2(-float64(gap) / float64(halfLife))
	g.failures++
	g.last = max(g.last, e.Time)
	if g.flowFails == 0 {
		g.connections++
		g.flows = noteFlow(g.flows, e.Flow)
	}
	g.hosts = note(g.hosts, e.Flow.Server.Addr())

	worth := weight * g.blame(user, gap, weight)
	g.evidence += worth
	g.inFlow += worth
	g.flowFails++
}

// blame is what one more refused login of this user tells. The first is a whole
// trial; the next ones depend on it, since a wrong secret stays wrong: a person
// repeats it slowly and a few times, a mail program with an old password for
// hours, once a minute or less.
func (g *ledger) blame(user uint64, gap int64, weight float64) float64 {
	i := 0
	for i < len(g.users) && g.users[i].user != user {
		i++
	}
	if i == maxNoted {
		g.unkept++
		return refused
	}
	if i == len(g.users) {
		g.users = append(g.users, tried{user: user})
	}
	u := &g.users[i]
	worth := refused
	if u.fails > 0 {
		worth = repeated(gap)
	}
	u.fails++
	u.evidence += weight * worth
	return worth
}

func repeated(gap int64) float64 {
	switch {
	case gap <= 15*second:
		return math.Log(guesserFails / 0.25)
	case gap < minute:
		return math.Log(guesserFails / 0.5)
	}
	return math.Log(guesserFails / 0.8)
}

// succeed forgives a person's mistyped logins before the right one, and takes
// others that are let in for what they are: people behind one address. The same
// user again and again proves nothing more, so nobody can buy trials with an
// account of their own.
func (g *ledger) succeed(user uint64) {
	mine := 0.0
	if g.flowFails <= forgiven {
		mine = g.inFlow
		g.failures -= g.flowFails
	}
	for i := range g.users {
		u := &g.users[i]
		if u.user == user && user != 0 && u.fails <= forgiven {
			if u.evidence > mine {
				mine = u.evidence
				g.failures -= max(u.fails-g.flowFails, 0)
			}
			u.fails, u.evidence = 0, 0
		}
	}
	if !g.welcomed || g.success != user {
		mine -= accepted
	}
	g.welcomed, g.success = true, user
	g.failures = max(g.failures, 0)
	g.evidence = max(g.evidence-mine, 0)
	g.inFlow, g.flowFails = 0, 0
}

// failing is the number of users whose logins were refused and not forgiven.
func (g *ledger) failing() (users int) {
	for i := range g.users {
		if g.users[i].fails > 0 && g.users[i].user != 0 {
			users++
		}
	}
	return users
}

// facts is what the ledger says now.
func (g *ledger) facts(protocol string) guessing {
	return guessing{
		Attempts: g.attempts, Failures: g.failures, Users: g.failing(), Hosts: len(g.hosts), Protocol: protocol,
		Seconds: float64(g.last-g.first) / float64(second), Succeeded: g.broken,
	}
}
