package proto

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// sshPackets knows how large a payload becomes under a cipher and a MAC.
type sshPackets struct {
	known    bool
	readable bool // the length field is in clear
	aligned  bool // the length field does not count for the padding
	block    int
	mac      int // bytes of MAC or tag
}

var sshMACs = map[string]int{
	"hmac-sha1": 20, "hmac-sha1-96": 12, "hmac-md5": 16, "hmac-md5-96": 12, "hmac-sha2-256": 32, "hmac-sha2-512": 64,
	"umac-64": 8, "umac-128": 16, "hmac-ripemd160": 20, "hmac-sha2-256-96": 12, "hmac-sha2-512-96": 12,
}

func newSSHPackets(cipher, mac string) sshPackets {
	switch {
	case strings.HasPrefix(cipher, "chacha20-poly1305"):
		return sshPackets{known: true, aligned: true, block: 8, mac: 16}
	case strings.Contains(cipher, "-gcm"):
		return sshPackets{known: true, readable: true, aligned: true, block: 16, mac: 16}
	}
	base, _, _ := strings.Cut(mac, "@")
	plain, etm := strings.CutSuffix(base, "-etm")
	n, ok := sshMACs[plain]
	block := 8
	if strings.HasPrefix(cipher, "aes") || strings.HasPrefix(cipher, "rijndael") || strings.HasPrefix(cipher, "twofish") || strings.HasPrefix(cipher, "camellia") || strings.HasPrefix(cipher, "serpent") {
		block = 16
	}
	return sshPackets{known: ok && cipher != "", readable: etm, aligned: etm, block: block, mac: n}
}

// size is the length on the wire of a packet with the least padding, which is
// what servers send (RFC 4253, section 6: at least 4 bytes, to whole blocks).
func (k sshPackets) size(payload int) int {
	n := 1 + payload + 4
	if !k.aligned {
		n += 4
	}
	n = (n + k.block - 1) / k.block * k.block
	if k.aligned {
		n += 4
	}
	return n + k.mac
}

// Payload lengths of the messages of RFC 4252.
const (
	sshAccept       = 17 // SERVICE_ACCEPT "ssh-userauth"
	sshSuccess      = 1
	sshShortRefusal = 14 // FAILURE with the shortest list, "password"
	sshLongRefusal  = 90
	sshShortTry     = 45 // shortest USERAUTH_REQUEST that holds a password
)

// sshAuth infers login attempts from the sizes of encrypted packets: success is
// the one-byte message, failure repeats one size within a connection because it
// lists the methods. What neither proves stays unknown.
type sshAuth struct {
	packets  [2]sshPackets
	probes   bool // this client always asks with method "none" first
	accepted bool // SERVICE_ACCEPT was seen
	over     bool
	refusal  int // size of USERAUTH_FAILURE, 0 unknown
	asked    int // size of the request that waits for its answer, 0 none
	last     int // size of the server's latest packet since then, 0 none
	requests int
	offered  bool // the latest request had PK_OK or a question for an answer
	attempts int64
}

// Clients that begin with method "none" in every connection.
var sshProbing = []string{"OpenSSH", "Go", "PuTTY", "WinSCP", "JSCH", "AsyncSSH", "dropbear"}

func newSSHAuth(banner string, client, server sshPackets) sshAuth {
	a := sshAuth{packets: [2]sshPackets{client, server}}
	software := strings.TrimPrefix(banner, "SSH-2.0-")
	for _, name := range sshProbing {
		a.probes = a.probes || strings.HasPrefix(software, name)
	}
	return a
}

// reply takes the size of one packet of the server.
func (a *sshAuth) reply(size int, emit func(event.Record)) {
	k := a.packets[event.Server]
	switch {
	case !k.known:
	case !a.accepted:
		a.accepted = size == k.size(sshAccept)
	case size == k.size(sshSuccess) && a.asked > 0:
		a.success(emit)
	case a.asked > 0:
		a.last = size
	}
}

// request takes the size of one packet of the client.
func (a *sshAuth) request(size int, emit func(event.Record)) {
	if !a.accepted || a.over {
		return
	}
	a.settle(emit)
	a.asked, a.last = size, 0
	a.requests++
}

// settle judges the request before: its answer is the last packet that came,
// for a banner comes before it.
func (a *sshAuth) settle(emit func(event.Record)) {
	if a.asked == 0 || a.last == 0 {
		return
	}
	k := a.packets[event.Server]
	if a.refusal == 0 && a.last >= k.size(sshShortRefusal) && a.last <= k.size(sshLongRefusal) {
		a.refusal = a.last
	}
	if a.last != a.refusal {
		a.offered = true
		return
	}
	a.offered = false
	if !a.isProbe() {
		a.login(event.Failure, "", emit)
	}
}

// isProbe tells the question for the methods from an attempt.
func (a *sshAuth) isProbe() bool {
	return a.requests == 1 && (a.probes || a.asked < a.packets[event.Client].size(sshShortTry))
}

func (a *sshAuth) success(emit func(event.Record)) {
	method := ""
	if a.isProbe() {
		method = "none"
	}
	a.login(event.Success, method, emit)
	a.asked, a.over = 0, true
}

func (a *sshAuth) login(o event.Outcome, method string, emit func(event.Record)) {
	a.attempts++
	emit(&event.Login{Protocol: "ssh", Method: method, Outcome: o, Attempt: a.attempts})
}

// end judges the last request; one without an answer is unknown.
func (a *sshAuth) end(emit func(event.Record)) {
	if a.over || a.asked == 0 {
		return
	}
	if a.last == 0 && !a.isProbe() && !a.offered && a.asked >= a.packets[event.Client].size(sshShortTry) { // else a goodbye
		a.login(event.Unknown, "", emit)
	}
	a.settle(emit)
	a.over = true
}
