package proto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
)

// Who issued a certificate shows in whether it says where to ask about it.
func TestTLSIssuers(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := func(cn string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: cn}}
	}
	for what, c := range map[string]struct {
		issuer    string
		status    []string
		self, own bool
	}{
		"by itself":             {"ward.example", nil, true, false},
		"by nobody known":       {"qwert.example", nil, false, true},
		"by a public authority": {"Authority", []string{"http://ocsp.example"}, false, false},
	} {
		leaf := name("ward.example")
		leaf.OCSPServer = c.status
		der, err := x509.CreateCertificate(rand.Reader, leaf, name(c.issuer), &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := certificateOf(der); got.SelfSigned != c.self || got.Private != c.own || got.Unreadable {
			t.Errorf("%s: %+v", what, got)
		}
	}
}
