package capture

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	xdplink "github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

// Sizes of the flow cache, in sets of four entries of 64 bytes, and 32 bytes of
// IPv6 addresses beside each.
const (
	setsPerCPU = 1 << 16 // 24 MiB a processor: of 32,768 conversations at once one in eleven meets two others in its set, where they take turns
	setsInAll  = 1 << 18 // 96 MiB, on a machine of many processors
)

// tap is the program on its interfaces with the tables that it writes. The rings
// of a call share it.
type tap struct {
	mirror *bpf.Mirror
	ports  []*port
	filter bool // the program is the filter of a packet socket, else XDP
	drop   bool
	sets   int // of a ring on a processor

	table, wide, totals []byte

	mu      sync.Mutex
	users   int
	stopped atomic.Bool
}

// port is an interface with the program on it.
type port struct {
	*link
	held  xdplink.Link // of XDP, nil: not attached
	index atomic.Int32 // of the interface it is attached to
	ears  int          // a packet socket that keeps promiscuous mode on, and has the filter; -1 none
	said  string       // name as it was asked for
}

// newTap attaches the program to the interfaces. What it returns beside an error
// has to be closed too.
func newTap(names []string, o Options, filter bool) (*tap, error) {
	t := &tap{filter: filter, drop: !o.Look && !filter, users: 1}
	for _, name := range names {
		l, err := newLink(name)
		if err != nil {
			return t, err
		}
		l.users = 1
		t.ports = append(t.ports, &port{link: l, ears: -1, said: name})
		if l.sort != linkEthernet {
			return t, fmt.Errorf("capture on %s: the program reads only Ethernet", name)
		}
		why, err := iface.Carries(name)
		if err != nil {
			return t, err
		}
		if len(why) > 0 && t.drop {
			return t, fmt.Errorf("capture on %s: %w: %s", name, ErrOwnTraffic, strings.Join(why, ", "))
		}
	}
	if err := t.load(o); err != nil {
		return t, err
	}
	for _, p := range t.ports {
		if err := t.attach(p); err != nil {
			return t, err
		}
	}
	return t, nil
}

// load makes the tables and puts them where we can read them.
func (t *tap) load(o Options) (err error) {
	rings, buffer := max(o.Rings, 1), ringDefault
	if o.Buffer > 0 {
		buffer = max(o.Buffer, blockSize)
	}
	cpus, err := possibleCPUs()
	if err != nil {
		return err
	}
	t.sets = powerOfTwo(max(1, min(setsPerCPU, setsInAll/cpus)/rings))
	if o.Sets > 0 {
		t.sets = powerOfTwo(o.Sets)
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	t.mirror, err = bpf.LoadMirror(bpf.MirrorOptions{
		Rings: rings, RingBytes: powerOfTwo(buffer), Sets: t.sets, Seed: binary.NativeEndian.Uint64(seed[:]), Drop: t.drop, Filter: t.filter,
	})
	if err != nil {
		return permitted(err)
	}
	if t.table, err = mapped(t.mirror.Table); err != nil {
		return err
	}
	if t.wide, err = mapped(t.mirror.Wide); err != nil {
		return err
	}
	t.totals, err = mapped(t.mirror.Totals)
	return err
}

// permitted marks a lack of rights.
func permitted(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w: %w", ErrPermission, err)
	}
	return err
}

// attach puts the program on the interface as it is now.
func (t *tap) attach(p *port) error {
	end := "frames go on to this host"
	if t.drop {
		end = "frames end here"
	}
	if !t.filter {
		mode, err := t.attachXDP(p)
		if err != nil {
			return err
		}
		end = "XDP runs " + mode + "; " + end
	}
	p.index.Store(int32(p.link.index))
	p.mu.Lock()
	p.note(p.said + ": " + end)
	p.mu.Unlock()
	if err := t.listen(p); err != nil {
		return fmt.Errorf("capture on %s: %w", p.said, permitted(err))
	}
	return nil
}

// attachXDP puts the program into the driver, or, where that cannot run it, behind it.
func (t *tap) attachXDP(p *port) (mode string, err error) {
	o := xdplink.XDPOptions{Program: t.mirror.Program, Interface: p.link.index, Flags: xdplink.XDPDriverMode}
	mode = "in the driver"
	held, err := xdplink.AttachXDP(o)
	if err != nil {
		o.Flags, mode = xdplink.XDPGenericMode, "behind the driver, which does not run XDP itself ("+err.Error()+")"
		if held, err = xdplink.AttachXDP(o); err != nil {
			return "", fmt.Errorf("capture on %s: attach XDP: %w", p.said, permitted(err))
		}
	}
	p.held = held
	return mode, nil
}

// listen switches promiscuous mode on, which ends with the socket, however the process
// does. Where the program is the socket's filter it then hears all that passes.
func (t *tap) listen(p *port) (err error) {
	if p.ears, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("open a packet socket", err)
	}
	member := unix.PacketMreq{Ifindex: p.index.Load(), Type: unix.PACKET_MR_PROMISC}
	if err = unix.SetsockoptPacketMreq(p.ears, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &member); err != nil {
		return os.NewSyscallError("switch on promiscuous mode", err)
	}
	if !t.filter {
		return nil
	}
	if err = unix.SetsockoptInt(p.ears, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, t.mirror.Program.FD()); err != nil {
		return os.NewSyscallError("attach the filter", err)
	}
	return os.NewSyscallError("listen", unix.Bind(p.ears, &unix.SockaddrLinklayer{Protocol: everyProtocol(), Ifindex: int(p.index.Load())}))
}

// detach takes the program off the interface.
func (p *port) detach() error {
	var err error
	if p.held != nil {
		err = p.held.Close()
		p.held = nil
	}
	if p.ears >= 0 {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(p.ears)))
		p.ears = -1
	}
	return err
}

// follow attaches anew to an interface that went and came back.
func (t *tap) follow() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped.Load() {
		return nil
	}
	for _, p := range t.ports {
		index, up := p.look()
		if !up {
			continue
		}
		if int32(index) != p.index.Load() {
			if err := errors.Join(p.detach(), t.attach(p)); err != nil && !gone(err) {
				return err
			}
		}
		p.sees()
	}
	return nil
}

// gone is the error of an interface that went away meanwhile: the next look knows.
func gone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.EINVAL)
}

// stop takes the program off; what it wrote stays readable.
func (t *tap) stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped.Swap(true) {
		return nil
	}
	var err error
	for _, p := range t.ports {
		err = errors.Join(err, p.detach())
	}
	time.Sleep(inFlight)
	return err
}

// inFlight is how long a processor may still run a program that was taken off: a
// batch of 64 packets.
const inFlight = 2 * time.Millisecond

// leave frees all with the last ring.
func (t *tap) leave() error {
	t.mu.Lock()
	t.users--
	last := t.users == 0
	t.mu.Unlock()
	if !last {
		return nil
	}
	err := t.stop()
	for _, b := range [][]byte{t.table, t.wide, t.totals} {
		if b != nil {
			err = errors.Join(err, unix.Munmap(b))
		}
	}
	if t.mirror != nil {
		err = errors.Join(err, t.mirror.Close())
	}
	for _, p := range t.ports {
		p.link.leave()
	}
	return err
}
