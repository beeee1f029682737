package proto

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// FuzzParsers gives every parser bytes that nobody would send. The first byte
// names the Spec; then each saying is two bytes, side and length, and its bytes.
func FuzzParsers(f *testing.F) {
	specs := All()
	for i, s := range specs {
		for _, kind := range []string{"hit", "miss"} {
			for _, d := range known(f, s, kind) {
				f.Add(pack(byte(i), d))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(specs) == 0 || len(data) == 0 || len(data) > 1<<16 {
			return
		}
		s, d := specs[int(data[0])%len(specs)], unpack(data[1:])
		probe(s, d)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		whole := run(s, d)
		runtime.ReadMemStats(&after)
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(16*len(data)+64<<10); used > most {
			t.Errorf("%s: %d bytes allocated for %d read", label(s), used, len(data))
		}
		for _, r := range whole {
			event.NewLayout(r.Table()).Append(nil, r)
		}
		if s.IP != 6 {
			return
		}
		for _, most := range []int{1, 50} {
			parts := cut(d, most, rand.New(rand.NewPCG(uint64(len(data)), 3)))
			if diff := cmp.Diff(whole, run(s, parts), same); diff != "" {
				t.Fatalf("%s cut into at most %d bytes: %s", label(s), most, diff)
			}
		}
	})
}

func pack(spec byte, d dialogue) []byte {
	out := []byte{spec}
	for _, say := range d {
		n := min(len(say.data), 1<<15-1)
		out = binary.BigEndian.AppendUint16(out, uint16(say.from)<<15|uint16(n))
		out = append(out, say.data[:n]...)
	}
	return out
}

func unpack(data []byte) dialogue {
	var d dialogue
	c := cursor{data: data}
	for c.left() > 2 {
		head := c.be16()
		d = append(d, said{event.Side(head >> 15), c.take(min(int(head&(1<<15-1)), c.left()))})
	}
	return d
}
