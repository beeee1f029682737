package capture

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

// arrivals reads for at most two seconds until n packets came.
func arrivals(t *testing.T, s Source, n int) (got int) { return within(t, s, n, 2*time.Second) }

// within reads for some time, or until n packets came.
func within(t *testing.T, s Source, n int, long time.Duration) (got int) {
	t.Helper()
	var p event.Packet
	for end := time.Now().Add(long); got < n && time.Now().Before(end); {
		switch err := s.Read(&p); {
		case err == nil:
			got++
		case !errors.Is(err, ErrIdle):
			t.Fatal(err)
		}
	}
	return got
}

// An interface that is renamed, goes down, or goes away and comes back is followed.
func TestMirrorFollowsItsInterface(t *testing.T) { eitherWay(t, followsItsInterface) }

func followsItsInterface(t *testing.T, s Source) {
	packet := numbered("10.0.0.1", "10.0.0.2", 1)
	notice := func() { within(t, s, 1, 6*linkEvery) }
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"as it was", func() {}},
		{"down and up", func() {
			if err := netlink.LinkSetDown(craft.Named(t, "right")); err != nil {
				t.Fatal(err)
			}
			notice()
			craft.Up(t, "right")
		}},
		{"made again", func() {
			if err := netlink.LinkDel(craft.Named(t, "left")); err != nil {
				t.Fatal(err)
			}
			notice()
			craft.Cable(t, "left", "right")
		}},
	} {
		c.change()
		notice()
		send(t, "left", packet, packet, packet)
		if n := arrivals(t, s, 3); n != 3 {
			t.Errorf("%s: %d of 3 packets", c.name, n)
		}
	}
	if b := s.Stats().Blind; len(b) != 2 || b[0].To == 0 || b[1].To == 0 {
		t.Errorf("blind: %+v", b)
	}
}

// What was there before is there after: no program, no promiscuous mode, offloads as they were.
func TestMirrorRestoresItsInterface(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	state := func() string {
		a := craft.Named(t, "right").Attrs()
		xdp := a.Xdp != nil && a.Xdp.Attached
		return fmt.Sprint(xdp, a.Promisc, iface.Offloads("right"), a.MTU)
	}
	before := state()
	all, err := XDP([]string{"right"}, Options{Rings: 2})
	if err != nil {
		craft.Refused(t, err)
	}
	if a := craft.Named(t, "right").Attrs(); a.Xdp == nil || !a.Xdp.Attached || a.Promisc == 0 {
		t.Errorf("%+v, promiscuous %d", a.Xdp, a.Promisc)
	}
	for _, s := range all {
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("%s, before it was %s", after, before)
	}
}

// Frames never end at an interface that the host uses.
func TestMirrorLeavesTheHostItsTraffic(t *testing.T) {
	for name, use := range map[string]func(t *testing.T){
		"an address": func(t *testing.T) { address(t, "right", "10.0.0.2/24") },
		"a route": func(t *testing.T) {
			l := craft.Named(t, "right")
			to, err := netlink.ParseIPNet("10.5.0.0/16")
			if err == nil {
				err = netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: to, Scope: netlink.SCOPE_LINK})
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"a bridge": func(t *testing.T) {
			b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "bridge"}}
			if err := errors.Join(netlink.LinkAdd(b), netlink.LinkSetMaster(craft.Named(t, "right"), b)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			craft.Namespace(t)
			craft.Cable(t, "left", "right")
			use(t)
			if _, err := XDP([]string{"right"}, Options{}); !errors.Is(err, ErrOwnTraffic) {
				t.Fatalf("%v", err)
			}
			for way, want := range map[string]string{"auto": "through a socket's filter, not by XDP", "xdp": "only looks", "filter": "filter", "ring": "through rings"} {
				all, how, err := Open(way, []string{"right"}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(how, want) {
					t.Errorf("%s: %s", way, how)
				}
				send(t, "left", numbered("10.0.0.1", "10.0.0.2", 1))
				if n := arrivals(t, all[0], 1); n != 1 {
					t.Errorf("%s: nothing came", way)
				}
				if err := all[0].Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Where XDP cannot be, a filter takes its place and says why.
func TestAutoFallsBackToAFilter(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	held, err := XDP([]string{"right"}, Options{}) // the interface has its program already
	if err != nil {
		craft.Refused(t, err)
	}
	defer held[0].Close()
	if _, _, err := Open("xdp", []string{"right"}, Options{}); err == nil {
		t.Error("two programs on one interface")
	}
	all, how, err := Open("auto", []string{"right"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer all[0].Close()
	if _, steers := all[0].(Steerer); !steers || !strings.Contains(how, "through a socket's filter, not by XDP: capture on right: attach XDP") {
		t.Error(how)
	}
	if _, _, err := Open("auto", []string{"nowhere"}, Options{}); err == nil || !strings.Contains(err.Error(), "left, lo, right") {
		t.Errorf("%v", err)
	}
}

func address(t *testing.T, name, text string) {
	t.Helper()
	a, err := netlink.ParseAddr(text)
	if err == nil {
		err = netlink.AddrAdd(craft.Named(t, name), a)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Both directions of a pair, also in tunnels and with a tag on one side, come to one
// source, and the pairs are spread; two interfaces are one mirror.
func TestMirrorKeepsAPairOnOneRing(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	craft.Cable(t, "left2", "right2")
	all := mirror(t, Options{Rings: 4, Buffer: blockSize}, "right", "right2")
	used := map[int]bool{}
	for i := range 24 { // by chance on two of four rings once in three million runs
		a, b := craft.NewHost(fmt.Sprintf("10.0.0.%d", i)), craft.NewHost("10.3.0.9")
		send(t, "left", craft.Frame(a, b, said(a, b, "x"), craft.VLAN(5)), outer(craft.VXLAN(out, far, 7, craft.Frame(a, b, said(a, b, "x")))),
			craft.Frame(a, b, craft.IPv4{Src: a.IP, Dst: b.IP, Proto: 17, ID: 7}.Fragments(make([]byte, 2000), 1000)[0]))
		send(t, "left2", craft.Frame(b, a, said(b, a, "y")), outer(craft.GRE(out, far, 1, said(b, a, "y"))))
		for r, s := range all {
			switch n := ready(t, s.(*xdp)); n {
			case 0:
			case 5:
				used[r] = true
			default:
				t.Errorf("ring %d got %d of 5 packets of a pair", r, n)
			}
		}
	}
	if len(used) < 3 {
		t.Errorf("24 pairs use the rings %v", used)
	}
	if n := all[0].Stats().Interfaces; len(n) != 2 {
		t.Errorf("interfaces %v", n)
	}
}

// ready reads what is in a ring now.
func ready(t *testing.T, x *xdp) (n int) {
	t.Helper()
	time.Sleep(2 * time.Millisecond)
	var p event.Packet
	for x.ring.behind != x.ring.written() {
		if err := x.Read(&p); err != nil {
			t.Fatal(err)
		}
		if want := uint16(0); len(p.Data) > 0 && p.Interface != want && p.Interface != 1 {
			t.Errorf("interface %d", p.Interface)
		}
		n++
	}
	return n
}
