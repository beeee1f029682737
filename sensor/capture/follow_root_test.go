package capture

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// awaitPacket sends from from until s hands out a packet, for 5 s at most.
func awaitPacket(t *testing.T, s Source, from string) event.Packet {
	t.Helper()
	var p event.Packet
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		send(t, from, numbered("10.0.0.1", "10.0.0.2", 1))
		for {
			err := s.Read(&p)
			if err == nil {
				return p
			}
			if err == ErrIdle {
				break
			}
			t.Fatal(err)
		}
	}
	t.Fatalf("no packet within 5 s; stats %+v", s.Stats())
	return p
}

// quiet reads s for a while in which nothing comes.
func quiet(t *testing.T, s Source, long time.Duration) {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); {
		untilIdle(t, s, func(*event.Packet) {})
	}
}

// changes are what happens to an interface, and how it comes back.
var changes = map[string]struct {
	change func(t *testing.T)
	back   func(t *testing.T)
	reason Reason
	note   string
}{
	"down and up": {
		change: func(t *testing.T) { must(t, netlink.LinkSetDown(craft.Named(t, "right"))) },
		back:   func(t *testing.T) { craft.Up(t, "right") },
		reason: Down,
	},
	"unplugged": {
		change: func(t *testing.T) { must(t, netlink.LinkSetDown(craft.Named(t, "left"))) },
		back:   func(t *testing.T) { craft.Up(t, "left") },
		reason: NoCarrier,
	},
	"removed and made again": {
		change: func(t *testing.T) { must(t, netlink.LinkDel(craft.Named(t, "right"))) },
		back:   func(t *testing.T) { craft.Cable(t, "left", "right") },
		reason: Gone,
	},
	"renamed": {
		change: func(t *testing.T) {
			must(t, netlink.LinkSetDown(craft.Named(t, "right")))
			must(t, netlink.LinkSetName(craft.Named(t, "right"), "other"))
		},
		back:   func(t *testing.T) { craft.Up(t, "other") },
		reason: Down,
		note:   "right is now called other",
	},
}

// Whatever is done to an interface, its packets come again, and the time without is told.
func TestRingFollowsItsInterface(t *testing.T) {
	for name, c := range changes {
		for _, rings := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d rings", name, rings), func(t *testing.T) {
				craft.Namespace(t)
				craft.Cable(t, "left", "right")
				s := Join(live(t, "right", Options{Rings: rings}))
				defer s.Close()
				awaitPacket(t, s, "left")
				from := time.Now().UnixNano()
				c.change(t)
				quiet(t, s, 300*time.Millisecond)
				if blind := s.Stats().Blind; len(blind) != 1 || blind[0].To != 0 {
					t.Errorf("while it is away: blind %v", blind)
				}
				c.back(t)
				to := time.Now().UnixNano()
				awaitPacket(t, s, "left")
				quiet(t, s, 2*pollFor)
				stats := s.Stats()
				const slack = int64(200 * time.Millisecond)
				if len(stats.Blind) != 1 || stats.Blind[0].From < from-slack || stats.Blind[0].From > to || stats.Blind[0].To < to-slack {
					t.Errorf("blind %v, away from %d to %d", stats.Blind, from, to)
				}
				if b := stats.Blind[0]; b.Reason != c.reason || b.Interface != "right" {
					t.Errorf("%s was %s, want right %s", b.Interface, b.Reason, c.reason)
				}
				if c.note != "" && !slices.Contains(stats.Notes, c.note) {
					t.Errorf("notes %q, want %q", stats.Notes, c.note)
				}
			})
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An interface that is down is waited for.
func TestRingWaitsForItsInterface(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	must(t, netlink.LinkSetDown(craft.Named(t, "right")))
	s := live(t, "right", Options{})[0]
	quiet(t, s, 0)
	if notes := fmt.Sprint(s.Stats().Notes); !strings.Contains(notes, "right is down") {
		t.Errorf("notes %s", notes)
	}
	craft.Up(t, "right")
	awaitPacket(t, s, "left")
	quiet(t, s, 2*pollFor)
	if blind := s.Stats().Blind; len(blind) != 1 || blind[0].To == 0 {
		t.Errorf("blind %v", blind)
	}
}

// One reader for two interfaces: each packet says where it came in, and what
// happens to one does not touch the other.
func TestJoinWatchesSeveralInterfaces(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "a0", "a1")
	craft.Cable(t, "b0", "b1")
	s := Join([]Source{live(t, "a1", Options{})[0], live(t, "b1", Options{})[0]})
	for range 3 {
		send(t, "a0", numbered("10.0.0.1", "10.0.0.2", 1), numbered("10.0.0.1", "10.0.0.2", 2))
		send(t, "b0", numbered("10.0.0.3", "10.0.0.4", 3))
	}
	names := s.Stats().Interfaces
	from := map[string]int{}
	untilIdle(t, s, func(p *event.Packet) {
		from[fmt.Sprint(names[p.Interface], " ", p.Data[29])]++ // last byte of the source address
	})
	if diff := cmp.Diff(map[string]int{"a1 1": 6, "b1 3": 3}, from); diff != "" {
		t.Error(diff)
	}
	stats := s.Stats()
	if stats.Seen != 9 || stats.Delivered != 9 || stats.Bytes != 9*90 || !slices.Equal(names, []string{"a1", "b1"}) {
		t.Errorf("stats %+v", stats)
	}
	must(t, netlink.LinkDel(craft.Named(t, "a1")))
	for range 3 {
		if p := awaitPacket(t, s, "b0"); names[p.Interface] != "b1" {
			t.Errorf("packet from %s", names[p.Interface])
		}
	}
	craft.Cable(t, "a0", "a1")
	busyUntil(t, s, names)
	must(t, s.Close())
	if err := s.Read(new(event.Packet)); err != io.EOF {
		t.Errorf("read after close: %v", err)
	}
}

// busyUntil sends on both and always more on b0: a1 must be found again beside it.
func busyUntil(t *testing.T, s Source, names []string) {
	t.Helper()
	var p event.Packet
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		send(t, "b0", numbered("10.0.0.3", "10.0.0.4", 1), numbered("10.0.0.3", "10.0.0.4", 2))
		send(t, "a0", numbered("10.0.0.1", "10.0.0.2", 1))
		if err := s.Read(&p); err == nil && names[p.Interface] == "a1" {
			return
		}
	}
	t.Errorf("a1 was not found again; stats %+v", s.Stats())
}

func TestJoinRefusesFiles(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a file joins interfaces")
		}
	}()
	Join([]Source{&merged{}})
}
