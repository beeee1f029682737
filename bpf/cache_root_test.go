package bpf

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Ports that follow each other are spread over the flow cache whatever its seed. These
// ones have a multiplier that lays 4,096 of them on fewer sets than they need: of those
// that met there most had to make room for each other.
func TestCacheSpreads(t *testing.T) {
	runtime.LockOSThread() // never unlocked: each processor has a table of its own
	var one unix.CPUSet
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	const flows = 4096
	for _, seed := range []uint64{0xe2e0de5db421e2e1, 0xd8aee7101a14e5ea, 0x1eef1b8b5a09e5f6, 0xdf4d44dffd7e0281} {
		m, err := LoadMirror(MirrorOptions{Rings: 1, RingBytes: 4 << 20, Sets: 1 << 14, Seed: seed})
		if err != nil {
			refused(t, err)
		}
		for i := range flows {
			frame := eth(0x0800, ip4(1, 2, 17, 0, udp(uint16(1024+i), 53, make([]byte, 18))))
			if _, err := m.Program.Run(&ebpf.RunOptions{Data: frame}); err != nil {
				t.Fatalf("run: %v", err)
			}
		}
		row := make([]Tally, 1)
		if err := m.Totals.Lookup(uint32(0), unsafe.Slice((*byte)(unsafe.Pointer(&row[0])), unsafe.Sizeof(row[0]))); err != nil {
			t.Fatal(err)
		}
		if given := row[0].Given; given != flows {
			t.Errorf("seed %#x: %d of %d came up", seed, given, flows)
		}
		if made := row[0].Evicted; made > flows/100 { // 1 is to be expected of chance
			t.Errorf("seed %#x: %d of %d conversations made room for another in an empty table", seed, made, flows)
		}
		m.Close()
	}
}
