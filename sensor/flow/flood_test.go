package flow

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// syn is the i-th of many distinct half-open conversations.
func syn(h *decode.Headers, i uint32) {
	*h = decode.Headers{
		Time: 1_800_000_000*second + int64(i)*microsecond, Number: uint64(i) + 1_000_000, IPID: uint16(i) | 1,
		FromA: true, IPLen: 40, Sum: decode.SumGood, Seq: i, Flags: decode.SYN, Tags: event.Tags{Known: true},
		Key: event.Key{A: alice.IP.As16(), B: bob.IP.As16(), APort: uint16(i), BPort: 80, Proto: tcp},
	}
	binary.BigEndian.PutUint16(h.Key.A[13:], uint16(i>>16))
}

func TestAFloodOfHalfOpenConversations(t *testing.T) {
	const size = 4096
	for _, share := range []int{10, 50} {
		n := uint32(share) * 100_000 // 5 million beside a table that is half full
		if testing.Short() {
			n = 200_000
		}
		lane := NewLane(0, Config{Flows: size * decode.Lanes, Specs: testSpecs()}, func(event.Event) {})
		var h decode.Headers
		known := uint32(size * share / 100)
		for i := range known {
			syn(&h, 0xf000_0000+i)
			h.Time = 1_800_000_000 * second
			lane.Packet(&h, "", 0, h.Time)
			h.Flags, h.FromA, h.IPID, h.AckNo = decode.SYN|decode.ACK, false, h.IPID+1, h.Seq+1
			lane.Packet(&h, "", 0, h.Time)
		}
		var before, after runtime.MemStats
		for i := range n {
			syn(&h, i)
			lane.Packet(&h, "", 0, h.Time)
			if i == n/4 {
				runtime.GC()
				runtime.ReadMemStats(&before)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if a, b := float64(after.HeapAlloc), float64(before.HeapAlloc); a > 1.05*b {
			t.Errorf("memory grew from %.0f to %.0f", b, a)
		}
		c := lane.Count()
		if c.EvictedEstablished != 0 {
			t.Errorf("%d of %d established conversations evicted", c.EvictedEstablished, known)
		}
		if c.EvictedHalfOpen+c.Live != c.Created || c.Created != uint64(n+known) {
			t.Errorf("%+v", c)
		}
		runtime.KeepAlive(lane)
	}
}

func TestTheOldestMakesRoom(t *testing.T) {
	b := newBench(t, Config{Flows: 1}) // the smallest lane: 16
	var h decode.Headers
	for i := range uint32(20) {
		syn(&h, i)
		b.packet(&h)
	}
	for i, e := range b.of("flow.end") {
		if e.Flow.Number != uint64(1_000_000+i) || e.Data.(*event.Traffic).End != "evicted" {
			t.Errorf("%d: flow %d %s", i, e.Flow.Number, e.Data.(*event.Traffic).End)
		}
	}
	b.close()
}

// manyOpen is a lane with n conversations, and a packet of each to be changed.
func manyOpen(tb testing.TB, n uint32) *Lane {
	lane := NewLane(0, Config{Flows: int(n) * decode.Lanes, Specs: []*proto.Spec{}}, func(event.Event) {})
	var h decode.Headers
	for i := range n {
		syn(&h, i)
		h.Time = 1_800_000_000 * second
		lane.Packet(&h, "", 0, h.Time)
		h.Flags, h.FromA, h.IPID, h.AckNo = decode.SYN|decode.ACK, false, h.IPID+1, h.Seq+1
		lane.Packet(&h, "", 0, h.Time)
	}
	if c := lane.Count(); c.Live != uint64(n) {
		tb.Fatalf("%+v", c)
	}
	return lane
}

// next turns h into the next segment of its conversation.
func next(h *decode.Headers, data []byte) {
	h.Time += 10 * microsecond
	h.IPID++
	h.Flags, h.FromA, h.Seq = decode.ACK, true, h.Seq+uint32(len(data))
	h.Payload, h.WireLoad = data, uint32(len(data))
}

func TestNoAllocationPerPacket(t *testing.T) {
	lane := manyOpen(t, 1)
	data := make([]byte, 1448)
	var h decode.Headers
	syn(&h, 0)
	h.Time = 1_800_000_000 * second
	h.Seq -= uint32(len(data)) - 1
	next(&h, data)
	lane.Packet(&h, "", 0, h.Time)
	if n := testing.AllocsPerRun(1000, func() {
		next(&h, data)
		lane.Packet(&h, "", 0, h.Time)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkElephant(b *testing.B) {
	lane := manyOpen(b, 1)
	data := make([]byte, 1448)
	var h decode.Headers
	syn(&h, 0)
	h.Time = 1_800_000_000 * second
	b.ReportAllocs()
	for b.Loop() {
		next(&h, data)
		lane.Packet(&h, "", 0, h.Time)
	}
}

func BenchmarkSmallFlows(b *testing.B) {
	const n = 100_000
	lane := manyOpen(b, n)
	data := make([]byte, 100)
	var h decode.Headers
	b.ReportAllocs()
	i, round := uint32(0), uint32(0)
	at := int64(1_800_000_000) * second
	for b.Loop() {
		if i++; i == n {
			i, round = 0, round+1
		}
		syn(&h, i*7919%n)
		h.Seq, h.IPID = h.Seq+1+round*100, uint16(round+2)
		h.Flags, h.Payload, h.WireLoad = decode.ACK, data, 100
		at += microsecond
		h.Time = at
		lane.Packet(&h, "", 0, at)
	}
}
