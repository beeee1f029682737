package detect

import (
	"hash/fnv"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// webAttack finds attacks on a web server that show in several requests: a search
// for pages that are not there, a series of injections, a script that appears where
// something was uploaded and is then called, and a server that opens a connection
// to whoever just sent it an exploit. Browsers name the page they come from when
// they load its parts; what was asked for by itself, without a referrer, is what a
// program asks for, and only that counts as a search.
type webAttack struct {
	env     Env
	pairs   *baseline.Map[pair, webPair]
	scripts *baseline.Map[webScript, int64] // a script of a server, and when it was first asked for
	calls   *baseline.Map[pair, webCall]    // latest, by who called whom; nobody: a service of webFetches outside
	lured   *baseline.Map[netip.Addr, webLure]
}

// webLure is the latest exploit that a server was sent.
type webLure struct {
	client netip.Addr
	at     int64
	jndi   bool
}

// webFetches are ports of directories and of Java's remote calls, and those of the
// programs that serve code to Log4Shell.
var webFetches = []uint16{389, 636, 1099, 1389, 1636}

type webScript struct {
	server netip.Addr
	path   uint64
}

// webPair is what a client asked of a server within the window.
type webPair struct {
	first, last int64
	missing     []uint64 // paths that were not there, by hash; at most webKept
	words       int      // of these first parts of a path without an ending
	kinds       uint8    // kinds of scripts asked for, by index into webKinds
	found       int      // other paths that were there
	shapes      webShape
	attacks     int // requests with such a shape
	injections  int // of these in SQL
	answers     []int64
	uploaded    int64  // when something was uploaded
	folder      uint64 // of the page that took it
	told        map[string]int
	refs        []event.FlowRef
}

// webCall is a connection from one host to another.
type webCall struct {
	at   int64
	port uint16
	ref  event.FlowRef
}

const (
	webPairs = 4096 // 4 KiB each at most
	webKept  = 256
	// A search runs through its list in one go; a series of injections takes longer.
	webWindow = 600 * second
	// Browsers ask by themselves for icons and files of settings: a handful.
	webMissing = 30
	// A list of words for folders has hundreds; repositories and symbol servers are
	// asked for files, which have an ending.
	webWords = 60
	// A server runs one kind of script. Who asks for three does not know it.
	webKindsAsked = 3
	webAttacks    = 5
	webCallback   = 30 * second // Log4Shell's look-up and a reverse shell come at once
)

// webKinds are the endings of scripts, those of one technology together.
var webKinds = map[string]uint8{"php": 1, "php3": 1, "phtml": 1, "asp": 2, "aspx": 2, "ashx": 2, "asmx": 2, "jsp": 4, "jspx": 4, "do": 4, "action": 4, "cgi": 8, "pl": 8, "cfm": 16, "nsf": 32}

func newWebAttack(env Env, decode Decoder) (Detector, error) {
	return &webAttack{
		env:     env,
		pairs:   baseline.NewMap[pair, webPair](env.State, "web-attack.pairs", webPairs, webWindow),
		scripts: baseline.NewMap[webScript, int64](env.State, "web-attack.scripts", 16384, 30*24*3600*second),
		calls:   baseline.NewMap[pair, webCall](env.State, "web-attack.calls", 16384, webCallback),
		lured:   baseline.NewMap[netip.Addr, webLure](env.State, "web-attack.lured", webPairs, webCallback),
	}, decode(&struct{}{})
}

func (d *webAttack) Tick(int64, Report) {}

func (d *webAttack) Observe(e *event.Event, report Report) {
	switch {
	case e.Flow == nil:
	case e.Kind == "http":
		d.http(e, report)
	case e.Flow.Proto == protoTCP && !e.Flow.MidStream:
		d.called(e, report)
	}
}

func (d *webAttack) http(e *event.Event, report Report) {
	r := e.Data
	k := pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	if event.TextOf(r, "http.request.method") == "" {
		return
	}
	status := event.NumberOf(r, "http.response.status_code")
	fresh := d.newScript(k.server, r, e.Time)
	s := d.pairs.Get(k)
	shapes := shapesOf(r)
	upload := uploads(r)
	missed := d.env.Know.Internal(k.server) && missing(r, status)
	if s == nil && shapes == 0 && !upload && !missed {
		return
	}
	s, isNew := d.pairs.Touch(k, e.Time)
	if isNew || e.Time-s.last > webWindow {
		*s = webPair{first: e.Time, told: map[string]int{}}
	}
	s.last = e.Time
	called := fresh && s.shell(r, e.Time)
	s.search(r, missed, status)
	s.attack(r, shapes)
	if shapes != 0 || missed || called {
		s.refs = noteFlow(s.refs, e.Flow)
	}
	if upload {
		s.uploaded, s.folder = e.Time, folderID(event.TextOf(r, "url.path"))
	}
	if called {
		d.tell("web-shell", 1, e, k, s, report)
	}
	d.judge(e, k, s, report)
	if shapes&webExploit == 0 {
		return
	}
	lured, _ := d.lured.Touch(k.server, e.Time)
	*lured = webLure{k.client, e.Flow.Start, shapes&webJNDI != 0}
	for _, to := range []netip.Addr{k.client, {}} {
		call := d.calls.Get(pair{k.server, to})
		if call != nil && call.at >= e.Flow.Start && (to.IsValid() || lured.jndi) {
			d.callback(e, k, s, call, report)
		}
	}
}

// newScript reports whether a script was never asked for here before, and works.
func (d *webAttack) newScript(server netip.Addr, r event.Record, now int64) bool {
	if !script(event.TextOf(r, "url.extension")) || event.NumberOf(r, "http.response.status_code") != 200 {
		return false
	}
	_, fresh := d.scripts.Touch(webScript{server, pathID(event.TextOf(r, "url.path"))}, now)
	return fresh
}

// shell reports whether a script, asked for by itself, lies where uploads go. Pages
// that take uploads may lie beside their like.
func (s *webPair) shell(r event.Record, now int64) bool {
	path := event.TextOf(r, "url.path")
	return s.uploaded != 0 && now > s.uploaded && event.TextOf(r, "http.request.referrer") == "" && inUploads(path) && folderID(path) != s.folder
}

func pathID(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(path))
	return h.Sum64()
}

// uploads reports whether a request brings a file and was taken.
func uploads(r event.Record) bool {
	status, method := event.NumberOf(r, "http.response.status_code"), event.TextOf(r, "http.request.method")
	return status >= 200 && status < 400 && (method == "POST" && event.TextOf(r, "http.request.mime_type") == "multipart/form-data" || method == "PUT")
}

// missing reports whether a page was asked for by itself and is not there. Listings
// of network folders and repositories of software miss all the time.
func missing(r event.Record, status int64) bool {
	switch event.TextOf(r, "http.request.method") {
	case "GET", "HEAD", "POST":
	default:
		return false
	}
	switch event.TextOf(r, "url.extension") {
	case "pdb", "pom", "jar", "whl", "deb", "rpm", "sha1", "md5", "cab", "dll", "exe", "png", "jpg", "gif", "ico", "map", "css", "js":
		return false
	}
	return (status == 404 || status == 403 || status == 400) && event.TextOf(r, "http.request.referrer") == ""
}

// called looks at a connection that a host opened: to whoever sent it an exploit,
// or after a JNDI look-up to a service outside that such look-ups fetch code from.
func (d *webAttack) called(e *event.Event, report Report) {
	from, to, port := e.Flow.Client.Addr(), e.Flow.Server.Addr(), e.Flow.Server.Port()
	call := webCall{e.Flow.Start, port, e.Flow.Ref()}
	fetches := slices.Contains(webFetches, port) && !d.env.Know.Internal(to)
	if l := d.lured.Get(from); l != nil && call.at >= l.at && call.at-l.at <= webCallback && (to == l.client || l.jndi && fetches) {
		k := pair{l.client, from}
		if s := d.pairs.Get(k); s != nil {
			d.callback(e, k, s, &call, report)
		}
	}
	kept, _ := d.calls.Touch(pair{from, to}, e.Time)
	*kept = call
	if fetches {
		kept, _ = d.calls.Touch(pair{from, netip.Addr{}}, e.Time)
		*kept = call
	}
}

// callback reports that a server calls whoever sent it an exploit.
func (d *webAttack) callback(e *event.Event, k pair, s *webPair, call *webCall, report Report) {
	s.refs = keep(s.refs, call.ref, event.MaxRefs)
	d.tell("callback", 1, e, k, s, report)
}

// judge reports what the requests so far add up to.
func (d *webAttack) judge(e *event.Event, k pair, s *webPair, report Report) {
	missed := len(s.missing)
	list := missed >= webMissing && (ones(s.kinds) >= webKindsAsked || s.attacks > 0) || s.words >= webWords
	if list && s.found < missed {
		d.tell("search", missed, e, k, s, report)
	}
	switch {
	case s.injections >= webAttacks:
		d.tell("injection", s.injections, e, k, s, report)
	case s.attacks >= webAttacks && ones(uint8(s.shapes)) >= 2:
		d.tell("mixed", s.attacks, e, k, s, report)
	}
}
