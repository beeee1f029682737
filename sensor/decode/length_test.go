package decode

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// A capture cut at 54 bytes must give the same counts as the whole one.
func TestSnaplen(t *testing.T) {
	p := packet(1, craft.Frame(ann, bob, tcpPacket(ann, bob, string(make([]byte, 1000)))))
	whole, _ := decodeOne(t, p)
	tagged := packet(1, craft.Frame(ann, bob, tcpPacket(ann, bob, string(make([]byte, 1000))), craft.VLAN(3)))
	for _, p := range []*event.Packet{p, tagged} {
		p.Data = p.Data[:54]
		h, r := decodeOne(t, p)
		if r != OK || h.Key != whole.Key || h.IPLen != 1040 || h.WireLoad != 1000 || len(h.Payload) != 0 || h.Sum != SumUnknown || h.Flags != whole.Flags {
			t.Errorf("%s: %+v", r, h)
		}
	}
}

func TestLengths(t *testing.T) {
	big := craft.Frame(ann, bob, tcpPacket(ann, bob, string(bytes.Repeat([]byte("x"), 30000))))
	big6 := craft.Frame(ann6, bob6, tcpPacket(ann6, bob6, string(bytes.Repeat([]byte("x"), 30000))))
	padded := append(craft.Frame(ann, bob, craft.IP(ann.IP, bob.IP, 17, append([]byte{0, 1, 0, 2, 0, 10, 0, 0}, "hi!!!!"...))), 0, 0)
	cases := []struct {
		name        string
		frame       []byte
		ipLen, load uint32
	}{
		{"total length 0 by offload", edited(big, 16, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0), 30040, 30000},
		{"payload length 0 by offload", edited(big6, 18, 0, 0), 30060, 30000},
		{"claims more than the frame", edited(craft.Frame(ann, bob, tcpPacket(ann, bob, "hello")), 16, 9, 9), 45, 5},
		{"UDP shorter than its packet", padded, 34, 2},
	}
	for _, c := range cases {
		h, r := decodeOne(t, packet(1, c.frame))
		if r != OK || h.IPLen != c.ipLen || h.WireLoad != c.load || len(h.Payload) != int(c.load) {
			t.Errorf("%s: %s, %d bytes, %d of payload", c.name, r, h.IPLen, h.WireLoad)
		}
	}
}

func TestSums(t *testing.T) {
	const tcpSum = 14 + 20 + 16
	frame := craft.Frame(ann, bob, tcpPacket(ann, bob, "hello"))
	seg := segment(ann, bob, "hello")
	var e ends
	e.set4(ann.IP.AsSlice(), bob.IP.AsSlice())
	pseudo := addWords(addWords(0, e.src[:]), e.dst[:])
	partial := fold(uint64(fold(pseudo)) + protoTCP + uint64(len(seg)))
	cutting := fold(uint64(fold(pseudo)) + protoTCP)
	bare := craft.Frame(ann, bob, craft.IP(ann.IP, bob.IP, 17, []byte{0, 1, 0, 2, 0, 9, 0, 0, 'x'}))
	long := craft.Frame(ann, bob, tcpPacket(ann, bob, strings.Repeat("x", 3000)))
	unsummed := packet(1, edited(frame, tcpSum, 1, 2))
	unsummed.Unsummed = true
	cases := []struct {
		name string
		p    *event.Packet
		want Sum
	}{
		{"good", packet(1, frame), SumGood},
		{"bad", packet(1, edited(frame, tcpSum, 1, 2)), SumBad},
		{"one bit of the payload", packet(1, edited(frame, 14+40, 'i')), SumBad},
		{"offload", packet(1, edited(frame, tcpSum, be16(partial)...)), SumOffload},
		{"offload with segmentation", packet(1, edited(frame, tcpSum, be16(cutting)...)), SumOffload},
		{"joined by the receiver", packet(1, edited(long, tcpSum, 0, 0)), SumOffload},
		{"no sum in a frame of the usual size", packet(1, edited(frame, tcpSum, 0, 0)), SumBad},
		{"the kernel says so", unsummed, SumOffload},
		{"IP header", packet(1, edited(frame, 14+8, 1)), SumBad},
		{"IP header left to the card", packet(1, edited(frame, 14+10, 0, 0)), SumOffload},
		{"no UDP checksum", packet(1, bare), SumGood},
	}
	for _, c := range cases {
		if h, r := decodeOne(t, c.p); r != OK || h.Sum != c.want {
			t.Errorf("%s: %s, sum %d, want %d", c.name, r, h.Sum, c.want)
		}
	}
}

// The fast sum must agree with the plain one for every length and carry.
func TestAddWords(t *testing.T) {
	b := make([]byte, 300)
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 2 * len(b) {
		for i := range b {
			b[i] = byte(255 - i%3)
			if n >= len(b) {
				b[i] |= byte(random.Uint32()) // most bits are set: sums overflow
			}
		}
		n %= len(b)
		var want uint32
		for i, x := range b[:n] {
			want += uint32(x) << (8 * (1 - i&1))
		}
		want = want>>16 + want&0xffff
		want = want>>16 + want&0xffff
		if got := fold(addWords(0, b[:n])); uint32(got) != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}

func TestLanes(t *testing.T) {
	seen := map[uint8]bool{}
	for i := range 2000 {
		a := craft.NewHost("10.0.0.1")
		b := craft.NewHost("10.0.0.1")
		b.IP = a.IP
		for range i + 1 {
			b.IP = b.IP.Next()
		}
		there, _ := decodeOne(t, packet(101, tcpPacket(a, b, "")))
		back, _ := decodeOne(t, packet(101, tcpPacket(b, a, "")))
		if there.Lane != back.Lane || there.FromA == back.FromA || there.Lane >= Lanes {
			t.Fatalf("lanes %d and %d", there.Lane, back.Lane)
		}
		seen[there.Lane] = true
		if i > 600 {
			break
		}
	}
	if len(seen) != Lanes {
		t.Errorf("600 pairs use %d lanes", len(seen))
	}
	lanes := func(dst string) int {
		used := map[uint8]bool{}
		for id := range uint16(100) {
			h, _ := decodeOne(t, packet(1, craft.Frame(ann, craft.NewHost(dst), tcpPacket(ann, craft.NewHost(dst), ""), craft.VLAN(id))))
			used[h.Lane] = true
		}
		return len(used)
	}
	if n := lanes("192.0.2.9"); n != 1 {
		t.Errorf("a plain pair has %d lanes in 100 VLANs", n)
	}
	for _, dst := range []string{"224.0.0.251", "255.255.255.255", "169.254.0.9", "0.0.0.0"} {
		if n := lanes(dst); n < 32 {
			t.Errorf("%s has only %d lanes in 100 VLANs", dst, n)
		}
	}
}
