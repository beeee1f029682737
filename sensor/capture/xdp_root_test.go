package capture

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// mirror opens XDP on interfaces.
func mirror(t *testing.T, o Options, names ...string) []Source { return tapOn(t, false, o, names...) }

// tapOn opens XDP or the filter on interfaces.
func tapOn(t *testing.T, filter bool, o Options, names ...string) []Source {
	t.Helper()
	all, err := tapped(names, o, filter)
	if err != nil {
		craft.Refused(t, err)
	}
	t.Cleanup(func() {
		for _, s := range all {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return all
}

// Until somebody says otherwise, every frame comes up whole, and none goes out.
func TestMirrorGivesWhatIsSent(t *testing.T) { eitherWay(t, givesWhatIsSent) }

// eitherWay runs a test on a mirror port by XDP, and by a socket's filter.
func eitherWay(t *testing.T, test func(t *testing.T, s Source)) {
	for _, way := range []string{"xdp", "filter"} {
		t.Run(way, func(t *testing.T) {
			craft.Namespace(t)
			craft.Cable(t, "left", "right")
			test(t, tapOn(t, way == "filter", Options{}, "right")[0])
		})
	}
}

func givesWhatIsSent(t *testing.T, s Source) {
	before := time.Now().UnixNano()
	const n = 500
	var sent [][]byte
	for i := range n {
		sent = append(sent, numbered("10.0.0.1", "10.0.0.2", i))
	}
	send(t, "left", sent...)
	got := 0
	untilIdle(t, s, func(p *event.Packet) {
		if got < n && !bytes.Equal(p.Data, sent[got]) || int(p.Wire) != len(p.Data) || p.Link != linkEthernet || p.Delta != nil {
			t.Fatalf("packet %d is another: %+v", got, p)
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

// Frames of any size come up whole: those that a ring's record just holds, and those
// of which only a part lies in one piece.
func TestMirrorGivesFramesOfAnySize(t *testing.T) { eitherWay(t, givesFramesOfAnySize) }

func givesFramesOfAnySize(t *testing.T, s Source) {
	for _, size := range []int{14, 60, 104, 105, 1514, 1544, 1545, 4000, 9014, 20000, 65549} {
		frame := append(craft.Frame(ann, bob, datum(ann, bob, "x")), bytes.Repeat([]byte{0xa5}, 65549)...)[:size]
		send(t, "left", frame)
		var p event.Packet
		if err := s.Read(&p); err != nil || !bytes.Equal(p.Data, frame) || int(p.Wire) != size {
			t.Errorf("%d bytes: %d of %d, %v", size, len(p.Data), p.Wire, err)
		}
	}
}

// A driver without XDP is helped by the kernel.
func TestMirrorBehindTheDriver(t *testing.T) {
	craft.Namespace(t)
	craft.Up(t, "lo")
	s := mirror(t, Options{Look: true}, "lo")[0]
	frame := craft.Frame(ann, bob, said(ann, bob, "x"))
	send(t, "lo", frame)
	var p event.Packet
	if err := s.Read(&p); err != nil || !bytes.Equal(p.Data, frame) || p.Entry == 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if notes := strings.Join(s.Stats().Notes, "; "); !strings.Contains(notes, "behind the driver") || !strings.Contains(notes, "go on to this host") {
		t.Error(notes)
	}
}
