package pipeline

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// elephantMB is how many MB the elephants of a run weigh together.
const elephantMB = "BRANDMELDER_ELEPHANT_MB"

const (
	elephants = 8
	chunk     = 8900 // payload of a segment
)

// hello is a TLS handshake as its sides said it.
func hello(t *testing.T) (lines []string) {
	b, err := os.ReadFile("../proto/testdata/tls/hit-tls13.hex")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "< ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// transfers is TLS conversations at once: all greet, then each sends records until
// it has sent so many segments, then all end.
func transfers(t *testing.T, segments int, send func(frames [][]byte) error) error {
	trace := craft.NewTrace()
	flush := func() error {
		var frames [][]byte
		for _, p := range trace.Packets() {
			frames = append(frames, p.Data)
		}
		*trace = *craft.NewTrace()
		return send(frames)
	}
	var all []*craft.Conversation
	for i := range uint16(elephants) {
		c := trace.Open(craft.NewHost("10.0.0.1"), craft.NewHost("10.0.0.2"), 40000+i, 443)
		for _, line := range hello(t) {
			data, err := hex.DecodeString(strings.ReplaceAll(line[2:], " ", ""))
			if err != nil {
				return err
			}
			c.Say(line[0] == '>', data)
		}
		all = append(all, c)
	}
	if err := flush(); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond) // a long round trip: until the greetings were read
	load := append([]byte{23, 3, 3, chunk >> 8, chunk & 0xff}, bytes.Repeat([]byte{0x5a}, chunk-5)...)
	for range segments {
		for _, c := range all {
			c.Segment(false, craft.ACK, load)
			c.Segment(true, craft.ACK, nil)
		}
		if err := flush(); err != nil {
			return err
		}
	}
	for _, c := range all {
		c.Close()
	}
	return flush()
}

// totals adds up what documents say of all conversations at their end.
type totals struct{ flows, packets, bytes, payload, gaps, repeats int64 }

func ended(t *testing.T, documents string) (all totals) {
	for line := range strings.Lines(documents) {
		object, ok := strings.CutPrefix(line, "flow ")
		if !ok {
			continue
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(object), &doc); err != nil {
			t.Fatal(err)
		}
		if text(doc, "event.action") != "flow-end" {
			continue
		}
		if s := text(doc, "brandmelder.flow.state"); s != "SF" {
			t.Errorf("a transfer ends in the state %s", s)
		}
		all.flows++
		for _, side := range []string{"source", "destination"} {
			of := func(what string) int64 { return number(doc, "brandmelder.flow.total."+side+"."+what) }
			all.packets += of("packets")
			all.bytes += of("bytes")
			all.payload += of("payload")
			all.gaps += of("gap")
			all.repeats += of("retransmit")
		}
	}
	return all
}

// Of large encrypted transfers only the beginning and the end come up, and yet their
// counters are those of the interface, to the byte.
func TestLiveElephantsStayBelow(t *testing.T) {
	mb := 300
	if n, err := strconv.Atoi(os.Getenv(elephantMB)); err == nil {
		mb = n
	}
	segments := mb * 1e6 / chunk / elephants
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	source, to := watching(t, "xdp", "right"), craft.NewSender(t, "left")
	defer to.Close()
	began, cpu := time.Now(), cpuTime()
	var sending int64 // ns of CPU
	documents := listen(t, source, func() error {
		return onOneThread(func() error {
			defer func() { sending = int64(threadTime()) }()
			return transfers(t, segments, func(frames [][]byte) (err error) {
				for i := 0; i < len(frames) && err == nil; i++ {
					err = to.Send(frames[i])
				}
				return err
			})
		})
	})
	cpu = cpuTime() - cpu - sending
	// A veth counts as a flow does: without the header of Ethernet.
	all, rx, st := ended(t, documents), craft.Named(t, "right").Attrs().Statistics, source.Stats()
	if all.flows != elephants || all.packets != int64(rx.RxPackets) || all.bytes != int64(rx.RxBytes) || st.Seen != rx.RxPackets {
		t.Errorf("flows have %+v; the interface has %d packets, %d bytes; the source %+v", all, rx.RxPackets, rx.RxBytes, st)
	}
	if want := int64(elephants * segments * chunk); all.payload < want || all.payload > want+elephants*20000 || all.gaps+all.repeats != 0 {
		t.Errorf("%+v, sent were %d and the greetings", all, want)
	}
	if st.Counted < st.Seen/2 {
		t.Errorf("only %d of %d packets stayed in the kernel", st.Counted, st.Seen)
	}
	t.Logf("%.1f MB in %.1f s: %.2f MB and %d of %d packets came up, %.2f s of CPU beside the sender's", float64(rx.RxBytes)/1e6,
		time.Since(began).Seconds(), float64(st.Bytes)/1e6, st.Delivered, st.Seen, float64(cpu)/1e9)
}
