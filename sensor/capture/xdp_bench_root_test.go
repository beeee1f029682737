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
	if err := craft.OwnMounts(); err != nil {
		craft.Refused(t, err)
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

// listener is one way to capture, at the end of a cable of its own that is flooded.
type listener struct {
	source Source
	name   string
	thread int // of the kernel, takes packets in; on processor 1, as is who reads them
	flood  func() error
}

// flooded reads while it is flooded, and says what a packet cost that came in: of the
// kernel's thread, and of ours, ns.
func (l *listener) flooded(t *testing.T) (kernel, user float64) {
	done := make(chan error, 1)
	before := craft.Named(t, l.name).Attrs().Statistics.RxPackets
	began, own := spent(t, l.thread), spent(t, unix.Gettid())
	go func() {
		runtime.LockOSThread()
		done <- l.flood()
	}()
	steerer, _ := l.source.(Steerer)
	var p event.Packet
	for over := false; ; {
		switch err := l.source.Read(&p); {
		case err == ErrIdle && over:
			n := float64(craft.Named(t, l.name).Attrs().Statistics.RxPackets - before)
			return (spent(t, l.thread) - began) / n, (spent(t, unix.Gettid()) - own) / n
		case err == ErrIdle && len(done) > 0:
			over = true
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		case err != nil && err != ErrIdle:
			t.Fatal(err)
		}
		if steerer != nil && p.Entry != 0 && p.Want == event.WantMore {
			steerer.Steer(p.Entry, event.WantStop)
		}
	}
}

// listening opens a way to capture on a new cable.
func listening(t *testing.T, way string, frame []byte, flows int32, n uint32) *listener {
	from, to := way+"0", way+"1"
	craft.Cable(t, from, to)
	for _, end := range []string{from, to} {
		if err := netlink.LinkSetMTU(craft.Named(t, end), 1500); err != nil {
			t.Fatal(err)
		}
	}
	l := &listener{name: to, flood: floods(t, from, frame, flows, n)}
	if way == "xdp" {
		l.source = mirror(t, Options{}, to)[0]
		x := l.source.(*xdp)
		x.look(x.table.sets) // the memory is there from now on
	} else {
		pass, err := xdplink.AttachXDP(xdplink.XDPOptions{Program: program(t, asm.Mov.Imm(asm.R0, 2), asm.Return()), Interface: craft.Named(t, to).Attrs().Index})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pass.Close() }) // without it a veth takes no frames of the sender
		l.source = live(t, to, Options{})[0]
	}
	l.thread = ownThread(t, to)
	return l
}

// What a packet costs on one core, counted in the kernel and through a ring: both are
// flooded in turns with half a million packets, faster than they take them in. Packets a
// second of one core are what its time would do if it did nothing else.
func TestBenchLive(t *testing.T) {
	if os.Getenv(benchXDP) == "" {
		t.Skip("make bench-xdp")
	}
	if runtime.NumCPU() < 2 {
		craft.Refused(t, fmt.Errorf("needs two processors"))
	}
	for _, size := range []int{64, 800} {
		for _, flows := range []int32{1024, 65536} {
			t.Run(fmt.Sprintf("%d bytes, %d flows", size, flows), func(t *testing.T) { inTurns(t, size, flows) })
		}
	}
}

func inTurns(t *testing.T, size int, flows int32) {
	const rounds, n = 21, 500_000
	craft.Namespace(t)
	frame := craft.Frame(ann, bob, datum(ann, bob, string(make([]byte, size-42))))
	both := []*listener{listening(t, "xdp", frame, flows, n), listening(t, "ring", frame, flows, n)}
	if err := onProcessor(1, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 { // all flows are known, and what is wanted of them
		both[0].flooded(t)
	}
	var took [2][4][]float64 // in the kernel, here, together, times less
	var before [2]Stats
	for i, l := range both {
		before[i] = l.source.Stats()
	}
	for range rounds {
		var sum [2]float64
		for i, l := range both {
			kernel, user := l.flooded(t)
			sum[i] = kernel + user
			for k, v := range []float64{kernel, user, sum[i], sum[i] / sum[0]} {
				took[i][k] = append(took[i][k], v)
			}
		}
	}
	for i, l := range both {
		for _, all := range took[i] {
			slices.Sort(all)
		}
		s, half := l.source.Stats(), rounds/2
		seen := float64(s.Seen - before[i].Seen)
		t.Logf("%s: %.0f ns in the kernel, %.0f ns here: %.2f M packets a second of one core; of %.1f M %.2f %% came up, %.2f %% dropped", l.name, took[i][0][half], took[i][1][half],
			1e3/took[i][2][half], seen/1e6, 100*float64(s.Delivered-before[i].Delivered)/seen, 100*float64(s.Dropped-before[i].Dropped)/seen)
	}
	ratio := took[1][3]
	t.Logf("XDP takes %.1f times less (%.1f to %.1f in the middle half of %d rounds)", ratio[rounds/2], ratio[rounds/4], ratio[3*rounds/4], rounds)
}
