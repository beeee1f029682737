package pipeline

import (
	"bytes"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// A replay that finds nothing says why it may have seen nothing.
func TestReplayNotesWhatItCannotSee(t *testing.T) {
	trace := craft.NewTrace()
	client, server := craft.NewHost("10.0.0.2"), craft.NewHost("10.0.0.1")
	for i := range uint16(8) {
		c := trace.Dial(client, server, 40000+i, 80)
		c.Segment(true, craft.SYN, nil)
		c.Segment(true, craft.ACK|craft.PSH, []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"))
		if i == 3 {
			trace.Wait(-3600 * second)
		}
	}
	whole := pcap(t, trace, 0)
	unknown := bytes.Clone(whole)
	unknown[20] = 220 // LINKTYPE_USB_LINUX_MMAPPED
	for name, c := range map[string]struct {
		file []byte
		want []string
	}{
		"whole":   {whole, []string{"jumps (1 times)"}},
		"cut":     {pcap(t, trace, 60), []string{"16 packets were cut", "jumps"}},
		"unknown": {unknown, []string{"16 packets were not read at all: nothing here knows their link type (220,", "jumps"}},
	} {
		_, a := run(t, open(t, c.file), settings(1, flow.Config{}))
		notes := strings.Join(a.Capture.Notes, "\n")
		if len(a.Capture.Notes) != len(c.want) {
			t.Errorf("%s: %s", name, notes)
		}
		for _, want := range c.want {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: no %q in %s", name, want, notes)
			}
		}
	}
}
