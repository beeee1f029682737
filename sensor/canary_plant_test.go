package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// canary is in everything that must never come out.
const canary = "Qz7CanaryBird"

var ward, shelf = craft.NewHost("10.3.0.5"), craft.NewHost("10.3.0.80")

// said is what one side says, as in the test conversations of proto.
type said struct {
	client bool
	data   []byte
}

// readDialogue reads a test conversation of a protocol.
func readDialogue(t *testing.T, path string) (out []said) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.ReplaceAll(strings.TrimSpace(line), " ", "")
		if line == "" || line[0] == '#' {
			continue
		}
		data, err := hex.DecodeString(line[1:])
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, said{line[0] == '>', data})
	}
	return out
}

// plantShelf plays every test conversation of every protocol with the canary
// behind each datagram and behind each stream, and returns their number.
func plantShelf(t *testing.T, trace *craft.Trace) (n int) {
	for _, s := range proto.All() {
		files, err := filepath.Glob("proto/testdata/" + s.Name + "/hit*.hex")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			n++
			play(trace, s, uint16(20000+n), readDialogue(t, file))
		}
	}
	return n
}

func play(trace *craft.Trace, s *proto.Spec, from uint16, d []said) {
	port := uint16(9000)
	if len(s.Ports) > 0 {
		port = s.Ports[0]
	}
	if s.IP == 6 {
		c := trace.Open(ward, shelf, from, port)
		for _, say := range append(d, said{true, []byte(canary)}, said{false, []byte(canary)}) {
			c.Say(say.client, say.data)
		}
		c.Close()
		return
	}
	for _, say := range d {
		a, b, pa, pb := ward, shelf, from, port
		if !say.client {
			a, b, pa, pb = b, a, pb, pa
		}
		data := append(append([]byte(nil), say.data...), canary...)
		switch s.IP {
		case 17:
			trace.Datagram(a, b, pa, pb, say.data) // as it should be, so that it is understood
			trace.Datagram(a, b, pa, pb, data)
		case proto.ARP:
			trace.Add(craft.Ethernet(a.MAC, b.MAC, 0x0806, data))
		default:
			trace.Send(a, b, craft.IP(a.IP, b.IP, s.IP, data))
		}
	}
}

// plantWeb plants in each place of a web request.
func plantWeb(trace *craft.Trace) {
	c := trace.Open(ward, shelf, 30001, 80)
	basic := base64.StdEncoding.EncodeToString([]byte("anna:" + canary))
	head := "Host: portal.example.org\r\nCookie: session=" + canary + "\r\nX-Token: " + canary + "\r\nReferer: http://portal.example.org/?" + canary + "\r\n"
	c.Ask("GET /file?patient=" + canary + "#" + canary + " HTTP/1.1\r\n" + head + "Authorization: Basic " + basic + "\r\n\r\n")
	c.Answer("HTTP/1.1 200 OK\r\nSet-Cookie: id=" + canary + "\r\nLocation: /next?" + canary + "\r\nContent-Length: 13\r\n\r\n" + canary)
	body := "user=anna&password=" + canary + "&email=" + canary + "@example.org"
	c.Ask("POST /login HTTP/1.1\r\n" + head + "Authorization: Bearer " + canary + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	c.Answer("HTTP/1.1 403 " + canary + "\r\nContent-Length: 0\r\n\r\n")
	c.Close()
}

// plantFiles plants in a session of FTP, and what it transfers.
func plantFiles(trace *craft.Trace) {
	c := trace.Open(ward, shelf, 30002, 21)
	c.Answer("220 ready\r\n")
	for _, line := range []string{"USER anna", "PASS " + canary, "ACCT " + canary, "SITE " + canary, "RETR plan.pdf"} {
		c.Ask(line + "\r\n")
		c.Answer("331 " + canary + "\r\n")
	}
	c.Close()
}

// plantGuesses plants in logins that are refused, of which alerts tell.
func plantGuesses(trace *craft.Trace) {
	for i := range uint16(30) {
		c := trace.Open(ward, shelf, 30100+i, 21)
		c.Answer("220 ready " + canary + "\r\n")
		c.Ask("USER anna\r\n")
		c.Answer("331 " + canary + "\r\n")
		c.Ask("PASS " + canary + "\r\n")
		c.Answer("530 " + canary + "\r\n")
		c.Close()
	}
}

// plantNames plants in what look-ups carry besides names.
func plantNames(trace *craft.Trace) {
	for i, port := range []uint16{53, 5353, 5355} {
		question := []byte{0, byte(9 + i), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 'n', 'o', 't', 'e', 3, 'o', 'r', 'g', 0, 0, 16, 0, 1}
		answer := append([]byte(nil), question...)
		answer[2], answer[3], answer[7] = 0x84, 0, 1
		answer = append(answer, 0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, byte(1+len(canary)), byte(len(canary)))
		trace.Exchange(ward, shelf, uint16(30010+i), port, question, append(answer, canary...))
	}
	trace.Send(ward, shelf, craft.Echo(ward.IP, shelf.IP, false, 1, 1, []byte(canary)))
	trace.Send(shelf, ward, craft.Echo(shelf.IP, ward.IP, true, 1, 1, []byte(canary)))
}

// plantShare plants names and contents of files on a share of patients' files.
func plantShare(t *testing.T, trace *craft.Trace) {
	c := trace.Open(ward, shelf, 30003, 445)
	for _, say := range readDialogue(t, "proto/testdata/smb/hit.hex") {
		c.Say(say.client, say.data)
	}
	handle := "0123456789abcdef"
	turn := func(command uint16, id uint64, ask, give []byte) {
		c.Say(true, smb2(command, 0, id, ask))
		c.Say(false, smb2(command, 1, id, give))
	}
	share, name := utf16le(`\\srv\clinical$`), utf16le(`scans\`+canary+`.doc`)
	turn(3, 20, le(uint16(9), uint16(0), uint16(72), uint16(len(share)), share), le(uint16(16), uint16(1), uint32(0), uint32(0), uint32(0)))
	turn(5, 21, le(uint16(57), uint16(0), uint32(2), make([]byte, 16), uint32(0x120196), uint32(0), uint32(7), uint32(5), uint32(0),
		uint16(120), uint16(len(name)), uint32(0), uint32(0), name),
		le(uint16(89), uint16(0), uint32(1), make([]byte, 40), uint64(9), uint32(0x20), uint32(0), handle, uint32(0), uint32(0)))
	turn(9, 22, le(uint16(49), uint16(112), uint32(len(canary)), uint64(0), handle, make([]byte, 16), canary), le(uint16(17), uint16(0), uint32(len(canary)), uint32(0)))
	turn(6, 23, le(uint16(24), uint16(0), uint32(0), handle), le(uint16(60), uint16(0), uint32(0), make([]byte, 48)))
	c.Close()
}

func smb2(command uint16, flags uint32, id uint64, body []byte) []byte {
	m := le("\xfeSMB", uint16(64), uint16(1), uint32(0), command, uint16(1), flags, uint32(0), id, uint32(0xfeff), uint32(5), uint64(7), make([]byte, 16), body)
	return append([]byte{0, 0, byte(len(m) >> 8), byte(len(m))}, m...)
}

func le(parts ...any) (b []byte) {
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			b = append(b, v...)
		default:
			b, _ = binary.Append(b, binary.LittleEndian, v)
		}
	}
	return b
}

func utf16le(s string) []byte { return le(utf16.Encode([]rune(s))) }
