package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func octets(s string) []byte { return asn(4, []byte(s)) }

func ldapMessage(id byte, op []byte) []byte { return asn(0x30, asn(2, []byte{id}), op) }

func bindRequest(id byte, name string, proof []byte) []byte {
	return ldapMessage(id, asn(0x60, asn(2, []byte{3}), octets(name), proof))
}

func saslProof(mechanism string, token []byte) []byte {
	return asn(0xa3, octets(mechanism), asn(4, token))
}

func ldapResult(id, tag, code byte, text string) []byte {
	return ldapMessage(id, asn(tag, asn(10, []byte{code}), octets(""), octets(text)))
}

func searchRequest(id byte, base string, filter []byte, names ...string) []byte {
	var list []byte
	for _, n := range names {
		list = append(list, octets(n)...)
	}
	zero := asn(2, []byte{0})
	return ldapMessage(id, asn(0x63, octets(base), asn(10, []byte{2}), asn(10, []byte{0}), zero, zero, asn(1, []byte{0}), filter, asn(0x30, list)))
}

func found(id byte, name string) []byte {
	return ldapMessage(id, asn(0x64, octets(name), asn(0x30, asn(0x30, octets("mail"), asn(0x31, octets("secret@value"))))))
}

var spnFilter = asn(0xa0, asn(0x87, []byte("servicePrincipalName")), asn(0xa2, asn(0xa3, octets("cn"), octets("krbtgt"))),
	asn(0xa9, asn(0x81, []byte("1.2.840.113556.1.4.803")), asn(0x82, []byte("userAccountControl")), asn(0x83, []byte("2"))),
	asn(0xa4, octets("cn"), asn(0x30, asn(0x80, []byte("a")), asn(0x81, []byte("b")))))

var ldapTalk = dialogue{
	{event.Client, bindRequest(1, "", asn(0x80))},
	{event.Server, ldapResult(1, 0x61, 0, "")},
	{event.Client, bindRequest(2, "cn=admin,dc=hospital,dc=example", asn(0x80, []byte("hunter2")))},
	{event.Server, ldapResult(2, 0x61, 49, "80090308: LdapErr: DSID-0C09: AcceptSecurityContext error, data 52e, v1db1")},
	{event.Client, bindRequest(3, `HOSPITAL\nurse`, asn(0x80, []byte("hunter3")))},
	{event.Server, ldapResult(3, 0x61, 0, "")},
	{event.Client, searchRequest(4, "dc=hospital,dc=example", spnFilter, "cn", "memberOf")},
	{event.Server, append(found(4, "cn=a"), found(4, "cn=b")...)},
	{event.Server, ldapResult(4, 0x65, 0, "")},
	{event.Client, ldapMessage(5, asn(0x66, octets("cn=pc7"), asn(0x30, asn(0x30, asn(10, []byte{0}), asn(0x30, octets("msDS-KeyCredentialLink"), asn(0x31, octets("secret")))))))},
	{event.Server, ldapResult(5, 0x67, 50, "")},
}

func buffer(token []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
}

func cfx(flags byte, extra, rotated uint16, body []byte) []byte {
	head := []byte{5, 4, flags, 0xff, byte(extra >> 8), byte(extra), byte(rotated >> 8), byte(rotated), 0, 0, 0, 0, 0, 0, 0, 1}
	if rotated > 0 {
		return append(append(head, make([]byte, extra)...), body...)
	}
	return append(append(head, body...), make([]byte, extra)...)
}

var ldapSigned = dialogue{
	{event.Client, bindRequest(1, "", saslProof("GSSAPI", asn(0x60, asn(6, kerberosOID), []byte{1, 0}, apreq(ticket("HOSPITAL.EXAMPLE", 18, "ldap", "dc1")))))},
	{event.Server, ldapResult(1, 0x61, 0, "")},
	{event.Client, buffer(cfx(0, 12, 0, searchRequest(2, "dc=x", asn(0x87, []byte("adminCount")))))},
	{event.Server, buffer(cfx(1, 12, 12, append(found(2, "cn=a"), ldapResult(2, 0x65, 0, "")...)[:20]))},
	{event.Server, buffer(cfx(1, 12, 12, append(found(2, "cn=a"), ldapResult(2, 0x65, 0, "")...)[20:]))},
	{event.Client, buffer(cfx(0, 12, 12, ldapMessage(3, asn(0x42))))},
	{event.Client, buffer(cfx(2, 12, 12, make([]byte, 60)))},
}

func init() {
	dialogues["ldap"] = append(dialogues["ldap"], ldapTalk, ldapSigned)
	dialogues["cldap"] = append(dialogues["cldap"], ldapTalk[6:9])
}

func ldapLines(t *testing.T, d dialogue) []string {
	var out []string
	for _, r := range run(specOf(t, "ldap", 6), d) {
		switch r := r.(type) {
		case *LDAP:
			out = append(out, fmt.Sprint(r.Operation, "|", r.Base, "|", r.Filter, "|", r.Attributes, "|", r.Results, "|", ldapCode(r.Code), "|", r.Signed))
		case *event.Login:
			out = append(out, fmt.Sprint("login|", r.Method, "|", r.Domain, "|", r.User, "|", r.Clear, "|", r.Outcome, "|", r.Reason))
		}
		if doc := event.NewLayout(r.Table()).Append(nil, r); bytes.Contains(doc, []byte("hunter")) || bytes.Contains(doc, []byte("secret")) {
			t.Errorf("a secret: %s", doc)
		}
	}
	return out
}

func TestLDAPOperations(t *testing.T) {
	want := []string{
		"bind|||[]|0|success|false",
		"login|anonymous|||false|success|",
		"bind|cn=admin,dc=hospital,dc=example||[]|0|invalidCredentials|false",
		"login|simple||cn=admin,dc=hospital,dc=example|true|failure|invalidCredentials/52e",
		`bind|HOSPITAL\nurse||[]|0|success|false`,
		"login|simple|HOSPITAL|nurse|true|success|",
		"search|dc=hospital,dc=example|(&(servicePrincipalName=*)(!(cn=krbtgt))(userAccountControl:1.2.840.113556.1.4.803:=2)(cn=a*b*))|[cn memberOf]|2|success|false",
		"modify|cn=pc7||[msDS-KeyCredentialLink]|0|insufficientAccessRights|false",
	}
	if diff := cmp.Diff(want, ldapLines(t, ldapTalk)); diff != "" {
		t.Error(diff)
	}
}

func TestSignedLDAPIsReadAndSealedIsSaid(t *testing.T) {
	want := []string{
		"bind|||[]|0|success|false",
		"login|kerberos|HOSPITAL.EXAMPLE||false|success|",
		"search|dc=x|(adminCount=*)|[]|1|success|true",
		"sealed|||[]|0|-1|false",
	}
	if diff := cmp.Diff(want, ldapLines(t, ldapSigned)); diff != "" {
		t.Error(diff)
	}
}

func TestFilterTextIsBounded(t *testing.T) {
	deep := asn(0x87, []byte("a"))
	for range 100 {
		deep = asn(0xa2, deep)
	}
	if s := filterText(deep); len(s) > maxFilter {
		t.Error(s)
	}
	wide := bytes.Repeat(asn(0xa3, octets(strings.Repeat("x", 100)), octets("y")), 1000)
	if s := filterText(asn(0xa1, wide[:60000])); len(s) != maxFilter {
		t.Error(len(s))
	}
}

func TestLDAPPendingIsBounded(t *testing.T) {
	p, n := &ldapParser{}, 0
	for id := range 100 {
		p.Feed(event.Client, searchRequest(byte(id), "dc=x", spnFilter), func(event.Record) { n++ })
	}
	if len(p.pending) != ldapPending || n != 100-ldapPending {
		t.Errorf("%d wait, %d went", len(p.pending), n)
	}
}

// Whatever comes, a connection keeps no more than its Spec says: both sides' messages,
// those within buffers, and operations with the longest names.
func TestLDAPKeepsLittle(t *testing.T) {
	p, most := &ldapParser{}, 0
	emit := func(event.Record) {}
	feed := func(from event.Side, data []byte) {
		for len(data) > 0 {
			n := min(len(data), 1460)
			p.Feed(from, data[:n], emit)
			data = data[n:]
			kept := p.waiting()
			for i := range p.side {
				kept += cap(p.side[i].outer.buf) + cap(p.side[i].inner.buf)
			}
			most = max(most, kept)
		}
	}
	long := strings.Repeat("n", 5000)
	for id := range 3 * ldapPending {
		feed(event.Client, searchRequest(byte(id), long, asn(0x87, []byte(long))))
	}
	for _, from := range []event.Side{event.Client, event.Server} {
		feed(from, found(2, strings.Repeat("e", 60_000)))
		feed(from, buffer(cfx(1, 12, 12, bytes.Repeat(found(2, strings.Repeat("e", 60_000)), 5))))
		feed(from, buffer(cfx(1, 12, 12, bytes.Repeat(found(2, strings.Repeat("e", 60_000)), 5)))[:200_000])
	}
	if limit := specOf(t, "ldap", 6).Limit; most > limit || most < limit/4 {
		t.Errorf("%d bytes are kept, the limit is %d", most, limit)
	}
}

// An answer of many entries in one buffer is read to its end, whatever its size.
func TestLDAPReadsLargeBuffers(t *testing.T) {
	var entries []byte
	for range 3000 {
		entries = append(entries, found(2, "cn="+strings.Repeat("a", 100))...)
	}
	got := ldapLines(t, dialogue{
		{event.Client, buffer(cfx(0, 12, 0, searchRequest(2, "dc=x", asn(0x87, []byte("adminCount")))))},
		{event.Server, buffer(cfx(1, 12, 12, append(entries, ldapResult(2, 0x65, 0, "")...)))},
	})
	if diff := cmp.Diff([]string{"search|dc=x|(adminCount=*)|[]|3000|success|true"}, got); diff != "" {
		t.Error(diff)
	}
}
