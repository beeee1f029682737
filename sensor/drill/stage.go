package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// Names of the devices on the machine's side; the players' ends are called stage.
const (
	bridgeName = "bm-drill"
	// Veth is the interface that the sensor watches: all of the intruder's packets
	// cross it.
	Veth       = "bm-drill0"
	serverVeth = "bm-drill1"
	playerEnd  = "stage"
)

// Stage is the bridge with the two players. It opens no network socket itself.
type Stage struct {
	players []*exec.Cmd
}

// Open builds the stage and starts the players: the same program, called with the
// verb and "servers" or "intruder", each in a new network namespace. It needs
// CAP_NET_ADMIN and CAP_SYS_ADMIN. The intruder begins a second after the interface
// is there, so that it can be watched by then.
func Open(program string, verb ...string) (*Stage, error) {
	Clear()
	s := &Stage{}
	if err := s.build(program, verb); err != nil {
		return nil, errors.Join(fmt.Errorf("exercise: %w", err), s.Close())
	}
	return s, nil
}

func (s *Stage) build(program string, verb []string) error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("add bridge %s: %w", bridgeName, err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("bridge %s up: %w", bridgeName, err)
	}
	for i, role := range []string{"servers", "intruder"} {
		c := exec.Command(program, append(verb[:len(verb):len(verb)], role)...)
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM, Setpgid: true}
		if err := c.Start(); err != nil {
			return fmt.Errorf("start %s in a network namespace: %w", role, err)
		}
		s.players = append(s.players, c)
		if err := connect(bridge, []string{serverVeth, Veth}[i], c.Process.Pid); err != nil {
			return fmt.Errorf("connect %s: %w", role, err)
		}
	}
	return awaitCarrier(Veth)
}

// awaitCarrier waits until the player at the other end has set its end up, so that
// whoever watches the interface is not blind at first.
func awaitCarrier(name string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if l, err := netlink.LinkByName(name); err == nil && l.Attrs().RawFlags&syscall.IFF_RUNNING != 0 {
			return nil
		}
	}
	return fmt.Errorf("the player behind %s did not come", name)
}

// connect puts one end of a pair on the bridge and the other into the player's
// namespace.
func connect(bridge netlink.Link, name string, pid int) error {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: playerEnd + name[len(name)-1:]}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	peer, err := netlink.LinkByName(pair.PeerName)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetMaster(pair, bridge); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(pair); err != nil {
		return err
	}
	return netlink.LinkSetNsPid(peer, pid)
}

// Close ends the players and takes the stage down.
func (s *Stage) Close() error {
	for _, c := range s.players {
		c.Process.Signal(syscall.SIGTERM)
	}
	for _, c := range s.players {
		done := time.AfterFunc(3*time.Second, func() { c.Process.Kill() })
		c.Wait()
		done.Stop()
	}
	Clear()
	return nil
}

// Clear removes what a run that was killed has left.
func Clear() {
	for _, name := range []string{Veth, serverVeth, bridgeName} {
		if l, err := netlink.LinkByName(name); err == nil {
			netlink.LinkDel(l)
		}
	}
}

// joinStage waits, in a player's process, for its end of the pair and gives it
// its addresses. Both ranges are on the link: there is no router.
func joinStage(ctx context.Context, addrs ...netip.Addr) error {
	var link netlink.Link
	for link == nil {
		if link = playerLink(); link == nil && !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	for _, a := range addrs {
		addr := &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(24, 32)}}
		if err := netlink.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	for _, prefix := range []string{"172.31.250.0/24", "203.0.113.0/24"} {
		_, dst, _ := net.ParseCIDR(prefix)
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: dst, Scope: netlink.SCOPE_LINK}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route %s: %w", prefix, err)
		}
	}
	sleep(ctx, time.Second) // the servers need a moment to listen
	return ctx.Err()
}

func playerLink() netlink.Link {
	links, err := netlink.LinkList()
	if err != nil {
		return nil
	}
	for _, l := range links {
		if l.Type() == "veth" {
			return l
		}
	}
	return nil
}
