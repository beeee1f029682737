package proto

import (
	"crypto/tls"
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// TLS is one handshake as far as it can be read: up to TLS 1.2 with the
// certificates, of TLS 1.3 the two hellos.
type TLS struct {
	Hello       ClientHello
	Server      []Certificate // leaf first
	Client      []Certificate
	Alert       string // first alert in clear, by its name
	AlertFrom   string // "client" or "server"
	Established bool   // both sides went on to send under the new keys
	Resumed     bool
	Retry       bool // HelloRetryRequest was sent
	Heartbeat   Heartbeat

	serverHello            serverHello
	clientSeen, serverSeen bool
	transport              byte // of JA4: 0 stands for TCP, 'q' for QUIC
	ja4                    string
}

// Heartbeat is a request in clear that claims to be longer than it is (RFC 6520).
type Heartbeat struct {
	Asked    int64 // bytes of payload it claims, 0 none such was seen
	Sent     int64 // bytes of its record
	Returned int64 // bytes of the heartbeats that the server sent afterwards
}

// Version is the negotiated version: "1.2", or "3.0" with protocol "ssl".
func (r *TLS) Version() (protocol, version string) {
	switch v := r.serverHello.version; {
	case !r.serverSeen:
		return "", ""
	case v == ssl2Version:
		return "ssl", "2.0"
	case v == 0x0300:
		return "ssl", "3.0"
	case v>>8 == 3 && v&0xff <= 4:
		return "tls", fmt.Sprintf("1.%d", v&0xff-1)
	default:
		return "tls", fmt.Sprintf("0x%04x", v)
	}
}

// CipherName is the chosen suite by its IANA name; SSL 2.0 has its own.
func (r *TLS) CipherName() string {
	if !r.serverSeen || r.serverHello.version == ssl2Version {
		return ""
	}
	return cipherName(r.serverHello.cipher)
}

// JA3S is the server's fingerprint, "" when it did not answer.
func (r *TLS) JA3S() string { return r.serverHello.ja3s }

// JA4 is the client's fingerprint, "" when its hello was not seen.
func (r *TLS) JA4() string { return r.ja4 }

// Leaf is the server's own certificate, nil when none was readable.
func (r *TLS) Leaf() *Certificate { return first(r.Server) }

func first(chain []Certificate) *Certificate {
	if len(chain) == 0 {
		return nil
	}
	return &chain[0]
}

var alertNames = map[byte]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
	49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
	109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name", 116: "certificate_required",
	120: "no_application_protocol",
}

func alertName(code byte) string {
	if n := alertNames[code]; n != "" {
		return n
	}
	return fmt.Sprintf("alert_%d", code)
}

var tlsTable = event.NewTable("tls", "TLS handshakes, with what client and server said in clear.", tlsFields()...).InBrief("tls.version", "tls.client.server_name", "tls.server.subject", "tls.server.issuer")

func (*TLS) Table() *event.Table { return tlsTable }

func tlsFields() []event.Field {
	text := func(path, doc string, get func(*TLS) string) event.Field {
		return event.String(path, event.Technical, doc, func(r *TLS) (string, bool) { s := get(r); return s, s != "" })
	}
	flag := func(path, doc string, get func(*TLS) bool) event.Field {
		return event.Bool(path, event.Technical, doc, func(r *TLS) (bool, bool) { return get(r), true })
	}
	beat := func(path, doc string, get func(*TLS) int64) event.Field {
		return event.Int("brandmelder.tls.heartbeat."+path, event.Technical, doc, func(r *TLS) (int64, bool) { return get(r), r.Heartbeat.Asked > 0 })
	}
	fields := []event.Field{
		text("tls.client.server_name", "name the client asked for (SNI)", func(r *TLS) string { return r.Hello.ServerName }),
		text("tls.client.ja3", "JA3 of the client", func(r *TLS) string { return r.Hello.JA3 }),
		text("brandmelder.tls.ja4", "JA4 of the client", (*TLS).JA4),
		text("tls.server.ja3s", "JA3S of the server", (*TLS).JA3S),
		text("tls.version", "negotiated version", func(r *TLS) string { _, v := r.Version(); return v }),
		text("tls.version_protocol", "tls or ssl", func(r *TLS) string { p, _ := r.Version(); return p }),
		text("tls.cipher", "negotiated cipher suite", (*TLS).CipherName),
		text("tls.next_protocol", "ALPN the server chose", func(r *TLS) string { return r.serverHello.alpn }),
		flag("tls.established", "the handshake was completed", func(r *TLS) bool { return r.Established }),
		flag("tls.resumed", "an earlier session was resumed", func(r *TLS) bool { return r.Resumed }),
		flag("brandmelder.tls.hello_retry", "the server asked for another hello", func(r *TLS) bool { return r.Retry }),
		text("brandmelder.tls.alert", "first alert sent in clear", func(r *TLS) string { return r.Alert }),
		text("brandmelder.tls.alert_from", "side that sent it", func(r *TLS) string { return r.AlertFrom }),
		beat("asked", "payload that a heartbeat request claims beyond what it holds, bytes", func(r *TLS) int64 { return r.Heartbeat.Asked }),
		beat("sent", "bytes of that request", func(r *TLS) int64 { return r.Heartbeat.Sent }),
		beat("returned", "bytes of heartbeats that the server sent after it", func(r *TLS) int64 { return r.Heartbeat.Returned }),
		event.Strings("brandmelder.tls.client.alpn", event.Technical, "protocols the client offers (ALPN)", func(r *TLS) []string { return r.Hello.ALPN }),
		event.Strings("tls.client.supported_ciphers", event.Technical, "suites the client offers", func(r *TLS) []string { return suiteNames(r.Hello.Ciphers) }),
		event.Ints("brandmelder.tls.client.groups", event.Technical, "key exchange groups the client offers, IANA numbers", func(r *TLS) []int64 { return wide(r.Hello.Groups) }),
		event.Ints("brandmelder.tls.client.versions", event.Technical, "versions the client offers, IANA numbers", func(r *TLS) []int64 { return wide(r.Hello.Versions) }),
		event.Int("brandmelder.tls.server.chain_length", event.Technical, "certificates the server sent", func(r *TLS) (int64, bool) { return int64(len(r.Server)), len(r.Server) > 0 }),
		event.Bool("brandmelder.tls.self_signed", event.Technical, "issuer and subject of the server's certificate are the same", func(r *TLS) (bool, bool) {
			l := r.Leaf()
			return l != nil && l.SelfSigned, l != nil && !l.Unreadable
		}),
	}
	fields = append(fields, certificateFields("server", event.Technical, (*TLS).Leaf)...)
	return append(fields, certificateFields("client", event.Personal, func(r *TLS) *Certificate { return first(r.Client) })...)
}

// certificateFields names a side's leaf. A client's certificate names a person.
func certificateFields(side string, privacy event.Privacy, leaf func(*TLS) *Certificate) []event.Field {
	base := "tls." + side + "."
	text := func(path, doc string, p event.Privacy, get func(*Certificate) string) event.Field {
		return event.String(path, p, doc, func(r *TLS) (string, bool) {
			c := leaf(r)
			if c == nil {
				return "", false
			}
			s := get(c)
			return s, s != ""
		})
	}
	date := func(path, doc string, get func(*Certificate) int64) event.Field {
		return event.Time(path, event.Technical, doc, func(r *TLS) int64 {
			if c := leaf(r); c != nil {
				return get(c)
			}
			return 0
		})
	}
	return []event.Field{
		text(base+"subject", "subject of the certificate", privacy, func(c *Certificate) string { return c.Subject }),
		text(base+"issuer", "issuer of the certificate", event.Technical, func(c *Certificate) string { return c.Issuer }),
		text(base+"hash.sha1", "SHA-1 of the certificate", privacy, func(c *Certificate) string { return c.SHA1 }),
		text(base+"hash.sha256", "SHA-256 of the certificate", privacy, func(c *Certificate) string { return c.SHA256 }),
		text(base+"x509.serial_number", "serial number, hex", privacy, func(c *Certificate) string { return c.Serial }),
		text("brandmelder.tls."+side+".spki", "SHA-256 of the public key", privacy, func(c *Certificate) string { return c.SPKI }),
		date(base+"not_before", "start of validity", func(c *Certificate) int64 { return c.NotBefore }),
		date(base+"not_after", "end of validity", func(c *Certificate) int64 { return c.NotAfter }),
		event.Strings(base+"x509.alternative_names", privacy, "alternative names, at most 32", func(r *TLS) []string {
			if c := leaf(r); c != nil {
				return c.Names
			}
			return nil
		}),
	}
}

func suiteNames(list []uint16) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, cipherName(n))
	}
	return out
}

func wide(list []uint16) []int64 {
	out := make([]int64, 0, len(list))
	for _, n := range list {
		out = append(out, int64(n))
	}
	return out
}

// cipherNames is made once: crypto/tls builds both of its lists anew for each
// name it is asked for.
var cipherNames = func() map[uint16]string {
	names := map[uint16]string{}
	for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		names[c.ID] = c.Name
	}
	return names
}()

// cipherName is the name IANA gives a cipher suite, or its number where
// crypto/tls does not know it.
func cipherName(id uint16) string {
	if name, ok := cipherNames[id]; ok {
		return name
	}
	return fmt.Sprintf("0x%04X", id)
}
