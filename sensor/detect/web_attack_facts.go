package detect

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// webShape is a set of attack shapes of requests.
type webShape uint8

const (
	webJNDI webShape = 1 << iota
	webSQL
	webTraversal
	webCmd
	webXSS
	webCode

	// webExploit are the shapes that run code at the server.
	webExploit = webJNDI | webCmd | webCode
)

var webShapes = []string{"jndi", "sql", "traversal", "cmd", "xss", "code"}

func (s webShape) names() (out []string) {
	for i, name := range webShapes {
		if s&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// shapesOf are those of one request. What a browser sends from a page of the
// server, in an editor or a tool for databases, is the work of a person.
func shapesOf(r event.Record) (s webShape) {
	if event.TextOf(r, "http.request.referrer") != "" && event.TextOf(r, "http.request.referrer") == event.TextOf(r, "url.domain") {
		return 0
	}
	switch event.TextOf(r, "http.request.mime_type") {
	case "", "application/x-www-form-urlencoded":
	default:
		return 0 // logs and documents hold any text
	}
	for _, name := range event.TextsOf(r, "brandmelder.http.suspicious") {
		if i := slices.Index(webShapes, name); i >= 0 {
			s |= 1 << i
		}
	}
	return s
}

// search notes whether a page was there.
func (s *webPair) search(r event.Record, missed bool, status int64) {
	ending, path := event.TextOf(r, "url.extension"), event.TextOf(r, "url.path")
	if !missed {
		if status >= 200 && status < 400 {
			s.found++
		}
		return
	}
	id := pathID(path)
	if len(s.missing) >= webKept || slices.Contains(s.missing, id) {
		return
	}
	s.missing = append(s.missing, id)
	s.kinds |= webKinds[ending]
	if ending == "" && strings.Count(strings.TrimSuffix(path, "/"), "/") == 1 {
		s.words++
	}
}

// attack notes the shapes of a request.
func (s *webPair) attack(r event.Record, shapes webShape) {
	if shapes == 0 {
		return
	}
	s.attacks++
	s.shapes |= shapes
	if shapes&webSQL != 0 {
		s.injections++
		s.answers = note(s.answers, event.NumberOf(r, "http.response.body.bytes"))
	}
}

// tell reports one kind of attack, and again when it has doubled.
func (d *webAttack) tell(kind string, n int, e *event.Event, k pair, s *webPair, report Report) {
	if s.told[kind] > 0 && (n < 2*s.told[kind] || kind == "callback" || kind == "web-shell") {
		return
	}
	s.told[kind] = n
	f := event.Finding{
		Key: k.client.String() + " " + k.server.String() + " " + kind, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(n), Unit: "requests", N: n},
		Facts:    &webFacts{Kind: kind, Missing: len(s.missing), Attacks: s.attacks, Shapes: s.shapes.names(), Answers: len(s.answers)},
		Score:    70, Severity: event.Medium,
	}
	switch {
	case allowedFrom(d.env, k.client, k.server):
		f.Severity = event.Low
	case kind == "callback":
		f.Severity, f.Score = event.High, 90
	case kind == "search" && !d.env.Know.Internal(k.client):
		f.Severity = event.Low // what the internet sends is the same every hour
	}
	report(f)
}

type webFacts struct {
	Kind             string
	Missing, Attacks int
	Shapes           []string
	Answers          int
}

var webTable = event.NewTable("web-attack", "An attack on a web server that shows in several requests.",
	event.String("brandmelder.web_attack.kind", event.Technical, "search, injection, mixed, web-shell or callback", func(f *webFacts) (string, bool) { return f.Kind, true }),
	event.Int("brandmelder.web_attack.missing", event.Technical, "different pages asked for that are not there, at most 256", func(f *webFacts) (int64, bool) { return int64(f.Missing), f.Missing > 0 }),
	event.Int("brandmelder.web_attack.attacks", event.Technical, "requests with the shape of an attack", func(f *webFacts) (int64, bool) { return int64(f.Attacks), f.Attacks > 0 }),
	event.Strings("brandmelder.web_attack.shapes", event.Technical, "these shapes", func(f *webFacts) []string { return f.Shapes }),
	event.Int("brandmelder.web_attack.answers", event.Technical, "different sizes of answers to injections in SQL, at most 64", func(f *webFacts) (int64, bool) { return int64(f.Answers), f.Answers > 0 }),
	event.Bool("brandmelder.web_attack.is_callback", event.Technical, "the server then opened a connection to the client", func(f *webFacts) (bool, bool) { return true, f.Kind == "callback" }),
	event.Bool("brandmelder.web_attack.is_shell", event.Technical, "a new script was called after an upload", func(f *webFacts) (bool, bool) { return true, f.Kind == "web-shell" }),
)

func (*webFacts) Table() *event.Table { return webTable }

func init() {
	register(Spec{
		Name: "web-attack", Doc: "a search for weak pages, a series of injections, a new script after an upload, or a server that calls back after an exploit",
		Family: "web-exploit", Technique: []string{"T1190", "T1595.002", "T1505.003"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"http", "flow.start"}, Facts: webTable, New: newWebAttack,
	})
}

// uploadFolders are where applications put what was uploaded, and keep no scripts.
var uploadFolders = []string{"upload", "uploads", "files", "userfiles", "images", "image", "img", "media", "attachments", "avatars", "tmp", "temp", "documents"}

// inUploads reports whether a path lies in a folder for what was uploaded.
func inUploads(path string) bool {
	parts := strings.Split(strings.ToLower(path), "/")
	return slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { return slices.Contains(uploadFolders, p) })
}

// folderID is a number for the folder of a path.
func folderID(path string) uint64 { return pathID(path[:strings.LastIndexByte(path, '/')+1]) }
