package craft

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Refused ends a test that this machine cannot run; in CI every machine must.
func Refused(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// Namespace moves the test into a network of its own, which ends with it. It needs root.
func Namespace(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Refused(t, errors.New("needs root"))
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	before, err := netns.Get()
	if err != nil {
		Refused(t, err)
	}
	own, err := netns.New()
	if err != nil {
		Refused(t, err)
	}
	t.Cleanup(func() {
		own.Close()
		if err := netns.Set(before); err != nil {
			t.Error(err)
		}
		before.Close()
	})
	// The kernel's own packets would be counted with the test's.
	os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
}

// Cable makes a pair of interfaces: what goes into one comes out of the other. Frames
// of any size that a capture can have pass.
func Cable(t testing.TB, left, right string) {
	t.Helper()
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: left, TxQLen: 1000, MTU: 65535}, PeerName: right, PeerMTU: 65535}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	Up(t, left)
	Up(t, right)
}

// Up sets an interface up.
func Up(t testing.TB, name string) {
	t.Helper()
	if err := netlink.LinkSetUp(Named(t, name)); err != nil {
		t.Fatal(err)
	}
}

// Named is the interface of this name.
func Named(t testing.TB, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Sender puts frames on an interface; it may be used by any goroutine.
type Sender struct {
	fd int
	to unix.SockaddrLinklayer
}

// NewSender opens a sender.
func NewSender(t testing.TB, name string) *Sender {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &Sender{fd, unix.SockaddrLinklayer{Ifindex: Named(t, name).Attrs().Index, Halen: 6}}
}

// Close ends the sender.
func (s *Sender) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

// Send puts one frame on the interface.
func (s *Sender) Send(frame []byte) error {
	return os.NewSyscallError("send", unix.Sendto(s.fd, frame, 0, &s.to))
}
