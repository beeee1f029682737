package proto

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// le joins numbers of 8, 16, 32 and 64 bits, in the order of the wire, and bytes.
func le(parts ...any) (b []byte) {
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			b = append(b, byte(v))
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, v)
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, v)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, v)
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		}
	}
	return b
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func zeros(n int) []byte { return make([]byte, n) }

// nbss puts messages into one session packet.
func nbss(msgs ...[]byte) []byte {
	msg := slices.Concat(msgs...)
	return append([]byte{0, byte(len(msg) >> 16), byte(len(msg) >> 8), byte(len(msg))}, msg...)
}

// two makes a message of SMB2; its tree is 5 and its session 7.
func two(command uint16, flags, status uint32, id uint64, body []byte) []byte {
	return le("\xfeSMB", uint16(64), uint16(1), status, command, uint16(1), flags, uint32(0), id, uint32(0xfeff), uint32(5), uint64(7), zeros(16), body)
}

// next makes a message the first of a compound.
func next(msg []byte) []byte {
	msg = append(msg, zeros(-len(msg)&7)...)
	binary.LittleEndian.PutUint32(msg[20:], uint32(len(msg)))
	return msg
}

const answer = 1

var handle = []byte("0123456789abcdef")

func setup2(blob []byte) []byte {
	return le(uint16(25), 0, 1, uint32(0), uint32(0), uint16(88), uint16(len(blob)), uint64(0), blob)
}

func setupAnswer2(flags uint16) []byte { return le(uint16(9), flags, uint16(72), uint16(0)) }

func connect2(path string) []byte {
	return le(uint16(9), uint16(0), uint16(72), uint16(2*len(path)), utf16le(path))
}

func connected2(kind int) []byte { return le(uint16(16), kind, 0, uint32(0), uint32(0), uint32(0)) }

func create2(path string, options uint32) []byte {
	return le(uint16(57), 0, 0, uint32(2), zeros(16), uint32(0x120196), uint32(0), uint32(7), uint32(5), options,
		uint16(120), uint16(2*len(path)), uint32(0), uint32(0), utf16le(path))
}

func created2(size uint64) []byte {
	return le(uint16(89), 0, 0, uint32(1), zeros(40), size, uint32(0x20), uint32(0), handle, uint32(0), uint32(0))
}

func write2(offset uint64, data string) []byte {
	return le(uint16(49), uint16(112), uint32(len(data)), offset, handle, zeros(16), data)
}

func written2(n int) []byte { return le(uint16(17), uint16(0), uint32(n), uint32(0), uint32(0)) }

func read2(offset uint64) []byte {
	return le(uint16(49), 80, 0, uint32(1<<16), offset, handle, zeros(17))
}

func data2(data string) []byte { return le(uint16(17), 80, 0, uint32(len(data)), uint64(0), data) }

func close2() []byte { return le(uint16(24), uint16(0), uint32(0), handle) }

func setInfo2(class int, data []byte) []byte {
	return le(uint16(33), 1, class, uint32(len(data)), uint16(96), uint16(0), uint32(0), handle, data)
}

func rename2(path string) []byte {
	return setInfo2(fileRename, le(zeros(16), uint32(2*len(path)), utf16le(path)))
}

// ntlm3 makes an NTLMSSP authenticate message whose NT response has n bytes.
func ntlm3(user, domain, workstation string, n int) []byte {
	u, d, w := utf16le(user), utf16le(domain), utf16le(workstation)
	const at = 72
	field := func(n, at int) []byte { return le(uint16(n), uint16(n), uint32(at)) }
	end := at + len(d) + len(u) + len(w)
	return le("NTLMSSP\x00", uint32(3), field(0, end), field(n, end), field(len(d), at), field(len(u), at+len(d)),
		field(len(w), at+len(d)+len(u)), field(0, end), uint32(0x02000001), 10, 0, uint16(17763), uint32(0), d, u, w, zeros(n))
}

func ntlm1() []byte { return le("NTLMSSP\x00", uint32(1), uint32(0x207), zeros(16)) }

// ask and give are the two sides of a conversation in SMB2.
func ask(command uint16, id uint64, body []byte) said {
	return said{event.Client, nbss(two(command, 0, 0, id, body))}
}

func give(command uint16, status uint32, id uint64, body []byte) said {
	return said{event.Server, nbss(two(command, answer, status, id, body))}
}

// logon2 is a session of a user, up to the tree connection.
func logon2(share string, kind int) dialogue {
	return dialogue{
		ask(smb2Negotiate, 0, le(uint16(36), uint16(1), uint16(1), zeros(30), uint16(0x0302))),
		give(smb2Negotiate, 0, 0, le(uint16(65), uint16(3), uint16(0x0302), uint16(0), zeros(16), uint32(0x7f), zeros(40))),
		ask(smb2SessionSetup, 1, setup2(ntlm1())),
		give(smb2SessionSetup, statusMoreProcessing, 1, setupAnswer2(0)),
		ask(smb2SessionSetup, 2, setup2(ntlm3("anna", "CLINIC", "WARD-3", 200))),
		give(smb2SessionSetup, 0, 2, setupAnswer2(0)),
		ask(smb2TreeConnect, 3, connect2(`\\files\`+share)),
		give(smb2TreeConnect, 0, 3, connected2(kind)),
	}
}
