package detect

import (
	"cmp"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// http looks at one request. The place is the host that was asked for: behind a
// proxy the server's address says nothing.
func (c *c2) http(e *event.Event, report Report) {
	f, r := e.Flow, e.Data
	host := cmp.Or(event.TextOf(r, "url.domain"), f.Server.Addr().String())
	method := event.TextOf(r, "http.request.method")
	if method == "" || !c.env.Know.Internal(f.Client.Addr()) || ownTraffic(host, r) {
		return
	}
	if event.IsTrue(r, "brandmelder.http.request.login") && c.env.Know.Internal(f.Server.Addr()) {
		return // a login, by whomever, is no check-in
	}
	k := c2Key{f.Client.Addr(), host, f.Server.Port(), c2HTTP}
	ch := c.channel(e, k)
	ch.call(e.Time)
	ch.requests++
	if method == "POST" || method == "PUT" {
		ch.posts++
		if event.NumberOf(r, "http.response.status_code") >= 400 {
			ch.refused++
		}
		ch.signs |= bodySigns(r) | c.samePost(e)
	} else if dressing(r) {
		ch.other++
	}
	ch.signs |= requestSigns(c.env, e, host) | c.decoySign(e, host)
	ch.signs |= ch.seriesSigns()
	alone := c.alone(host, k.client, e.Time)
	if alone && c.disguised(e, ch.signs) || ch.signs&signSamePath != 0 {
		c.judge(e, k, ch, c.env.Know.Entity(k.client), c.httpPeer(f, host), report)
	}
}

// disguised reports whether a program hides what it is; without that the rest is
// what any poll looks like. Inside, bare addresses and sloppy programs are common, a
// library that says its name hides nothing (backups, scripts, clusters), and a
// monitor or a scanner asks many servers: there it takes more.
func (c *c2) disguised(e *event.Event, s signs) bool {
	coded := s&signCoded != 0 && s&signCodedAnswer != 0
	module := s&signCoded != 0 && s&signScriptPost != 0 && s&signBlobAnswer != 0 // what loaders ask for and get
	hides := module || coded && s&(signScriptPost|signToolAgent) != 0 || s&signMislabelled != 0 && s&signBareHost != 0 ||
		s&(signFakeBrowser|signHiddenBody|signBlobCookie|signStagerPath|signSurveyed|signSurveyFields|signCodedPicture) != 0
	server := e.Flow.Server.Addr()
	if !c.env.Know.Internal(server) {
		return hides || s&signToolAgent != 0
	}
	asked, _ := c.inside.Touch(e.Flow.Client.Addr(), e.Time)
	asked.add(server)
	return hides && asked.n <= c2Few && s&(signHiddenBody|signMislabelled|signBlobCookie|signRegular|signRepeated|signStagerPath) != 0
}

// ownTraffic is what machines send to each other by their nature: certificates'
// status, printing, management and discovery with XML or JSON, and the address at
// which clouds tell a guest of itself (RFC 3927; 168.63.129.16 at Azure).
func ownTraffic(host string, r event.Record) bool {
	if strings.HasPrefix(host, "169.254.") || host == "168.63.129.16" || strings.HasPrefix(host, "[") {
		return true
	}
	for _, t := range []string{event.TextOf(r, "http.request.mime_type"), event.TextOf(r, "http.response.mime_type")} {
		for _, part := range []string{"ocsp", "pkix", "ipp", "soap", "xml", "json", "dicom", "hl7", "grpc", "wsman", "multipart/encrypted", "x-fcs", "rtsp"} {
			if strings.Contains(t, part) {
				return true
			}
		}
	}
	return strings.HasPrefix(event.TextOf(r, "user_agent.original"), "Microsoft-CryptoAPI") || event.TextOf(r, "brandmelder.http.auth") == "ntlm"
}

// dressing is what pages are made of.
func dressing(r event.Record) bool {
	t := event.TextOf(r, "http.response.mime_type")
	return strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "font/") || t == "text/css" || strings.HasSuffix(t, "javascript") || event.TextOf(r, "http.request.referrer") != ""
}

// requestSigns are those of any request.
func requestSigns(env Env, e *event.Event, host string) (s signs) {
	f, r := e.Flow, e.Data
	if _, err := netip.ParseAddr(host); err == nil {
		s |= signBareHost
	} else if dynamic(host) {
		s |= signDynamicName
	}
	outside := !env.Know.Internal(f.Server.Addr())
	if outside && !slices.Contains([]uint16{80, 8080, 443, 8443, 8000, 8008, 8888, 3128, 81, 8081, 8880}, f.Server.Port()) {
		s |= signOddPort
	}
	agent := event.TextOf(r, "user_agent.original")
	switch {
	case strings.Contains(agent, "compatible;") && !strings.Contains(agent, "MSIE"): // it names itself
	case strings.HasPrefix(agent, "Mozilla/") && !event.IsTrue(r, "brandmelder.http.request.languages") && event.TextOf(r, "http.request.referrer") == "":
		s |= signFakeBrowser
	case toolAgent(agent):
		s |= signToolAgent
	case agent == "" && outside && event.IsTrue(r, "brandmelder.http.request.cookie"):
		s |= signCookieNoAgent
	}
	switch event.TextOf(r, "brandmelder.http.request.survey") {
	case "list":
		s |= signSurveyed
	case "fields":
		s |= signSurveyFields
	}
	if event.IsTrue(r, "brandmelder.http.request.blob_cookie") {
		s |= signBlobCookie
	}
	class := event.TextOf(r, "brandmelder.http.response.class")
	if !event.IsTrue(r, "brandmelder.http.response.encoded") {
		s |= falseAnswer(r, class)
	}
	if stagerPath(r, class) {
		s |= signStagerPath
	}
	return s
}

// falseAnswer is the sign of an answer that is not what its type says: a text that is
// none, or a picture or a film that is a coded text.
func falseAnswer(r event.Record, class string) signs {
	switch kind, _, _ := strings.Cut(event.TextOf(r, "http.response.mime_type"), "/"); kind {
	case "text":
		if class == "binary" {
			return signMislabelled
		}
	case "image", "video", "audio", "font":
		if event.IsTrue(r, "brandmelder.http.response.coded") {
			return signCodedPicture
		}
	}
	return 0
}

// decoySign is the request of a program without a name for one short path with a query
// that goes to host after host: an implant hides the one that answers among others
// (FormBook). The query keeps apart the checks of a connection, which have none.
func (c *c2) decoySign(e *event.Event, host string) signs {
	r, path := e.Data, event.TextOf(e.Data, "url.path")
	if event.TextOf(r, "user_agent.original") != "" || event.NumberOf(r, "brandmelder.http.query.bytes") < 16 || event.TextOf(r, "url.extension") != "" ||
		len(path) < 3 || strings.Count(strings.TrimSuffix(path, "/"), "/") != 1 || c.env.Know.Internal(e.Flow.Server.Addr()) {
		return 0
	}
	hosts, _ := c.posts.Touch(c2Post{e.Flow.Client.Addr(), strings.Clone(path), -1}, e.Time)
	before := hosts.n
	if hosts.add(nameKey(host)); hosts.n == 3 && before == 2 { // told once
		return signSamePath
	}
	return 0
}

// nameKey stands for a name among addresses.
func nameKey(name string) netip.Addr {
	h := fnv.New128a()
	h.Write([]byte(name))
	return netip.AddrFrom16([16]byte(h.Sum(nil)))
}

// stagerSums are what the words of stagers add up to modulo 256: Metasploit's for
// Windows and others, Java, Python and a session that goes on, Cobalt Strike's for
// 32 and 64 bits.
var stagerSums = []int64{92, 93, 88, 80, 98, 95}

// stagerPath is a path of that sum that is answered by a program's bytes or by
// nothing known, with no type of a page. By chance one word in forty has the sum.
func stagerPath(r event.Record, class string) bool {
	return event.Has(r, "brandmelder.http.path.checksum8") && slices.Contains(stagerSums, event.NumberOf(r, "brandmelder.http.path.checksum8")) &&
		(class == "binary" || class == "exe-pe" || class == "elf") && event.NumberOf(r, "http.response.body.bytes") > 4096
}

// bodySigns are those of a request that sends something.
func bodySigns(r event.Record) (s signs) {
	kind, sent := event.TextOf(r, "http.request.mime_type"), event.NumberOf(r, "http.request.body.bytes")
	text := strings.HasPrefix(kind, "text/") || kind == "application/x-www-form-urlencoded" ||
		kind == "" && strings.HasPrefix(event.TextOf(r, "user_agent.original"), "Mozilla/")
	if sent >= 16 && text && event.Has(r, "brandmelder.http.request.printable") && event.ShareOf(r, "brandmelder.http.request.printable") < .85 {
		s |= signHiddenBody
	}
	if (text || kind == "") && event.IsTrue(r, "brandmelder.http.request.coded") {
		s |= signCoded
		if event.IsTrue(r, "brandmelder.http.response.coded") {
			s |= signCodedAnswer
		}
	}
	if sent > 0 && (kind == "" || kind == "application/octet-stream") {
		s |= signUntyped
	}
	if slices.Contains([]string{"php", "asp", "aspx", "jsp", "cgi"}, event.TextOf(r, "url.extension")) && event.TextOf(r, "http.request.referrer") == "" {
		s |= signScriptPost
	}
	if n := event.NumberOf(r, "http.response.body.bytes"); n > 0 && n <= 64 && event.TextOf(r, "http.response.mime_type") == "text/html" && event.TextOf(r, "brandmelder.http.response.class") != "html" {
		s |= signShortAnswer
	}
	if class := event.TextOf(r, "brandmelder.http.response.class"); text && class == "binary" && event.NumberOf(r, "http.response.body.bytes") >= 4096 {
		s |= signBlobAnswer
	}
	return s
}

// samePost is the sign of one form that goes to server after server.
func (c *c2) samePost(e *event.Event) signs {
	f, sent := e.Flow, event.NumberOf(e.Data, "http.request.body.bytes")
	if path := event.TextOf(e.Data, "url.path"); len(path) > 1 && sent >= 64 && !c.env.Know.Internal(f.Server.Addr()) {
		servers, _ := c.posts.Touch(c2Post{f.Client.Addr(), strings.Clone(path), sent}, e.Time)
		before := servers.n
		if servers.add(f.Server.Addr()); servers.n == 3 && before == 2 { // told once
			return signSamePath
		}
	}
	return 0
}

// seriesSigns are those of all requests to the place.
func (ch *c2Channel) seriesSigns() (s signs) {
	if ch.other > 0 {
		return 0 // somebody looks at pages
	}
	if ch.posts >= 3 {
		s |= signRepeated
		if ch.posts == ch.requests {
			s |= signOnlyPosts
		}
	}
	if ch.refused >= 3 && ch.refused == ch.posts {
		s |= signRefused
	}
	if ch.regular() {
		s |= signRegular
	}
	return s
}

// toolAgent knows libraries and tools that scripts and implants are made with.
func toolAgent(agent string) bool {
	for _, t := range []string{"Go-http-client", "python-", "Python-urllib", "curl/", "Wget", "WinHTTP", "PowerShell", "okhttp", "Java/", "libwww-perl", "axios/", "aiohttp", "Microsoft BITS"} {
		if strings.HasPrefix(agent, t) {
			return true
		}
	}
	return strings.Contains(agent, "WindowsPowerShell")
}

func (c *c2) httpPeer(f *event.Flow, host string) event.Entity {
	peer := c.env.Know.Entity(f.Server.Addr())
	if _, err := netip.ParseAddr(host); err != nil {
		peer.Domain = host
	}
	return peer
}
