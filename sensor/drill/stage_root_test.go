package drill

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// TestMain makes the test's own binary the players' program.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "play" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := map[string]func(context.Context) error{"servers": Serve, "intruder": Intrude}[os.Args[2]](ctx); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// devices are the names of the interfaces here, without lo.
func devices(t *testing.T) (names []string) {
	t.Helper()
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if l.Attrs().Name != "lo" {
			names = append(names, l.Attrs().Name)
		}
	}
	return names
}

// The stage plays between its players only: this side has no address and no route of
// it, packets cross the watched interface, and nothing is left when it closes.
func TestStage(t *testing.T) {
	craft.Namespace(t)
	for range 2 { // what a run before left is no hindrance
		s, err := Open(os.Args[0], "play")
		if err != nil {
			t.Fatal(err)
		}
		routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
		if err != nil || len(routes) != 0 {
			t.Errorf("routes %v, %v", routes, err)
		}
		for _, name := range []string{bridgeName, Veth, serverVeth} {
			l := craft.Named(t, name)
			if addrs, err := netlink.AddrList(l, netlink.FAMILY_V4); err != nil || len(addrs) != 0 {
				t.Errorf("%s has addresses %v, %v", name, addrs, err)
			}
		}
		played := func() bool { // out of the intruder's interface
			return craft.Named(t, Veth).Attrs().Statistics.RxBytes > 10e6
		}
		for end := time.Now().Add(30 * time.Second); !played(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no upload within 30 s")
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, c := range s.players {
			if c.ProcessState == nil {
				t.Errorf("player %d still runs", c.Process.Pid)
			}
		}
		if left := devices(t); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// A program that cannot play leaves nothing behind.
func TestStageThatCannotPlay(t *testing.T) {
	craft.Namespace(t)
	if _, err := Open("/nowhere/brandmelder", "play"); err == nil {
		t.Error("it plays")
	}
	if left := devices(t); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
