package proto

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// hear runs a parser over a conversation and picks the records of one kind.
func hear[R event.Record](p Parser, d dialogue) []R {
	var out []R
	for _, r := range run(&Spec{New: func() Parser { return p }}, d) {
		if r, ok := r.(R); ok {
			out = append(out, r)
		}
	}
	return out
}

func hearTLS(t *testing.T, d dialogue) *TLS {
	t.Helper()
	all := hear[*TLS](&tlsParser{rec: &TLS{}}, d)
	if len(all) != 1 {
		t.Fatalf("%d records, want 1", len(all))
	}
	return all[0]
}

// The fingerprints were computed by Wireshark (JA3, JA3S) and, for JA4, by hand
// from the fields that Wireshark shows.
func TestTLSHandshakesOfRealSoftware(t *testing.T) {
	type seen struct {
		JA3, JA4, JA3S, Version, Next  string
		Chain, ClientChain             int
		Established, Resumed, Retry    bool
		Alert, AlertFrom, Cipher, Name string
	}
	const (
		name    = "files.example.org"
		ecdsa   = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
		aes     = "TLS_AES_256_GCM_SHA384"
		plain12 = "t12d150700_d68b136fe8d9_e7e480e5a997"
		plain13 = "t13d181100_85036bcba153_d41ae481755e"
	)
	want := map[string]seen{
		"hit-tls12": {JA3: "104774240db569f8f87b1a28206b25e5", JA4: "t12d1508h1_d68b136fe8d9_e7e480e5a997", JA3S: "e195432758194ce2d482396b82e0d48e",
			Version: "1.2", Next: "http/1.1", Chain: 1, Established: true, Cipher: ecdsa},
		"hit-tls12-resumed": {JA3: "5976f1e477cd6e42ea87626b5a4d8c1b", JA4: "t12d1509h1_d68b136fe8d9_8932e62835fd", JA3S: "93d1391af13d019030090b7f26bac378",
			Version: "1.2", Next: "http/1.1", Established: true, Resumed: true, Cipher: ecdsa},
		"hit-tls12-client": {JA3: "70e47b149c152d891341c87d58c2b327", JA4: plain12, JA3S: "abade5a4a7f42baf54766e5d108283b6",
			Version: "1.2", Chain: 1, ClientChain: 1, Established: true, Cipher: ecdsa},
		"hit-tls12-untrusted": {JA3: "70e47b149c152d891341c87d58c2b327", JA4: plain12, JA3S: "abade5a4a7f42baf54766e5d108283b6",
			Version: "1.2", Chain: 1, Alert: "unknown_ca", AlertFrom: "client", Cipher: ecdsa},
		"hit-tls13": {JA3: "304734bb1c086c3453b387400cf83f11", JA4: "t13d1812h2_85036bcba153_d41ae481755e", JA3S: "15af977ce25de452b96affa2addb1036",
			Version: "1.3", Established: true, Cipher: aes},
		"hit-tls13-retry": {JA3: "93c7d42c0df602fb91589311534831f5", JA4: plain13, JA3S: "15af977ce25de452b96affa2addb1036",
			Version: "1.3", Established: true, Retry: true, Cipher: aes},
		"hit-tls13-untrusted": {JA3: "93c7d42c0df602fb91589311534831f5", JA4: plain13, JA3S: "15af977ce25de452b96affa2addb1036",
			Version: "1.3", Alert: "unknown_ca", AlertFrom: "client", Cipher: aes},
	}
	for file, w := range want {
		t.Run(file, func(t *testing.T) {
			w.Name = name
			r := hearTLS(t, readDialogue(t, "testdata/tls/"+file+".hex"))
			_, version := r.Version()
			got := seen{r.Hello.JA3, r.JA4(), r.JA3S(), version, r.serverHello.alpn, len(r.Server), len(r.Client),
				r.Established, r.Resumed, r.Retry, r.Alert, r.AlertFrom, r.CipherName(), r.Hello.ServerName}
			if d := cmp.Diff(w, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestTLSCertificateOfTheServer(t *testing.T) {
	r := hearTLS(t, readDialogue(t, "testdata/tls/hit-tls12.hex"))
	c := r.Leaf()
	if c == nil {
		t.Fatal("no certificate")
	}
	const name = "CN=files.example.org,O=Example Works,C=DE"
	if c.Subject != name || c.Issuer != name || !c.SelfSigned || c.Unreadable {
		t.Errorf("subject %q, issuer %q, self-signed %t, unreadable %t", c.Subject, c.Issuer, c.SelfSigned, c.Unreadable)
	}
	if d := cmp.Diff([]string{"files.example.org", "www.example.org", "192.0.2.7"}, c.Names); d != "" {
		t.Error(d)
	}
	if days := (c.NotAfter - c.NotBefore) / (24 * 3600 * 1e9); days != 30 {
		t.Errorf("valid for %d days, want 30", days)
	}
	for what, n := range map[string][2]int{"SHA-1": {len(c.SHA1), 40}, "SHA-256": {len(c.SHA256), 64}, "public key": {len(c.SPKI), 64}} {
		if n[0] != n[1] {
			t.Errorf("%s has %d digits, want %d", what, n[0], n[1])
		}
	}
}

func TestTLSUnreadableCertificateKeepsItsHash(t *testing.T) {
	chain := parseChain([]byte{0, 0, 8, 0, 0, 5, 'n', 'o', 'D', 'E', 'R'})
	if len(chain) != 1 || !chain[0].Unreadable || len(chain[0].SHA1) != 40 {
		t.Errorf("%+v", chain)
	}
	if many := parseChain(append([]byte{0, 1, 0}, slices.Repeat([]byte{0, 0, 1, 0}, 64)...)); len(many) != maxChain {
		t.Errorf("%d certificates are kept, want %d", len(many), maxChain)
	}
}

// helloOf is the first message of a recording, without its record header.
func helloOf(t *testing.T, file string) []byte {
	t.Helper()
	return readDialogue(t, "testdata/tls/"+file+".hex")[0].data[5:]
}

// record wraps bytes into one TLS record.
func record(kind byte, data ...byte) []byte {
	return append([]byte{kind, 3, 1, byte(len(data) >> 8), byte(len(data))}, data...)
}

func TestTLSHelloMaySpanRecords(t *testing.T) {
	hello := helloOf(t, "hit-tls13")
	want := hearTLS(t, dialogue{{event.Client, record(tlsHandshake, hello...)}}).Hello
	for _, size := range []int{1, 2, 3, 7, 100, 511} {
		var d dialogue
		for part := range slices.Chunk(hello, size) {
			d = append(d, said{event.Client, record(tlsHandshake, part...)})
		}
		if diff := cmp.Diff(want, hearTLS(t, d).Hello, same); diff != "" {
			t.Errorf("records of %d bytes: %s", size, diff)
		}
	}
}

func TestTLSGreaseChangesNoFingerprint(t *testing.T) {
	plain := buildHello([]uint16{0x1301, 0xc02f}, tlsOption(extServerName, "\x00\x0c\x00\x00\x09A.Example"), tlsOption(extGroups, "\x00\x02\x00\x1d"), tlsOption(extPoints, "\x01\x00"))
	greased := buildHello([]uint16{0x3a3a, 0x1301, 0xc02f}, tlsOption(0x1a1a, ""), tlsOption(extServerName, "\x00\x0c\x00\x00\x09A.Example"),
		tlsOption(extGroups, "\x00\x04\xfa\xfa\x00\x1d"), tlsOption(extPoints, "\x01\x00"))
	a, okA := ParseClientHello(plain)
	b, okB := ParseClientHello(greased)
	if !okA || !okB || a.JA3 != b.JA3 || a.JA4('t') != b.JA4('t') {
		t.Errorf("%t %t: %s %s, %s %s", okA, okB, a.JA3, b.JA3, a.JA4('t'), b.JA4('t'))
	}
	if want := md5Hex([]byte("771,4865-49199,0-10-11,29,0")); a.JA3 != want || a.ServerName != "a.example" {
		t.Errorf("JA3 %s, want %s; name %q", a.JA3, want, a.ServerName)
	}
}

func tlsOption(kind uint16, body string) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...)
}

func buildHello(ciphers []uint16, extensions ...[]byte) []byte {
	body := append([]byte{3, 3}, make([]byte, 33)...)
	body = binary.BigEndian.AppendUint16(body, uint16(2*len(ciphers)))
	for _, c := range ciphers {
		body = binary.BigEndian.AppendUint16(body, c)
	}
	all := slices.Concat(extensions...)
	body = append(binary.BigEndian.AppendUint16(append(body, 1, 0), uint16(len(all))), all...)
	return append([]byte{tlsClientHello, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func TestJA4OfOddHellos(t *testing.T) {
	empty := "000000000000"
	for name, c := range map[string]struct {
		hello []byte
		start string
		end   string
	}{
		"nothing offered":    {buildHello(nil), "t12i000000_" + empty, empty},
		"one letter":         {buildHello(nil, tlsOption(extALPN, "\x00\x02\x01x")), "t12i0001xx_", empty},
		"no letters":         {buildHello(nil, tlsOption(extALPN, "\x00\x03\x02\xab\xcd")), "t12i0001ad_", empty},
		"highest of several": {buildHello(nil, tlsOption(extVersions, "\x06\x0a\x0a\x03\x04\x03\x01")), "t13i000100_", ""},
	} {
		h, ok := ParseClientHello(c.hello)
		if got := h.JA4('t'); !ok || !strings.HasPrefix(got, c.start) || !strings.HasSuffix(got, c.end) {
			t.Errorf("%s: %t %s, want %s…%s", name, ok, got, c.start, c.end)
		}
	}
}

func TestTLSCutHelloIsNone(t *testing.T) {
	hello := helloOf(t, "hit-tls12")
	ciphersEnd := 4 + 34 + 1 + int(hello[38])
	ciphersEnd += 2 + int(binary.BigEndian.Uint16(hello[ciphersEnd:])) + 2
	for n := range ciphersEnd {
		if _, ok := ParseClientHello(hello[:n]); ok {
			t.Fatalf("%d of %d bytes are taken for a hello", n, len(hello))
		}
	}
}

func TestTLSAlerts(t *testing.T) {
	hello := said{event.Client, record(tlsHandshake, helloOf(t, "hit-tls12")...)}
	for name, c := range map[string]struct {
		alerts []byte
		want   string
	}{
		"fatal":              {record(tlsAlert, 2, 40), "handshake_failure"},
		"the first one":      {append(record(tlsAlert, 1, 112), record(tlsAlert, 2, 70)...), "unrecognized_name"},
		"one nobody defined": {record(tlsAlert, 2, 250), "alert_250"},
		"both in one record": {record(tlsAlert, 1, 112, 2, 40), "unrecognized_name"},
	} {
		r := hearTLS(t, dialogue{hello, {event.Server, c.alerts}})
		if r.Alert != c.want || r.AlertFrom != "server" || r.Established {
			t.Errorf("%s: %q from %q, established %t", name, r.Alert, r.AlertFrom, r.Established)
		}
	}
}

func TestTLSRefusalUnderTheNewKeysIsNotEstablished(t *testing.T) {
	d := readDialogue(t, "testdata/tls/hit-tls13-untrusted.hex")
	d = append(d[:len(d)-1:len(d)-1], said{event.Client, record(tlsData, make([]byte, tlsHiddenAlert)...)})
	if r := hearTLS(t, d); r.Established || !r.serverSeen {
		t.Error("an alert is taken for the end of the handshake")
	}
}

func TestTLSEarlyDataDoesNotHideTheServer(t *testing.T) {
	d := readDialogue(t, "testdata/tls/hit-tls13.hex")
	early := said{event.Client, record(tlsData, make([]byte, 60)...)}
	if r := hearTLS(t, slices.Insert(d, 1, early)); !r.serverSeen || !r.Established {
		t.Error("data before the answer ended the parsing")
	}
}

func TestTLSKeepsNoMessageBeyondItsBound(t *testing.T) {
	p := &tlsParser{rec: &TLS{}}
	emit := func(event.Record) {}
	p.Feed(event.Server, record(tlsHandshake, tlsCertificate, 0xff, 0xff, 0xff), emit)
	for range 64 {
		p.Feed(event.Server, record(tlsHandshake, make([]byte, 16000)...), emit)
	}
	if n := cap(p.sides[event.Server].msg); n > 64 {
		t.Errorf("%d bytes are kept of a message that is too long", n)
	}
}

func TestTLSVersionsByName(t *testing.T) {
	for version, want := range map[uint16][2]string{0x0300: {"ssl", "3.0"}, 0x0301: {"tls", "1.0"}, 0x0304: {"tls", "1.3"}, 0x7f17: {"tls", "0x7f17"}} {
		r := TLS{serverSeen: true, serverHello: serverHello{version: version}}
		if p, v := r.Version(); p != want[0] || v != want[1] {
			t.Errorf("%04x is %s %s", version, p, v)
		}
	}
}

func TestTLSServerHelloOfADraft(t *testing.T) {
	body := append([]byte{0x7f, 18}, make([]byte, 32)...)
	body = append(body, 0x13, 0x01, 0, 4, 0, 51, 0, 0)
	h, ok := parseServerHello(body)
	if want := md5Hex([]byte("32530,4865,51")); !ok || h.version != 0x7f12 || h.cipher != 0x1301 || h.ja3s != want {
		t.Errorf("%t %+v, want JA3S %s", ok, h, want)
	}
}

func TestProbeTLS(t *testing.T) {
	for name, c := range map[string]struct {
		from event.Side
		data string
		want Verdict
	}{
		"nothing yet":           {event.Client, "", More},
		"part of a header":      {event.Client, "\x16\x03\x01", More},
		"a client's hello":      {event.Client, "\x16\x03\x01\x02\x00\x01", Yes},
		"a server's hello":      {event.Server, "\x16\x03\x03\x00\x7a\x02", Yes},
		"the wrong side":        {event.Server, "\x16\x03\x03\x00\x7a\x01", No},
		"a refusal":             {event.Server, "\x15\x03\x01\x00\x02\x02\x28", Yes},
		"a client's alert":      {event.Client, "\x15\x03\x01\x00\x02\x02\x28", No},
		"a record of no bytes":  {event.Client, "\x16\x03\x01\x00\x00\x01", No},
		"a record of too many":  {event.Client, "\x16\x03\x01\xff\xff\x01", No},
		"a version of tomorrow": {event.Client, "\x16\x03\x05\x02\x00\x01", No},
	} {
		if got := probeTLS(c.from, []byte(c.data)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestHeartbeatThatClaimsTooMuch(t *testing.T) {
	hello := clientHelloOf("www.example.org")
	beat := func(claims int, payload []byte) []byte {
		return be(byte(24), uint16(0x0302), uint16(3+len(payload)), byte(1), uint16(claims), payload)
	}
	for name, tt := range map[string]struct {
		d    dialogue
		want Heartbeat
	}{
		"honest":   {dialogue{{event.Client, hello}, {event.Client, beat(16, zeros(32))}, {event.Server, beat(16, zeros(32))}}, Heartbeat{}},
		"too much": {dialogue{{event.Client, hello}, {event.Client, beat(0x4000, nil)}}, Heartbeat{Asked: 0x4000, Sent: 3}},
		"answered": {dialogue{{event.Client, hello}, {event.Client, beat(0x4000, nil)}, {event.Server, tlsRecordOf(24, 16000)}}, Heartbeat{Asked: 0x4000, Sent: 3, Returned: 16000}},
	} {
		records := run(specOf(t, "tls", 6), tt.d)
		if len(records) != 1 || records[0].(*TLS).Heartbeat != tt.want {
			t.Errorf("%s: %+v", name, records)
		}
	}
}
