package decode

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

func TestICMPPorts(t *testing.T) {
	cases := []struct {
		name, want string
		packet     []byte
	}{
		{"request", `1 192.0.2.1:8>192.0.2.2:0 12/"\b\x00\x19,\x00\x01\x00\x02ping"`, craft.Echo(ann.IP, bob.IP, false, 1, 2, []byte("ping"))},
		{"reply", `1 192.0.2.2:0>192.0.2.1:8 12/"\x00\x00!,\x00\x01\x00\x02ping"`, craft.Echo(bob.IP, ann.IP, true, 1, 2, []byte("ping"))},
		{"request 6", `58 [2001:db8::1]:128>[2001:db8::2]:129 8/"\x80\x00$E\x00\x01\x00\x02"`, craft.Echo(ann6.IP, bob6.IP, false, 1, 2, nil)},
		{"one way", `1 192.0.2.1:11>192.0.2.2:1 8/"\v\x01\xf4\xfe\x00\x00\x00\x00"`, craft.IP(ann.IP, bob.IP, 1, craft.ICMP(ann.IP, bob.IP, 11, 1, 0, nil))},
	}
	for _, c := range cases {
		h, r := decodeOne(t, packet(101, c.packet))
		if got := brief(&h); r != OK || got != c.want || h.Sum != SumGood || h.Quoted {
			t.Errorf("%s: %s: %s sum %d, want %s", c.name, r, got, h.Sum, c.want)
		}
	}
}

func TestErrorsBelongToWhatTheyQuote(t *testing.T) {
	ends := [][2]craft.Host{{ann, bob}, {ann6, bob6}}
	for _, e := range ends {
		router := craft.NewHost("203.0.113.254")
		if e[0].IP.Is6() {
			router = craft.NewHost("2001:db8:ff::1")
		}
		original := tcpPacket(e[0], e[1], "hello")
		want, _ := decodeOne(t, packet(101, original))
		h, r := decodeOne(t, packet(101, craft.Unreachable(router.IP, e[0].IP, 1, original)))
		if r != OK || !h.Quoted || h.QuotedKey != want.Key || h.QuotedFromA != want.FromA || h.Lane != want.Lane {
			t.Errorf("%s: quoted %v %v lane %d, want %v lane %d", r, h.Quoted, h.QuotedKey, h.Lane, want.Key, want.Lane)
		}
		echo := craft.Echo(e[0].IP, e[1].IP, false, 1, 1, nil)
		want, _ = decodeOne(t, packet(101, echo))
		if h, _ := decodeOne(t, packet(101, craft.Unreachable(router.IP, e[0].IP, 1, echo))); h.QuotedKey != want.Key {
			t.Errorf("quoted echo %v, want %v", h.QuotedKey, want.Key)
		}
		if h, r := decodeOne(t, packet(101, craft.Unreachable(router.IP, e[0].IP, 1, original[:12]))); r != OK || h.Quoted {
			t.Errorf("a quote without addresses: %s, %v", r, h.Quoted)
		}
	}
}
