package pipeline

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/flow"
)

// same replays one file twice on one shard and at 2, 4 and 8, and finds the
// first line that differs.
func same(t *testing.T, file []byte, c flow.Config) (string, Accounting) {
	t.Helper()
	first, account := run(t, open(t, file), settings(1, c))
	for _, shards := range []int{1, 2, 4, 8} {
		again, a := run(t, open(t, file), settings(shards, c))
		if i, want, got := difference(first, again); i > 0 {
			t.Errorf("%d shards: line %d\n%s\nis not\n%s", shards, i, got, want)
		}
		for i, n := range a.Shards {
			if n == 0 && account.Decoded > 1000 {
				t.Errorf("%d shards: shard %d saw nothing", shards, i)
			}
		}
	}
	return first, account
}

// difference is the first line in which two texts differ, counted from 1; 0 none.
func difference(a, b string) (line int, left, right string) {
	if a == b {
		return 0, "", ""
	}
	for line = 1; ; line++ {
		left, a, _ = strings.Cut(a, "\n")
		right, b, _ = strings.Cut(b, "\n")
		if left != right || a == "" && b == "" {
			return line, left, right
		}
	}
}

func TestSameBytesAtAnyNumberOfShards(t *testing.T) {
	tests := []struct {
		name  string
		flow  flow.Config
		steps []int64
		sees  []string
	}{
		{"plain", flow.Config{}, nil, []string{"dns {", "http {", "auth {", "flow {", "coverage {", "alert {"}},
		{"clock steps", flow.Config{}, []int64{-hour, day, 28 * 365 * day}, []string{"brandmelder.health"}},
		{"tables that evict", flow.Config{Flows: 512, Streams: 128}, nil, []string{`"flow-end"`}},
		{"tables that evict and clock steps", flow.Config{Flows: 512, Streams: 128}, []int64{28 * 365 * day, -hour}, nil},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, account := same(t, pcap(t, mix(600, uint64(i), tt.steps...), 0), tt.flow)
			for _, s := range tt.sees {
				if !strings.Contains(out, s) {
					t.Errorf("no %s in the documents", s)
				}
			}
			if evicts := account.Flow.Evicted() > 0; evicts != (tt.flow.Flows != 0) {
				t.Errorf("%d evicted of %d", account.Flow.Evicted(), account.Flow.Created)
			}
			if n := strings.Count(out, `"action":"clock"`); n != len(tt.steps) {
				t.Errorf("%d steps of the clock said, want %d", n, len(tt.steps))
			}
		})
	}
}
