package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// dga finds a host that looks for its operator under names that a program makes
// up: many registered domains that nobody else here asks for, most of which do not
// exist or whose letters do not follow each other as in words.
//
// A mail server looks up whatever spam claims to come from, and a resolver whatever
// its clients do: a host that asks for mail exchangers, or is itself asked for
// names, is not judged. Only look-ups of addresses count.
type dga struct {
	env     Env
	hosts   *baseline.Map[netip.Addr, dgaHost]
	domains *baseline.Map[string, dgaDomain]
	exempt  *baseline.Map[netip.Addr, struct{}]
}

const (
	dgaHosts   = 8192
	dgaDomains = 65536
	dgaWindow  = 900 * second // the slowest known families try one name each half minute
	dgaMemory  = 24 * 3600 * second
	// Names of which the letters are strange, none of which exists. A page with
	// dead links or a browser's own tests ask for two or three.
	dgaMissing = 10
	// Names made of words, as some families do: as many as no person mistypes.
	dgaMissingWords = 40
	// Strange names, whether they exist or not: a laboratory or a sinkhole may
	// answer them all.
	dgaStrange = 20
	dgaMostly  = 0.5  // of all the domains: of a list of popular names a tenth is strange
	dgaShare   = 0.4  // mean share of strange pairs: words have .08, random letters .63
	dgaSingle  = 0.45 // of one name
	dgaLength  = 8    // letters: shorter labels are abbreviations
	dgaCounted = 128  // domains a window counts
	dgaShown   = 5
)

// dgaDomain is who asks for a domain: the first, and whether there was another.
type dgaDomain struct {
	first  netip.Addr
	shared bool
}

// dgaHost is the window of one host: it begins anew when it is over.
type dgaHost struct {
	begin    int64
	seen     map[uint64]bool // domains, hashed; true: already counted as missing
	missing  int
	strange  int
	sum      float64 // of strange shares of the missing
	examples []string
	refs     []event.FlowRef
	told     int
}

func newDGA(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &dga{
		env:     env,
		hosts:   baseline.NewMap[netip.Addr, dgaHost](env.State, "dga.hosts", dgaHosts, dgaWindow),
		domains: baseline.Keep(env.State, baseline.NewMap[string, dgaDomain](env.State, "dga.domains", dgaDomains, dgaMemory)),
		exempt:  baseline.NewMap[netip.Addr, struct{}](env.State, "dga.servers", dgaHosts, dgaMemory),
	}, nil
}

func (d *dga) Tick(int64, Report) {}

func (d *dga) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	client := e.Flow.Client.Addr()
	d.exempt.Touch(e.Flow.Server.Addr(), e.Time)
	kind := event.TextOf(e.Data, "dns.question.type")
	if kind == "MX" {
		d.exempt.Touch(client, e.Time)
	}
	domain := strings.ToLower(event.TextOf(e.Data, "dns.question.registered_domain"))
	code := event.TextOf(e.Data, "dns.response_code")
	if domain == "" || code == "" || kind != "A" && kind != "AAAA" || !d.env.Know.Internal(client) || d.exempt.Get(client) != nil {
		return
	}
	suffix := event.TextOf(e.Data, "dns.question.top_level_domain")
	label := strings.TrimSuffix(strings.TrimSuffix(domain, suffix), ".")
	if sold, _, two := strings.Cut(suffix, "."); two && len(sold) > 3 || d.shared(domain, client, e.Time) {
		return // a name under a provider's, made by its program
	}
	h := d.window(client, e.Time)
	if h.count(domain, label, code == "NXDOMAIN") {
		h.keep(e.Flow.Ref())
		d.judge(e, h, report)
	}
}

// shared notes who asks for a domain and reports whether others do.
func (d *dga) shared(domain string, client netip.Addr, now int64) bool {
	v, fresh := d.domains.Touch(domain, now)
	if fresh {
		v.first = client
	}
	v.shared = v.shared || v.first != client
	return v.shared
}

func (d *dga) window(client netip.Addr, now int64) *dgaHost {
	h, fresh := d.hosts.Touch(client, now)
	if fresh || now-h.begin > dgaWindow {
		*h = dgaHost{begin: now, seen: map[uint64]bool{}}
	}
	return h
}

// count takes a domain into the window and reports whether that changed anything.
func (h *dgaHost) count(domain, label string, missing bool) bool {
	id := hashOf(domain)
	was, known := h.seen[id]
	if was || known && !missing || !known && len(h.seen) == dgaCounted {
		return false
	}
	h.seen[id] = missing
	share, odd := generated(label)
	if odd && !known {
		h.strange++
	}
	if missing {
		h.missing++
		h.sum += share
	}
	if (missing || odd) && len(h.examples) < dgaShown {
		h.examples = append(h.examples, domain)
	}
	return missing || odd
}

// generated is the share of a label's pairs that words do not have, and whether it is so
// large in a label so long that the label looks made up by a program.
func generated(label string) (share float64, odd bool) {
	share = strange(label)
	return share, share >= dgaSingle && len(label) >= dgaLength
}

func (h *dgaHost) keep(r event.FlowRef) {
	if len(h.refs) < event.MaxRefs/2 {
		h.refs = append(h.refs, r)
	}
}

// judge reports when a window passes a limit, and each time it doubled.
func (d *dga) judge(e *event.Event, h *dgaHost, report Report) {
	mean := h.sum / float64(max(h.missing, 1))
	random := h.missing >= dgaMissing && mean >= dgaShare ||
		h.strange >= dgaStrange && float64(h.strange) >= dgaMostly*float64(len(h.seen))
	if !random && h.missing < dgaMissingWords {
		return
	}
	n := max(h.missing, h.strange)
	if n < 2*h.told {
		return
	}
	h.told = n
	severity, score := event.High, 80.0
	if !random {
		severity, score, mean = event.Medium, 55, 0
	}
	client := e.Flow.Client.Addr()
	report(event.Finding{
		Key: client.String(), Time: e.Time, Onset: h.begin,
		Subject: d.env.Know.Entity(client), Peer: d.env.Know.Entity(e.Flow.Server.Addr()), Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), h.refs...), FlowsTotal: n,
		Observed: event.Measure{Value: float64(n), Unit: "names", N: len(h.seen)},
		Baseline: event.Measure{Value: dgaMissing, Unit: "names"},
		Facts:    &dgaFacts{Missing: h.missing, Strange: h.strange, Share: mean, Domains: append([]string(nil), h.examples...)},
		Score:    score, Severity: severity,
	})
}

// dgaFacts is what a finding rests on: one window of a quarter of an hour.
type dgaFacts struct {
	Missing, Strange int
	Share            float64
	Domains          []string
}

var dgaTable = event.NewTable("dga", "Look-ups of names that a program makes up.",
	event.Int("brandmelder.dga.missing", event.Technical, "registered domains that nobody else asks for and that do not exist", func(f *dgaFacts) (int64, bool) { return int64(f.Missing), true }),
	event.Int("brandmelder.dga.strange", event.Technical, "registered domains whose letters do not follow each other as in words", func(f *dgaFacts) (int64, bool) { return int64(f.Strange), true }),
	event.Float("brandmelder.dga.share", event.Technical, "mean share of strange pairs of letters in the missing names, 0 to 1", func(f *dgaFacts) (float64, bool) { return f.Share, f.Share > 0 }),
	event.Strings("brandmelder.dga.domains", event.Technical, "some of the domains", func(f *dgaFacts) []string { return f.Domains }),
)

func (*dgaFacts) Table() *event.Table { return dgaTable }

func init() {
	register(Spec{
		Name:      "dga",
		Doc:       "a host asks for many names that a program makes up and that nobody else asks for",
		Family:    "dga",
		Technique: []string{"T1568.002"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"dns"},
		Facts:     dgaTable,
		New:       newDGA,
	})
}
