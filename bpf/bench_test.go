package bpf

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// empty is the program that the others are measured beside.
func empty(t testing.TB) *ebpf.Program {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.XDP, License: "MIT",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// cost is ns a run, the least of some.
func cost(t testing.TB, p *ebpf.Program, frame []byte) float64 {
	least := time.Hour
	for range 7 {
		_, took, err := p.Benchmark(frame, 1_000_000, nil)
		if err != nil {
			t.Fatal(err)
		}
		least = min(least, took)
	}
	return float64(least)
}

func TestTryCost(t *testing.T) {
	_ = os.Getenv
	_ = binary.BigEndian
	m, err := LoadMirror(MirrorOptions{Rings: 1, RingBytes: 1 << 20, Sets: 1 << 15, Seed: 1, Drop: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	frame := join(eth(0x0800, ip4(1, 2, 17, 0, udp(1000, 53, make([]byte, 32)))))
	t.Log("empty", cost(t, empty(t), frame))
	t.Log("parse", cost(t, m.Parse, frame))
	t.Log("vlan parse", cost(t, m.Parse, eth(0x8100, tag(5, 0x0800, ip4(1, 2, 17, 0, udp(1000, 53, make([]byte, 32)))))))
	t.Log("vxlan parse", cost(t, m.Parse, eth(0x0800, ip4(90, 91, 17, 0, vxlan(frame)))))
	t.Log("v6 parse", cost(t, m.Parse, eth(0x86dd, ip6(1, 2, 17, udp(1000, 53, make([]byte, 32))))))
	t.Log("mirror full ring", cost(t, m.Program, frame))
}
