package proto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// quicVersion is what differs between versions: the salt of the first keys, the
// labels, and the number of an Initial.
type quicVersion struct {
	name    string
	salt    []byte
	label   string
	initial byte
}

var quicVersions = map[uint32]*quicVersion{
	1:          {"1", unhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), "quic ", 0},   // RFC 9001, section 5.2
	0x6b3343cf: {"2", unhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), "quicv2 ", 1}, // RFC 9369, section 3.3
	0xff00001d: {"draft-29", unhex("afbfec289993d24c9e9786f19c6111e04390a899"), "quic ", 0},
}

func unhex(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

// quicKeys opens the Initials of one side.
type quicKeys struct {
	aead cipher.AEAD
	iv   []byte
	hide cipher.Block // of header protection
}

// quicSecrets makes the keys of both sides from the client's first destination id
// (RFC 9001, section 5.2): they hide nothing from who sees the packets.
func quicSecrets(v *quicVersion, id []byte) (keys [2]*quicKeys) {
	initial, err := hkdf.Extract(sha256.New, id, v.salt)
	if err != nil {
		return keys
	}
	for side, label := range [2]string{event.Client: "client in", event.Server: "server in"} {
		secret := expandLabel(initial, label, sha256.Size)
		block, err := aes.NewCipher(expandLabel(secret, v.label+"key", 16))
		if err != nil {
			return keys
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return keys
		}
		hide, err := aes.NewCipher(expandLabel(secret, v.label+"hp", 16))
		if err != nil {
			return keys
		}
		keys[side] = &quicKeys{aead, expandLabel(secret, v.label+"iv", 12), hide}
	}
	return keys
}

// expandLabel is HKDF-Expand-Label without a context (RFC 8446, section 7.1).
func expandLabel(secret []byte, label string, n int) []byte {
	info := append([]byte{0, byte(n), byte(len("tls13 ") + len(label))}, "tls13 "+label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		return make([]byte, n)
	}
	return out
}

// open takes the protection off a packet (RFC 9001, sections 5.3 and 5.4). The
// packet numbers of Initials stay small, so the number is as long as it is sent.
func (k *quicKeys) open(l *quicLong) ([]byte, bool) {
	var mask [aes.BlockSize]byte
	k.hide.Encrypt(mask[:], l.packet[l.number+4:l.number+4+aes.BlockSize])
	first := l.packet[0] ^ mask[0]&0x0f
	n := int(first&3) + 1
	head := append([]byte(nil), l.packet[:l.number+n]...)
	head[0] = first
	var number [8]byte
	for i := range n {
		head[l.number+i] ^= mask[1+i]
		number[8-n+i] = head[l.number+i]
	}
	nonce := append([]byte(nil), k.iv...)
	at := binary.BigEndian.Uint64(nonce[4:]) ^ binary.BigEndian.Uint64(number[:])
	binary.BigEndian.PutUint64(nonce[4:], at)
	plain, err := k.aead.Open(nil, nonce, l.packet[l.number+n:], head)
	return plain, err == nil
}
