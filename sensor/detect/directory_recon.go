package detect

import (
	"math/bits"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// directoryRecon finds a host that explores the domain: who is in it, who is in
// its groups, who is logged on where, what can be attacked. Each question has a
// weight by how seldom ordinary work asks it; what is asked of a server counts
// once within a window. What a client was told of once is its habit.
type directoryRecon struct {
	env     Env
	clients *baseline.Map[netip.Addr, explorer]
}

// explorer is what one client asked.
type explorer struct {
	kinds, told uint32 // questions of this window, and those that findings named
	points      float64
	first, last int64
	calls       int
	counted     []asked
	servers     []netip.Addr
	toldServers int
	hives       []netip.Addr // servers whose users' hives were opened
	flows       []event.FlowRef
	flowsTotal  int
}

// asked is a question to a server.
type asked struct {
	server netip.Addr
	kind   int
}

// Places in reconKinds.
const (
	reconUsers = iota
	reconGroups
	reconMembers
	reconSessions
	reconLoggedOn
	reconShares
	reconSIDs
	reconEndpoints
	reconServices
	reconTrusts
	reconRights
	reconDNS
	reconComputers
	reconPolicies
	reconSPN
	reconAdmins
	reconPreauth
	reconDelegation
	reconLAPS
	reconACL
	reconScript
	reconNames
	reconHives // the last two are no words of their own
	reconKeys
)

var reconKinds = []string{
	"users", "groups", "members of groups", "sessions", "logged-on users", "shares", "SIDs", "RPC endpoints", "services", "trusts", "rights", "DNS records",
	"computers", "policies", "SPNs", "adminCount", "no pre-authentication", "delegation", "LAPS", "ACLs", "scripted filter", "NetBIOS names",
}

const (
	reconClients = 8192
	// BZAR counts questions within five minutes; people who type need more.
	reconWindow = 600 * second
	// One question that ordinary work does not ask, or several of those that it asks
	// now and then.
	reconLimit = 10
	// As many kinds at once are a tool that collects all there is.
	reconManyKinds = 4
)

func newDirectoryRecon(env Env, decode Decoder) (Detector, error) {
	return &directoryRecon{env, baseline.NewMap[netip.Addr, explorer](env.State, "directory-recon.clients", reconClients, deedMemory)}, decode(&struct{}{})
}

func (d *directoryRecon) Tick(int64, Report) {}

func (d *directoryRecon) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	var questions []question
	switch e.Kind {
	case "rpc":
		questions = rpcQuestions(e.Data)
	case "ldap":
		questions = ldapQuestions(e.Data)
	case "nbns":
		questions = nameQuestions(e.Data)
	}
	client := e.Flow.Client.Addr()
	if len(questions) == 0 || d.env.Know.Controller(client) {
		return // controllers ask each other all the time
	}
	x, _ := d.clients.Touch(client, e.Time)
	x.turn(e)
	for _, q := range questions {
		x.ask(q, e.Flow.Server.Addr())
	}
	if x.points < reconLimit || x.kinds&^x.told == 0 && (x.toldServers == 0 || len(x.servers) < 2*x.toldServers) {
		return
	}
	x.told |= x.kinds
	x.toldServers = len(x.servers)
	report(d.finding(client, x, e))
}

// turn begins a window where the last one is over.
func (x *explorer) turn(e *event.Event) {
	if e.Time-x.first > reconWindow {
		*x = explorer{told: x.told, toldServers: x.toldServers, first: e.Time}
	}
	x.last = e.Time
	x.calls++
	if n := len(x.flows); n == 0 || x.flows[n-1].Key != e.Flow.Key {
		x.flowsTotal++
	}
	x.flows = noteFlow(x.flows, e.Flow)
	x.servers = note(x.servers, e.Flow.Server.Addr())
}

// question is a kind with its weight. Each means that it counts every time.
type question struct {
	kind   int
	weight float64
	each   bool
}

func (x *explorer) ask(q question, server netip.Addr) {
	if q.kind == reconHives { // opened; what follows lists whose they are
		x.hives = note(x.hives, server)
		return
	}
	if q.kind == reconKeys { // of whatever hive
		if !slices.Contains(x.hives, server) {
			return
		}
		q.kind = reconLoggedOn
	}
	if q.weight >= 1 || x.points >= reconLimit { // below that it is a word only with the others
		x.kinds |= 1 << q.kind
	}
	if !q.each {
		before := len(x.counted)
		if x.counted = note(x.counted, asked{server, q.kind}); len(x.counted) == before {
			return
		}
	}
	x.points += q.weight
}

func (d *directoryRecon) finding(client netip.Addr, x *explorer, e *event.Event) event.Finding {
	f := event.Finding{
		Key: client.String(), Time: e.Time, Onset: x.first,
		Subject: d.env.Know.Entity(client), Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), x.flows...), FlowsTotal: x.flowsTotal,
		Observed: event.Measure{Value: float64(x.calls), Unit: "calls", N: x.calls},
		Facts:    &reconFacts{What: reconWords(x.kinds), Calls: x.calls, Servers: len(x.servers)}, Score: 75, Severity: event.Medium,
	}
	if len(x.servers) == 1 {
		f.Peer = d.env.Know.Entity(x.servers[0])
	} else {
		f.Related = append(f.Related, x.servers[:min(len(x.servers), event.MaxRefs)]...)
	}
	switch {
	case allowedFrom(d.env, client, e.Flow.Server.Addr()):
		f.Severity = event.Low
	case bits.OnesCount32(x.kinds) >= reconManyKinds:
		f.Severity = event.High
	}
	return f
}

func reconWords(kinds uint32) (out []string) {
	for i, word := range reconKinds {
		if kinds&(1<<i) != 0 {
			out = append(out, word)
		}
	}
	return out
}

// reconFacts is what a finding of directory-recon rests on.
type reconFacts struct {
	What           []string
	Calls, Servers int
}

var reconTable = event.NewTable("directory-recon", "A host explores the domain.",
	event.Strings("brandmelder.recon.what", event.Technical, "what was asked for", func(f *reconFacts) []string { return f.What }),
	event.Int("brandmelder.recon.calls", event.Technical, "questions within ten minutes", func(f *reconFacts) (int64, bool) { return int64(f.Calls), true }),
	event.Int("brandmelder.recon.servers", event.Technical, "servers asked, at most 64 are told apart", func(f *reconFacts) (int64, bool) { return int64(f.Servers), true }),
)

func (*reconFacts) Table() *event.Table { return reconTable }

func init() {
	register(Spec{
		Name: "directory-recon", Doc: "a host explores the domain: accounts, groups, sessions, shares, what can be attacked",
		Family: "directory-recon", Technique: []string{"T1087.002", "T1069.002", "T1033", "T1135", "T1482", "T1018"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"rpc", "ldap", "nbns"}, Facts: reconTable, New: newDirectoryRecon,
	})
}
