package proto

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func specOf(t *testing.T, name string, ip uint8) *Spec {
	t.Helper()
	for _, s := range All() {
		if s.Name == name && s.IP == ip {
			return s
		}
	}
	t.Fatalf("no Spec %s", name)
	return nil
}

func dnsOf(t *testing.T, name, file string, ip uint8) []*DNS {
	t.Helper()
	s := specOf(t, name, ip)
	var out []*DNS
	for _, r := range run(s, readDialogue(t, "testdata/"+name+"/"+file+".hex")) {
		out = append(out, r.(*DNS))
	}
	return out
}

func TestDNSExchange(t *testing.T) {
	got := dnsOf(t, "dns", "hit-udp", 17)
	if len(got) != 3 {
		t.Fatalf("%d records, want two exchanges and a query without answer", len(got))
	}
	a := got[0]
	if !a.Asked || !a.Answered || a.RCode != "NOERROR" || a.Query.Text != "www.example.org" || a.Query.Domain != "example.org" || a.Query.Subdomain != "www" {
		t.Errorf("%+v", a)
	}
	if len(a.Answers) != 2 || a.Answers[0].Data != "web.example.org" || a.Answers[1].Addr.String() != "192.0.2.1" {
		t.Errorf("%+v", a.Answers)
	}
	if q := got[2]; q.Answered || q.Query.Text != "lost.example.net" {
		t.Errorf("%+v", q)
	}
}

func TestDNSKeepsNoPayload(t *testing.T) {
	a := dnsOf(t, "dns", "hit-udp", 17)[1]
	doc := event.NewLayout(a.Table()).Append(nil, a)
	if !json.Valid(doc) || bytes.Contains(doc, []byte("secret")) {
		t.Errorf("%s", doc)
	}
	if a.PayloadBytes != 7 || a.QType != "TXT" || a.Query.Longest != 7 || a.Query.Entropy < 2 {
		t.Errorf("%+v", a)
	}
}

func TestLocalNames(t *testing.T) {
	nb := dnsOf(t, "nbns", "hit", 17)
	if len(nb) != 1 || nb[0].Query.Text != "filesrv" || nb[0].Suffix != 0x20 || nb[0].Answers[0].Addr.String() != "192.0.2.5" {
		t.Errorf("%+v", nb)
	}
	if l := dnsOf(t, "llmnr", "hit", 17); len(l) != 1 || l[0].Query.Text != "wpad" || !l[0].Answered {
		t.Errorf("%+v", l)
	}
	if m := dnsOf(t, "mdns", "hit", 17); len(m) != 2 || m[1].Answers[0].Data != "printer.local" {
		t.Errorf("%+v", m)
	}
}

func TestNameLoopsEnd(t *testing.T) {
	var buf [256]byte
	for _, msg := range [][]byte{{0xc0, 0}, {1, 'a', 0xc0, 0}, {0xc0, 2, 0xc0, 0}, {63, 'a'}, {0x80}} {
		if _, _, ok := wireName(msg, 0, buf[:]); ok {
			t.Errorf("% x is no name", msg)
		}
	}
	if got := nameText([]byte("A\x01\\b")); got != `a\001\092b` {
		t.Error(got)
	}
	if n := len(nameText([]byte(strings.Repeat("\x01", 254)))); n > maxNameText {
		t.Error(n)
	}
}

func TestDNSPendingIsBounded(t *testing.T) {
	p := &dnsParser{}
	n := 0
	for id := range 1000 {
		q := []byte{byte(id >> 8), byte(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}
		p.Feed(event.Client, q, func(event.Record) { n++ })
	}
	if len(p.pending) != maxPending || n != 1000-maxPending {
		t.Errorf("%d wait, %d went", len(p.pending), n)
	}
}

// A name of bytes that do not print is longer as text than a name can be, and must
// not lose the domain it is under: iodine's names are such.
func TestNameTextKeepsTheDomain(t *testing.T) {
	label := strings.Repeat("\xe9", 60)
	n := nameInfo([]byte(label + "." + label + "." + label + ".tunnel.example.org"))
	if n.Domain != "example.org" || !strings.HasSuffix(n.Subdomain, ".tunnel") || len(n.Text) > maxNameText {
		t.Errorf("domain %q below %q", n.Domain, n.Subdomain)
	}
	full := strings.Repeat(strings.Repeat("a", 59)+".", 4) + "example.net"
	if n := nameInfo([]byte(full)); n.Text != full || n.Domain != "example.net" {
		t.Errorf("%q is kept as %q", full, n.Text)
	}
}
