package detect

import (
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// cryptomining finds hosts that work for a mining pool. Its protocols serve no
// other purpose, so one call is enough.
type cryptomining struct {
	env   Env
	pools *baseline.Map[pair, miningSum]
}

type miningSum struct {
	first    int64
	calls    int64
	told     int64 // shares and calls at the latest finding
	shares   int64 // of ended and running sessions
	session  int64 // shares of the running one at its latest record
	protocol string
	agent    string
	wallet   string
	accepted bool
	port     uint16
	flow     event.Key
	flows    []event.FlowRef
}

const (
	miningPairs  = 10_000
	miningMemory = 24 * 3600 * second
)

func newCryptomining(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &cryptomining{env, baseline.NewMap[pair, miningSum](env.State, "cryptomining.pools", miningPairs, miningMemory)}, nil
}

func (c *cryptomining) Tick(int64, Report) {}

func (c *cryptomining) Observe(e *event.Event, report Report) {
	if e.Flow == nil || e.Kind == "http" && !event.Has(e.Data, "brandmelder.http.miner") {
		return
	}
	p := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	s, fresh := c.pools.Touch(p, e.Time)
	if fresh {
		*s = miningSum{first: e.Time, port: e.Flow.Server.Port()}
	}
	known := s.known()
	s.add(e)
	if work := s.calls + s.shares; work >= 2*s.told || s.known() != known {
		s.told = work
		report(c.finding(p, s, e))
	}
}

// known is which of the facts that come one by one are there.
func (s *miningSum) known() [3]bool { return [3]bool{s.accepted, s.agent != "", s.wallet != ""} }

func (s *miningSum) add(e *event.Event) {
	s.flows = noteFlow(s.flows, e.Flow)
	if agent := event.TextOf(e.Data, "user_agent.original"); agent != "" {
		s.agent = agent
	}
	if e.Kind == "http" {
		s.calls++
		s.protocol = "getwork"
		status := event.NumberOf(e.Data, "http.response.status_code")
		s.accepted = s.accepted || status >= 200 && status < 300
		return
	}
	s.protocol = "stratum"
	s.accepted = s.accepted || event.IsTrue(e.Data, "brandmelder.stratum.accepted")
	if wallet := event.TextOf(e.Data, "brandmelder.stratum.wallet"); wallet != "" {
		s.wallet = wallet
	}
	if e.Flow.Key != s.flow {
		s.flow, s.session = e.Flow.Key, 0
		s.calls++
	}
	shares := event.NumberOf(e.Data, "brandmelder.stratum.shares")
	s.shares += max(0, shares-s.session)
	s.session = max(s.session, shares)
}

func (c *cryptomining) finding(p pair, s *miningSum, e *event.Event) event.Finding {
	score := 90.0
	if s.accepted {
		score = 98
	}
	pool := placeOf(c.env, p.server)
	peer := c.env.Know.Entity(p.server)
	if pool != p.server.String() {
		peer.Domain = pool
	}
	return event.Finding{
		Key: p.client.String() + " " + p.server.String(), Time: e.Time, Onset: s.first,
		Subject: c.env.Know.Entity(p.client), Peer: peer, Port: s.port,
		Flows: append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.calls), Unit: "sessions", N: int(s.calls)},
		Score:    score,
		Facts:    &miningFacts{s.protocol, pool, s.agent, s.wallet, s.calls, s.shares, s.accepted},
	}
}

type miningFacts struct {
	Protocol, Pool, Agent, Wallet string
	Sessions, Shares              int64
	Accepted                      bool
}

var miningTable = event.NewTable("cryptomining", "Work for a mining pool.",
	event.String("brandmelder.cryptomining.protocol", event.Technical, "stratum, or getwork for calls over HTTP", func(f *miningFacts) (string, bool) { return f.Protocol, true }),
	event.String("brandmelder.cryptomining.pool", event.Technical, "name of the pool, or its address where no name is known", func(f *miningFacts) (string, bool) { return f.Pool, true }),
	event.String("brandmelder.cryptomining.agent", event.Technical, "software that the miner names", func(f *miningFacts) (string, bool) { return f.Agent, f.Agent != "" }),
	event.String("brandmelder.cryptomining.wallet", event.Personal, "account or address that is paid", func(f *miningFacts) (string, bool) { return f.Wallet, f.Wallet != "" }),
	event.Int("brandmelder.cryptomining.sessions", event.Technical, "sessions, and calls over HTTP", func(f *miningFacts) (int64, bool) { return f.Sessions, true }),
	event.Int("brandmelder.cryptomining.shares", event.Technical, "results handed in", func(f *miningFacts) (int64, bool) { return f.Shares, f.Shares > 0 }),
	event.Bool("brandmelder.cryptomining.accepted", event.Technical, "the pool let the miner in", func(f *miningFacts) (bool, bool) { return f.Accepted, true }),
)

func (*miningFacts) Table() *event.Table { return miningTable }

func init() {
	register(Spec{
		Name: "cryptomining", Doc: "a host works for a mining pool",
		Family: "cryptomining", Technique: []string{"T1496.001"},
		Class: event.Absolute, Severity: event.High,
		Wants: []string{"http", "stratum"}, Facts: miningTable, New: newCryptomining,
	})
}
