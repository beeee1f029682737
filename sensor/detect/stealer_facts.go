package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// stealerSign is a set of signs that a post carries what was stolen.
type stealerSign uint16

const (
	stealKeys stealerSign = 1 << iota
	stealPrograms
	stealAsked
	stealFakeBrowser
	stealNoAgent
	stealOddAgent
	stealScript
	stealBareHost
	stealArchive
	stealShortAnswer
)

// stealSigns names and weighs them: 1 where many honest uploads do so too; the
// libraries of a password store have no other use one by one.
var stealSigns = [...]struct {
	name   string
	weight int
}{
	{"key-libraries", 5}, {"programs-first", 1}, {"own-address-asked", 2}, {"fake-browser", 2}, {"no-agent", 1},
	{"odd-agent", 1}, {"script", 1}, {"bare-host", 1}, {"archive", 1}, {"short-answer", 1},
}

func (s stealerSign) names() (out []string) {
	for i := range stealSigns {
		if s&(1<<i) != 0 {
			out = append(out, stealSigns[i].name)
		}
	}
	return out
}

func (s stealerSign) points() (n int) {
	for i := range stealSigns {
		if s&(1<<i) != 0 {
			n += stealSigns[i].weight
		}
	}
	return n
}

// stealerSigns are those of one post.
func stealerSigns(r event.Record, host string) (s stealerSign) {
	agent := event.TextOf(r, "user_agent.original")
	switch {
	case agent == "":
		s |= stealNoAgent
	case strings.HasPrefix(agent, "Mozilla/") && !event.IsTrue(r, "brandmelder.http.request.languages") && event.TextOf(r, "http.request.referrer") == "":
		s |= stealFakeBrowser
	case !strings.ContainsAny(agent, "/ "):
		s |= stealOddAgent // one word without a version
	}
	path := event.TextOf(r, "url.path")
	if script(event.TextOf(r, "url.extension")) || path == "/" || path == "" {
		s |= stealScript
	}
	if _, err := netip.ParseAddr(host); err == nil {
		s |= stealBareHost
	}
	switch event.TextOf(r, "brandmelder.http.request.class") {
	case "zip", "rar", "7z", "gzip", "cab":
		s |= stealArchive
	}
	kind := event.TextOf(r, "http.response.mime_type")
	if event.NumberOf(r, "http.response.body.bytes") <= 64 && (kind == "" || kind == "text/html") && event.NumberOf(r, "http.response.status_code") == 200 {
		s |= stealShortAnswer
	}
	return s
}

// script is the ending of a path that runs at the server.
func script(ending string) bool {
	switch ending {
	case "php", "asp", "aspx", "ashx", "jsp", "jspx", "cgi", "pl", "cfm":
		return true
	}
	return false
}

type stealerFacts struct {
	Bytes       int64
	Posts, Keys int
	Signs       []string
	Points      int
}

var stealerTable = event.NewTable("stealer", "What was collected on a host is posted to a place outside.",
	event.Int("brandmelder.stealer.bytes", event.Technical, "bytes posted in pieces of 8 KiB and more", func(f *stealerFacts) (int64, bool) { return f.Bytes, f.Posts > 0 }),
	event.Int("brandmelder.stealer.posts", event.Technical, "such posts", func(f *stealerFacts) (int64, bool) { return int64(f.Posts), f.Posts > 0 }),
	event.Int("brandmelder.stealer.libraries", event.Technical, "libraries fetched there that open password stores of browsers", func(f *stealerFacts) (int64, bool) { return int64(f.Keys), f.Keys > 0 }),
	event.Strings("brandmelder.stealer.signs", event.Technical, "what is unusual about it", func(f *stealerFacts) []string { return f.Signs }),
	event.Int("brandmelder.stealer.points", event.Technical, "weight of these signs; five is a finding", func(f *stealerFacts) (int64, bool) { return int64(f.Points), true }),
)

func (*stealerFacts) Table() *event.Table { return stealerTable }

func init() {
	register(Spec{
		Name:      "stealer",
		Doc:       "a program posts what it collected on a host to a place outside, or fetches the libraries that open password stores",
		Family:    "exfiltration",
		Technique: []string{"T1041", "T1555.003"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"http", "dns"},
		Facts:     stealerTable,
		New:       newStealer,
	})
}
