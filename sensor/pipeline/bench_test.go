package pipeline

import (
	"os"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// mixFile names a large capture to measure, and to profile with -cpuprofile:
// what a packet costs differs too much from traffic to traffic to craft it here.
const mixFile = "BRANDMELDER_MIX"

// BenchmarkMix replays one capture through the whole line, on one shard.
func BenchmarkMix(b *testing.B) {
	path := os.Getenv(mixFile)
	if path == "" {
		b.Skip(mixFile + " names no capture")
	}
	b.ReportAllocs()
	var packets, size uint64
	for b.Loop() {
		line, err := New(settings(1, flow.Config{}), func(d event.Doc) { size += uint64(len(d.JSON)) })
		if err != nil {
			b.Fatal(err)
		}
		account, err := line.Replay(b.Context(), openPath(b, path))
		if err != nil {
			b.Fatal(err)
		}
		packets += account.Capture.Seen
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(size)/float64(packets), "B/packet")
}
