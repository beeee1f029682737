package capture

import (
	"encoding/binary"
	"net"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// The kernel takes a tag out of the frame; it is told beside it.
func TestRingTellsTheTag(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	s := live(t, "right", Options{})[0]
	a, b := craft.NewHost("10.0.0.1"), craft.NewHost("10.0.0.2")
	packet := datagram("10.0.0.1", "10.0.0.2", 1)
	for _, tags := range [][]uint32{{craft.VLAN(77)}, {craft.ServiceVLAN(9), craft.VLAN(77)}, nil} {
		send(t, "left", craft.Frame(a, b, packet, tags...))
		got := awaitOne(t, s)
		inFrame := []uint32{}
		for at := 12; len(got.Data) > at+4; at += 4 {
			tag := binary.BigEndian.Uint32(got.Data[at:])
			if tag>>16 != 0x8100 && tag>>16 != 0x88a8 {
				break
			}
			inFrame = append(inFrame, tag)
		}
		if got.Tag != 0 {
			inFrame = append([]uint32{got.Tag}, inFrame...)
		}
		if len(inFrame) != len(tags) || len(tags) > 0 && (inFrame[0] != tags[0] || inFrame[len(tags)-1] != tags[len(tags)-1]) {
			t.Errorf("tags %x, sent %x", inFrame, tags)
		}
	}
}

func awaitOne(t *testing.T, s Source) event.Packet {
	t.Helper()
	var got event.Packet
	n := 0
	untilIdle(t, s, func(p *event.Packet) {
		got = *p
		got.Data = append([]byte(nil), p.Data...)
		n++
	})
	if n != 1 {
		t.Fatalf("%d packets, want 1", n)
	}
	return got
}

// What this host sends has no checksum yet: its card would have made it.
func TestRingTellsUnsummed(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	right := craft.Named(t, "right")
	must(t, netlink.AddrAdd(right, &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 0, 0, 2), Mask: net.CIDRMask(24, 32)}}))
	must(t, netlink.NeighSet(&netlink.Neigh{LinkIndex: right.Attrs().Index, State: netlink.NUD_PERMANENT, IP: net.IPv4(10, 0, 0, 1), HardwareAddr: craft.Named(t, "left").Attrs().HardwareAddr}))
	s := live(t, "right", Options{})[0]
	c, err := net.Dial("udp", "10.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("hello"))
	if p := awaitOne(t, s); !p.Unsummed {
		t.Errorf("a packet of this host counts as summed: % x", p.Data)
	}
	send(t, "left", numbered("10.0.0.1", "10.0.0.3", 1))
	if p := awaitOne(t, s); p.Unsummed {
		t.Error("a packet of another host counts as unsummed")
	}
}

// An interface without Ethernet hands out packets that begin with the IP header.
func TestRingWithoutEthernet(t *testing.T) {
	craft.Namespace(t)
	tun := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tun7"}, Mode: netlink.TUNTAP_MODE_TUN, Flags: netlink.TUNTAP_NO_PI, Queues: 1}
	if err := netlink.LinkAdd(tun); err != nil {
		craft.Refused(t, err)
	}
	defer tun.Fds[0].Close()
	craft.Up(t, "tun7")
	s := live(t, "tun7", Options{})[0]
	want := datagram("10.0.0.1", "10.0.0.2", 1)
	if _, err := tun.Fds[0].Write(want); err != nil {
		t.Fatal(err)
	}
	if p := awaitOne(t, s); p.Link != linkRaw || string(p.Data) != string(want) || int(p.Wire) != len(want) {
		t.Errorf("link type %d, %d of %d bytes: % x", p.Link, len(p.Data), p.Wire, p.Data)
	}
}

// Reading a ring allocates nothing, and Stats may look on from elsewhere.
func TestRingAllocatesNothingPerPacket(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	s := live(t, "right", Options{})[0]
	const n = 2000
	send(t, "left", slices.Repeat([][]byte{numbered("10.0.0.1", "10.0.0.2", 1)}, n)...)
	done := make(chan Stats)
	go func() {
		var last Stats
		for range 100 {
			last = s.Stats()
		}
		done <- last
	}()
	var p event.Packet
	got := 0
	read := func() {
		if s.Read(&p) == nil {
			got++
		}
	}
	for range 300 { // the first look at the interface comes with the first block
		read()
	}
	if last := <-done; last.Seen != n {
		t.Errorf("stats of another goroutine: %+v", last)
	}
	if allocs := testing.AllocsPerRun(1000, read); allocs != 0 {
		t.Errorf("%v allocations per packet", allocs)
	}
	if got < 1300 {
		t.Errorf("%d packets read", got)
	}
}
