package decode

import (
	"encoding/binary"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

var (
	ann, bob   = craft.NewHost("192.0.2.1"), craft.NewHost("192.0.2.2")
	ann6, bob6 = craft.NewHost("2001:db8::1"), craft.NewHost("2001:db8::2")
)

func segment(a, b craft.Host, payload string) []byte {
	t := craft.TCP{SrcPort: 40000, DstPort: 80, Seq: 7, Ack: 9, Flags: craft.PSH | craft.ACK}
	return t.Bytes(a.IP, b.IP, []byte(payload))
}

func tcpPacket(a, b craft.Host, payload string) []byte {
	return craft.IP(a.IP, b.IP, protoTCP, segment(a, b, payload))
}

func packet(link event.LinkType, data []byte) *event.Packet {
	return &event.Packet{Data: data, Wire: uint32(len(data)), Link: link, Number: 1, Time: 1e18}
}

// edited is a copy of b with the bytes at i replaced.
func edited(b []byte, i int, with ...byte) []byte {
	b = append([]byte(nil), b...)
	copy(b[i:], with)
	return b
}

func prefixed(prefix []byte, b []byte) []byte { return append(append([]byte(nil), prefix...), b...) }

func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// decodeOne decodes with a fresh decoder.
func decodeOne(t *testing.T, p *event.Packet) (Headers, Reason) {
	t.Helper()
	var h Headers
	r := New(Options{FragmentMemory: leastFragmentMemory}).Decode(p, &h)
	return h, r
}
