package proto

import (
	"bytes"
	"fmt"
	"unicode/utf16"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Message types of NTLMSSP (MS-NLMP 2.2.1).
const (
	ntlmNegotiate    = 1
	ntlmChallenge    = 2
	ntlmAuthenticate = 3
)

// NTLM is the facts of one NTLMSSP message: what the client says about itself,
// never the responses or anything derived from them.
type NTLM struct {
	Type        int64  // 1 negotiate, 2 challenge, 3 authenticate
	Protocol    string // protocol that carried it: "smb", "dcerpc", "http" …
	Version     string // of an authenticate: "v1", "v1-session", "v2", "anonymous"
	User        string
	Domain      string
	Workstation string
	Target      string // of a challenge: the server's domain or name
	Build       string // the sender's Windows version, "10.0.17763"
	Flags       int64  // NEGOTIATE flags (MS-NLMP 2.2.2.5)
}

// Anonymous reports whether an authenticate message names no one.
func (n *NTLM) Anonymous() bool { return n.Version == "anonymous" }

func (*NTLM) Table() *event.Table { return ntlmTable }

var ntlmTable = event.NewTable("ntlm", "NTLM authentications: version and what the client says about itself.",
	ntlmText("brandmelder.ntlm.protocol", event.Technical, "protocol that carried it", func(n *NTLM) string { return n.Protocol }),
	ntlmText("brandmelder.ntlm.version", event.Technical, "v1, v1-session, v2 or anonymous", func(n *NTLM) string { return n.Version }),
	ntlmText("user.name", event.Personal, "user who logged on", func(n *NTLM) string { return n.User }),
	ntlmText("user.domain", event.Personal, "NT domain", func(n *NTLM) string { return n.Domain }),
	ntlmText("brandmelder.ntlm.workstation", event.Personal, "name the client gave itself", func(n *NTLM) string { return n.Workstation }),
	ntlmText("brandmelder.ntlm.build", event.Technical, "Windows version the client gave", func(n *NTLM) string { return n.Build }),
	event.Int("brandmelder.ntlm.flags", event.Technical, "NEGOTIATE flags", func(n *NTLM) (int64, bool) { return n.Flags, true }),
).InBrief("user.domain", "user.name", "brandmelder.ntlm.workstation")

func ntlmText(path string, p event.Privacy, doc string, get func(*NTLM) string) event.Field {
	return event.String(path, p, doc, func(n *NTLM) (string, bool) { s := get(n); return s, s != "" })
}

// parseNTLM reads an NTLMSSP message, raw or wrapped in SPNEGO. It returns nil
// where blob holds none.
func parseNTLM(blob []byte) *NTLM {
	token := unwrapToken(blob).NTLM
	if !bytes.HasPrefix(token, ntlmSignature) {
		return nil
	}
	c := cursor{data: token}
	c.skip(8)
	n := &NTLM{Type: int64(c.le32())}
	switch n.Type {
	case ntlmNegotiate:
		n.Flags = int64(c.le32())
	case ntlmChallenge:
		at := c.at
		c.skip(8)
		n.Flags = int64(c.le32())
		n.Target = text16(ntlmPart(token, at), n.Flags&1 != 0)
	case ntlmAuthenticate:
		n.authenticate(token)
	default:
		return nil
	}
	return n
}

func (n *NTLM) authenticate(token []byte) {
	const flagVersion, flagSession = 0x02000000, 0x00080000
	c := cursor{data: token}
	c.seek(min(60, len(token)))
	n.Flags = int64(c.le32())
	if c.bad { // messages of the first implementations end before the flags
		n.Flags = 1
	} else if n.Flags&flagVersion != 0 {
		if v := c.take(4); v != nil && v[0] != 0 {
			n.Build = fmt.Sprintf("%d.%d.%d", v[0], v[1], int(v[2])|int(v[3])<<8)
		}
	}
	unicode := n.Flags&1 != 0
	n.Domain = text16(ntlmPart(token, 28), unicode)
	n.User = text16(ntlmPart(token, 36), unicode)
	n.Workstation = text16(ntlmPart(token, 44), unicode)
	c.seek(min(20, len(token)))
	response := c.le16()
	n.Version = ntlmVersion(int(response), n.User, n.Flags&flagSession != 0)
}

// ntlmVersion tells the versions by the length of the NT response: 24 bytes in
// version 1, more in version 2.
func ntlmVersion(response int, user string, session bool) string {
	switch {
	case user == "" && response == 0:
		return "anonymous"
	case response > 24:
		return "v2"
	case session:
		return "v1-session"
	}
	return "v1"
}

// ntlmPart follows the length and offset at a place of the message.
func ntlmPart(token []byte, at int) []byte {
	c := cursor{data: token}
	c.seek(min(at, len(token)))
	n := int(c.le16())
	c.skip(2)
	from := c.le32()
	if c.bad || uint64(from) > uint64(len(token)) {
		return nil
	}
	c.seek(int(from))
	return c.take(n)
}

// maxName is the most characters that are kept of a name or path.
const maxName = 260

// text16 decodes UTF-16LE, or single bytes where unicode is false, up to a NUL
// and at most maxName characters.
func text16(b []byte, unicode bool) string {
	if !unicode {
		b = b[:min(len(b), maxName)]
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b = b[:i]
		}
		return string(bytes.ToValidUTF8(b, []byte("?")))
	}
	units := make([]uint16, 0, min(len(b)/2, maxName))
	for i := 0; i+1 < len(b) && len(units) < maxName; i += 2 {
		u := uint16(b[i]) | uint16(b[i+1])<<8
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
