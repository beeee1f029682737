package proto

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// resyncs are the streams that go on after a gap at a place that their bytes name,
// whatever the cut.
var resyncs = []string{"ftp", "hl7", "http", "imap", "kerberos", "ldap", "pop3", "tls"}

// holed is a conversation of which length bytes of one saying were never seen.
type holed struct {
	dialogue
	at, offset, length int
}

// runHoled feeds it in pieces of at most most bytes; the hole comes in such pieces
// as well.
func runHoled(s *Spec, h holed, most int, r *rand.Rand) []event.Record {
	var out []event.Record
	emit := func(r event.Record) { out = append(out, r) }
	p := s.New()
	piece := func(n int) int { return 1 + r.IntN(min(n, most)) }
	for i, say := range h.dialogue {
		for at, more := 0, true; at < len(say.data); {
			n := piece(len(say.data) - at)
			inside := i == h.at && at >= h.offset && at < h.offset+h.length
			switch {
			case inside:
				n = min(n, h.offset+h.length-at)
				more = p.(Gapper).Gap(say.from, n, emit)
			default:
				if i == h.at && at < h.offset {
					n = min(n, h.offset-at)
				}
				data := append([]byte(nil), say.data[at:at+n]...)
				more = p.Feed(say.from, data, emit)
				clear(data)
			}
			if at += n; !more {
				return ended(p, out)
			}
		}
	}
	return ended(p, out)
}

func ended(p Parser, out []event.Record) []event.Record {
	if e, ok := p.(Ender); ok {
		e.End(func(r event.Record) { out = append(out, r) })
	}
	return out
}

// Wherever bytes are missing, the records do not depend on the cut, and no login has
// an outcome that it did not have.
func TestGapsDoNotDependOnTheCut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range resyncs {
		s := specOf(t, name, 6)
		if _, ok := s.New().(Gapper); !ok {
			t.Errorf("%s ends at a gap", name)
			continue
		}
		for file, d := range known(t, s, "hit") {
			told := outcomes(run(s, d))
			for range 60 {
				h := holed{dialogue: d, at: r.IntN(len(d))}
				size := len(d[h.at].data)
				if size == 0 {
					continue
				}
				h.offset = r.IntN(size)
				h.length = 1 + r.IntN(min(size-h.offset, 1+r.IntN(200)))
				whole := runHoled(s, h, 1<<20, r)
				for _, most := range []int{1, 7, 100} {
					if diff := cmp.Diff(whole, runHoled(s, h, most, r), same); diff != "" {
						t.Fatalf("%s/%s: hole of %d at %d in saying %d, cut into at most %d bytes: %s", name, file, h.length, h.offset, h.at, most, diff)
					}
				}
				for login := range outcomes(whole) {
					if !told[login] {
						t.Errorf("%s/%s: hole of %d at %d in saying %d: %s was never so", name, file, h.length, h.offset, h.at, login)
					}
				}
			}
		}
	}
}

// outcomes are the users whose login was decided.
func outcomes(records []event.Record) map[string]bool {
	out := map[string]bool{}
	for _, r := range records {
		if l, ok := r.(*event.Login); ok && l.Outcome != event.Unknown && l.User != "" {
			out[fmt.Sprint(l.User, " ", l.Outcome)] = true
		}
	}
	return out
}

// hole makes one in a conversation behind some text of it.
func hole(t *testing.T, d dialogue, behind string, skip, length int) holed {
	t.Helper()
	for i, say := range d {
		if at := strings.Index(string(say.data), behind); at >= 0 {
			return holed{d, i, at + len(behind) + skip, length}
		}
	}
	t.Fatalf("nothing says %q", behind)
	return holed{}
}

func whole(t *testing.T, name string, h holed) []event.Record {
	t.Helper()
	return runHoled(specOf(t, name, 6), h, 1<<20, rand.New(rand.NewPCG(1, 1)))
}

func TestHTTPGoesOnBehindABody(t *testing.T) {
	d := dialogue{
		{event.Client, []byte("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")},
		{event.Server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nMZ345678901234567890")},
		{event.Client, []byte("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")},
		{event.Server, []byte("HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n")},
	}
	var got []string
	for _, r := range whole(t, "http", hole(t, d, "\r\n\r\nMZ", 2, 10)) {
		h := r.(*HTTP)
		got = append(got, fmt.Sprint(h.Path, " ", h.Status, " ", h.Body[event.Server]))
	}
	if diff := cmp.Diff([]string{"/a 200 20", "/b 404 0"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(whole(t, "http", hole(t, d, "HTTP/1.1 20", 0, 3))); n != 1 { // no length says where the next begins
		t.Errorf("%d records behind a lost head", n)
	}
}

func TestFTPGoesOnWithTheNextLine(t *testing.T) {
	d := dialogue{
		{event.Server, []byte("220 ready\r\n")},
		{event.Client, []byte("USER ann\r\n")}, {event.Server, []byte("331 password\r\n")},
		{event.Client, []byte("PASS x\r\n")}, {event.Server, []byte("530 wrong password\r\n")},
		{event.Client, []byte("USER bob\r\n")}, {event.Server, []byte("331 password\r\n")},
		{event.Client, []byte("PASS y\r\n")}, {event.Server, []byte("230 welcome\r\n")},
	}
	var got []string
	for _, r := range whole(t, "ftp", hole(t, d, "530", 3, 5)) {
		if l, ok := r.(*event.Login); ok {
			got = append(got, l.User+" "+l.Outcome.String())
		}
	}
	if diff := cmp.Diff([]string{"ann unknown", "bob success"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMailGoesOnWithTheNextLine(t *testing.T) {
	pop := dialogue{
		{event.Server, []byte("+OK ready\r\n")},
		{event.Client, []byte("USER ann\r\n")}, {event.Server, []byte("+OK\r\n")},
		{event.Client, []byte("PASS x\r\n")}, {event.Server, []byte("-ERR wrong password\r\n")},
		{event.Client, []byte("USER bob\r\n")}, {event.Server, []byte("+OK\r\n")},
		{event.Client, []byte("PASS y\r\n")}, {event.Server, []byte("+OK welcome\r\n")},
	}
	imap := dialogue{
		{event.Server, []byte("* OK ready\r\n")},
		{event.Client, []byte("a1 LOGIN ann x\r\n")}, {event.Server, []byte("a1 NO wrong password\r\n")},
		{event.Client, []byte("a2 LOGIN bob y\r\n")}, {event.Server, []byte("a2 OK welcome\r\n")},
	}
	for name, c := range map[string]struct {
		h    holed
		want []string
	}{
		"pop3": {hole(t, pop, "-ERR", 3, 5), []string{"ann unknown", "bob success"}},
		"imap": {hole(t, imap, "a1 NO", 3, 5), []string{"bob success", "ann unknown"}},
	} {
		var got []string
		for _, r := range whole(t, name, c.h) {
			if l, ok := r.(*event.Login); ok {
				got = append(got, l.User+" "+l.Outcome.String())
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHL7GoesOnWithTheNextBlock(t *testing.T) {
	message := func(kind string) []byte {
		return []byte("\x0bMSH|^~\\&|A|B|C|D|2026||" + kind + "|1|P|2.5\rPID|1\r\x1c\r")
	}
	d := dialogue{{event.Client, message("ADT^A01")}, {event.Client, message("ADT^A02")}, {event.Client, message("ADT^A03")}}
	var got []string
	for _, r := range whole(t, "hl7", hole(t, d, "ADT^A02", 2, 6)) {
		got = append(got, r.(*HL7).Type)
	}
	if diff := cmp.Diff([]string{"ADT^A01", "ADT^A03"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLDAPGoesOnBehindAMessage(t *testing.T) {
	entries := append(found(2, "cn="+strings.Repeat("a", 60)), found(2, "cn=b")...)
	end := ldapResult(2, 0x65, 0, "")
	d := dialogue{
		{event.Client, searchRequest(2, "dc=x", spnFilter)},
		{event.Server, append(append([]byte(nil), entries...), end...)},
	}
	signed := dialogue{
		{event.Client, buffer(cfx(0, 12, 0, searchRequest(2, "dc=x", spnFilter)))},
		{event.Server, buffer(cfx(1, 12, 12, entries))},
		{event.Server, buffer(cfx(1, 12, 12, append(found(2, "cn=c"), end...)))},
	}
	for name, h := range map[string]holed{"plain": hole(t, d, "cn=aaa", 3, 30), "signed": hole(t, signed, "cn=aaa", 3, 30)} {
		records := whole(t, "ldap", h)
		if len(records) != 1 || records[0].(*LDAP).Code != 0 || records[0].(*LDAP).Results != 1 {
			t.Errorf("%s: %+v", name, records)
		}
	}
}

func TestKerberosGoesOnBehindAMessage(t *testing.T) {
	s := specOf(t, "kerberos", 6)
	for file, d := range known(t, s, "hit") {
		again := append(append(dialogue{}, d...), d...)
		h := holed{dialogue: again, at: 0, offset: len(d[0].data) / 2, length: 5}
		if len(d[0].data) < 40 || !strings.HasSuffix(file, ".hex") {
			continue
		}
		if n, all := len(whole(t, "kerberos", h)), len(run(s, d)); n < all {
			t.Errorf("%s: %d records of a conversation that was whole the second time, once it gives %d", file, n, all)
		}
	}
}

func TestTLSGoesOnBehindARecord(t *testing.T) {
	s := specOf(t, "tls", 6)
	tried := 0
	for file, d := range known(t, s, "hit") {
		full := run(s, d)
		if len(full) != 1 || len(full[0].(*TLS).Server) == 0 {
			continue
		}
		for i, say := range d {
			if say.from != event.Server || len(say.data) < 400 {
				continue
			}
			tried++
			got := whole(t, "tls", holed{d, i, 300, 4}) // in the certificate, behind the hello
			if len(got) != 1 {
				t.Fatalf("%s: %d records", file, len(got))
			}
			r, f := got[0].(*TLS), full[0].(*TLS)
			if r.Established != f.Established || len(r.Server) != 0 || r.Hello.ServerName != f.Hello.ServerName {
				t.Errorf("%s: %+v", file, r)
			}
			break
		}
	}
	if tried == 0 {
		t.Error("no conversation shows a certificate")
	}
}
