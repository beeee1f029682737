package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// dnsTunnel finds data that is carried in look-ups. Whatever the tool, names that
// carry data must differ, or a cache would answer; so it adds up how much the
// different names below one registered domain can say, and the answers of types
// with free content (after ibHH: Ozery, Nadler and Shabtai, NDSS 2024). No single
// name is judged: hashes in the names of content networks are as random as data.
type dnsTunnel struct {
	env     Env
	pairs   *baseline.Map[tunnelPair, tunnelSum]
	domains *baseline.Map[string, firstFew]
}

const (
	tunnelHour   = 3600 * second
	tunnelMinute = 60 * second
	// Slow: the rate at which ibHH finds tunnels with fewer than four false alarms
	// in a thousand is 0.7 B/s, 2.5 kB in an hour; and no fewer names than half of
	// what RITA calls its first step (100 in a day).
	tunnelSlowBytes = 2520
	tunnelSlowNames = 50
	// Fast: iodine, dnscat2 and dns2tcp in use carry tens of kB in a minute; a page
	// with its parts asks for some hundred bytes below one domain.
	tunnelFastBytes = 3000
	tunnelFastNames = 20
	tunnelClients   = 3 // a domain that more hosts ask for is a service
	tunnelPairs     = 16384
	tunnelDomains   = 16384
	tunnelDay       = 24 * 3600 * second
	tunnelTypes     = 4
)

type tunnelPair struct {
	client netip.Addr
	domain string
}

// tunnelSum is what one client asked below one domain within an hour.
type tunnelSum struct {
	start   int64 // ns, begin of the hour: its first look-up
	names   distinct
	text    letters
	queries int
	down    int64 // bytes of free content in answers
	longest int64 // bytes of the longest label
	types   [tunnelTypes]tunnelType

	minute tunnelBurst
	told   float64 // bytes at the latest finding
	ref    event.FlowRef
}

// tunnelBurst is the same for a minute, without the letters.
type tunnelBurst struct {
	start   int64
	names   distinct
	symbols uint32
	queries int
	down    int64
}

type tunnelType struct {
	name string
	n    int
}

func newDNSTunnel(env Env, decode Decoder) (Detector, error) {
	return &dnsTunnel{
		env:     env,
		pairs:   baseline.NewMap[tunnelPair, tunnelSum](env.State, "dns-tunnel.pairs", tunnelPairs, tunnelHour),
		domains: baseline.Keep(env.State, baseline.NewMap[string, firstFew](env.State, "dns-tunnel.domains", tunnelDomains, tunnelDay)),
	}, decode(&struct{}{})
}

func (d *dnsTunnel) Tick(int64, Report) {}

func (d *dnsTunnel) Observe(e *event.Event, report Report) {
	domain := strings.ToLower(event.TextOf(e.Data, "dns.question.registered_domain"))
	sub := event.TextOf(e.Data, "dns.question.subdomain")
	if e.Flow == nil || domain == "" || sub == "" || tunnelHarmless(domain, sub) {
		return
	}
	client := e.Flow.Client.Addr()
	pair := tunnelPair{client, strings.Clone(domain)}
	users, _ := d.domains.Touch(pair.domain, e.Time)
	users.add(client)
	s, _ := d.pairs.Touch(pair, e.Time)
	s.add(e, strings.ToLower(sub))
	if users.n > tunnelClients {
		return
	}
	if bytes, fast := s.carries(); bytes > 0 && (s.told == 0 || bytes >= 2*s.told) {
		s.told = bytes
		report(d.finding(e, pair, s, bytes, fast))
	}
}

// tunnelHarmless leaves out domains that nobody can rent, and services that answer
// about an address or a file named in the question: their own names are known.
func tunnelHarmless(domain, sub string) bool {
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	return slices.Contains(tunnelTops, top) || slices.Contains(tunnelServices, domain) || strings.Trim(sub, "0123456789.") == ""
}

// tunnelPlain are the types of ordinary look-ups: the aliases in their answers are
// how content networks work.
var tunnelPlain = []string{"A", "AAAA", "HTTPS", "NS", "PTR", "SOA", "SVCB"}

var (
	tunnelTops     = []string{"arpa", "home", "internal", "lan", "local", "localdomain"}
	tunnelServices = []string{
		"abuseat.org", "barracudacentral.org", "cymru.com", "dnswl.org", "e5.sk", "mailspike.net", "mcafee.com",
		"senderbase.org", "sophosxl.net", "sorbs.net", "spamcop.net", "spamhaus.net", "spamhaus.org", "surbl.org",
		"trendmicro.com", "uribl.com",
	}
)

func (s *tunnelSum) add(e *event.Event, sub string) {
	if e.Time-s.start > tunnelHour {
		*s = tunnelSum{start: e.Time}
	}
	m := &s.minute
	if e.Time-m.start > tunnelMinute {
		*m = tunnelBurst{start: e.Time}
	}
	before := s.text.total
	s.text.add(sub)
	kind, down := event.TextOf(e.Data, "dns.question.type"), int64(0)
	if !slices.Contains(tunnelPlain, kind) {
		down = event.NumberOf(e.Data, "brandmelder.dns.payload_bytes")
	}
	h := hashOf(sub)
	s.names.add(h)
	m.names.add(h)
	s.queries++
	m.queries++
	s.down += down
	m.down += down
	m.symbols += s.text.total - before
	s.longest = max(s.longest, event.NumberOf(e.Data, "brandmelder.dns.longest_label"))
	s.note(kind)
	s.ref = e.Flow.Ref()
}

func (s *tunnelSum) note(kind string) {
	for i := range s.types {
		if t := &s.types[i]; t.name == kind || t.n == 0 {
			t.name = kind
			t.n++
			return
		}
	}
}

// carries is the bytes that the look-ups of the hour can have carried, where they
// are enough for a tunnel, else 0; and whether the latest minute alone is enough.
// Past the exact counts it looks at each sixteenth look-up.
func (s *tunnelSum) carries() (bytes float64, fast bool) {
	if s.queries > distinctExact && s.queries%16 != 0 {
		return 0, false
	}
	m := &s.minute
	names, lately := s.names.count(), m.names.count()
	if names < tunnelSlowNames && lately < tunnelFastNames {
		return 0, false
	}
	symbol := s.text.bits() / 8
	up := float64(names) * float64(s.text.total) / float64(s.queries) * symbol
	minute := float64(lately)*float64(m.symbols)/float64(m.queries)*symbol + float64(m.down)
	fast = lately >= tunnelFastNames && minute >= tunnelFastBytes
	if fast || names >= tunnelSlowNames && up >= tunnelSlowBytes {
		return up + float64(s.down), fast
	}
	return 0, false
}
