package proto

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// asn builds an element of its parts.
func asn(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func number(n int32) []byte { return asn(2, binary.BigEndian.AppendUint32(nil, uint32(n))) }

func names(kind byte, parts ...string) []byte {
	var list []byte
	for _, p := range parts {
		list = append(list, asn(0x1b, []byte(p))...)
	}
	return asn(0x30, asn(0xa0, asn(2, []byte{kind})), asn(0xa1, asn(0x30, list)))
}

func sealed(etype int32, size int) []byte {
	return asn(0x30, asn(0xa0, number(etype)), asn(0xa2, asn(4, make([]byte, size))))
}

func ticket(realm string, etype int32, service ...string) []byte {
	return asn(0x61, asn(0x30, asn(0xa0, asn(2, []byte{5})), asn(0xa1, asn(0x1b, []byte(realm))), asn(0xa2, names(2, service...)), asn(0xa3, sealed(etype, 200))))
}

func apreq(t []byte) []byte {
	return asn(0x6e, asn(0x30, asn(0xa0, asn(2, []byte{5})), asn(0xa1, asn(2, []byte{14})), asn(0xa2, asn(3, make([]byte, 5))), asn(0xa3, t), asn(0xa4, sealed(18, 100))))
}

func padata(kind int32, value []byte) []byte {
	return asn(0x30, asn(0xa1, number(kind)), asn(0xa2, asn(4, value)))
}

func request(tag byte, nonce int32, user string, pa []byte, etypes []int32, service ...string) []byte {
	var list, client []byte
	for _, e := range etypes {
		list = append(list, number(e)...)
	}
	if user != "" {
		client = asn(0xa1, names(1, user))
	}
	host := asn(0xa9, asn(0x30, asn(0x30, asn(0xa0, number(20)), asn(0xa1, asn(4, []byte("WARD7-PC       "))))))
	body := asn(0x30, asn(0xa0, asn(3, []byte{0, 0x40, 0x81, 0, 0x10})), client, asn(0xa2, asn(0x1b, []byte("HOSPITAL.EXAMPLE"))),
		asn(0xa3, names(2, service...)), asn(0xa7, number(nonce)), asn(0xa8, asn(0x30, list)), host)
	return asn(tag, asn(0x30, asn(0xa1, asn(2, []byte{5})), asn(0xa2, asn(2, []byte{tag & 0x1f})), asn(0xa3, asn(0x30, pa)), asn(0xa4, body)))
}

func reply(tag byte, user string, t []byte) []byte {
	return asn(tag, asn(0x30, asn(0xa0, asn(2, []byte{5})), asn(0xa1, asn(2, []byte{tag & 0x1f})), asn(0xa3, asn(0x1b, []byte("HOSPITAL.EXAMPLE"))),
		asn(0xa4, names(1, user)), asn(0xa5, t), asn(0xa6, sealed(18, 150))))
}

func failure(code int32, service ...string) []byte {
	return asn(0x7e, asn(0x30, asn(0xa0, asn(2, []byte{5})), asn(0xa1, asn(2, []byte{30})), asn(0xa6, number(code)),
		asn(0xa9, asn(0x1b, []byte("HOSPITAL.EXAMPLE"))), asn(0xaa, names(2, service...))))
}

// framed puts messages behind their length, as TCP has them.
func framed(d dialogue) dialogue {
	var out dialogue
	for _, s := range d {
		out = append(out, said{s.from, append(binary.BigEndian.AppendUint32(nil, uint32(len(s.data))), s.data...)})
	}
	return out
}

var (
	krbtgt    = []string{"krbtgt", "HOSPITAL.EXAMPLE"}
	modern    = []int32{18, 17, 23}
	krbLogons = dialogue{
		{event.Client, request(tagASREQ, 1, "nurse", padata(128, []byte("0")), modern, krbtgt...)},
		{event.Server, failure(25, krbtgt...)},
		{event.Client, request(tagASREQ, 2, "nurse", padata(2, sealed(18, 60)), modern, krbtgt...)},
		{event.Server, failure(24, krbtgt...)},
		{event.Client, request(tagASREQ, 3, "nurse", padata(2, sealed(23, 60)), []int32{23}, krbtgt...)},
		{event.Client, request(tagASREQ, 3, "nurse", padata(2, sealed(23, 60)), []int32{23}, krbtgt...)},
		{event.Server, reply(tagASREP, "nurse", ticket("HOSPITAL.EXAMPLE", 18, krbtgt...))},
		{event.Client, request(tagTGSREQ, 4, "", padata(1, apreq(ticket("HOSPITAL.EXAMPLE", 18, krbtgt...))), []int32{23}, "MSSQLSvc", "db.hospital.example:1433")},
		{event.Server, reply(tagTGSREP, "nurse", ticket("HOSPITAL.EXAMPLE", 23, "MSSQLSvc", "db.hospital.example:1433"))},
		{event.Client, request(tagTGSREQ, 5, "", padata(1, apreq(ticket("HOSPITAL.EXAMPLE", 18, krbtgt...))), modern, "cifs", "gone")},
		{event.Server, failure(7, "cifs", "gone")},
		{event.Client, request(tagASREQ, 6, "ghost", nil, modern, krbtgt...)},
	}
)

func init() {
	dialogues["kerberos/udp"] = append(dialogues["kerberos/udp"], krbLogons)
	dialogues["kerberos/tcp"] = append(dialogues["kerberos/tcp"], framed(krbLogons))
}

func TestKerberosExchanges(t *testing.T) {
	type short struct{ message, client, service, error, method, outcome string }
	for _, c := range []struct {
		ip uint8
		d  dialogue
	}{{17, krbLogons}, {6, framed(krbLogons)}} {
		var got []short
		for _, r := range run(specOf(t, "kerberos", c.ip), c.d) {
			switch r := r.(type) {
			case *Kerberos:
				s := short{message: r.message(), client: r.Client, service: r.Service}
				if r.Error >= 0 {
					s.error = numbered(krbErrors, r.Error)
				}
				got = append(got, s)
			case *event.Login:
				got = append(got, short{"login", r.User, r.Service, r.Reason, r.Method, r.Outcome.String()})
			}
		}
		tgt, sql := "krbtgt/HOSPITAL.EXAMPLE", "MSSQLSvc/db.hospital.example:1433"
		want := []short{
			{"KRB-ERROR", "nurse", tgt, "KDC_ERR_PREAUTH_REQUIRED", "", ""},
			{"KRB-ERROR", "nurse", tgt, "KDC_ERR_PREAUTH_FAILED", "", ""},
			{"login", "nurse", tgt, "KDC_ERR_PREAUTH_FAILED", "password", "failure"},
			{"AS-REP", "nurse", tgt, "", "", ""},
			{"login", "nurse", tgt, "", "password", "success"},
			{"TGS-REP", "nurse", sql, "", "", ""},
			{"KRB-ERROR", "", "cifs/gone", "KDC_ERR_S_PRINCIPAL_UNKNOWN", "", ""},
			{"AS-REQ", "ghost", tgt, "", "", ""},
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(short{})); diff != "" {
			t.Error(diff)
		}
	}
}

// A ticket that anyone is given who asks shows no login: that is how such accounts are roasted.
func TestKerberosTicketWithoutProofIsNoSuccess(t *testing.T) {
	got := run(specOf(t, "kerberos", 17), dialogue{
		{event.Client, request(tagASREQ, 9, "nurse", nil, modern, krbtgt...)},
		{event.Server, reply(tagASREP, "nurse", ticket("HOSPITAL.EXAMPLE", 23, krbtgt...))},
	})
	if l, ok := got[len(got)-1].(*event.Login); !ok || l.Method != "none" || l.Outcome != event.Unknown {
		t.Errorf("%+v", got[len(got)-1])
	}
}

func TestKerberosEncryption(t *testing.T) {
	got := run(specOf(t, "kerberos", 17), krbLogons)
	as, tgs := got[3].(*Kerberos), got[5].(*Kerberos)
	if as.Proof != 23 || as.Ticket != 18 || as.Reply != 18 || as.Workstation != "WARD7-PC" || as.Realm != "HOSPITAL.EXAMPLE" {
		t.Errorf("%+v", as)
	}
	if tgs.TGT != 18 || tgs.Ticket != 23 || !slices.Equal(tgs.Offered, []int32{23}) || !slices.Equal(tgs.Preauth, []int32{1}) {
		t.Errorf("%+v", tgs)
	}
	if diff := cmp.Diff([]string{"forwardable", "renewable", "canonicalize", "renewable-ok"}, tgs.optionNames()); diff != "" {
		t.Error(diff)
	}
}

// The mark tells tickets apart, however they are sent.
func TestKerberosTicketsAreKnownAgain(t *testing.T) {
	mark := func(ap []byte) string {
		k := &Kerberos{}
		k.preauth(padata(1, ap))
		return k.TGTMark
	}
	one, other := ticket("HOSPITAL.EXAMPLE", 18, "krbtgt", "HOSPITAL.EXAMPLE"), ticket("HOSPITAL.EXAMPLE", 23, "krbtgt", "HOSPITAL.EXAMPLE")
	later := bytes.Replace(apreq(one), []byte{0x03, 0x02, 0x01, 0x0e}, []byte{0x03, 0x02, 0x01, 0x0f}, 1)
	if mark(apreq(one)) != mark(later) || mark(apreq(one)) == mark(apreq(other)) || len(mark(later)) != 16 {
		t.Errorf("marks %s, %s and %s", mark(apreq(one)), mark(later), mark(apreq(other)))
	}
}

// A ticket of one realm for another leads there; it is none of the realm's own.
func TestKerberosReferrals(t *testing.T) {
	for service, want := range map[string]bool{"HOSPITAL.EXAMPLE": false, "hospital.example": false, "OTHER.EXAMPLE": true} {
		k := &Kerberos{}
		k.preauth(padata(1, apreq(ticket("HOSPITAL.EXAMPLE", 23, "krbtgt", service))))
		if k.Referral != want || k.TGT != 23 {
			t.Errorf("for %s: a referral is %v, encryption %d", service, k.Referral, k.TGT)
		}
	}
}

func TestParseAPREQ(t *testing.T) {
	raw := apreq(ticket("HOSPITAL.EXAMPLE", 23, "cifs", "files"))
	gss := asn(0x60, asn(6, kerberosOID), []byte{1, 0}, raw)
	spnego := asn(0x60, asn(6, []byte{0x2b, 6, 1, 5, 5, 2}), asn(0xa0, asn(0x30, asn(0xa0, asn(0x30, asn(6, kerberosOID))), asn(0xa2, asn(4, gss)))))
	for name, blob := range map[string][]byte{"raw": raw, "gss": gss, "spnego": spnego} {
		if realm, service, etype, ok := ParseAPREQ(blob); !ok || realm != "HOSPITAL.EXAMPLE" || service != "cifs/files" || etype != 23 {
			t.Errorf("%s: %q %q %d %v", name, realm, service, etype, ok)
		}
	}
	for i := range raw { // cut anywhere, nothing breaks
		ParseAPREQ(raw[:i])
	}
	if _, _, _, ok := ParseAPREQ(asn(0x6e, asn(0x30))); ok {
		t.Error("an empty AP-REQ is one")
	}
}

func TestKerberosPendingIsBounded(t *testing.T) {
	p, n := &kerberosParser{}, 0
	for i := range 100 {
		p.Feed(event.Client, request(tagASREQ, int32(i), "user", nil, modern, krbtgt...), func(event.Record) { n++ })
	}
	if len(p.pending) != krbPending || n != 100-krbPending {
		t.Errorf("%d wait, %d went", len(p.pending), n)
	}
}
