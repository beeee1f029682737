package bpf

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target bpfel bench bench.c -- -O2 -g -Wall -Werror -mcpu=v3

// benchXDP asks for the measurements, which take a minute.
const benchXDP = "BRANDMELDER_BENCH_XDP"

// measured is the programs of bench.c over a table of their own, as large as a run's.
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
	const sets = 1 << 16
	spec.Maps["table"].MaxEntries, spec.Maps["wide"].MaxEntries, spec.Maps["totals"].MaxEntries = cpus*sets, cpus*sets, cpus
	ring, err := ebpf.NewMap(spec.Maps["rings"].InnerMap.Copy())
	if err != nil {
		refused(t, err)
	}
	t.Cleanup(func() { ring.Close() })
	spec.Maps["rings"].Contents = []ebpf.MapKV{{Key: uint32(0), Value: ring}}
	for name, value := range map[string]any{"set_count": uint32(sets), "seed": uint64(0x9e3779b97f4a7c15), "flows": uint32(flows), "verdict_of_a_frame": uint32(1)} {
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

// run is ns a run of a program.
func (m *measured) run(t testing.TB, program string, frame []byte, times int) float64 {
	_, took, err := m.Programs[program].Benchmark(frame, times, nil)
	if err != nil {
		t.Fatal(err)
	}
	return float64(took)
}

// stop orders that nothing of any flow is wanted, after all of them were seen.
func (m *measured) stop(t testing.TB, frame []byte, flows int) {
	m.run(t, "flow_mirror", frame, max(20*flows, 100000))
	for i := range m.table {
		m.table[i].Order = m.table[i].Generation<<2 | 2
	}
}

// above is what programs take more than the first of them, which only chooses the flow, ns a
// run, of many rounds in which each has its turn, so that a busy machine disturbs all alike:
// the medians, and the least beside the first's least.
func (m *measured) above(t testing.TB, frame []byte, flows int, programs ...string) (median, least []float64) {
	const rounds = 41
	took, more := make([][]float64, len(programs)), make([][]float64, len(programs))
	for range rounds {
		for i, p := range programs {
			n := m.run(t, p, frame, 20000+2*flows)
			took[i] = append(took[i], n)
			more[i] = append(more[i], n-took[0][len(took[0])-1])
		}
	}
	for i := range programs {
		slices.Sort(more[i])
		median, least = append(median, more[i][rounds/2]), append(least, slices.Min(took[i])-slices.Min(took[0]))
	}
	return median, least
}

// What a packet costs in the kernel, beside a program that only chooses the flow, and one
// that reads as much of the same memory as flows are apart: a line of 64 bytes.
func TestBenchXDP(t *testing.T) {
	if os.Getenv(benchXDP) == "" {
		t.Skip("make bench-xdp")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	var one unix.CPUSet
	one.Set(0) // each processor has a table of its own
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	udp4 := eth(0x0800, ip4(1, 2, 17, 0, udp(1000, 53, make([]byte, 100))))
	tcp4 := append(eth(0x0800, ip4(1, 2, 6, 0, []byte{0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 0, 0, 0, 0, 0})), make([]byte, 6)...)
	for _, flows := range []int{1, 1024, 64 << 10, 512 << 10} {
		for name, frame := range map[string][]byte{"UDP": udp4, "TCP": tcp4} {
			m := measure(t, flows)
			m.stop(t, frame, flows)
			median, least := m.above(t, frame, flows, "flow_only", "flow_parse", "flow_mirror", "flow_memory")
			t.Logf("%s, %d flows, ns above an empty program, median (least): parse %.0f (%.0f), parse and table %.0f (%.0f), one line of the table's memory %.0f (%.0f)",
				name, flows, median[1], least[1], median[2], least[2], median[3], least[3])
		}
	}
}
