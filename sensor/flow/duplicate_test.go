package flow

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/decode"
)

// A lane that gets more packets within the window than it has room for makes room
// and knows each copy; one of few packets stays small, and none grows beyond its cap.
func TestCopiesMakeRoom(t *testing.T) {
	for packets, want := range map[int]int{copySets: copySets, 25 * copySets: 4 * copySets, 100 * maxCopySets: maxCopySets} {
		c := newCopies(7)
		packet := func(i int, path uint8) *decode.Headers {
			h := &decode.Headers{Time: 1e18 + int64(i)*int64(copyWindow)/int64(packets), IPID: uint16(i), Seq: uint32(i), TTL: path}
			h.Key.A, h.Key.B = netip.MustParseAddr("10.0.0.1").As16(), netip.MustParseAddr("10.0.0.2").As16()
			return h
		}
		known := 0
		for i := range packets {
			if c.seen(packet(i, 64), 7) {
				t.Fatalf("%d of %d is taken for a copy", i, packets)
			}
		}
		for i := range packets {
			if c.seen(packet(i, 63), 7) {
				known++
			}
		}
		if fits := packets < maxCopySets; fits && known != packets {
			t.Errorf("%d of %d copies known", known, packets)
		}
		if len(c.sets) < want || len(c.sets) > maxCopySets || packets == copySets && len(c.sets) != copySets {
			t.Errorf("%d packets: %d sets", packets, len(c.sets))
		}
	}
}
