package pipeline

import (
	"os"
	"syscall"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// mixFile names a large capture to measure, and to profile with -cpuprofile:
// what a packet costs differs too much from traffic to traffic to craft it here.
const mixFile = "BRANDMELDER_MIX"

// BenchmarkStages replays one capture through more and more of the line, on one
// shard. cpu-ns/packet is the whole up to that stage, stage-ns/packet what the
// stage adds to the one before; both are CPU time, the collector's included.
func BenchmarkStages(b *testing.B) {
	path := os.Getenv(mixFile)
	if path == "" {
		b.Skip(mixFile + " names no capture")
	}
	before := 0.0
	for _, stage := range []struct {
		name string
		run  func(b *testing.B, path string) (packets uint64)
	}{
		{"1capture", readAll},
		{"2decode", decodeAll},
		{"3flow+proto", followAll},
		{"4know+detect+alert", func(b *testing.B, path string) uint64 { return replayAll(b, path, true) }},
		{"5documents", func(b *testing.B, path string) uint64 { return replayAll(b, path, false) }},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			packets, start := uint64(0), cpuTime()
			for b.Loop() {
				packets += stage.run(b, path)
			}
			cost := float64(cpuTime()-start) / float64(packets)
			b.ReportMetric(cost, "cpu-ns/packet")
			b.ReportMetric(cost-before, "stage-ns/packet")
			before = cost
		})
	}
}

// cpuTime is what the process used, user and system, ns.
func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func readAll(b *testing.B, path string) uint64 {
	source := openPath(b, path)
	var p event.Packet
	for source.Read(&p) == nil {
	}
	return source.Stats().Seen
}

func decodeAll(b *testing.B, path string) uint64 {
	in := newIntake(openPath(b, path), 0, func(event.Event) {})
	in.onStep = func(uint32, int64, int64) {}
	var h decode.Headers
	for in.fill(b.Context(), &h, func() {}) == nil {
	}
	return in.source.Stats().Seen
}

// followAll is the line without what stands behind the merge.
func followAll(b *testing.B, path string) uint64 {
	in := newIntake(openPath(b, path), 0, func(event.Event) {})
	s := newShard(0, 1, flow.Config{})
	in.onStep = s.step
	var h decode.Headers
	for {
		err := in.fill(b.Context(), &h, func() { s.packet(&h, in.ingress(h.Interface), in.clock.epoch, in.clock.now) })
		s.advance(in.clock.epoch, in.clock.now)
		clear(s.out)
		s.out = s.out[:0]
		if err != nil {
			return in.source.Stats().Seen
		}
	}
}

func replayAll(b *testing.B, path string, alertsOnly bool) uint64 {
	c := settings(1, flow.Config{})
	c.AlertsOnly = alertsOnly
	line, err := New(c, func(event.Doc) {})
	if err != nil {
		b.Fatal(err)
	}
	account, err := line.Replay(b.Context(), openPath(b, path))
	if err != nil {
		b.Fatal(err)
	}
	return account.Capture.Seen
}
