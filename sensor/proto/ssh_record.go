package proto

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// SSH is what both ends of a connection say of themselves in clear.
type SSH struct {
	Banner                    [2]string // by Side, whole line
	Hassh                     [2]string // by Side: HASSH, HASSHServer
	Kex, HostKey, Cipher, MAC string    // agreed; cipher and MAC client to server

	emitted bool
}

// Places of the name lists in KEXINIT (RFC 4253, section 7.1).
const (
	kexAlgorithms = iota
	kexHostKeys
	kexCiphersOut // client to server
	kexCiphersIn
	kexMACsOut
	kexMACsIn
	kexCompressOut
	kexCompressIn
	kexLists
)

type kexInit struct{ lists [kexLists]string }

func parseKexInit(m []byte) *kexInit {
	c := cursor{data: m}
	c.skip(17) // message number, cookie
	var k kexInit
	for i := range k.lists {
		k.lists[i] = printable(string(c.take(int(c.be32()))))
	}
	if c.bad {
		return nil
	}
	return &k
}

// hassh is the fingerprint of Salesforce: MD5 over key exchange, ciphers, MACs
// and compression in the direction that the side sends.
func (k *kexInit) hassh(from event.Side) string {
	d := int(from)
	return md5Hex([]byte(strings.Join([]string{k.lists[kexAlgorithms], k.lists[kexCiphersOut+d], k.lists[kexMACsOut+d], k.lists[kexCompressOut+d]}, ";")))
}

// choose is the first of the client's names that the server has too.
func choose(client, server string) string {
	have := make(map[string]bool)
	for name := range strings.SplitSeq(server, ",") {
		have[name] = true
	}
	for name := range strings.SplitSeq(client, ",") {
		if have[name] {
			return name
		}
	}
	return ""
}

// software is the banner without the protocol version.
func software(banner string) string {
	parts := strings.SplitN(banner, "-", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

var sshTable = event.NewTable("ssh", "SSH connections: software, fingerprints and agreed algorithms.", sshFields()...).InBrief("brandmelder.ssh.client.software", "brandmelder.ssh.server.software")

func (*SSH) Table() *event.Table { return sshTable }

func sshFields() []event.Field {
	text := func(path, doc string, get func(*SSH) string) event.Field {
		return event.String("brandmelder.ssh."+path, event.Technical, doc, func(r *SSH) (string, bool) { s := get(r); return s, s != "" })
	}
	return []event.Field{
		text("client.software", "software version of the client's banner", func(r *SSH) string { return software(r.Banner[event.Client]) }),
		text("server.software", "software version of the server's banner", func(r *SSH) string { return software(r.Banner[event.Server]) }),
		text("version", "protocol version the server announces", func(r *SSH) string {
			if p := strings.SplitN(r.Banner[event.Server], "-", 3); len(p) == 3 {
				return p[1]
			}
			return ""
		}),
		text("hassh", "HASSH of the client", func(r *SSH) string { return r.Hassh[event.Client] }),
		text("hassh_server", "HASSHServer of the server", func(r *SSH) string { return r.Hassh[event.Server] }),
		text("kex", "agreed key exchange", func(r *SSH) string { return r.Kex }),
		text("host_key", "agreed host key algorithm", func(r *SSH) string { return r.HostKey }),
		text("cipher", "agreed cipher, client to server", func(r *SSH) string { return r.Cipher }),
		text("mac", "agreed MAC, client to server; not in force with an AEAD cipher", func(r *SSH) string { return r.MAC }),
	}
}
