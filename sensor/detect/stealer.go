package detect

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// stealer finds what programs that collect passwords and documents do over HTTP:
// they fetch the libraries that open the password stores of browsers, ask for their
// public address, and post what they found, in one piece, to a script of a host
// that nobody else here posts to. What a host posts to the same place for days is
// the house's own: telemetry, a portal, an upload of a device.
type stealer struct {
	env    Env
	places *baseline.Map[programPlace, stealerPlace]
	users  *baseline.Map[string, firstFew]
	asked  *baseline.Map[netip.Addr, int64] // when a host asked for its public address
}

// stealerPlace is what a host did at a place.
type stealerPlace struct {
	first    int64
	keys     uint8 // bits of keyLibraries that were fetched
	programs int
	posted   int64 // bytes in posts of a stealer's size
	posts    int
	signs    stealerSign // of the oddest post
	told     stealerTold
	refs     []event.FlowRef
}

type stealerTold struct {
	severity event.Severity
	posted   int64
}

const (
	stealerPlaces = 16384
	stealerMemory = 30 * 24 * 3600 * second
	// A post of a stealer that found anything; below are forms and check-ins, which
	// are for c2-channel to judge.
	stealerBytes = 8192
	// What a host has posted to for a day without a finding is its work.
	stealerKnown = 24 * 3600 * second
	// Collecting takes minutes.
	stealerSoon = 600 * second
	// One library may be what a program misses; three together open the store.
	stealerKeys = 3
	stealerBar  = 5
	stealerFew  = 2
)

func newStealer(env Env, decode Decoder) (Detector, error) {
	return &stealer{
		env:    env,
		places: baseline.NewMap[programPlace, stealerPlace](env.State, "stealer.places", stealerPlaces, stealerMemory),
		users:  baseline.NewMap[string, firstFew](env.State, "stealer.users", stealerPlaces, stealerMemory),
		asked:  baseline.NewMap[netip.Addr, int64](env.State, "stealer.asked", stealerPlaces, stealerSoon),
	}, decode(&struct{}{})
}

func (d *stealer) Tick(int64, Report) {}

func (d *stealer) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	if e.Kind == "dns" {
		d.noteAsked(e.Flow.Client.Addr(), event.TextOf(e.Data, "dns.question.name"), e.Time)
		return
	}
	r, client := e.Data, e.Flow.Client.Addr()
	host := cmp.Or(event.TextOf(r, "url.domain"), e.Flow.Server.Addr().String())
	method := event.TextOf(r, "http.request.method")
	if method == "" || method == "CONNECT" || !d.env.Know.Internal(client) || !leaves(d.env, host, e.Flow) {
		return
	}
	d.noteAsked(client, host, e.Time)
	d.fetched(e, host)
	if size := event.NumberOf(r, "http.request.body.bytes"); (method == "POST" || method == "PUT") && size >= stealerBytes {
		d.posted(e, host, size)
	}
	if s := d.places.Get(programPlace{client, host}); s != nil && (s.keys != 0 || s.posts > 0) {
		d.judge(e, host, s, report)
	}
}

// ownAddress are services that tell a client its public address, which stealers ask
// for to fill in their report. So do meeting programs and routers.
var ownAddress = []string{"api.ipify.org", "checkip.dyndns.org", "checkip.amazonaws.com", "icanhazip.com", "ipinfo.io", "ip-api.com", "ifconfig.me", "wtfismyip.com", "ident.me", "myexternalip.com", "ipecho.net", "freegeoip.net", "ipwhois.app", "ipapi.co"}

func (d *stealer) noteAsked(client netip.Addr, name string, now int64) {
	if slices.Contains(ownAddress, name) {
		at, _ := d.asked.Touch(client, now)
		*at = now
	}
}

func (d *stealer) at(e *event.Event, host string) *stealerPlace {
	s, fresh := d.places.Touch(programPlace{e.Flow.Client.Addr(), strings.Clone(host)}, e.Time)
	if fresh {
		s.first = e.Time
	}
	s.refs = keep(s.refs, e.Flow.Ref(), programRefs)
	return s
}

// keyLibraries are the parts of Firefox and SQLite that read its password store and
// the databases of other browsers. Programs of honest makers bring them along, in
// one installer.
var keyLibraries = []string{"nss3", "softokn3", "freebl3", "mozglue", "sqlite3"}

// fetched notes programs and libraries that came from the place.
func (d *stealer) fetched(e *event.Event, host string) {
	r := e.Data
	if status := event.NumberOf(r, "http.response.status_code"); status >= 300 || event.NumberOf(r, "http.response.body.bytes") < 16384 {
		return
	}
	path := event.TextOf(r, "url.path")
	stem, isLibrary := strings.CutSuffix(strings.ToLower(path[strings.LastIndexByte(path, '/')+1:]), ".dll")
	if !isLibrary && event.TextOf(r, "brandmelder.http.response.class") != "exe-pe" {
		return
	}
	s := d.at(e, host)
	s.programs++
	if i := slices.Index(keyLibraries, stem); i >= 0 {
		s.keys |= 1 << i
	}
}

// posted notes a post of a stealer's size.
func (d *stealer) posted(e *event.Event, host string, size int64) {
	r := e.Data
	kind := event.TextOf(r, "http.request.mime_type")
	switch {
	case kind == "", kind == "multipart/form-data", kind == "application/x-www-form-urlencoded", kind == "application/octet-stream", strings.Contains(kind, "zip"), strings.HasPrefix(kind, "text/plain"):
	default:
		return // an interface that says what it carries
	}
	users, _ := d.users.Touch(strings.Clone(host), e.Time)
	users.add(e.Flow.Client.Addr())
	s := d.at(e, host)
	s.posts++
	s.posted += size
	signs := stealerSigns(r, host)
	if at := d.asked.Get(e.Flow.Client.Addr()); at != nil && e.Time-*at < stealerSoon {
		signs |= stealAsked
	}
	if signs.points() > s.signs.points() {
		s.signs = signs
	}
}

// judge reports a place once for what was fetched there, and for what was sent.
func (d *stealer) judge(e *event.Event, host string, s *stealerPlace, report Report) {
	signs := s.signs
	keys := ones(s.keys)
	switch {
	case keys >= stealerKeys:
		signs |= stealKeys
	case s.programs >= 2 && s.posts > 0:
		signs |= stealPrograms
	}
	users := d.users.Get(host)
	known := s.told.severity == 0 && e.Time-s.first > stealerKnown
	if points := signs.points(); points < stealerBar || known || users != nil && users.n > stealerFew {
		return
	}
	severity := event.Medium
	if signs&stealKeys != 0 && s.posts > 0 {
		severity = event.High
	}
	if severity <= s.told.severity && s.posted < 2*s.told.posted {
		return
	}
	if severity == s.told.severity && s.posted == 0 {
		return
	}
	s.told = stealerTold{severity, s.posted}
	report(d.finding(e, host, s, severity, &stealerFacts{Bytes: s.posted, Posts: s.posts, Keys: keys, Signs: signs.names(), Points: signs.points()}))
}

func ones(b uint8) (n int) {
	for ; b != 0; b &= b - 1 {
		n++
	}
	return n
}

func (d *stealer) finding(e *event.Event, host string, s *stealerPlace, severity event.Severity, facts *stealerFacts) event.Finding {
	f := event.Finding{
		Key: e.Flow.Client.Addr().String() + " " + host, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(e.Flow.Client.Addr()), Peer: d.env.Know.Entity(e.Flow.Server.Addr()), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(s.posted), Unit: "bytes", N: s.posts},
		Facts:    facts, Score: min(60+5*float64(facts.Points-stealerBar), 95), Severity: severity,
	}
	if _, err := netip.ParseAddr(host); err != nil {
		f.Peer.Domain = strings.Clone(host)
	}
	return f
}
