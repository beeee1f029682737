package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	xdplink "github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// benchXDP asks for measurements, which take a minute and a core of their own.
const benchXDP = "BRANDMELDER_BENCH_XDP"

// program is an XDP program for a measurement.
func program(t *testing.T, code ...asm.Instruction) *ebpf.Program {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.XDP, License: "GPL", Instructions: code})
	if err != nil {
		craft.Refused(t, err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// floods sends n frames of one of many flows each to an interface, from inside the
// kernel: no sender of whole packets is fast enough.
func floods(t *testing.T, name string, frame []byte, flows int32, n uint32) func() error {
	send := program(t,
		asm.LoadMem(asm.R7, asm.R1, 0, asm.Word),
		asm.LoadMem(asm.R3, asm.R1, 4, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R7),
		asm.Add.Imm(asm.R4, 38),
		asm.JGT.Reg(asm.R4, asm.R3, "out"),
		asm.FnGetPrandomU32.Call(),
		asm.And.Imm(asm.R0, flows-1),
		asm.StoreMem(asm.R7, 34, asm.R0, asm.Half),
		asm.RSh.Imm(asm.R0, 8),
		asm.StoreMem(asm.R7, 28, asm.R0, asm.Half),
		asm.Mov.Imm(asm.R1, int32(craft.Named(t, name).Attrs().Index)).WithSymbol("out"),
		asm.Mov.Imm(asm.R2, 0),
		asm.FnRedirect.Call(),
		asm.Return(),
	)
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close() })
	return func() error {
		const liveFrames = 2                    // BPF_F_TEST_XDP_LIVE_FRAMES
		if err := netns.Set(here); err != nil { // the frames go to an interface of the caller's network
			return err
		}
		if err := onProcessor(0, 0); err != nil {
			return err
		}
		_, err := send.Run(&ebpf.RunOptions{Data: frame, Repeat: n, Flags: liveFrames})
		return err
	}
}

// onProcessor holds a thread to one; 0 is the caller's.
func onProcessor(cpu, thread int) error {
	var one unix.CPUSet
	one.Set(cpu)
	return unix.SchedSetaffinity(thread, &one)
}

// ownThread gives the packets of an interface a thread of the kernel, on processor 1.
func ownThread(t *testing.T, name string) (pid int) {
	t.Helper()
	sys := t.TempDir()
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		craft.Refused(t, err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("sysfs", sys, "sysfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(sys, unix.MNT_DETACH)
	if err := os.WriteFile(filepath.Join(sys, "class/net", name, "threaded"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	all, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range all {
		if b, _ := os.ReadFile(path); strings.HasPrefix(string(b), "napi/"+name+"-") {
			pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
		}
	}
	if err := onProcessor(1, pid); pid == 0 || err != nil {
		t.Fatalf("no thread for %s: %v", name, err)
	}
	return pid
}

// spent is what a thread used, ns.
func spent(t *testing.T, pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.ParseFloat(strings.Fields(string(b))[0], 64)
	return n
}

// flooded reads a source while it is flooded, and says what a packet cost that came in: of
// the kernel's thread that takes it in, and of ours, ns. Both share processor 1.
func flooded(t *testing.T, source Source, name string, flood func() error) (packets, kernel, user float64) {
	thread := ownThread(t, name)
	done := make(chan error, 1)
	before := craft.Named(t, name).Attrs().Statistics.RxPackets
	began, own := spent(t, thread), spent(t, unix.Gettid())
	go func() {
		runtime.LockOSThread()
		done <- flood()
	}()
	if err := onProcessor(1, 0); err != nil {
		t.Fatal(err)
	}
	steerer, _ := source.(Steerer)
	var p event.Packet
	for idle := 0; idle < 3; {
		switch err := source.Read(&p); {
		case err == ErrIdle:
			idle++
			continue
		case err != nil:
			t.Fatal(err)
		}
		idle = 0
		if steerer != nil && p.Entry != 0 && p.Want == event.WantMore {
			steerer.Steer(p.Entry, event.WantStop)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	packets = float64(craft.Named(t, name).Attrs().Statistics.RxPackets - before)
	return packets, (spent(t, thread) - began) / packets, (spent(t, unix.Gettid()) - own) / packets
}

// offered is what one core is asked to take in.
type offered struct {
	size  int // bytes of a frame
	flows int32
}

// price is ns of processor 1 a packet, by one way to capture on a cable of its own.
func (o offered) price(t *testing.T, way string) (kernel, user, dropped float64) {
	const n = 3_000_000
	t.Run(fmt.Sprintf("%s %d %d", way, o.size, o.flows), func(t *testing.T) {
		craft.Namespace(t)
		craft.Cable(t, "left", "right")
		for _, end := range []string{"left", "right"} {
			if err := netlink.LinkSetMTU(craft.Named(t, end), 1500); err != nil {
				t.Fatal(err)
			}
		}
		var source Source
		if way == "xdp" {
			source = mirror(t, Options{}, "right")[0]
		} else {
			pass, err := xdplink.AttachXDP(xdplink.XDPOptions{Program: program(t, asm.Mov.Imm(asm.R0, 2), asm.Return()), Interface: craft.Named(t, "right").Attrs().Index})
			if err != nil {
				t.Fatal(err)
			}
			defer pass.Close() // without it a veth takes no frames of the sender
			source = live(t, "right", Options{})[0]
		}
		frame := craft.Frame(ann, bob, datum(ann, bob, string(make([]byte, o.size-42))))
		flooded(t, source, "right", floods(t, "left", frame, o.flows, n/2)) // all flows are known, and what is wanted of them
		before := source.Stats().Dropped
		var packets float64
		packets, kernel, user = flooded(t, source, "right", floods(t, "left", frame, o.flows, n))
		dropped = float64(source.Stats().Dropped-before) / packets
	})
	return kernel, user, dropped
}

// What a packet costs on one core, counted in the kernel and through a ring, in turns:
// packets a second of one core are what its time would do if it did nothing else.
func TestBenchLive(t *testing.T) {
	if os.Getenv(benchXDP) == "" {
		t.Skip("make bench-xdp")
	}
	if runtime.NumCPU() < 2 {
		craft.Refused(t, fmt.Errorf("needs two processors"))
	}
	const rounds = 5
	for _, o := range []offered{{64, 1024}, {800, 1024}, {64, 65536}, {800, 65536}} {
		var ratios, xdp, ring []float64
		for range rounds {
			var sum [2]float64
			for i, way := range []string{"xdp", "ring"} {
				kernel, user, dropped := o.price(t, way)
				sum[i] = kernel + user
				t.Logf("  %s: %.0f ns in the kernel, %.0f ns here, %.2f %% dropped", way, kernel, user, 100*dropped)
			}
			xdp, ring, ratios = append(xdp, sum[0]), append(ring, sum[1]), append(ratios, sum[1]/sum[0])
		}
		for _, all := range [][]float64{xdp, ring, ratios} {
			slices.Sort(all)
		}
		t.Logf("%d bytes, %d flows: XDP %.2f M packets a second of one core, a ring %.2f: %.1f times, by round %.1f", o.size, o.flows,
			1e3/xdp[rounds/2], 1e3/ring[rounds/2], ratios[rounds/2], ratios)
	}
}
