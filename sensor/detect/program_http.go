package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// programSign is a set of signs that a download is no ordinary one.
type programSign uint16

const (
	downloadBare programSign = 1 << iota
	downloadOutsideBare
	downloadTool
	downloadJava
	downloadFalseType
	downloadFakeBrowser
	downloadNoAgent
	downloadNoName
	downloadUntyped
	downloadSeveral
	downloadClass
	downloadOddPort
	downloadSiteFolder
	downloadOffice
)

// downloadSigns names and weighs them: 1 where many honest programs do so, the bar
// where hardly any does.
var downloadSigns = [...]struct {
	name   string
	weight int
}{
	{"bare-host", 1}, {"bare-host-outside", 1}, {"tool-agent", 2}, {"java-agent", 4}, {"false-type", 3}, {"fake-browser", 1},
	{"no-agent", 2}, {"no-file-name", 1}, {"untyped", 1}, {"several", 2}, {"class-from-address", 2}, {"odd-port", 1},
	{"site-folder", 2}, {"office-agent", 4},
}

func (s programSign) names() (out []string) {
	for i := range downloadSigns {
		if s&(1<<i) != 0 {
			out = append(out, downloadSigns[i].name)
		}
	}
	return out
}

func (s programSign) points() (n int) {
	for i := range downloadSigns {
		if s&(1<<i) != 0 {
			n += downloadSigns[i].weight
		}
	}
	return n
}

// http looks at an answer that is a program by its first bytes.
func (p *program) http(e *event.Event, report Report) {
	f, r := e.Flow, e.Data
	class := event.TextOf(r, "brandmelder.http.response.class")
	host := event.TextOf(r, "url.domain")
	if host == "" {
		host = f.Server.Addr().String()
	}
	if !runnable(class) || event.TextOf(r, "http.request.method") == "" || event.NumberOf(r, "http.response.status_code") >= 300 {
		return
	}
	users, _ := p.users.Touch(host, e.Time)
	users.add(f.Client.Addr())
	k := programPlace{f.Client.Addr(), strings.Clone(host)}
	s, fresh := p.served.Touch(k, e.Time)
	if fresh {
		s.first = e.Time
	}
	s.n++
	s.signs |= p.downloadSigns(e, class, host)
	if s.n >= 3 && s.signs&(downloadNoAgent|downloadFakeBrowser|downloadTool) != 0 {
		s.signs |= downloadSeveral
	}
	s.refs = keep(s.refs, f.Ref(), programRefs)
	p.judge(e, k, s, class, users.n, report)
}

// judge reports a place that serves programs in this way, unless many fetch them: a
// repository of our own, or a supplier.
func (p *program) judge(e *event.Event, k programPlace, s *programServed, class string, users int, report Report) {
	points := s.signs.points()
	severity := event.Medium
	if points >= programBar+2 {
		severity = event.High
	}
	if points < programBar || users > 2 || severity <= s.told {
		return
	}
	s.told = severity
	found := p.finding(e, pair{k.client, e.Flow.Server.Addr()}, s.first, s.refs, severity,
		programFacts{Way: "http", Count: s.n, Class: class, Signs: s.signs.names(), Points: points})
	found.Key = k.client.String() + " " + k.place + " http"
	if _, err := netip.ParseAddr(k.place); err != nil {
		found.Peer.Domain = k.place
	}
	report(found)
}

func (p *program) downloadSigns(e *event.Event, class, host string) (s programSign) {
	f, r := e.Flow, e.Data
	if _, err := netip.ParseAddr(host); err == nil {
		s |= downloadBare
		if !p.env.Know.Internal(f.Server.Addr()) {
			s |= downloadOutsideBare
		}
		if class == "java-class" {
			s |= downloadClass
		}
	}
	agent, kind, ending := event.TextOf(r, "user_agent.original"), event.TextOf(r, "http.response.mime_type"), event.TextOf(r, "url.extension")
	switch {
	case agent == "":
		s |= downloadNoAgent
	case strings.Contains(agent, "ms-office") || strings.Contains(agent, "MSOffice") || strings.HasPrefix(agent, "Microsoft Office"):
		s |= downloadOffice // a document fetches what runs
	case strings.Contains(agent, "Java/"):
		if class != "java-class" {
			s |= downloadJava
		}
	case strings.HasPrefix(agent, "CertUtil") || strings.HasPrefix(agent, "Microsoft-CryptoAPI") || toolAgent(agent) && !strings.HasPrefix(agent, "Microsoft BITS"):
		s |= downloadTool // certutil and its library fetch certificates, not programs
	case strings.HasPrefix(agent, "Mozilla/") && !event.IsTrue(r, "brandmelder.http.request.languages") && event.TextOf(r, "http.request.referrer") == "":
		s |= downloadFakeBrowser
	}
	if falseType(kind) || falseEnding(ending) {
		s |= downloadFalseType
	}
	if siteFolder(event.TextOf(r, "url.path")) {
		s |= downloadSiteFolder
	}
	if kind == "" {
		s |= downloadUntyped
	}
	if ending == "" || ending == "php" || ending == "asp" || ending == "aspx" {
		s |= downloadNoName
	}
	if port := f.Server.Port(); port != 80 && port != 8080 && port != 443 && port != 3128 && port != 8530 {
		s |= downloadOddPort
	}
	return s
}

// siteFolder is a folder of the software that runs a web site: programs lie there
// where somebody broke into it, or where a small supplier keeps them.
func siteFolder(path string) bool {
	return slices.ContainsFunc([]string{"/wp-content/", "/wp-includes/", "/wp-admin/", "/.well-known/", "/cgi-bin/"}, func(f string) bool { return strings.Contains(path, f) })
}

// falseType is a media type that no program has. Servers say text/plain where they
// know no better.
func falseType(kind string) bool {
	return strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/") || strings.HasPrefix(kind, "font/") ||
		kind == "text/html" || kind == "text/css" || kind == "application/pdf" || kind == "application/json" || strings.HasSuffix(kind, "javascript")
}

func falseEnding(ending string) bool {
	return slices.Contains([]string{"jpg", "jpeg", "png", "gif", "bmp", "ico", "txt", "css", "js", "pdf", "htm", "html", "doc", "docx", "xls", "xlsx", "mp3", "woff"}, ending)
}
