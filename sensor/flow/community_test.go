package flow

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// The first values are those that the specification publishes for its example
// packets; the others were computed apart from this code.
func TestCommunityID(t *testing.T) {
	tests := []struct {
		name         string
		a, b         string
		aPort, bPort uint16
		proto        uint8
		want         string
	}{
		{"tcp", "66.35.250.204", "128.232.110.120", 80, 34855, tcp, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"udp", "192.168.1.52", "8.8.8.8", 54585, 53, udp, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"icmp echo", "192.168.0.89", "192.168.0.1", 8, 0, icmp, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := netip.MustParseAddr(tt.a), netip.MustParseAddr(tt.b)
			k := event.Key{A: a.As16(), B: b.As16(), APort: tt.aPort, BPort: tt.bPort, Proto: tt.proto}
			if b.Less(a) {
				k.A, k.B, k.APort, k.BPort = k.B, k.A, k.BPort, k.APort
			}
			if got := communityID(&k); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestCommunityIDOfOneAddress(t *testing.T) {
	a := netip.MustParseAddr("127.0.0.1").As16()
	low := communityID(&event.Key{A: a, B: a, APort: 1, BPort: 2, Proto: tcp})
	if high := communityID(&event.Key{A: a, B: a, APort: 2, BPort: 1, Proto: tcp}); low == high {
		t.Error("the key decides the order of ports of one address, and it has the smaller first")
	}
}
