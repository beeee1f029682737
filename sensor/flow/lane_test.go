package flow

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

func TestHandshakeToEnd(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("hello there")
	c.Answer("hi")
	c.Close()
	b := newBench(t, Config{}).play(tr, nil).close()
	f, end := b.one()
	if f.Client.Addr() != alice.IP || f.App != "echo" || end.State != event.StateSF || end.End != "fin" || end.OneWay || f.MidStream {
		t.Errorf("flow %+v, end %+v", f, end)
	}
	if end.History != "ShADadFf" || end.RTT != 2e6 {
		t.Errorf("history %s, RTT %d", end.History, end.RTT)
	}
	if end.Total[0].Payload != 11 || end.Total[1].Payload != 2 {
		t.Errorf("payload %+v", end.Total)
	}
	if got := b.heard(event.Client); got != "hello there" {
		t.Errorf("heard %q", got)
	}
	if len(b.of("flow.start")) != 1 || b.of("flow.start")[0].Flow.App != "" {
		t.Error("flow.start is to be written once, before the protocol is known")
	}
}

func TestVLANs(t *testing.T) {
	tag := func(ids ...uint16) event.Tags {
		x := event.Tags{Known: true, N: uint8(len(ids))}
		copy(x.ID[:], ids)
		return x
	}
	tests := []struct {
		name  string
		tags  func(i int, fromAlice bool) event.Tags
		times int
		want  int
	}{
		{"one direction only", func(_ int, a bool) event.Tags {
			if a {
				return tag(10)
			}
			return tag()
		}, 1, 1},
		{"each direction its own", func(_ int, a bool) event.Tags {
			if a {
				return tag(10)
			}
			return tag(20)
		}, 1, 1},
		{"three VLANs", func(i int, _ bool) event.Tags { return tag(uint16(10 + i)) }, 3, 3},
		{"three stacks", func(i int, _ bool) event.Tags { return tag(7, uint16(10+i)) }, 3, 3},
		{"twenty VLANs are merged at eight", func(i int, _ bool) event.Tags { return tag(uint16(10 + i)) }, 20, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			tr := craft.NewTrace()
			c := tr.Open(alice, bob, 40000, 7777)
			c.Ask("hello")
			c.Answer("world")
			for i := range tt.times {
				b.play(tr, func(_ int, h *decode.Headers) bool {
					h.Tags = tt.tags(i, h.SrcMAC == alice.MAC)
					h.Time += int64(i) * second
					h.Number += uint64(i) * 1000
					return true
				})
			}
			if b.close(); len(b.ends()) != tt.want {
				t.Errorf("%d flows, want %d", len(b.ends()), tt.want)
			}
		})
	}
}

func TestTagsBelongToTheKeyOfLocalPairs(t *testing.T) {
	b := newBench(t, Config{})
	for _, dst := range []string{"255.255.255.255", "224.0.0.251", "169.254.3.4"} {
		tr := craft.NewTrace()
		tr.Datagram(alice, craft.NewHost(dst), 5000, 5001, []byte("x"))
		for i := range 2 {
			b.play(tr, func(_ int, h *decode.Headers) bool {
				h.Tags = event.Tags{Known: true, N: 1, ID: [2]uint16{uint16(i + 1)}}
				h.Time += int64(i) * second
				h.Number += uint64(i) * 1000
				return true
			})
		}
	}
	b.lane.Close(0, b.clock)
	if n := len(b.ends()); n != 6 {
		t.Errorf("%d flows, want 6", n)
	}
}

func TestCopiesAreNoTraffic(t *testing.T) {
	for copies := 2; copies <= 4; copies++ {
		for _, id := range []uint16{0, 4711} {
			b := newBench(t, Config{})
			tr := craft.NewTrace()
			c := tr.Open(alice, bob, 40000, 7777)
			c.Ask("hello")
			n := uint64(0)
			b.play(tr, func(i int, h *decode.Headers) bool {
				if id != 0 {
					h.IPID = id + uint16(i)
				} else {
					h.IPID = 0
				}
				for k := range copies - 1 {
					x := *h
					x.Time += int64(k) * 200 * microsecond
					x.TTL -= uint8(k)
					n++
					x.Number = n
					b.packet(&x)
				}
				n++
				h.Number = n
				h.Time += int64(copies-1) * 200 * microsecond
				h.TTL -= uint8(copies - 1)
				return true
			})
			b.close()
			_, end := b.one()
			if got := end.Total[0].Packets + end.Total[1].Packets; got != 5 || end.Total[0].Retransmit != 0 {
				t.Errorf("%d copies, id %d: %d packets, %d retransmitted", copies, id, got, end.Total[0].Retransmit)
			}
			if got := b.lane.Count().Duplicate; got != uint64(5*(copies-1)) || end.Total[0].Duplicate+end.Total[1].Duplicate != got {
				t.Errorf("%d copies, id %d: %d duplicates", copies, id, got)
			}
		}
	}
}

func TestRetransmissionIsNoCopy(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("hello")
	var again decode.Headers
	b := newBench(t, Config{})
	b.play(tr, func(i int, h *decode.Headers) bool {
		h.IPID = uint16(100 + i)
		if i == 3 {
			again = *h
		}
		return true
	})
	again.IPID, again.Number, again.Time = 900, 99, again.Time+10*millisecond
	b.packet(&again)
	_, end := b.close().one()
	if end.Total[0].Retransmit != 1 || end.Total[0].Payload != 5 || end.Total[0].Duplicate != 0 {
		t.Errorf("%+v", end.Total[0])
	}
	if got := b.heard(event.Client); got != "hello" {
		t.Errorf("heard %q", got)
	}
}

func TestChecksums(t *testing.T) {
	tests := []struct {
		name string
		sum  func(i int) decode.Sum
		want string
		bad  uint64
	}{
		{"offload", func(int) decode.Sum { return decode.SumOffload }, "hello world", 0},
		{"one bad", func(i int) decode.Sum {
			if i == 5 {
				return decode.SumBad
			}
			return decode.SumGood
		}, "hello", 1},
		{"all bad: the capture is at fault", func(int) decode.Sum { return decode.SumBad }, "hello world", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := craft.NewTrace()
			c := tr.Open(alice, bob, 40000, 7777)
			c.Ask("hello")
			c.Ask(" world")
			b := newBench(t, Config{}).play(tr, func(i int, h *decode.Headers) bool { h.Sum = tt.sum(i); return true })
			_, end := b.close().one()
			if got := b.heard(event.Client); got != tt.want || end.Total[0].BadSum != tt.bad {
				t.Errorf("heard %q, %d bad", got, end.Total[0].BadSum)
			}
		})
	}
}

func TestWhoIsTheClient(t *testing.T) {
	group := craft.NewHost("224.0.0.251")
	tests := []struct {
		name   string
		make   func(*craft.Trace)
		client craft.Host
		mid    bool
	}{
		{"SYN", func(tr *craft.Trace) { tr.Open(alice, bob, 40000, 9000) }, alice, false},
		{"client on a server's port", func(tr *craft.Trace) { tr.Open(alice, bob, 7777, 40000).Ask("x") }, alice, false},
		{"SYN lost", func(tr *craft.Trace) {
			c := tr.Dial(alice, bob, 40000, 9000)
			c.Skip(true, 1)
			c.Segment(false, craft.SYN|craft.ACK, nil)
			c.Segment(true, craft.ACK, nil)
		}, alice, false},
		{"mid-stream, known port", func(tr *craft.Trace) { tr.Dial(alice, bob, 80, 7777).Answer("x") }, alice, true},
		{"mid-stream, low port", func(tr *craft.Trace) { tr.Dial(alice, bob, 40000, 631).Answer("x") }, alice, true},
		{"mid-stream, no hint", func(tr *craft.Trace) { tr.Dial(alice, bob, 40000, 50000).Answer("x") }, bob, true},
		{"UDP answer first", func(tr *craft.Trace) { tr.Datagram(bob, alice, 53, 40000, []byte("x")) }, alice, false},
		{"UDP", func(tr *craft.Trace) { tr.Datagram(alice, bob, 40000, 50000, []byte("x")) }, alice, false},
		{"from a group", func(tr *craft.Trace) { tr.Datagram(group, alice, 40000, 50000, []byte("x")) }, alice, false},
		{"to a group from a server's port", func(tr *craft.Trace) { tr.Datagram(alice, group, 53, 50000, []byte("x")) }, alice, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := craft.NewTrace()
			tt.make(tr)
			f, _ := newBench(t, Config{}).play(tr, nil).close().one()
			if f.Client.Addr() != tt.client.IP || f.MidStream != tt.mid {
				t.Errorf("client %v, mid-stream %v", f.Client, f.MidStream)
			}
		})
	}
}

func TestSynInTwoFragments(t *testing.T) {
	tr := craft.NewTrace()
	syn := craft.TCP{SrcPort: 40000, DstPort: 7777, Seq: 1, Flags: craft.SYN, Options: []byte{1, 1, 1, 1}}.Bytes(alice.IP, bob.IP, []byte("hello and more data"))
	for _, p := range (craft.IPv4{Src: alice.IP, Dst: bob.IP, Proto: tcp, ID: 9}).Fragments(syn, 2) {
		tr.Send(alice, bob, p)
	}
	b := newBench(t, Config{}).play(tr, nil).close()
	_, end := b.one()
	if end.Total[0].Packets != 2 || b.heard(event.Client) != "hello and more data" {
		t.Errorf("%+v, heard %q", end.Total[0], b.heard(event.Client))
	}
}

func TestRepeatedSynAckMakesNoGigabytes(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Dial(alice, bob, 40000, 7777)
	c.Segment(true, craft.SYN, nil)
	c.Segment(false, craft.SYN|craft.ACK, nil)
	c.Skip(false, 1<<30)
	c.Segment(false, craft.SYN|craft.ACK, nil) // the one that the client takes
	c.Segment(true, craft.ACK, nil)
	c.Ask("hello")
	c.Answer("good day")
	b := newBench(t, Config{}).play(tr, nil).close()
	_, end := b.one()
	if end.Total[1].Payload != 8 || end.Total[1].Gap != 0 || b.heard(event.Server) != "good day" {
		t.Errorf("%+v, heard %q", end.Total[1], b.heard(event.Server))
	}
}

func TestTimers(t *testing.T) {
	tests := []struct {
		name  string
		make  func(*craft.Trace)
		after int64
		end   string
	}{
		{"half open", func(tr *craft.Trace) { tr.Dial(alice, bob, 1, 2).Segment(true, craft.SYN, nil) }, 30 * second, "idle"},
		{"established", func(tr *craft.Trace) { tr.Open(alice, bob, 1, 2) }, 15 * minute, "idle"},
		{"UDP without an answer", func(tr *craft.Trace) { tr.Exchange(alice, bob, 1, 2, []byte("a"), nil) }, 30 * second, "idle"},
		{"UDP", func(tr *craft.Trace) { tr.Exchange(alice, bob, 1, 2, []byte("a"), []byte("b")) }, 60 * second, "idle"},
		{"ICMP", func(tr *craft.Trace) {
			tr.Send(alice, bob, craft.Echo(alice.IP, bob.IP, false, 1, 1, nil))
			tr.Send(bob, alice, craft.Echo(bob.IP, alice.IP, true, 1, 1, nil))
		}, 30 * second, "idle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := craft.NewTrace()
			tt.make(tr)
			b := newBench(t, Config{}).play(tr, nil)
			due := b.clock + tt.after
			b.lane.Advance(0, due-1)
			if len(b.ends()) != 0 {
				t.Fatal("ended early")
			}
			b.lane.Advance(0, due+hour)
			ends := b.of("flow.end")
			if len(ends) != 1 || ends[0].Place.Clock != due || ends[0].Place.Phase != event.PhaseTimer || ends[0].Data.(*event.Traffic).End != tt.end {
				t.Fatalf("%d ends: %+v", len(ends), ends)
			}
		})
	}
}

func TestAStepOfTheClockEndsNothing(t *testing.T) {
	tr := craft.NewTrace()
	tr.Exchange(alice, bob, 1, 2, []byte("a"), []byte("b"))
	b := newBench(t, Config{}).play(tr, nil)
	late := b.clock + 10*second
	b.lane.Advance(0, late)
	b.lane.Step(1, late-400*24*hour)
	b.lane.Advance(1, late-400*24*hour+50*second-1)
	if len(b.ends()) != 0 {
		t.Fatal("ended across a step")
	}
	b.lane.Advance(1, late-400*24*hour+50*second)
	if len(b.ends()) != 1 {
		t.Fatal("what remained of the time did not remain")
	}
}

func TestLifeInMinutes(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 1, 2)
	for range 26 * 12 { // each 5 minutes for 26 hours
		tr.Wait(5 * minute)
		c.Ask("x")
	}
	b := newBench(t, Config{}).play(tr, nil).close()
	ends := b.ends()
	if len(ends) != 2 || ends[0].End != "hard" || ends[1].End != "shutdown" {
		t.Fatalf("%d ends, first %q", len(ends), ends[0].End)
	}
	start := b.of("flow.start")[0].Flow.Start
	for _, e := range b.of("flow.alive") {
		if e.Flow.Start == start && (e.Place.Clock-start)%minute != 0 {
			t.Fatalf("alive at %d ns of a minute", (e.Place.Clock-start)%minute)
		}
	}
	if n := len(b.of("flow.alive")); n < 300 || n > 26*12+2 {
		t.Errorf("%d times alive", n)
	}
}

func TestStraysOpenNothing(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 1, 2)
	c.Reset(false)
	c.Segment(true, craft.ACK, nil)
	tr.Wait(second)
	tr.Open(alice, bob, 1, 2) // the ports again, as the same numbers: a late copy
	b := newBench(t, Config{}).play(tr, nil).close()
	if n := len(b.ends()); n != 1 || b.lane.Count().Stray != 4 {
		t.Errorf("%d flows, %d strays", n, b.lane.Count().Stray)
	}
}

func TestARefusedAttemptIsMadeAgain(t *testing.T) {
	tr := craft.NewTrace()
	for range 3 {
		c := tr.Dial(alice, bob, 1, 2)
		c.Segment(true, craft.SYN, nil)
		c.Segment(false, craft.RST|craft.ACK, nil)
		tr.Wait(500 * millisecond)
	}
	ends := newBench(t, Config{}).play(tr, nil).close().ends()
	for _, end := range ends {
		if end.State != event.StateREJ {
			t.Errorf("%v, want REJ", end.State)
		}
	}
	if len(ends) != 3 {
		t.Errorf("%d flows, want 3", len(ends))
	}
}

func TestAnnouncedConversations(t *testing.T) {
	b := newBench(t, Config{})
	tr := craft.NewTrace()
	tr.Open(alice, bob, 40000, 7777).Ask("hello")
	b.play(tr, nil)
	r := &b.lane.table.records[0]
	b.lane.expects(r, proto.Expectation{Proto: "later", On: event.Server, Port: 50123})
	data := craft.NewTrace()
	data.Now = tr.Now
	data.Dial(alice, bob, 40001, 50123).Answer("a listing")
	b.play(data, func(_ int, h *decode.Headers) bool { h.Number += 100; return true })
	b.close()
	f := b.of("flow.end")[1].Flow
	if f.App != "later" || f.Client.Addr() != alice.IP || b.heard(event.Server) != "a listing" {
		t.Errorf("%q from %v, heard %q", f.App, f.Client, b.heard(event.Server))
	}
	for i := range maxExpected + 10 {
		b.lane.expects(r, proto.Expectation{Proto: "later", On: event.Client, Port: uint16(i)})
	}
	if n := len(b.lane.expect.byPort); n != maxExpected || b.lane.Count().LostExpected != 11 {
		t.Errorf("%d kept, %d lost", n, b.lane.Count().LostExpected)
	}
}

func TestCutBySnapLength(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 40000, 7777)
	c.Ask("hello world")
	c.Ask(" and more")
	b := newBench(t, Config{}).play(tr, func(_ int, h *decode.Headers) bool {
		h.Payload = h.Payload[:min(len(h.Payload), 7)]
		return true
	}).close()
	_, end := b.one()
	if got := b.heard(event.Client); got != "hello w[4] and mo[2]" || end.Total[0].Payload != 20 {
		t.Errorf("heard %q of %d", got, end.Total[0].Payload)
	}
}

func TestPortsUsedAgain(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 1, 2)
	c.Ask("one")
	c.Close()
	d := tr.Dial(alice, bob, 1, 2)
	d.Skip(true, 90000)
	d.Skip(false, 90000)
	d.Segment(true, craft.SYN, nil)
	d.Segment(false, craft.SYN|craft.ACK, nil)
	d.Ask("two")
	if n := len(newBench(t, Config{}).play(tr, nil).close().ends()); n != 2 {
		t.Errorf("%d flows, want 2", n)
	}
}

func TestARPHasNoFlow(t *testing.T) {
	tr := craft.NewTrace()
	tr.Add(craft.ARP(1, alice, bob))
	b := newBench(t, Config{}).play(tr, nil).close()
	if n := b.of("note"); len(n) != 1 || n[0].Flow != nil || len(b.ends()) != 0 {
		t.Errorf("%+v", n)
	}
}

// A fast upload is told of each 64 MB, not each minute.
func TestMuchIsToldBeforeTheMinute(t *testing.T) {
	tr := craft.NewTrace()
	c := tr.Open(alice, bob, 1, 2)
	for range 200 {
		c.Ask("x")
	}
	b := newBench(t, Config{}).play(tr, func(_ int, h *decode.Headers) bool {
		if h.WireLoad > 0 {
			h.Seq, h.WireLoad = 1+(h.Seq-1)*(1<<20), 1<<20
		}
		return true
	}).close()
	told := uint64(0)
	for _, e := range b.of("flow.alive") {
		told += e.Data.(*event.Traffic).Delta[event.Client].Payload
	}
	if n := len(b.of("flow.alive")); n != 3 || told != 3*aliveBytes {
		t.Errorf("%d times alive with %d bytes", n, told)
	}
}
