package proto

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// der makes an element of up to 127 bytes.
func der(tag int, parts ...any) []byte {
	body := le(parts...)
	return le(tag, len(body), body)
}

func apReq() []byte {
	name := der(0xa2, der(0x30, der(0xa0, der(2, 2)), der(0xa1, der(0x30, der(0x1b, "cifs"), der(0x1b, "files")))))
	ticket := der(0x61, der(0x30, der(0xa0, der(2, 5)), der(0xa1, der(0x1b, "CLINIC.LOCAL")), name, der(0xa3, der(0x1b, "secret"))))
	return der(0x6e, der(0x30, der(0xa0, der(2, 5)), der(0xa1, der(2, 14)), der(0xa2, der(3, zeros(5))), der(0xa3, ticket)))
}

func TestTicketNamesItsService(t *testing.T) {
	wrapped := der(0x60, der(6, kerberosOID), 1, 0, apReq())
	spnego := der(0xa1, der(0x30, der(0xa2, der(4, wrapped[:min(len(wrapped), 120)]))))
	for name, blob := range map[string][]byte{"bare": apReq(), "GSS-API": wrapped, "SPNEGO": spnego} {
		l := loginOf("smb", blob)
		if l == nil || l.Method != "kerberos" || l.Domain != "CLINIC.LOCAL" || l.Service != "cifs/files" {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := loginOf("smb", []byte("no token at all")); l != nil {
		t.Errorf("a login from nothing: %+v", l)
	}
}

func TestNTLMMessages(t *testing.T) {
	for _, tt := range []struct {
		name string
		blob []byte
		want *NTLM
	}{
		{"negotiate", ntlm1(), &NTLM{Type: 1, Flags: 0x207}},
		{"version 2", ntlm3("anna", "CLINIC", "PC", 90), &NTLM{Type: 3, Version: "v2", User: "anna", Domain: "CLINIC", Workstation: "PC", Build: "10.0.17763", Flags: 0x02000001}},
		{"version 1", ntlm3("anna", "", "", 24), &NTLM{Type: 3, Version: "v1", User: "anna", Build: "10.0.17763", Flags: 0x02000001}},
		{"wrapped", der(0xa1, der(0x30, der(0xa2, der(4, ntlm1())))), &NTLM{Type: 1, Flags: 0x207}},
		{"cut off", ntlm3("anna", "CLINIC", "PC", 90)[:50], &NTLM{Type: 3, Version: "v2", Flags: 1}},
		{"unknown type", le("NTLMSSP\x00", uint32(9)), nil},
		{"nothing", nil, nil},
	} {
		if diff := cmp.Diff(tt.want, parseNTLM(tt.blob)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
