package detect

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// look stands for the record of a look-up, with the paths that the parser gives.
type look struct {
	domain, sub, kind string
	back, longest     int64
}

var lookTable = event.NewTable("dns", "",
	event.String("dns.question.registered_domain", event.Technical, "", func(l *look) (string, bool) { return l.domain, l.domain != "" }),
	event.String("dns.question.subdomain", event.Technical, "", func(l *look) (string, bool) { return l.sub, l.sub != "" }),
	event.String("dns.question.type", event.Technical, "", func(l *look) (string, bool) { return l.kind, true }),
	event.Int("brandmelder.dns.payload_bytes", event.Technical, "", func(l *look) (int64, bool) { return l.back, l.back > 0 }),
	event.Int("brandmelder.dns.longest_label", event.Technical, "", func(l *look) (int64, bool) { return l.longest, l.longest > 0 }),
)

func (*look) Table() *event.Table { return lookTable }

func lookEvent(client string, at int64, l look) *event.Event {
	f := &event.Flow{Client: netip.AddrPortFrom(netip.MustParseAddr(client), 5000), Server: netip.MustParseAddrPort("10.1.0.1:53"), Proto: 17, App: "dns", Start: at}
	return &event.Event{Kind: "dns", Time: at, Flow: f, Data: &l}
}

var lookPart = regexp.MustCompile(`<(hex|b32|word|n)(?::(\d+))?>`)

func fillLook(r *rand.Rand, pattern string) string {
	return lookPart.ReplaceAllStringFunc(pattern, func(part string) string {
		m := lookPart.FindStringSubmatch(part)
		n, _ := strconv.Atoi(m[2])
		set := map[string]string{"hex": "0123456789abcdef", "b32": "abcdefghijklmnopqrstuvwxyz012345"}[m[1]]
		switch m[1] {
		case "word":
			return []string{"img", "static", "api", "video"}[r.IntN(4)]
		case "n":
			return strconv.Itoa(r.IntN(256))
		}
		out := make([]byte, n)
		for i := range out {
			out[i] = set[r.IntN(len(set))]
		}
		return string(out)
	})
}

func readLooks(t testing.TB, file string) []*event.Event {
	t.Helper()
	f, err := os.Open("testdata/dns-tunnel/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := rand.New(rand.NewPCG(3, 3))
	var out []*event.Event
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var start, gap, client, pattern string
		var n int
		var l look
		if _, err := fmt.Sscan(lines.Text(), &start, &gap, &n, &client, &l.domain, &l.kind, &pattern, &l.back, &l.longest); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		at, _ := time.ParseDuration(start)
		step, _ := time.ParseDuration(gap)
		for i := range n {
			l.sub = fillLook(r, pattern)
			out = append(out, lookEvent(client, talkBegin+int64(at)+int64(i)*int64(step), l))
		}
	}
	slices.SortStableFunc(out, func(a, b *event.Event) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return out
}

func TestDNSTunnelHit(t *testing.T) {
	found := watchTalks(t, "dns-tunnel", readLooks(t, "hit.looks"))
	first := map[string]event.Finding{}
	for _, f := range found {
		if d := f.Facts.(*tunnelFacts).Domain; first[d].Time == 0 {
			first[d] = f
		}
	}
	fast, ok := first["t.example"]
	if !ok {
		t.Fatal("the fast tunnel was not found")
	}
	facts := fast.Facts.(*tunnelFacts)
	if fast.Severity != event.High || facts.Type != "NULL" || facts.Longest != 57 || fast.Time-talkBegin > 60*second || facts.Bytes > 20_000 {
		t.Errorf("fast: severity %d after %d s, %+v", fast.Severity, (fast.Time-talkBegin)/second, facts)
	}
	slow, ok := first["slow.example"]
	if !ok {
		t.Fatal("the slow tunnel was not found")
	}
	// 24 hexadecimal digits are 12 bytes: 1.2 B/s, so 2.5 kB within 35 minutes.
	if facts := slow.Facts.(*tunnelFacts); slow.Severity != event.Medium || slow.Time-talkBegin > 3600*second || facts.Rate < 1 || facts.Rate > 1.5 {
		t.Errorf("slow: severity %d after %d s, %+v", slow.Severity, (slow.Time-talkBegin)/second, facts)
	}
}

// Thirty thousand look-ups as a popular list would give: many domains, few names
// below each, by a law of 1/rank.
func TestDNSTunnelOrdinaryLookUps(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	zipf := rand.NewZipf(r, 1.01, 1, 1_000_000)
	var events []*event.Event
	for i := range 30_000 {
		domain := fmt.Sprintf("site%d.com", zipf.Uint64())
		sub := []string{"www", "api", "cdn", "m", "static", "login", "mail", "e" + strconv.Itoa(r.IntN(40))}[r.IntN(8)]
		events = append(events, lookEvent("10.1.0.5", talkBegin+int64(i)*second/20, look{domain: domain, sub: sub, kind: "A", back: 60, longest: 8}))
	}
	for _, f := range watchTalks(t, "dns-tunnel", events) {
		t.Errorf("%s %+v", f.Key, f.Facts)
	}
}

func TestDNSTunnelTwiceTheSame(t *testing.T) {
	a, b := watchTalks(t, "dns-tunnel", readLooks(t, "hit.looks")), watchTalks(t, "dns-tunnel", readLooks(t, "hit.looks"))
	if diff := cmp.Diff(a, b, sameAddr); diff != "" {
		t.Error(diff)
	}
}

func TestDNSTunnelFlood(t *testing.T) {
	var events []*event.Event
	for i := range tunnelPairs + 4000 {
		events = append(events, lookEvent("10.1.0.5", talkBegin+int64(i)*1000, look{domain: fmt.Sprintf("d%d.example", i), sub: "www", kind: "A"}))
	}
	found, state := watch(t, "dns-tunnel", nil, events)
	if len(found) != 0 {
		t.Errorf("%d findings", len(found))
	}
	for _, g := range state.Gauges() {
		if g.Len() != g.Cap() || g.Evicted() != 4000 {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 64, 65, 500, 5000, 100_000} {
		var d distinct
		for range 2 {
			for i := range n {
				d.add(hashOf(strconv.Itoa(i)))
			}
		}
		if got := d.count(); max(got-n, n-got) > n/10 || n <= 64 && got != n {
			t.Errorf("%d different strings counted as %d", n, got)
		}
	}
}
