package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// sipScan finds those who look for telephone exchanges: programs that call
// themselves scanners, and clients that ask many hosts of which few answer. Who
// guesses extensions at one exchange is found by user-enumeration, who guesses
// passwords by login-bruteforce.
type sipScan struct {
	env     Env
	clients *baseline.Map[netip.Addr, sipSum]
}

type sipSum struct {
	first    int64
	told     int
	asked    []netip.Addr // at most maxNoted
	answered []netip.Addr
	tool     string
	port     uint16
	flows    []event.FlowRef
}

const (
	sipClients = 10_000
	sipWindow  = 600 * second
	// A phone knows one or two exchanges, an exchange its trunks; and those answer.
	sipHosts    = 16
	sipAnswered = 0.5
)

// sipTools are parts of the names that published scanners and fraud tools give
// themselves (SIPVicious and its children, sipcli, VaxSIP based diallers).
var sipTools = []string{"scanner", "sipvicious", "sundayddr", "sipcli", "pplsip", "sip-scan", "vaxsipuseragent", "iwar", "sivus"}

func newSIPScan(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &sipScan{env, baseline.NewMap[netip.Addr, sipSum](env.State, "sip-scan.clients", sipClients, sipWindow)}, nil
}

func (d *sipScan) Tick(int64, Report) {}

func (d *sipScan) Observe(e *event.Event, report Report) {
	if e.Flow == nil || event.IsTrue(e.Data, "brandmelder.sip.reverse") {
		return
	}
	switch event.TextOf(e.Data, "brandmelder.sip.method") {
	case "OPTIONS", "REGISTER", "INVITE":
	default:
		return
	}
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	s, fresh := d.clients.Touch(client, e.Time)
	if fresh {
		s.first = e.Time
	}
	s.asked = note(s.asked, server)
	if event.Has(e.Data, "brandmelder.sip.status") {
		s.answered = note(s.answered, server)
	}
	if agent := event.TextOf(e.Data, "user_agent.original"); s.tool == "" && isSIPTool(agent) {
		s.tool, s.told = agent, 0
	}
	s.flows, s.port = noteFlow(s.flows, e.Flow), e.Flow.Server.Port()
	sweep := len(s.asked) >= sipHosts && float64(len(s.answered)) < sipAnswered*float64(len(s.asked))
	if (s.tool != "" || sweep) && len(s.asked) >= 2*s.told {
		s.told = len(s.asked)
		report(d.finding(client, s, e))
	}
}

func isSIPTool(agent string) bool {
	agent = strings.ToLower(agent)
	for _, tool := range sipTools {
		if strings.Contains(agent, tool) {
			return true
		}
	}
	return false
}

func (d *sipScan) finding(client netip.Addr, s *sipSum, e *event.Event) event.Finding {
	f := event.Finding{
		Key: client.String(), Time: e.Time, Onset: s.first, Subject: d.env.Know.Entity(client), Port: s.port,
		Related: append([]netip.Addr(nil), s.asked...),
		Flows:   append([]event.FlowRef(nil), s.flows...), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(len(s.asked)), Unit: "hosts", N: len(s.asked)},
		Facts:    &sipFacts{int64(len(s.asked)), int64(len(s.answered)), s.tool},
		Score:    85,
	}
	if len(s.asked) == 1 {
		f.Peer, f.Related = d.env.Know.Entity(s.asked[0]), nil
	}
	// What the internet sends is the same every hour; a scanner among our own hosts is not.
	if !d.env.Know.Internal(client) || allowedFrom(d.env, client, s.asked[len(s.asked)-1]) {
		f.Severity = event.Low
	}
	return f
}

type sipFacts struct {
	Hosts, Answered int64
	Tool            string
}

var sipScanTable = event.NewTable("sip-scan", "Who looks for telephone exchanges.",
	event.Int("brandmelder.sip_scan.hosts", event.Technical, "hosts asked, at most 64 are told apart", func(f *sipFacts) (int64, bool) { return f.Hosts, true }),
	event.Int("brandmelder.sip_scan.answered", event.Technical, "of these answered", func(f *sipFacts) (int64, bool) { return f.Answered, true }),
	event.String("brandmelder.sip_scan.tool", event.Technical, "program, where it calls itself a scanner", func(f *sipFacts) (string, bool) { return f.Tool, f.Tool != "" }),
)

func (*sipFacts) Table() *event.Table { return sipScanTable }

func init() {
	register(Spec{
		Name: "sip-scan", Doc: "a client looks for telephone exchanges",
		Family: "scan", Technique: []string{"T1046"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"sip"}, Facts: sipScanTable, New: newSIPScan,
	})
}
