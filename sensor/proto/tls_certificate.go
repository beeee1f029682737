package proto

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
)

// Certificate is what is kept of an X.509 certificate. It is never verified:
// that takes time, a trust store and a clock.
type Certificate struct {
	Subject, Issuer       string // RFC 2253
	Organization, Country []string
	Names                 []string // DNS and IP alternative names, at most 32
	NotBefore, NotAfter   int64    // ns since 1970
	Serial                string   // upper-case hex
	SHA1, SHA256          string   // of the whole certificate, upper-case hex
	SPKI                  string   // SHA-256 of the public key info, upper-case hex
	SelfSigned            bool     // issuer is subject
	Unreadable            bool     // only the hashes are known
}

const (
	maxCertificate  = 64 << 10
	maxChain        = 10
	maxAlternatives = 32
)

func parseChain(body []byte) []Certificate {
	c := cursor{data: body}
	list := c.sub(int(c.be24()))
	var out []Certificate
	for list.left() > 3 && len(out) < maxChain {
		der := list.take(int(list.be24()))
		if len(der) > 0 && len(der) <= maxCertificate {
			out = append(out, certificateOf(der))
		}
	}
	return out
}

// certificates holds what was read last, of all shards: servers show the same
// ones all day. A place belongs to all whose hash begins alike.
var certificates [1024]atomic.Pointer[readCertificate]

// usualCertificate is how large one may be to be held, so that strangers cannot
// fill much: 1024 of these are 4 MiB.
const usualCertificate = 4 << 10

type readCertificate struct {
	sum   [sha256.Size]byte
	facts Certificate
}

func certificateOf(der []byte) Certificate {
	sum := sha256.Sum256(der)
	place := &certificates[(int(sum[0])<<8|int(sum[1]))%len(certificates)]
	c := place.Load()
	if c == nil || c.sum != sum {
		c = &readCertificate{sum, parseCertificate(der, sum)}
		if len(der) <= usualCertificate {
			place.Store(c)
		}
	}
	return c.facts
}

// parseCertificate never panics: the standard parser is guarded, for its input
// is chosen by strangers.
func parseCertificate(der []byte, sum [sha256.Size]byte) (out Certificate) {
	one := sha1.Sum(der)
	out = Certificate{SHA1: upperHex(one[:]), SHA256: upperHex(sum[:]), Unreadable: true}
	defer func() {
		if recover() != nil {
			out.Unreadable = true
		}
	}()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return out
	}
	key := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	out.Unreadable = false
	out.Subject, out.Issuer = cert.Subject.String(), cert.Issuer.String()
	out.Organization, out.Country = cert.Issuer.Organization, cert.Issuer.Country
	out.NotBefore, out.NotAfter = unixNano(cert.NotBefore.Unix()), unixNano(cert.NotAfter.Unix())
	out.Serial = fmt.Sprintf("%X", cert.SerialNumber)
	out.SPKI = upperHex(key[:])
	out.SelfSigned = string(cert.RawIssuer) == string(cert.RawSubject)
	out.Names = alternatives(cert)
	return out
}

func alternatives(cert *x509.Certificate) []string {
	names := cert.DNSNames[:min(len(cert.DNSNames), maxAlternatives)]
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, printable(n))
	}
	for _, ip := range cert.IPAddresses {
		if len(out) < maxAlternatives {
			out = append(out, ip.String())
		}
	}
	return out
}

// unixNano keeps years beyond 2262 in range.
func unixNano(s int64) int64 {
	const most = 9_223_372_036
	return min(max(s, -most), most) * 1e9
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
