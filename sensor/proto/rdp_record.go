package proto

import (
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// RDP is how one session was set up, as far as it can be read: with TLS the
// negotiation, without it also what the client says of itself.
type RDP struct {
	User, Domain string   // of the cookie; mstsc cuts it off after nine characters
	Token        bool     // a load balancer's routing token
	Requested    []string // how the client is willing to secure the session; "rdp" without a negotiation
	Selected     string   // what the server chose; "" it refused or did not answer
	Failure      string   // why it refused
	Restricted   bool     // the client asks for restricted admin mode: no password is sent
	Build        int64    // build of the client, 0 not seen
	ClientName   string
	Keyboard     string   // layout, as Windows numbers them: 0x0413 is Dutch
	Channels     []string // asked for, at most rdpChannels
	Encryption   string   // without TLS: none, 40-bit, 56-bit, 128-bit, fips
	Oddities     []string // what no ordinary client does

	seen, negotiated bool
}

const (
	rdpChannels   = 31   // MS-RDPBCGR 2.2.1.3.4
	rdpNegotiates = 6000 // clients of Windows Vista and later always negotiate
)

// Names by the bits of requestedProtocols (MS-RDPBCGR 2.2.1.1.1), best last.
var rdpBits = [...]string{"tls", "nla", "rdstls", "nla-ex", "aad"}

func rdpProtocols(bits uint32) []string {
	var out []string
	for i, name := range rdpBits {
		if bits>>i&1 != 0 {
			out = append(out, name)
		}
	}
	if out == nil {
		return []string{"rdp"}
	}
	return out
}

func rdpFailure(code uint32) string {
	names := [...]string{1: "tls-required", 2: "tls-not-allowed", 3: "no-certificate", 4: "inconsistent", 5: "nla-required", 6: "tls-with-user-certificate-required"}
	if code < uint32(len(names)) && names[code] != "" {
		return names[code]
	}
	return fmt.Sprint(code)
}

// nla reports whether the login precedes the session, within TLS.
func (r *RDP) nla() bool { return r.Selected == "nla" || r.Selected == "nla-ex" }

func (r *RDP) odd(what string) { r.Oddities = append(r.Oddities, what) }

// request reads what stands behind the fixed part of the connection request.
func (r *RDP) request(rest []byte) {
	r.seen, r.Requested = true, []string{"rdp"}
	if line, after, ok := strings.Cut(string(rest[:min(len(rest), rdpKept)]), "\r\n"); ok && (len(rest) == 0 || rest[0] != 1) {
		r.cookie(line)
		rest = rest[len(rest)-len(after):]
	}
	c := cursor{data: rest}
	kind, flags, size, bits := c.u8(), c.u8(), c.le16(), c.le32()
	if c.bad || kind != 1 || size != 8 {
		return
	}
	r.negotiated, r.Requested, r.Restricted = true, rdpProtocols(bits), flags&1 != 0
}

func (r *RDP) cookie(line string) {
	user, isUser := strings.CutPrefix(line, "Cookie: mstshash=")
	switch {
	case isUser:
		user = printable(user[:min(len(user), maxName)])
		if domain, name, ok := strings.Cut(user, `\`); ok {
			r.Domain, user = domain, name
		}
		r.User = user
	case line == "":
		r.odd("empty-cookie")
	default:
		r.Token = true
	}
}

// clientBlocks reads the client's settings (MS-RDPBCGR 2.2.1.3).
func (r *RDP) clientBlocks(c cursor) {
	for c.left() >= 4 {
		kind, size := c.le16(), int(c.le16())
		block := c.sub(min(max(size-4, 0), c.left()))
		switch kind {
		case 0xc001:
			r.core(block)
		case 0xc003:
			r.channels(block)
		}
	}
}

func (r *RDP) core(c cursor) {
	c.skip(4 + 2 + 2 + 2 + 2) // version, width, height, depth, sequence
	keyboard := c.le32()
	r.Build = int64(c.le32())
	name := c.take(32)
	if c.bad {
		return
	}
	r.Keyboard = fmt.Sprintf("0x%04x", keyboard)
	r.ClientName = printable(text16(name, true))
	if r.ClientName == "" {
		r.odd("nameless")
	}
	if r.Build >= rdpNegotiates && !r.negotiated {
		r.odd("no-negotiation")
	}
}

func (r *RDP) channels(c cursor) {
	for n := c.le32(); n > 0 && c.left() >= 12 && len(r.Channels) < rdpChannels; n-- {
		name := printable(text16(c.take(8), false))
		c.skip(4)
		r.Channels = append(r.Channels, name)
		if strings.EqualFold(name, "MS_T120") { // the server's own: a client that binds it reaches what it frees (CVE-2019-0708)
			r.odd("ms-t120")
		}
	}
}

// serverBlocks reads the server's settings (MS-RDPBCGR 2.2.1.4).
func (r *RDP) serverBlocks(c cursor) {
	for c.left() >= 4 {
		kind, size := c.le16(), int(c.le16())
		block := c.sub(min(max(size-4, 0), c.left()))
		if kind == 0x0c02 {
			names := map[uint32]string{0: "none", 1: "40-bit", 2: "128-bit", 8: "56-bit", 16: "fips"}
			r.Encryption = names[block.le32()]
		}
	}
}

func (*RDP) Table() *event.Table { return rdpTable }

var rdpTable = event.NewTable("rdp", "Remote desktop: how each session was set up.", rdpFields()...).InBrief("user.name", "brandmelder.rdp.client_name", "brandmelder.rdp.selected", "brandmelder.rdp.failure")

func rdpFields() []event.Field {
	text := func(path string, p event.Privacy, doc string, get func(*RDP) string) event.Field {
		return event.String(path, p, doc, func(r *RDP) (string, bool) { s := get(r); return s, s != "" })
	}
	list := func(path, doc string, get func(*RDP) []string) event.Field {
		return event.Strings("brandmelder.rdp."+path, event.Technical, doc, get)
	}
	flag := func(path, doc string, get func(*RDP) bool) event.Field {
		return event.Bool("brandmelder.rdp."+path, event.Technical, doc, func(r *RDP) (bool, bool) { return get(r), get(r) })
	}
	return []event.Field{
		text("user.name", event.Personal, "user of the cookie, cut off by some clients", func(r *RDP) string { return r.User }),
		text("user.domain", event.Personal, "domain of the cookie", func(r *RDP) string { return r.Domain }),
		text("brandmelder.rdp.client_name", event.Personal, "name the client gave itself", func(r *RDP) string { return r.ClientName }),
		text("brandmelder.rdp.selected", event.Technical, "how the session is secured: rdp, tls, nla, nla-ex, rdstls, aad", func(r *RDP) string { return r.Selected }),
		text("brandmelder.rdp.failure", event.Technical, "why the server refused", func(r *RDP) string { return r.Failure }),
		text("brandmelder.rdp.keyboard", event.Technical, "keyboard layout of the client", func(r *RDP) string { return r.Keyboard }),
		text("brandmelder.rdp.encryption", event.Technical, "encryption of a session without TLS", func(r *RDP) string { return r.Encryption }),
		list("requested", "what the client is willing to use", func(r *RDP) []string { return r.Requested }),
		list("channels", "channels the client asks for", func(r *RDP) []string { return r.Channels }),
		list("oddities", "what no ordinary client does: empty-cookie, nameless, no-negotiation, ms-t120", func(r *RDP) []string { return r.Oddities }),
		flag("routing_token", "a load balancer's token", func(r *RDP) bool { return r.Token }),
		flag("restricted_admin", "the client asks for restricted admin mode", func(r *RDP) bool { return r.Restricted }),
		event.Int("brandmelder.rdp.client_build", event.Technical, "build of the client", func(r *RDP) (int64, bool) { return r.Build, r.Build > 0 }),
	}
}
