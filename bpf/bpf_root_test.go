package bpf

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/cilium/ebpf"
)

// program loads the fanout program; only outside CI may a machine refuse it.
func program(t *testing.T) *ebpf.Program {
	t.Helper()
	p, err := LoadFanout()
	if err != nil {
		refused(t, err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// refused ends a test whose program or map the kernel does not take: in CI that is
// a fault of the machine.
func refused(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func ring(t *testing.T, p *ebpf.Program, frame []byte) uint32 {
	t.Helper()
	for len(frame) < 64 {
		frame = append(frame, 0)
	}
	n, err := p.Run(&ebpf.RunOptions{Data: frame})
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return n
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func eth(typ uint16, payload []byte) []byte {
	return join([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, byte(typ >> 8), byte(typ)}, payload)
}

func tag(id, typ uint16, payload []byte) []byte {
	return join([]byte{byte(id >> 8), byte(id), byte(typ >> 8), byte(typ)}, payload)
}

func ip4(a, b byte, proto byte, frag uint16, payload []byte) []byte {
	h := make([]byte, 20)
	h[0], h[8], h[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(h[6:], frag)
	copy(h[12:], []byte{10, 0, 0, a, 10, 0, 0, b})
	return append(h, payload...)
}

func ip6(a, b byte, next byte, payload []byte) []byte {
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, next, 64
	h[8], h[23], h[24], h[39] = 0xfd, a, 0xfd, b
	return append(h, payload...)
}

func udp(from, to uint16, payload []byte) []byte {
	h := make([]byte, 8)
	binary.BigEndian.PutUint16(h, from)
	binary.BigEndian.PutUint16(h[2:], to)
	return append(h, payload...)
}

func vxlan(frame []byte) []byte { return udp(50000, 4789, join([]byte{8, 0, 0, 0, 0, 0, 7, 0}, frame)) }

func geneve(frame []byte) []byte {
	return udp(50000, 6081, join([]byte{1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 4}, frame))
}

func gre(flags, typ uint16, options int, payload []byte) []byte {
	return join([]byte{byte(flags >> 8), byte(flags), byte(typ >> 8), byte(typ)}, make([]byte, options), payload)
}

// Every way to carry the pair 1-2, in both directions, must name the ring of the bare pair.
func TestFanoutKeepsAPairTogether(t *testing.T) {
	p := program(t)
	for name, wrap := range map[string]func(inner []byte) []byte{
		"vlan":       func(in []byte) []byte { return eth(0x8100, tag(5, 0x0800, in)) },
		"qinq":       func(in []byte) []byte { return eth(0x88a8, tag(9, 0x8100, tag(5, 0x0800, in))) },
		"ipip":       func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 4, 0, in)) },
		"4in6":       func(in []byte) []byte { return eth(0x86dd, ip6(90, 91, 4, in)) },
		"4in6 hbh":   func(in []byte) []byte { return eth(0x86dd, ip6(90, 91, 0, join([]byte{4, 0, 1, 4, 0, 0, 0, 0}, in))) },
		"vxlan":      func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 17, 0, vxlan(eth(0x0800, in)))) },
		"vxlan vlan": func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 17, 0, vxlan(eth(0x8100, tag(5, 0x0800, in))))) },
		"vxlan6":     func(in []byte) []byte { return eth(0x86dd, ip6(90, 91, 17, vxlan(eth(0x0800, in)))) },
		"geneve":     func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 17, 0, geneve(eth(0x0800, in)))) },
		"gre":        func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 47, 0, gre(0, 0x0800, 0, in))) },
		"gre key":    func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 47, 0, gre(0xb000, 0x0800, 12, in))) },
		"gre teb":    func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 47, 0, gre(0, 0x6558, 0, eth(0x0800, in)))) },
		"erspan1":    func(in []byte) []byte { return eth(0x0800, ip4(90, 91, 47, 0, gre(0, 0x88be, 0, eth(0x0800, in)))) },
		"erspan2": func(in []byte) []byte {
			return eth(0x0800, ip4(90, 91, 47, 0, gre(0x1000, 0x88be, 12, eth(0x0800, in))))
		},
		"erspan3": func(in []byte) []byte {
			return eth(0x0800, ip4(90, 91, 47, 0, gre(0x1000, 0x22eb, 16, eth(0x0800, in))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			there, back := ip4(1, 2, 17, 0, udp(1000, 53, nil)), ip4(2, 1, 17, 0, udp(53, 1000, nil))
			want := ring(t, p, eth(0x0800, there))
			for _, in := range [][]byte{there, back} {
				if got := ring(t, p, wrap(in)); got != want {
					t.Errorf("ring %#x, the bare pair's is %#x", got, want)
				}
			}
		})
	}
}

func TestFanoutFragments(t *testing.T) {
	p := program(t)
	whole := ring(t, p, eth(0x0800, ip4(1, 2, 17, 0, udp(7, 8, nil))))
	first := ring(t, p, eth(0x0800, ip4(1, 2, 17, 0x2000, udp(7, 8, nil))))
	last := ring(t, p, eth(0x0800, ip4(2, 1, 17, 185, []byte("tail"))))
	if whole != first || whole != last {
		t.Errorf("whole %#x, first %#x, last %#x", whole, first, last)
	}
	outer := ring(t, p, eth(0x0800, ip4(90, 91, 17, 0x2000, vxlan(eth(0x0800, ip4(1, 2, 6, 0, nil))))))
	tail := ring(t, p, eth(0x0800, ip4(90, 91, 17, 185, []byte("tail"))))
	if outer != tail {
		t.Errorf("fragments of a tunnel packet part: %#x, %#x", outer, tail)
	}
	v6 := ring(t, p, eth(0x86dd, ip6(1, 2, 44, make([]byte, 8))))
	if back := ring(t, p, eth(0x86dd, ip6(2, 1, 17, udp(1, 2, nil)))); v6 != back {
		t.Errorf("IPv6 fragment %#x, whole %#x", v6, back)
	}
}

func TestFanoutWithoutPair(t *testing.T) {
	p := program(t)
	for name, frame := range map[string][]byte{
		"arp":          eth(0x0806, make([]byte, 28)),
		"lldp":         eth(0x88cc, make([]byte, 28)),
		"arp in vxlan": eth(0x0800, ip4(90, 91, 17, 0, vxlan(eth(0x0806, make([]byte, 28))))),
	} {
		if got := ring(t, p, frame); got != 0 {
			t.Errorf("%s: ring %d, want 0", name, got)
		}
	}
}

func TestFanoutSpreads(t *testing.T) {
	p := program(t)
	var rings [4]int
	for a := range byte(100) {
		rings[ring(t, p, eth(0x0800, ip4(a, 200, 6, 0, nil)))%4]++
	}
	for i, n := range rings {
		if n < 10 || n > 40 {
			t.Errorf("ring %d gets %d of 100 pairs", i, n)
		}
	}
}
