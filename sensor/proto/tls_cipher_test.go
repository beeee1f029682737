package proto

import (
	"crypto/tls"
	"testing"
)

func TestCipherNamesAreThoseOfTheLibrary(t *testing.T) {
	for id := range 1 << 16 {
		if got, want := cipherName(uint16(id)), tls.CipherSuiteName(uint16(id)); got != want {
			t.Fatalf("%#04x: %q, not %q", id, got, want)
		}
	}
}
