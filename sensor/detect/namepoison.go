package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// namePoison finds a host that says "that is me" whatever name others ask the
// whole network for (LLMNR, NetBIOS): they then log on to it, and it passes the
// logon on or cracks it. An honest host answers for its own name, by NetBIOS also
// for its workgroup; a WINS server answers with the addresses of others.
type namePoison struct {
	env   Env
	hosts *baseline.Map[netip.Addr, namePoisonHost]
}

const (
	namePoisonHosts  = 8192
	namePoisonWindow = 3600 * second
	// Different names that one address claims to be. Windows gives a host one name
	// by LLMNR; by NetBIOS it also has a workgroup, a browser and maybe two aliases.
	namePoisonLLMNR = 3
	namePoisonNBNS  = 6
	namePoisonKept  = 64
)

type namePoisonHost struct {
	begin   int64
	names   []string
	llmnr   int // names among them that were asked for by LLMNR
	victims firstFew
	refs    []event.FlowRef
	told    int
}

func newNamePoison(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &namePoison{env, baseline.NewMap[netip.Addr, namePoisonHost](env.State, "name-poisoning.hosts", namePoisonHosts, namePoisonWindow)}, nil
}

func (d *namePoison) Tick(int64, Report) {}

func (d *namePoison) Observe(e *event.Event, report Report) {
	if e.Flow == nil || e.Flow.App == "mdns" {
		return // there a host may have as many names as it has services
	}
	name := strings.ToLower(event.TextOf(e.Data, "dns.question.name"))
	for _, claimed := range event.AddrsOf(e.Data, "dns.resolved_ip") {
		claimed = claimed.Unmap()
		switch client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr(); claimed {
		case client:
			d.answer(e, claimed, server, name, report)
		case server:
			d.answer(e, claimed, client, name, report)
		}
	}
}

// answer counts that a host claimed a name to another.
func (d *namePoison) answer(e *event.Event, host, victim netip.Addr, name string, report Report) {
	h, fresh := d.hosts.Touch(host, e.Time)
	if fresh || e.Time-h.begin > namePoisonWindow {
		*h = namePoisonHost{begin: e.Time}
	}
	if name == "" || slices.Contains(h.names, name) || len(h.names) == namePoisonKept {
		return
	}
	h.names = append(h.names, name)
	if e.Flow.App == "llmnr" {
		h.llmnr++
	}
	if !d.env.Know.Multicast(victim) {
		h.victims.add(victim)
	}
	h.refs = append(h.refs, e.Flow.Ref())
	n := len(h.names)
	if h.llmnr < namePoisonLLMNR && n < namePoisonNBNS || n < 2*h.told || h.victims.n == 0 {
		return
	}
	h.told = n
	report(event.Finding{
		Key: host.String(), Time: e.Time, Onset: h.begin,
		Subject: d.env.Know.Entity(host), Peer: d.env.Know.Entity(h.victims.list()[0]), Related: h.victims.list(),
		Flows: slices.Clone(h.refs[:min(len(h.refs), event.MaxRefs)]), FlowsTotal: len(h.refs),
		Observed: event.Measure{Value: float64(n), Unit: "names", N: n},
		Baseline: event.Measure{Value: 1, Unit: "names"},
		Facts:    &namePoisonFacts{Names: slices.Clone(h.names[:min(n, 8)]), Count: n, Victims: h.victims.list()},
		Score:    85, Severity: event.High,
	})
}

// namePoisonFacts is what a finding rests on.
type namePoisonFacts struct {
	Names   []string
	Count   int
	Victims []netip.Addr
}

var namePoisonTable = event.NewTable("name-poisoning", "A host that answers for names that are not its own.",
	event.Int("brandmelder.name_poisoning.count", event.Technical, "different names that it answered for within the hour", func(f *namePoisonFacts) (int64, bool) { return int64(f.Count), true }),
	event.Strings("brandmelder.name_poisoning.names", event.Personal, "some of the names", func(f *namePoisonFacts) []string { return f.Names }),
	event.IPs("brandmelder.name_poisoning.victims", event.Technical, "hosts that it answered, at most 4", func(f *namePoisonFacts) []netip.Addr { return f.Victims }),
)

func (*namePoisonFacts) Table() *event.Table { return namePoisonTable }

func init() {
	register(Spec{
		Name:      "name-poisoning",
		Doc:       "a host answers for names that others ask the whole network for, to be logged on to",
		Family:    "forced-authentication",
		Technique: []string{"T1557.001", "T1187"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"localname"},
		Facts:     namePoisonTable,
		New:       newNamePoison,
	})
}
