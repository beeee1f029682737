package proto

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// mailDot is the line that ends a message in SMTP and POP3, bytes.
const mailDot = int64(len(".\r\n"))

// sasl follows the lines of one login of a text protocol (RFC 4422). It keeps the
// user and whether a secret was readable, never the secret.
type sasl struct {
	mechanism string // lower case
	step      int    // answers of the client so far
	user      string
	domain    string
	clear     bool
	active    bool // answers are still to come
}

// saslMechanisms are those that become the method of a login; another one is a
// word that the client made up.
var saslMechanisms = []string{"plain", "login", "cram-md5", "digest-md5", "ntlm", "gssapi", "gss-spnego", "external", "anonymous", "xoauth2", "oauthbearer",
	"scram-sha-1", "scram-sha-1-plus", "scram-sha-256", "scram-sha-256-plus", "otp", "securid", "msn"}

// begin starts a login; first is the answer that came with the command, "" none.
func (s *sasl) begin(mechanism, first string) {
	*s = sasl{mechanism: "other", active: true}
	for _, known := range saslMechanisms {
		if strings.EqualFold(known, mechanism) {
			s.mechanism = known
		}
	}
	if first != "" && first != "=" {
		s.answer([]byte(first))
	}
}

// answer reads a line of the client: base64, or * to give up (RFC 4954).
func (s *sasl) answer(line []byte) {
	if string(line) == "*" {
		s.active = false
		return
	}
	b := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Decode(b, bytes.TrimSpace(line))
	if err != nil {
		n = 0
	}
	s.step++
	s.read(b[:n])
}

// read takes what an answer says by the rules of its mechanism.
func (s *sasl) read(b []byte) {
	switch s.mechanism {
	case "plain": // RFC 4616: [authzid] NUL authcid NUL passwd
		if parts := bytes.SplitN(b, []byte{0}, 3); len(parts) == 3 {
			s.name(parts[1])
			s.clear = len(parts[2]) > 0
		}
		s.active = false
	case "login":
		if s.step == 1 {
			s.name(b)
			return
		}
		s.clear, s.active = len(b) > 0, false
	case "cram-md5": // RFC 2195: user SP digest
		if i := bytes.LastIndexByte(b, ' '); i > 0 {
			s.name(b[:i])
		}
		s.active = false
	case "digest-md5":
		s.between(b, `username="`, `"`)
	case "xoauth2", "oauthbearer": // the token is as good as a secret until it ends
		s.between(b, "user=", "\x01")
		s.between(b, "a=", ",")
		s.clear, s.active = bytes.Contains(b, []byte("auth=Bearer ")), false
	case "scram-sha-1", "scram-sha-256", "scram-sha-1-plus", "scram-sha-256-plus": // RFC 5802
		s.between(b, "n=", ",")
	case "ntlm", "gss-spnego":
		if m := parseNTLM(b); m != nil && m.Type == ntlmAuthenticate {
			s.user, s.domain = printable(m.User), printable(m.Domain)
		}
	}
}

func (s *sasl) name(b []byte) { s.user = printable(string(b[:min(len(b), 64)])) }

// between takes the user's name out of a list of attributes, the first time.
func (s *sasl) between(b []byte, from, to string) {
	_, rest, ok := bytes.Cut(b, []byte(from))
	name, _, _ := bytes.Cut(rest, []byte(to))
	if ok && s.user == "" {
		s.name(name)
	}
}

func (s *sasl) login(protocol string) *event.Login {
	return &event.Login{Protocol: protocol, Method: s.mechanism, User: s.user, Domain: s.domain, Clear: s.clear}
}
