package bpf

import (
	"os"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfel bench bench.c -- -O2 -g -Wall -Werror -mcpu=v3
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfeb bench bench.c -- -O2 -g -Wall -Werror -mcpu=v3

// benchXDP asks for the measurements, which take a minute.
const benchXDP = "BRANDMELDER_BENCH_XDP"

// measured is the programs of bench.c over a table of their own.
type measured struct {
	*ebpf.Collection
	table []Entry
}

func measure(t testing.TB, flows int) *measured {
	t.Helper()
	spec, err := loadBench()
	if err != nil {
		t.Fatal(err)
	}
	cpus := uint32(ebpf.MustPossibleCPU())
	const sets = 1 << 15
	spec.Maps["table"].MaxEntries, spec.Maps["wide"].MaxEntries, spec.Maps["totals"].MaxEntries = cpus*sets, cpus*sets, cpus
	ring, err := ebpf.NewMap(spec.Maps["rings"].InnerMap.Copy())
	if err != nil {
		refused(t, err)
	}
	t.Cleanup(func() { ring.Close() })
	spec.Maps["rings"].Contents = []ebpf.MapKV{{Key: uint32(0), Value: ring}}
	for name, value := range map[string]uint32{"set_count": sets, "seed": 1, "flows": uint32(flows), "verdict_of_a_frame": 1} {
		if err := spec.Variables[name].Set(value); err != nil {
			t.Fatal(err)
		}
	}
	all, err := ebpf.NewCollection(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.Close)
	m := all.Maps["table"]
	memory, err := unix.Mmap(m.FD(), 0, int(m.MaxEntries()*m.ValueSize()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(memory) })
	return &measured{all, unsafe.Slice((*Entry)(unsafe.Pointer(&memory[0])), len(memory)/int(unsafe.Sizeof(Entry{})))}
}

// stop orders that nothing of any flow is wanted, after all of them were seen.
func (m *measured) stop(t testing.TB, frame []byte, flows int) {
	if _, _, err := m.Programs["flow_mirror"].Benchmark(frame, max(20*flows, 100000), nil); err != nil {
		t.Fatal(err)
	}
	for i := range m.table {
		m.table[i].Order = m.table[i].Generation<<2 | 2
	}
}

// cost is ns a run, the least of some: it is what the others disturb least.
func cost(t testing.TB, p *ebpf.Program, frame []byte) float64 {
	least := time.Hour
	for range 9 {
		_, took, err := p.Benchmark(frame, 1_000_000, nil)
		if err != nil {
			t.Fatal(err)
		}
		least = min(least, took)
	}
	return float64(least)
}

// What a packet costs in the kernel, beside a program that only chooses the flow.
func TestBenchXDP(t *testing.T) {
	if os.Getenv(benchXDP) == "" {
		t.Skip("make bench-xdp")
	}
	udp4 := eth(0x0800, ip4(1, 2, 17, 0, udp(1000, 53, make([]byte, 100))))
	tcp4 := append(eth(0x0800, ip4(1, 2, 6, 0, []byte{0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 0, 0, 0, 0, 0})), make([]byte, 6)...)
	for _, flows := range []int{1, 1024, 64 << 10, 512 << 10} {
		m := measure(t, flows)
		for name, frame := range map[string][]byte{"UDP": udp4, "TCP": tcp4} {
			m.stop(t, frame, flows)
			empty := cost(t, m.Programs["flow_only"], frame)
			t.Logf("%s, %d flows: empty %.0f ns, parse +%.0f ns, parse and table +%.0f ns", name, flows, empty,
				cost(t, m.Programs["flow_parse"], frame)-empty, cost(t, m.Programs["flow_mirror"], frame)-empty)
		}
	}
}
