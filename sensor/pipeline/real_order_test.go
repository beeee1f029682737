package pipeline

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// without makes a trace without some packets.
func without(t *craft.Trace, lost func(i int, frame []byte) bool) *craft.Trace {
	return framed(t, func(i int, f []byte) [][]byte {
		if lost(i, f) {
			return nil
		}
		return [][]byte{f}
	})
}

func TestSynSplitOverTwoFragments(t *testing.T) {
	d := see(t, framed(browsing(), func(i int, f []byte) [][]byte {
		if i > 0 {
			return [][]byte{f}
		}
		var out [][]byte
		for _, p := range (craft.IPv4{Src: anna.IP, Dst: berta.IP, Proto: 6, ID: 77}).Fragments(f[34:], 2) {
			out = append(out, craft.Frame(anna, berta, p))
		}
		if len(out) != 2 {
			t.Fatalf("%d fragments", len(out))
		}
		return out
	}))
	end := d.one(t, "flow-end")
	wants(t, end, map[string]any{"source.ip": "10.0.0.10", "brandmelder.flow.state": "SF", "brandmelder.flow.total.source.packets": 7})
	d.one(t, "http")
}

func TestSynLost(t *testing.T) {
	trace := craft.NewTrace()
	c := trace.Open(anna, berta, 80, 40000) // the client on a well-known port
	c.Ask(request)
	c.Answer(ok("hello"))
	c.Close()
	for name, d := range map[string]documents{
		"lost":          see(t, without(trace, func(i int, _ []byte) bool { return i == 0 })),
		"SYN-ACK first": see(t, swapped(trace, 0, 1)),
	} {
		end := d.one(t, "flow-end")
		wants(t, end, map[string]any{"source.ip": "10.0.0.10", "source.port": 80, "destination.port": 40000, "network.protocol": "http"})
		if len(d.of("http")) != 1 {
			t.Errorf("%s: %d requests", name, len(d.of("http")))
		}
	}
}

// swapped makes a trace in which two packets changed places.
func swapped(t *craft.Trace, a, b int) *craft.Trace {
	all := t.Packets()
	return framed(t, func(i int, f []byte) [][]byte {
		switch i {
		case a:
			f = all[b].Data
		case b:
			f = all[a].Data
		}
		return [][]byte{f}
	})
}

func TestSynAckRepeatedWithAnotherSequence(t *testing.T) {
	trace := craft.NewTrace()
	c := trace.Dial(anna, berta, 40000, 80)
	c.Segment(true, craft.SYN, nil)
	c.Segment(false, craft.SYN|craft.ACK, nil)
	c.Skip(false, 2_000_000_000)
	c.Segment(false, craft.SYN|craft.ACK, nil)
	c.Segment(true, craft.ACK, nil)
	c.Ask(request)
	c.Answer(ok("hello"))
	c.Close()
	for _, end := range see(t, trace).of("flow-end") {
		for _, path := range []string{"total.destination.payload", "total.destination.gap", "total.source.payload", "total.source.gap"} {
			if n := number(end, "brandmelder.flow."+path); n > 1000 {
				t.Errorf("%s is %d", path, n)
			}
		}
	}
}

func TestOneDirectionOnly(t *testing.T) {
	for name, half := range map[string]bool{"client": true, "server": false} {
		d := see(t, without(browsing(), func(_ int, f []byte) bool { return fromAnna(f) != half }))
		ends := d.of("flow-end")
		if len(ends) != 1 {
			t.Fatalf("%s: %d conversations", name, len(ends))
		}
		wants(t, ends[0], map[string]any{"source.ip": "10.0.0.10", "destination.ip": "10.0.0.20", "brandmelder.flow.one_way": true})
	}
}

func TestBroadcastIsNeverASource(t *testing.T) {
	trace := craft.NewTrace()
	everyone := craft.Host{MAC: event.MAC{255, 255, 255, 255, 255, 255}, IP: netip.MustParseAddr("10.0.0.255")}
	all := craft.Host{MAC: everyone.MAC, IP: netip.MustParseAddr("255.255.255.255")}
	group := craft.NewHost("239.255.255.250")
	for i := range uint16(200) {
		for _, to := range []craft.Host{everyone, all, group} {
			trace.Datagram(anna, to, 5000+i, 6000+i, []byte("is anybody there"))
		}
		trace.Wait(50e6)
	}
	d := see(t, trace)
	if len(d.of("flow-end")) == 0 {
		t.Fatal("no conversations")
	}
	for _, doc := range d {
		if s := text(doc, "source.ip"); s != "" && s != "10.0.0.10" {
			t.Errorf("source %s in %v", s, text(doc, "event.action"))
		}
		if text(doc, "event.kind") == "alert" {
			t.Errorf("an alert: %s", text(doc, "message"))
		}
	}
}

func TestClockStepsInsideAFile(t *testing.T) {
	for name, step := range map[string]int64{"an hour back": -hour, "a day on": day, "28 years on": 28 * 365 * day} {
		t.Run(name, func(t *testing.T) {
			trace := craft.NewTrace()
			for i := range uint16(20) {
				if i == 10 {
					trace.Wait(step)
				}
				c := trace.Open(anna, berta, 40000+i, 80)
				c.Ask(request)
				c.Answer(ok("hello"))
				c.Close()
			}
			d := see(t, trace)
			if got := number(d.one(t, "clock"), "brandmelder.clock.step"); abs(got-step) > second {
				t.Errorf("step %d, want about %d", got, step)
			}
			if len(d.of("http")) != 20 || len(d.of("flow-end")) != 20 {
				t.Errorf("%d requests, %d conversations, want 20", len(d.of("http")), len(d.of("flow-end")))
			}
			for _, end := range d.of("flow-end") {
				if n := number(end, "event.duration"); n > second {
					t.Errorf("a conversation of %d ns", n)
				}
			}
		})
	}
}

func abs(n int64) int64 { return max(n, -n) }

func TestNanosecondsAreKept(t *testing.T) {
	trace := craft.NewTrace()
	trace.Now += 123_456_789
	trace.Step = 1
	c := trace.Open(anna, berta, 40000, 80)
	c.Close()
	end := see(t, trace).one(t, "flow-end")
	if s := text(end, "event.start"); !strings.Contains(s, ".123456789") {
		t.Errorf("event.start %s", s)
	}
	wants(t, end, map[string]any{"event.duration": 5})
}
