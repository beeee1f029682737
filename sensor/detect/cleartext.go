package detect

import (
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// cleartext finds secrets that crossed the network readable. An accepted one is
// told at once. A refused one, or one whose fate the bytes do not show, may be a
// guess, and guesses are nobody's secret: it waits until its client has been quiet
// for a minute and is told only where the client did not try more than a person
// does. The parsers see to it that empty and anonymous secrets are none.
//
// A person's login is a story of its own; a server that many use, or a client that
// goes round many servers, is one story.
type cleartext struct {
	env     Env
	stories *baseline.Map[clearStory, clearSum]
	pairs   *baseline.Map[clearPair, clearStory]  // which story a login belongs to
	guesses *baseline.Map[loginPair, clearTries]  // without a server: a guesser goes round them
	shared  *baseline.Map[loginPair, clearPeople] // without a client, or without a server
	held    []clearHeld                           // oldest first
	tick    int64                                 // the latest
}

// clearStory is what one finding is about; a zero address stands for many.
type clearStory struct {
	client, server netip.Addr
	protocol       string
	user           uint64 // 0 where there are many or none is seen
}

type clearPair = clearStory

type clearSum struct {
	first              int64
	told               int64 // attempts at the latest finding
	attempts, accepted int64
	refused            int64
	user, method       string
	port               uint16
	users              []uint64
	clients, servers   []netip.Addr
	flows              []event.FlowRef
	outside            bool
}

type clearTries struct{ refused int64 }

type clearPeople struct{ stories int }

// clearHeld is a login whose outcome is no proof of a true secret.
type clearHeld struct {
	e event.Event
	l *event.Login
}

const (
	clearStories = 20_000
	clearMemory  = 24 * 3600 * second
	clearQuiet   = 60 * second
	clearMaxHeld = 2048
	// From the fourth user of a server on it is the server that needs a change, not
	// its users.
	clearOwn = 3
)

func newCleartext(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &cleartext{
		env:     env,
		stories: baseline.NewMap[clearStory, clearSum](env.State, "cleartext-credentials.stories", clearStories, clearMemory),
		pairs:   baseline.NewMap[clearPair, clearStory](env.State, "cleartext-credentials.pairs", clearStories, clearMemory),
		guesses: baseline.NewMap[loginPair, clearTries](env.State, "cleartext-credentials.guesses", clearStories, ledgerIdle),
		shared:  baseline.NewMap[loginPair, clearPeople](env.State, "cleartext-credentials.shared", clearStories, clearMemory),
	}, nil
}

func (c *cleartext) Observe(e *event.Event, report Report) {
	l, client, _, ok := loginOf(e)
	if !ok || !l.Clear {
		return
	}
	tries, _ := c.guesses.Touch(loginPair{client: client, protocol: l.Protocol}, e.Time)
	if l.Outcome != event.Success {
		tries.refused++
		if tries.refused <= forgiven && len(c.held) < clearMaxHeld {
			c.held = append(c.held, clearHeld{*e, l})
		}
		return
	}
	if tries.refused <= forgiven { // else it was guessed, which has its own detector
		c.count(e, l, report)
	}
}

// Tick tells of the logins that waited. The last tick of a run is the only one
// that is not a step after the one before: then nothing more will come.
func (c *cleartext) Tick(now int64, report Report) {
	last := now == c.tick || now%TickEvery != 0
	c.tick = now
	n := 0
	for _, h := range c.held {
		if now-h.e.Time < clearQuiet && !last {
			break
		}
		n++
		tries := c.guesses.Get(loginPair{client: h.e.Flow.Client.Addr(), protocol: h.l.Protocol})
		if tries == nil || tries.refused <= forgiven {
			c.count(&h.e, h.l, report)
		}
	}
	c.held = append(c.held[:0], c.held[n:]...)
}

func (c *cleartext) count(e *event.Event, l *event.Login, report Report) {
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	key := c.storyOf(clearPair{client, server, l.Protocol, userID(l)}, e.Time)
	s, fresh := c.stories.Touch(key, e.Time)
	if fresh {
		*s = clearSum{first: e.Time, user: l.User, port: e.Flow.Server.Port()}
	}
	s.add(e, l, client, server)
	s.outside = s.outside || !c.env.Know.Internal(server)
	if s.attempts >= 2*s.told {
		s.told = s.attempts
		report(c.finding(key, s, e.Time))
	}
}

func (s *clearSum) add(e *event.Event, l *event.Login, client, server netip.Addr) {
	s.attempts++
	s.method = l.Method
	switch l.Outcome {
	case event.Success:
		s.accepted++
	case event.Failure:
		s.refused++
	}
	if id := userID(l); id != 0 {
		s.users = note(s.users, id)
	}
	s.clients, s.servers = note(s.clients, client), note(s.servers, server)
	s.flows = noteFlow(s.flows, e.Flow)
}

// storyOf finds the story of a login: its own, or that of its server or its client
// once these have many.
func (c *cleartext) storyOf(p clearPair, now int64) clearStory {
	key, fresh := c.pairs.Touch(p, now)
	if !fresh {
		return *key
	}
	server, _ := c.shared.Touch(loginPair{server: p.server, protocol: p.protocol}, now)
	server.stories++
	many := server.stories > clearOwn
	client, _ := c.shared.Touch(loginPair{client: p.client, protocol: p.protocol}, now)
	client.stories++
	switch {
	case many:
		*key = clearStory{server: p.server, protocol: p.protocol}
	case client.stories > clearOwn:
		*key = clearStory{client: p.client, protocol: p.protocol}
	default:
		*key = p
	}
	return *key
}

func (c *cleartext) finding(k clearStory, s *clearSum, at int64) event.Finding {
	f := event.Finding{
		Key:  fmt.Sprintf("%s %s %s %x", k.client, k.server, k.protocol, k.user),
		Time: at, Onset: s.first, Port: s.port,
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.attempts), Unit: "attempts", N: int(s.attempts)},
		Score:    70,
		Facts: &clearFacts{
			Protocol: k.protocol, Method: s.method, Attempts: s.attempts, Accepted: s.accepted, Refused: s.refused,
			Users: len(s.users), Clients: len(s.clients), Servers: len(s.servers), Outside: s.outside,
		},
	}
	if s.accepted > 0 {
		f.Score = 90
	}
	switch {
	case !k.client.IsValid(): // the server is what all have in common
		f.Subject = c.env.Know.Entity(k.server)
		f.Related = append(f.Related, s.clients...)
	case !k.server.IsValid():
		f.Related = append(f.Related, s.servers...)
		f.Subject = c.env.Know.Entity(k.client)
	default:
		f.Subject, f.Peer = c.env.Know.Entity(k.client), c.env.Know.Entity(k.server)
		f.Subject.User = s.user
	}
	return f
}

// clearFacts is what a finding of cleartext-credentials rests on. The secret is
// not among it, nor anything derived from it.
type clearFacts struct {
	Protocol, Method            string
	Attempts, Accepted, Refused int64
	Users, Clients, Servers     int // told apart up to maxNoted
	Outside                     bool
}

func clearCount(name, doc string, get func(*clearFacts) int64) event.Field {
	return event.Int("brandmelder.cleartext."+name, event.Technical, doc, func(f *clearFacts) (int64, bool) { return get(f), true })
}

var clearTable = event.NewTable("cleartext-credentials", "Secrets that crossed the network readable.",
	event.String("brandmelder.cleartext.protocol", event.Technical, "protocol of the logins", func(f *clearFacts) (string, bool) { return f.Protocol, true }),
	event.String("brandmelder.cleartext.method", event.Technical, "how the latest client proved itself", func(f *clearFacts) (string, bool) { return f.Method, f.Method != "" }),
	clearCount("attempts", "logins with a readable secret", func(f *clearFacts) int64 { return f.Attempts }),
	clearCount("accepted", "of these accepted", func(f *clearFacts) int64 { return f.Accepted }),
	clearCount("refused", "of these refused", func(f *clearFacts) int64 { return f.Refused }),
	clearCount("users", "users, at most 64 are told apart", func(f *clearFacts) int64 { return int64(f.Users) }),
	clearCount("clients", "clients, at most 64 are told apart", func(f *clearFacts) int64 { return int64(f.Clients) }),
	clearCount("servers", "servers, at most 64 are told apart", func(f *clearFacts) int64 { return int64(f.Servers) }),
	event.Bool("brandmelder.cleartext.outside", event.Technical, "a server is outside: the secret crossed networks of others", func(f *clearFacts) (bool, bool) { return f.Outside, true }),
)

func (*clearFacts) Table() *event.Table { return clearTable }

func init() {
	register(Spec{
		Name: "cleartext-credentials", Doc: "a password or token crosses the network readable",
		Family: "cleartext-credentials", Technique: []string{"T1040", "T1552"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"auth"}, Facts: clearTable, New: newCleartext,
	})
}
