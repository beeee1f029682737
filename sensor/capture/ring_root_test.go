package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// send puts frames on an interface.
func send(t *testing.T, name string, frames ...[]byte) {
	t.Helper()
	to := craft.NewSender(t, name)
	defer to.Close()
	for _, f := range frames {
		if err := to.Send(f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// numbered is a datagram between two hosts that carries its number.
func numbered(a, b string, n int) []byte {
	return craft.Frame(craft.NewHost(a), craft.NewHost(b), datagram(a, b, n))
}

func datagram(a, b string, n int) []byte {
	src, dst := craft.NewHost(a).IP, craft.NewHost(b).IP
	payload := binary.BigEndian.AppendUint64(make([]byte, 40), uint64(n))
	return craft.IP(src, dst, unix.IPPROTO_UDP, craft.UDP(netip.AddrPortFrom(src, 4000), netip.AddrPortFrom(dst, 4001), payload))
}

// live opens rings and closes them with the test.
func live(t *testing.T, name string, o Options) []Source {
	t.Helper()
	rings, err := Live(name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, r := range rings {
			r.Close()
		}
	})
	return rings
}

// untilIdle reads what comes until nothing does.
func untilIdle(t *testing.T, s Source, each func(*event.Packet)) {
	t.Helper()
	var p event.Packet
	for {
		err := s.Read(&p)
		if err == ErrIdle {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		each(&p)
	}
}

func TestRingReceivesWhatIsSent(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	s := live(t, "right", Options{})[0]
	before := time.Now().UnixNano()
	const n = 500
	var sent [][]byte
	for i := range n {
		sent = append(sent, numbered("10.0.0.1", "10.0.0.2", i))
	}
	send(t, "left", sent...)
	got := 0
	untilIdle(t, s, func(p *event.Packet) {
		if string(p.Data) != string(sent[got]) || int(p.Wire) != len(p.Data) || p.Link != linkEthernet || p.Tag != 0 {
			t.Fatalf("packet %d is another: % x", got, p.Data)
		}
		if p.Time < before || p.Time > time.Now().UnixNano() {
			t.Fatalf("packet %d at %d, not between %d and now", got, p.Time, before)
		}
		got++
	})
	stats := s.Stats()
	if got != n || stats.Seen != n || stats.Delivered != n || stats.Dropped != 0 || stats.Interfaces[0] != "right" {
		t.Errorf("%d of %d packets; stats %+v", got, n, stats)
	}
	if tx := craft.Named(t, "right").Attrs().Statistics.TxPackets; tx != 0 {
		t.Errorf("%d packets were sent", tx)
	}
}

// Close alone gives everything back: the reader may have gone in the middle of a block.
func TestRingCloseFreesAll(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	for range 3 {
		rings := live(t, "right", Options{Rings: 2})
		if craft.Named(t, "right").Attrs().Promisc == 0 {
			t.Error("promiscuous mode is off")
		}
		send(t, "left", numbered("10.0.0.1", "10.0.0.2", 1), numbered("10.0.0.1", "10.0.0.2", 2))
		for _, s := range rings {
			s.Read(new(event.Packet))
			for range 2 {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Read(new(event.Packet)); err == nil || err == ErrIdle {
				t.Errorf("read after close: %v", err)
			}
			s.Stats()
		}
		if n := craft.Named(t, "right").Attrs().Promisc; n != 0 {
			t.Errorf("promiscuous mode is still asked for %d times", n)
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil || strings.Contains(string(maps), "socket:[") {
		t.Errorf("a ring is still mapped (%v)", err)
	}
}

// Every packet comes to exactly one ring, and a pair always to the same.
func TestRingsShareConversations(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	rings := live(t, "right", Options{Rings: 4})
	const pairs, each = 64, 20
	for round := range each {
		var there, back [][]byte
		for pair := range pairs {
			a, b, n := fmt.Sprintf("10.0.1.%d", pair), "10.0.2.1", round*pairs+pair
			there, back = append(there, numbered(a, b, n)), append(back, numbered(b, a, n))
		}
		if round%2 == 0 {
			send(t, "left", there...)
		} else { // the answers leave by the watched interface
			send(t, "right", back...)
		}
	}
	seen := map[uint64]int{}
	ringOf := map[byte]int{}
	var load [4]int
	for k, s := range rings {
		untilIdle(t, s, func(p *event.Packet) {
			n := binary.BigEndian.Uint64(p.Data[len(p.Data)-8:])
			seen[n]++
			load[k]++
			pair := byte(n % pairs)
			if first, ok := ringOf[pair]; ok && first != k {
				t.Fatalf("pair %d is on rings %d and %d", pair, first, k)
			}
			ringOf[pair] = k
		})
	}
	if len(seen) != pairs*each {
		t.Errorf("%d of %d packets came", len(seen), pairs*each)
	}
	for n, times := range seen {
		if times != 1 {
			t.Fatalf("packet %d came %d times", n, times)
		}
	}
	if slices.Min(load[:]) == 0 {
		t.Errorf("a ring got nothing: %v", load)
	}
	if stats := Join(rings).Stats(); stats.Notes != nil && strings.Contains(fmt.Sprint(stats.Notes), "own hash") {
		t.Errorf("the program is not in use: %q", stats.Notes)
	}
}

// Of a tunnel the inner pair counts: it meets its bare packets on one ring.
func TestRingsLookIntoTunnels(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	rings := live(t, "right", Options{Rings: 4})
	var sent [][]byte
	for i := range 32 {
		a, b := fmt.Sprintf("10.0.1.%d", i), "10.0.2.1"
		x, y := craft.NewHost(fmt.Sprintf("192.0.2.%d", i*3+1)), craft.NewHost("192.0.2.254")
		vxlan := craft.VXLAN(x.IP, y.IP, 7, numbered(a, b, i))
		gre := craft.GRE(y.IP, x.IP, 9, datagram(b, a, i))
		sent = append(sent, numbered(a, b, i), craft.Frame(x, y, vxlan), craft.Frame(y, x, gre))
	}
	send(t, "left", sent...)
	var at [32][]int
	for k, s := range rings {
		untilIdle(t, s, func(p *event.Packet) {
			n := binary.BigEndian.Uint64(p.Data[len(p.Data)-8:])
			at[n] = append(at[n], k)
		})
	}
	for i, k := range at {
		if len(k) != 3 || k[0] != k[1] || k[1] != k[2] {
			t.Errorf("pair %d: bare, VXLAN and GRE packet on rings %v", i, k)
		}
	}
}

func TestRingCountsDrops(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	s := live(t, "right", Options{Buffer: 2 << 20})[0]
	big := make([]byte, 1400)
	copy(big, numbered("10.0.0.1", "10.0.0.2", 1))
	const n = 4000
	send(t, "left", slices.Repeat([][]byte{big}, n)...)
	got := uint64(0)
	untilIdle(t, s, func(*event.Packet) { got++ })
	stats := s.Stats()
	if stats.Dropped == 0 || stats.Freezes == 0 || stats.Seen != n || stats.Delivered != got || stats.Seen != got+stats.Dropped {
		t.Errorf("%d sent, %d read; stats %+v", n, got, stats)
	}
}

func TestRingRefuses(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	_, err := Live("rigth", Options{})
	if err == nil || !strings.Contains(err.Error(), "there are: left, lo, right") {
		t.Errorf("error %v does not name the interfaces", err)
	}
	if err := (&ring{name: "x"}).refused("do it", unix.EPERM); !errors.Is(err, ErrPermission) || !strings.Contains(err.Error(), "cap_net_raw") {
		t.Errorf("error %v does not say what to do", err)
	}
}
