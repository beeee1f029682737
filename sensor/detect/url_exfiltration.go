package detect

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// urlExfiltration finds data that leaves within addresses of pages: many requests to
// one host, each with a long and dense path or query, that are answered with less than
// they carry. Pages that count their visitors do so too, but browsers send them, from
// many desks, and name the page they come from. What was asked is never kept, only
// its length and its entropy.
type urlExfiltration struct {
	env    Env
	places *baseline.Map[programPlace, urlSum]
	users  *baseline.Map[string, firstFew]
}

type urlSum struct {
	first    int64
	requests int64
	bytes    int64 // of long and dense addresses
	back     int64
	density  float64 // sum of entropies
	told     int64
	refs     []event.FlowRef
}

const (
	urlPlaces = 16384
	urlMemory = 30 * day
	urlHour   = 3600 * second
	// A search or a page number is short; base64 has six bits a character, hex four,
	// words with their separators about as much but in addresses half as long.
	urlLong  = 200
	urlDense = 3.8
	// Twenty such requests and 10 kB are more than a login that hands its token on.
	urlMany  = 20
	urlBytes = 10_000
	urlFew   = 2
)

func newURLExfiltration(env Env, decode Decoder) (Detector, error) {
	return &urlExfiltration{
		env:    env,
		places: baseline.NewMap[programPlace, urlSum](env.State, "url-exfiltration.places", urlPlaces, urlHour),
		users:  baseline.Keep(env.State, baseline.NewMap[string, firstFew](env.State, "url-exfiltration.users", urlPlaces, urlMemory)),
	}, decode(&struct{}{})
}

func (d *urlExfiltration) Tick(int64, Report) {}

func (d *urlExfiltration) Observe(e *event.Event, report Report) {
	r := e.Data
	size, density := event.NumberOf(r, "brandmelder.http.target.bytes"), event.ShareOf(r, "brandmelder.http.target.entropy")
	if e.Flow == nil || size < urlLong || density < urlDense || event.IsTrue(r, "brandmelder.http.request.languages") || event.Has(r, "http.request.referrer") {
		return
	}
	client, host := e.Flow.Client.Addr(), cmp.Or(event.TextOf(r, "url.domain"), e.Flow.Server.Addr().String())
	if !d.env.Know.Internal(client) || !leaves(d.env, host, e.Flow) {
		return
	}
	users, _ := d.users.Touch(strings.Clone(host), e.Time)
	users.add(client)
	s, fresh := d.places.Touch(programPlace{client, strings.Clone(host)}, e.Time)
	if fresh || e.Time-s.first > 24*urlHour {
		*s = urlSum{first: e.Time}
	}
	s.requests++
	s.bytes += size
	s.back += event.NumberOf(r, "http.response.body.bytes")
	s.density += density
	s.refs = noteFlow(s.refs, e.Flow)
	if users.n > urlFew || s.requests < urlMany || s.bytes < urlBytes || s.bytes < s.back || s.bytes < 2*s.told {
		return
	}
	s.told = s.bytes
	report(d.finding(e, client, host, s))
}

func (d *urlExfiltration) finding(e *event.Event, client netip.Addr, host string, s *urlSum) event.Finding {
	server := e.Flow.Server.Addr()
	f := event.Finding{
		Key: client.String() + " " + host, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(client), Peer: d.env.Know.Entity(server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(s.bytes), Unit: "bytes", N: int(s.requests)},
		Facts:    &urlFacts{Requests: s.requests, Bytes: s.bytes, Back: s.back, Entropy: s.density / float64(s.requests), Place: strings.Clone(host)}, Score: 70,
	}
	if host != server.String() {
		f.Peer.Domain = strings.Clone(host)
	}
	return f
}

type urlFacts struct {
	Requests, Bytes, Back int64
	Entropy               float64
	Place                 string
}

var urlTable = event.NewTable("url-exfiltration", "Data that leaves within addresses of pages.",
	event.Int("brandmelder.url_exfiltration.requests", event.Technical, "requests with a long and dense address", func(f *urlFacts) (int64, bool) { return f.Requests, true }),
	event.Int("brandmelder.url_exfiltration.bytes", event.Technical, "bytes of these addresses", func(f *urlFacts) (int64, bool) { return f.Bytes, true }),
	event.Int("brandmelder.url_exfiltration.bytes_back", event.Technical, "bytes of the answers", func(f *urlFacts) (int64, bool) { return f.Back, true }),
	event.Float("brandmelder.url_exfiltration.entropy", event.Technical, "mean entropy of an address, bits per character", func(f *urlFacts) (float64, bool) { return f.Entropy, true }),
	event.String("brandmelder.url_exfiltration.destination", event.Technical, "host that was asked", func(f *urlFacts) (string, bool) { return f.Place, true }),
)

func (*urlFacts) Table() *event.Table { return urlTable }

func init() {
	register(Spec{
		Name: "url-exfiltration", Doc: "data leaves within long and dense addresses of pages, to a host that hardly anyone else here asks",
		Family: "exfiltration", Technique: []string{"T1048.003", "T1071.001"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"http"}, Facts: urlTable, New: newURLExfiltration,
	})
}
