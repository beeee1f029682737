package capture

import (
	"bytes"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// mirror opens XDP on an interface.
func mirror(t *testing.T, o Options, names ...string) []Source {
	t.Helper()
	all, err := XDP(names, o)
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
func TestMirrorGivesWhatIsSent(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	s := mirror(t, Options{}, "right")[0]
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
	t.Log(stats.Notes)
	if got != n || stats.Seen != n || stats.Delivered != n || stats.Dropped != 0 || stats.Interfaces[0] != "right" {
		t.Errorf("%d of %d packets; stats %+v", got, n, stats)
	}
	if tx := craft.Named(t, "right").Attrs().Statistics.TxPackets; tx != 0 {
		t.Errorf("%d packets were sent", tx)
	}
}
