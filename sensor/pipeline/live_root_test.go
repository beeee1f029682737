package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// opener opens a capture; it is called more than once.
type opener func(testing.TB) capture.Source

// traffic is the captures that are sent onto a wire: those of the folder, or, where
// it is not set, the recorded exercise and mixes, of which each lasts some seconds.
func traffic(t *testing.T) map[string]opener {
	t.Helper()
	all := map[string]opener{}
	if os.Getenv(folder) != "" {
		for _, path := range captures(t) {
			all[filepath.Base(path)] = func(t testing.TB) capture.Source { return openPath(t, path) }
		}
		return all
	}
	all["exercise"] = func(t testing.TB) capture.Source {
		source, err := drill.Recording()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { source.Close() })
		return source
	}
	for seed := range uint64(10) {
		file := pcap(t, mix(100, seed), 0)
		all[fmt.Sprintf("mix %d", seed)] = func(t testing.TB) capture.Source { return open(t, file) }
	}
	return all
}

// frame is a packet to send, and what its capture says about it.
type frame struct {
	data []byte
	time int64
	wire uint32
}

// frames reads a capture; why says what of it cannot be sent over a cable.
func frames(t *testing.T, source capture.Source) (all []frame, why string) {
	t.Helper()
	const header, most = 14, 65535 + 14 // bytes of an Ethernet header, and of the largest frame
	var p event.Packet
	for {
		switch err := source.Read(&p); {
		case errors.Is(err, io.EOF):
			return all, ""
		case err != nil:
			t.Fatal(err)
		case p.Link != 1:
			return nil, fmt.Sprintf("link type %d is not Ethernet", p.Link)
		case len(p.Data) < header || len(p.Data) > most:
			return nil, fmt.Sprintf("a frame of %d bytes", len(p.Data))
		}
		all = append(all, frame{bytes.Clone(p.Data), p.Time, p.Wire})
	}
}

// wired is a ring whose packets get back the time and length that the capture has
// for their number.
type wired struct {
	capture.Source
	frames []frame
	read   int
	came   struct{ packets, bytes atomic.Int64 }
	quiet  int
}

func (w *wired) Read(p *event.Packet) error {
	for w.read < len(w.frames) {
		switch err := w.Source.Read(p); {
		case errors.Is(err, capture.ErrIdle):
			if w.quiet++; w.quiet > 50 {
				return fmt.Errorf("%d of %d packets came", w.read, len(w.frames))
			}
			continue
		case err != nil:
			return err
		}
		f := &w.frames[w.read]
		p.Time = f.time
		p.Wire += f.wire - uint32(len(f.data)) // what the capture has cut; the kernel keeps a tag beside the frame
		w.read, w.quiet = w.read+1, 0
		w.came.packets.Add(1)
		w.came.bytes.Add(int64(len(f.data)))
		return nil
	}
	if err := w.Source.Close(); err != nil { // a ring tells all it handed out when it ends
		return err
	}
	return io.EOF
}

// send sends all frames in order, as fast as they are read: from one processor, or
// they would overtake each other.
func (w *wired) send(to *craft.Sender) error {
	var one unix.CPUSet
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	const (
		waiting = 500     // packets: the kernel drops what is more than 1000 before a processor looks at it
		ahead   = 4 << 20 // bytes: an eighth of the ring
	)
	sent := int64(0)
	for i, f := range w.frames {
		for int64(i)-w.came.packets.Load() > waiting || sent-w.came.bytes.Load() > ahead {
			time.Sleep(time.Millisecond)
		}
		if err := to.Send(f.data); err != nil {
			return err
		}
		sent += int64(len(f.data))
	}
	return nil
}

// ways are the ways to capture that must find the same.
var ways = []string{"ring", "filter", "xdp"}

// watching opens a source on an interface.
func watching(t *testing.T, way, name string) capture.Source {
	t.Helper()
	sources, _, err := capture.Open(way, []string{name}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sources[0].Close() })
	return sources[0]
}

// ingress is what only a capture that came over a wire says, or says otherwise: how
// many packets the kernel has seen is known a block later, and a tag that it keeps
// beside the frame is not in its length.
var ingress = regexp.MustCompile(`"ingress":\{"interface":\{"name":"[^"]*"\}\},?|"seen":[0-9]+,|"bytes":[0-9]+,("dropped")`)

// findings are the alerts and incidents among documents.
func findings(documents string) string {
	var out strings.Builder
	for line := range strings.Lines(documents) {
		if strings.HasPrefix(line, "alert ") || strings.HasPrefix(line, "incident ") {
			out.WriteString(ingress.ReplaceAllString(line, "$1"))
		}
	}
	return out.String()
}

// Over a wire a capture gives the findings of the file, to the byte.
func TestLiveGivesTheFindingsOfTheFile(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) { givesTheFindingsOfTheFile(t, way) })
	}
}

func givesTheFindingsOfTheFile(t *testing.T, way string) {
	all := traffic(t)
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	sent, packets := 0, 0
	for _, name := range sorted(all) {
		list, why := frames(t, all[name](t))
		if why != "" {
			t.Logf("%s cannot be sent: %s", name, why)
			continue
		}
		want, _ := run(t, all[name](t), settings(1, flow.Config{}))
		got, _ := run(t, overWire(t, way, list), settings(1, flow.Config{}))
		if i, w, g := difference(findings(want), findings(got)); i > 0 {
			t.Errorf("%s: line %d over the wire\n%s\nis not\n%s", name, i, g, w)
		}
		sent, packets = sent+1, packets+len(list)
	}
	if sent == 0 {
		t.Error("nothing could be sent")
	}
	t.Logf("%d of %d captures sent, %d packets", sent, len(all), packets)
	if tx := craft.Named(t, "right").Attrs().Statistics.TxPackets; tx != 0 {
		t.Errorf("%d packets were sent by the watched interface", tx)
	}
}

func overWire(t *testing.T, way string, list []frame) *wired {
	w := &wired{Source: watching(t, way, "right"), frames: list}
	to := craft.NewSender(t, "left")
	failed := make(chan error, 1)
	go func() { failed <- onOneThread(func() error { return w.send(to) }) }()
	t.Cleanup(func() {
		if err := errors.Join(<-failed, to.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func sorted(all map[string]opener) (names []string) {
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
