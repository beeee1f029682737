package detect

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// driveBy finds a web site that puts a program on whoever looks at it: a page to
// which another site led, often something for a plug-in (Flash, Java, Silverlight,
// PDF), and then a program that nobody clicked on. What a person clicks on comes
// by the browser, which says its languages and where it came from, and it has the
// name of a program; what an exploit fetches lacks some of that.
type driveBy struct {
	env    Env
	places *baseline.Map[programPlace, driveByPlace]
	users  *baseline.Map[string, firstFew]
}

// driveByPlace is what a browser got from a host within the window.
type driveByPlace struct {
	first, page int64 // 0 no page yet
	last        int64 // page or plug-in's file
	foreign     bool  // another site led there
	framed      bool  // at once after that site's page, so that nobody can have clicked
	agent       string
	plugin      driveBySign
	size, came  int64 // of the latest payload, and when
	points      int   // of the latest finding, 0 none
	refs        []event.FlowRef
}

const (
	driveByPlaces = 16384
	// An exploit runs within seconds of its page; slow hosts and retries take longer.
	driveByWindow = 120 * second
	// Faster than a person reads a page and clicks.
	driveByAtOnce = 2 * second
	driveByFrame  = second // a frame of a page is asked for while the page loads
	driveByBlob   = 20_000 // bytes of a program that came disguised; smaller are pictures and counters
	driveByBar    = 5
	driveByFew    = 2 // a supplier's page is used by more
)

func newDriveBy(env Env, decode Decoder) (Detector, error) {
	return &driveBy{
		env:    env,
		places: baseline.NewMap[programPlace, driveByPlace](env.State, "drive-by.places", driveByPlaces, driveByWindow),
		users:  baseline.NewMap[string, firstFew](env.State, "drive-by.users", driveByPlaces, 30*24*3600*second),
	}, decode(&struct{}{})
}

func (d *driveBy) Tick(int64, Report) {}

func (d *driveBy) Observe(e *event.Event, report Report) {
	r := e.Data
	status := event.NumberOf(r, "http.response.status_code")
	if e.Flow == nil || event.TextOf(r, "http.request.method") != "GET" || status < 200 || status >= 300 || status == 206 || !d.env.Know.Internal(e.Flow.Client.Addr()) {
		return
	}
	host := cmp.Or(event.TextOf(r, "url.domain"), e.Flow.Server.Addr().String())
	k := programPlace{e.Flow.Client.Addr(), host}
	s := d.places.Get(k)
	plugin := pluginOf(r)
	page := plugin == 0 && event.TextOf(r, "http.response.mime_type") == "text/html" && event.IsTrue(r, "brandmelder.http.request.languages")
	if page || plugin != 0 {
		d.stage(e, k, plugin)
		return
	}
	if s == nil || e.Time-s.last > driveByWindow || !payload(r, s) {
		return
	}
	users, _ := d.users.Touch(strings.Clone(host), e.Time)
	users.add(k.client)
	s.refs = keep(s.refs, e.Flow.Ref(), programRefs)
	signs := s.signs(r, e.Time)
	s.size, s.came = event.NumberOf(r, "http.response.body.bytes"), e.Time
	if points := signs.points(); points >= driveByBar && points > s.points && users.n <= driveByFew {
		s.points = points
		report(d.finding(e, k, s, signs))
	}
}

// stage notes a page, or what it loads for a plug-in.
func (d *driveBy) stage(e *event.Event, k programPlace, plugin driveBySign) {
	k.place = strings.Clone(k.place)
	s, fresh := d.places.Touch(k, e.Time)
	if fresh || e.Time-s.last > driveByWindow {
		*s = driveByPlace{first: e.Time}
	}
	s.last = e.Time
	s.refs = keep(s.refs, e.Flow.Ref(), programRefs)
	s.plugin |= plugin
	if plugin != 0 {
		return
	}
	s.page = e.Time
	s.agent = strings.Clone(event.TextOf(e.Data, "user_agent.original"))
	from := event.TextOf(e.Data, "http.request.referrer")
	if from != "" && !sameSite(from, k.place) {
		s.foreign = true
		outer := d.places.Get(programPlace{k.client, from})
		s.framed = s.framed || outer != nil && outer.page != 0 && e.Time-outer.page <= driveByFrame
	}
}

// sameSite compares the last two labels of two names: enough to tell a maker's
// download server from a stranger.
func sameSite(a, b string) bool { return lastTwo(a) == lastTwo(b) }

func lastTwo(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[strings.LastIndexByte(name[:i], '.')+1:]
	}
	return name
}

// pluginOf is what an answer is that a plug-in opens; 0 none.
func pluginOf(r event.Record) driveBySign {
	kind, class, ending := event.TextOf(r, "http.response.mime_type"), event.TextOf(r, "brandmelder.http.response.class"), event.TextOf(r, "url.extension")
	switch {
	case class == "flash" || kind == "application/x-shockwave-flash":
		return driveByFlash
	case class == "java-class" || strings.Contains(kind, "java-archive") || class == "zip" && (ending == "jar" || strings.Contains(event.TextOf(r, "user_agent.original"), "Java/")):
		return driveByJava
	case strings.HasPrefix(kind, "application/x-silverlight"):
		return driveBySilverlight
	case class == "pdf" || kind == "application/pdf":
		return driveByPDF
	}
	return 0
}

// payload reports whether an answer may be the program that an exploit fetched: one
// by its first bytes, or after a plug-in's file an unknown blob that no browser
// asked for.
func payload(r event.Record, s *driveByPlace) bool {
	class := event.TextOf(r, "brandmelder.http.response.class")
	if runnable(class) {
		return true
	}
	kind := event.TextOf(r, "http.response.mime_type")
	unasked := !event.IsTrue(r, "brandmelder.http.request.languages") && event.TextOf(r, "http.request.referrer") == ""
	return class == "binary" && unasked && s.plugin != 0 && event.NumberOf(r, "http.response.body.bytes") >= driveByBlob &&
		(kind == "" || kind == "application/octet-stream" || kind == "application/x-msdownload")
}

func (s *driveByPlace) signs(r event.Record, now int64) driveBySign {
	signs := s.plugin
	agent, java := event.TextOf(r, "user_agent.original"), false
	if java = strings.Contains(agent, "Java/"); java {
		signs |= driveByJavaAgent
	}
	if !java && strings.HasPrefix(agent, "Mozilla/") {
		if !event.IsTrue(r, "brandmelder.http.request.languages") {
			signs |= driveByNoLanguages
		}
		if event.TextOf(r, "http.request.referrer") == "" {
			signs |= driveByNoReferrer
		}
	}
	if agent != s.agent && s.page != 0 && !java {
		signs |= driveByOtherAgent
	}
	if falseType(event.TextOf(r, "http.response.mime_type")) || falseEnding(event.TextOf(r, "url.extension")) {
		signs |= driveByFalseType
	}
	if ending := event.TextOf(r, "url.extension"); ending == "" || script(ending) {
		signs |= driveByUnnamed
	}
	if s.foreign {
		signs |= driveByForeign
	}
	if s.framed {
		signs |= driveByFramed
	}
	if s.page != 0 && now-s.page <= driveByAtOnce {
		signs |= driveByFast
	}
	if n := event.NumberOf(r, "http.response.body.bytes"); s.came != 0 && n == s.size && now-s.came <= driveByAtOnce {
		signs |= driveByTwice
	}
	return signs
}

func (d *driveBy) finding(e *event.Event, k programPlace, s *driveByPlace, signs driveBySign) event.Finding {
	points := signs.points()
	f := event.Finding{
		Key: k.client.String() + " " + k.place, Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(e.Flow.Server.Addr()), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(points), Unit: "points", N: len(s.refs)},
		Baseline: event.Measure{Value: driveByBar, Unit: "points"},
		Facts:    &driveByFacts{Class: event.TextOf(e.Data, "brandmelder.http.response.class"), Bytes: event.NumberOf(e.Data, "http.response.body.bytes"), Signs: signs.names(), Points: points},
		Score:    min(60+5*float64(points-driveByBar), 95), Severity: event.Medium,
	}
	if points >= driveByBar+2 {
		f.Severity = event.High
	}
	if _, err := netip.ParseAddr(k.place); err != nil {
		f.Peer.Domain = k.place
	}
	return f
}
