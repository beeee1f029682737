package proto

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// tpktOf wraps an X.224 message.
func tpktOf(parts ...any) []byte {
	m := le(parts...)
	return append(binary.BigEndian.AppendUint16([]byte{3, 0}, uint16(4+len(m))), m...)
}

func x224(kind int, rest ...any) []byte {
	tail := le(rest...)
	return tpktOf(6+len(tail), kind, uint16(0), uint16(0), 0, tail)
}

func rdpAsk(cookie string, bits uint32) []byte { return x224(x224Ask, cookie, 1, 0, uint16(8), bits) }
func rdpChoice(bits uint32) []byte             { return x224(x224Answer, 2, 0x1f, uint16(8), bits) }

// tlsRecordOf is a record whose content nobody can read.
func tlsRecordOf(kind, n int) []byte { return le(kind, 3, 3, n>>8, n&0xff, zeros(n)) }

// rdpConnect is an MCS Connect-Initial of a client with these channels.
func rdpConnect(name string, build uint32, channels ...string) []byte {
	core := le(uint16(0xc001), uint16(216), uint32(0x80004), uint16(1024), uint16(768), uint16(0xca01), uint16(0xaa03), uint32(0x413), build, pad(utf16le(name), 32), zeros(216-56))
	net := le(uint32(len(channels)))
	for _, c := range channels {
		net = le(net, pad([]byte(c), 8), uint32(0x80000000))
	}
	net = le(uint16(0xc003), uint16(4+len(net)), net)
	blocks := le(core, net)
	gcc := le("\x00\x05\x00\x14\x7c\x00\x01", 0x81, 0x20, "\x00\x08\x00\x10\x00\x01\xc0\x00Duca", 0x80|len(blocks)>>8, len(blocks)&0xff, blocks)
	return tpktOf("\x02\xf0\x80\x7f\x65\x82", len(gcc)>>8, len(gcc)&0xff, gcc)
}

func rdpConnected(method uint32) []byte {
	blocks := le(uint16(0x0c01), uint16(8), uint32(0x80004), uint16(0x0c02), uint16(12), method, uint32(2))
	return tpktOf("\x02\xf0\x80\x7f\x66\x40\x0a\x01\x00\x00\x14\x7c\x00\x01McDn", len(blocks), blocks)
}

func pad(b []byte, n int) []byte { return append(b, zeros(max(0, n-len(b)))...) }

// nlaSession is a TLS 1.2 connection in which the client sent some tokens.
func nlaSession(tokens int) dialogue {
	d := dialogue{{event.Client, rdpAsk("Cookie: mstshash=anna\r\n", 11)}, {event.Server, rdpChoice(8)}}
	hello := clientHelloOf("term1.example.org")
	d = append(d, said{event.Client, hello}, said{event.Client, tlsRecordOf(22, 40)})
	for range tokens {
		d = append(d, said{event.Client, tlsRecordOf(23, 32)}, said{event.Client, tlsRecordOf(23, 120)}, said{event.Server, tlsRecordOf(23, 300)})
	}
	return d
}

// clientHelloOf is a record with a hello of TLS 1.2.
func clientHelloOf(name string) []byte {
	sni := be(uint16(0), uint16(len(name)+5), uint16(len(name)+3), byte(0), uint16(len(name)), name)
	body := be(uint16(0x0303), zeros(32), byte(0), uint16(2), uint16(0xc02f), byte(1), byte(0), uint16(len(sni)), sni)
	return be(byte(22), uint16(0x0301), uint16(len(body)+4), byte(1), byte(0), uint16(len(body)), body)
}

// be joins numbers in network order, and bytes.
func be(parts ...any) (b []byte) {
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			b, _ = binary.Append(b, binary.BigEndian, v)
		}
	}
	return b
}

func init() {
	plain := dialogue{{event.Client, x224(x224Ask, "Cookie: mstshash=CLINIC\\anna\r\n")}, {event.Server, x224(x224Answer)},
		{event.Client, rdpConnect("WARD7-PC", 2600, "rdpdr", "cliprdr")}, {event.Server, rdpConnected(2)}, {event.Client, []byte("and what follows is passed over")}}
	dialogues["rdp"] = []dialogue{nlaSession(0), nlaSession(2), nlaSession(3), plain}
}

func rdpStory(records []event.Record) (out []string) {
	for _, r := range records {
		switch v := r.(type) {
		case *RDP:
			out = append(out, fmt.Sprintf("rdp %s\\%s asks %v gets %q/%q build %d %q %s %v %s %v", v.Domain, v.User, v.Requested, v.Selected, v.Failure, v.Build, v.ClientName, v.Keyboard, v.Channels, v.Encryption, v.Oddities))
		case *TLS:
			out = append(out, "tls "+v.Hello.ServerName)
		case *event.Login:
			out = append(out, fmt.Sprintf("login %s\\%s by %s: %v %s", v.Domain, v.User, v.Method, v.Outcome, v.Reason))
		}
	}
	return out
}

func TestRDPStories(t *testing.T) {
	nla := `rdp \anna asks [tls nla nla-ex] gets "nla-ex"/"" build 0 ""  []  []`
	for name, tt := range map[string]struct {
		d    dialogue
		want []string
	}{
		"only a look":  {nlaSession(0), []string{nla, "tls term1.example.org"}},
		"refused":      {nlaSession(2), []string{nla, `login \anna by nla-ex: failure nla-not-accepted`, "tls term1.example.org"}},
		"accepted":     {nlaSession(3), []string{nla, `login \anna by nla-ex: success `, "tls term1.example.org"}},
		"no tls":       {dialogues["rdp"][3], []string{`rdp CLINIC\anna asks [rdp] gets "rdp"/"" build 2600 "WARD7-PC" 0x0413 [rdpdr cliprdr] 128-bit []`, `login CLINIC\anna by rdp: unknown `}},
		"turned away":  {dialogue{{event.Client, rdpAsk("", 0)}, {event.Server, x224(x224Answer, 3, 0, uint16(8), uint32(5))}}, []string{`rdp \ asks [rdp] gets ""/"nla-required" build 0 ""  []  []`}},
		"made by hand": {dialogue{{event.Client, x224(x224Ask, "\r\n")}, {event.Server, x224(x224Answer)}, {event.Client, rdpConnect("", 6001, "MS_T120")}, {event.Server, rdpConnected(0)}}, []string{`rdp \ asks [rdp] gets "rdp"/"" build 6001 "" 0x0413 [MS_T120] none [empty-cookie nameless no-negotiation ms-t120]`, `login \ by rdp: unknown `}},
	} {
		got := rdpStory(run(specOf(t, "rdp", 6), tt.d))
		if name == "refused" || name == "accepted" { // the order of the handshake and the login is not the matter
			if len(got) == 3 && got[1] == tt.want[2] {
				got[1], got[2] = got[2], got[1]
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestProbeRDP(t *testing.T) {
	s := specOf(t, "rdp", 6)
	s7 := x224(x224Ask, "\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01\x09")
	for name, tt := range map[string]struct {
		d    dialogue
		want Verdict
	}{
		"S7":         {dialogue{{event.Client, s7}}, No},
		"nothing":    {dialogue{{event.Client, x224(x224Ask)}, {event.Client, tpktOf("\x02\xf0\x80\x32\x01\x00\x00")}}, No},
		"MCS":        {dialogue{{event.Client, x224(x224Ask)}, {event.Client, rdpConnect("a", 1)}}, Yes},
		"negotiates": {dialogue{{event.Client, rdpAsk("", 3)}}, Yes},
		"the answer": {dialogue{{event.Server, rdpChoice(1)}}, Yes},
		"bare line":  {dialogue{{event.Client, x224(x224Ask, "\r\n")}}, Yes},
	} {
		if got := probe(s, tt.d); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
