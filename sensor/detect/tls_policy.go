package detect

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// tlsPolicy notes servers that agree to what has been given up: old TLS, broken
// ciphers, SMB version 1, NTLM version 1.
type tlsPolicy struct{ *exposures }

// Places in oldWords.
const (
	oldSSL3 = iota
	oldTLS10
	oldTLS11
	oldRC4
	oldExport
	oldNull
	oldSMB1
	oldNTLM1
	oldSSL2
)

var oldWords = []string{
	oldSSL2: "SSL 2.0", oldSSL3: "SSL 3.0", oldTLS10: "TLS 1.0", oldTLS11: "TLS 1.1", oldRC4: "RC4", oldExport: "export cipher", oldNull: "no encryption in TLS",
	oldSMB1: "SMB version 1", oldNTLM1: "NTLM version 1",
}

// oldVersions are those that RFC 6176, RFC 7568 and RFC 8996 forbid.
var oldVersions = map[string]int{"2.0": oldSSL2, "3.0": oldSSL3, "1.0": oldTLS10, "1.1": oldTLS11}

// oldCiphers are suites without a name in the records, by IANA number.
var oldCiphers = ciphersOf(map[int]string{
	oldNull:   "0x0000 0x0001 0x0002 0x003B 0x002C 0x002D 0x002E 0x00B0 0x00B1 0x00B4 0x00B5 0x00B8 0x00B9 0xC001 0xC006 0xC00B 0xC010 0xC015",
	oldExport: "0x0003 0x0006 0x0008 0x000B 0x000E 0x0011 0x0014 0x0017 0x0019 0x0026 0x0027 0x0028 0x0029 0x002A 0x002B 0x0060 0x0061 0x0062 0x0063 0x0064",
	oldRC4:    "0x0004 0x0018 0x0020 0x0024 0x0066 0x008A 0x008E 0x0092 0xC002 0xC00C 0xC016 0xC033",
})

func ciphersOf(lists map[int]string) map[string]int {
	out := map[string]int{}
	for kind, list := range lists {
		for _, id := range strings.Fields(list) {
			out[id] = kind
		}
	}
	return out
}

func newTLSPolicy(env Env, decode Decoder) (Detector, error) {
	return &tlsPolicy{newExposures(env, "tls-policy", oldWords)}, decode(&struct{}{})
}

func (p *tlsPolicy) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch e.Kind {
	case "tls":
		p.handshake(e, report)
	case "smb":
		if strings.HasPrefix(event.TextOf(e.Data, "brandmelder.smb.dialect"), "NT LM") {
			p.note(oldSMB1, event.Server, e, report)
		}
	case "ntlm":
		if v := event.TextOf(e.Data, "brandmelder.ntlm.version"); v == "v1" || v == "v1-session" {
			p.note(oldNTLM1, event.Server, e, report)
		}
	}
}

func (p *tlsPolicy) handshake(e *event.Event, report Report) {
	if kind, old := oldVersions[event.TextOf(e.Data, "tls.version")]; old {
		p.note(kind, event.Server, e, report)
	}
	cipher := event.TextOf(e.Data, "tls.cipher")
	if kind, old := oldCiphers[cipher]; old {
		p.note(kind, event.Server, e, report)
	} else if strings.Contains(cipher, "_RC4_") {
		p.note(oldRC4, event.Server, e, report)
	}
}

func init() {
	register(Spec{
		Name: "tls-policy", Doc: "a server agrees to old TLS, a broken cipher, SMB version 1 or NTLM version 1",
		Family: "policy", Technique: []string{"T1557", "T1040"},
		Class: event.Absolute, Severity: event.Low,
		Wants: []string{"tls", "smb", "ntlm"}, Facts: exposureTable, New: newTLSPolicy,
	})
}
