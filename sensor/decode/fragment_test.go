package decode

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

var long = bytes.Repeat([]byte("0123456789abcdef"), 200)

func datagram4(id uint16) craft.IPv4 {
	return craft.IPv4{Src: ann.IP, Dst: bob.IP, Proto: protoTCP, ID: id}
}

// run decodes raw IP packets one after the other.
func run(d *Decoder, packets ...[]byte) (h Headers, reasons []Reason) {
	for i, p := range packets {
		q := packet(101, p)
		q.Number = uint64(i + 1)
		reasons = append(reasons, d.Decode(q, &h))
	}
	return h, reasons
}

func TestFragmentsJoin(t *testing.T) {
	f4 := datagram4(7).Fragments(segment(ann, bob, string(long)), 4)
	f6 := craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: protoTCP}.Fragments(7, segment(ann6, bob6, string(long)), 4)
	f6x := craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: protoTCP, Extensions: []craft.Extension{{Kind: 0, Body: make([]byte, 6)}}}.Fragments(7, segment(ann6, bob6, string(long)), 4)
	for _, f := range [][][]byte{f4, f6, f6x} {
		bytesHeld := 0
		for _, p := range f {
			bytesHeld += len(p)
		}
		for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {0, 0, 1, 1, 2, 3}} {
			t.Run(fmt.Sprint(len(f[0]), order), func(t *testing.T) {
				d := New(Options{})
				var in [][]byte
				for _, i := range order {
					in = append(in, f[i])
				}
				h, r := run(d, in...)
				last := len(in) - 1
				if slices.Contains(r[:last], OK) || r[last] != OK {
					t.Fatalf("reasons %v", r)
				}
				if !h.Frag || h.Overlap || h.Sum != SumGood || !bytes.Equal(h.Payload, long) || h.Key.APort != 40000 {
					t.Errorf("frag %v overlap %v sum %d, %d bytes", h.Frag, h.Overlap, h.Sum, len(h.Payload))
				}
				if int(h.FragPackets) != last || h.IPLen != uint32(len(in[last])) || h.WireLoad != uint32(len(long)) {
					t.Errorf("%d held with %d bytes, last %d", h.FragPackets, h.FragBytes, h.IPLen)
				}
				if len(order) == 4 && int(h.FragBytes+h.IPLen) != bytesHeld {
					t.Errorf("bytes %d + %d, want %d", h.FragBytes, h.IPLen, bytesHeld)
				}
			})
		}
	}
}

func TestHeldSaysThePair(t *testing.T) {
	f := datagram4(7).Fragments(segment(ann, bob, string(long)), 2)
	whole, _ := decodeOne(t, packet(101, tcpPacket(ann, bob, "")))
	h, r := run(New(Options{}), f[1])
	if r[0] != Held || h.Key.A != whole.Key.A || h.Key.APort != 0 || h.IPLen != uint32(len(f[1])) || h.Lane != whole.Lane {
		t.Errorf("%s %+v", r[0], h)
	}
}

func TestAtomicFragment(t *testing.T) {
	h, r := run(New(Options{}), craft.IPv6{Src: ann6.IP, Dst: bob6.IP, Proto: 6,
		Extensions: []craft.Extension{craft.FragmentHeader(1, 0, false)}}.Bytes(segment(ann6, bob6, "hello")))
	if got := brief(&h); r[0] != OK || got != six || h.Frag {
		t.Errorf("%s %s", r[0], got)
	}
}

func TestFragmentsOfACutCapture(t *testing.T) {
	d := New(Options{})
	var h Headers
	var r Reason
	for _, f := range datagram4(7).Fragments(segment(ann, bob, string(long)), 4) {
		p := packet(101, f)
		p.Data = f[:40]
		r = d.Decode(p, &h)
	}
	if r != OK || h.WireLoad != uint32(len(long)) || len(h.Payload) != 0 || h.Sum != SumUnknown || h.Key.BPort != 80 {
		t.Errorf("%s %s", r, brief(&h))
	}
}

// A forged fragment must neither hide the datagram nor go unnoticed.
func TestForgedFragments(t *testing.T) {
	seg := segment(ann, bob, string(long))
	f := datagram4(7).Fragments(seg, 3)
	forge := func(off int, more bool, body []byte) []byte {
		x := datagram4(7)
		x.Offset, x.MF = off, more
		return x.Bytes(body)
	}
	evil := bytes.Repeat([]byte("evil.."), 12)
	cases := []struct {
		name    string
		in      [][]byte
		overlap bool
		intact  bool
	}{
		{"overlap after", [][]byte{f[0], f[1], forge(1080, true, evil), f[2]}, true, true},
		{"overlap before", [][]byte{forge(1080, true, evil), f[0], f[1], f[2]}, true, false},
		{"same bytes again", [][]byte{f[0], f[1], f[1], f[2]}, false, true},
		{"second last, shorter", [][]byte{forge(8, false, seg[8:16]), f[0], f[1], f[2]}, true, true},
		{"second last, longer", [][]byte{f[0], forge(40000, false, evil), f[1], f[2]}, true, true},
		{"oversize", [][]byte{f[0], forge(65528, false, evil), f[1], f[2]}, true, true},
		{"tiny first", [][]byte{forge(0, true, seg[:8]), f[1], f[0], f[2]}, false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := New(Options{})
			h, r := run(d, c.in...)
			if r[len(r)-1] != OK || h.Overlap != c.overlap || bytes.Equal(h.Payload, long) != c.intact || len(h.Payload) != len(long) {
				t.Errorf("%s overlap %v, %d bytes", r, h.Overlap, len(h.Payload))
			}
			if s := d.Stats().Fragments; (s.Overlaps == 1) != c.overlap || s.Joined != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestFragmentBounds(t *testing.T) {
	t.Run("patience", func(t *testing.T) {
		d := New(Options{})
		var h Headers
		f := datagram4(7).Fragments(segment(ann, bob, string(long)), 2)
		late := packet(101, f[1])
		late.Time += 31e9
		d.Decode(packet(101, f[0]), &h)
		if r := d.Decode(late, &h); r != Held || d.Stats().Fragments.Expired != 1 {
			t.Errorf("%s, %+v", r, d.Stats().Fragments)
		}
	})
	t.Run("more than 64", func(t *testing.T) {
		d := New(Options{})
		f := datagram4(7).Fragments(segment(ann, bob, string(long)), 100)
		_, r := run(d, f...)
		if slices.Contains(r, OK) || d.Stats().Fragments.Surplus != uint64(len(f)-maxFragments) {
			t.Errorf("%+v of %d", d.Stats().Fragments, len(f))
		}
	})
	t.Run("flood", func(t *testing.T) {
		d := New(Options{FragmentMemory: 1})
		p := packet(101, datagram4(0).Fragments(segment(ann, bob, string(long)), 4)[0])
		var h Headers
		n := 0
		flood := func() {
			p.Data[4], p.Data[5], p.Data[15] = byte(n>>8), byte(n), byte(n>>16)
			n++
			d.Decode(p, &h)
		}
		if a := testing.AllocsPerRun(200_000, flood); a != 0 {
			t.Errorf("%v allocations a fragment", a)
		}
		s := d.Stats().Fragments
		if live := d.fragment.back - d.fragment.front; s.Evicted+live != 200_001 || live > uint64(len(d.fragment.grams)) {
			t.Errorf("%d evicted, %d kept", s.Evicted, live)
		}
		if _, r := run(d, datagram4(9).Fragments(segment(ann, bob, string(long)), 3)...); r[2] != OK {
			t.Error("a whole datagram does not get through after the flood")
		}
	})
	t.Run("one datagram fills the ring", func(t *testing.T) {
		d := New(Options{FragmentMemory: 1})
		for range 200 {
			x := datagram4(7)
			x.MF = true
			run(d, x.Bytes(make([]byte, 60000)))
		}
		if s := d.Stats().Fragments; s.Evicted == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestFragmentsInsideTunnels(t *testing.T) {
	x, y := craft.NewHost("198.51.100.1"), craft.NewHost("198.51.100.2")
	inner := datagram4(7).Fragments(segment(ann, bob, string(long)), 3)
	d := New(Options{})
	var h Headers
	var r Reason
	for i, f := range inner {
		outer := craft.IPv4{Src: x.IP, Dst: y.IP, Proto: protoIPIP, ID: uint16(i)}
		for _, g := range outer.Fragments(f, 2) {
			r = d.Decode(packet(event.LinkType(101), g), &h)
		}
	}
	if r != OK || !bytes.Equal(h.Payload, long) || h.Sum != SumGood || h.Tunnel.Depth != 1 {
		t.Errorf("%s %d bytes sum %d", r, len(h.Payload), h.Sum)
	}
}

// Many datagrams at once, with losses, repeats and empty fragments, in a ring
// that is far too small: what is joined must still be what was sent.
func TestFragmentsUnderPressure(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := New(Options{FragmentMemory: 1})
	var h Headers
	body := func(id uint16) []byte {
		b := make([]byte, 100+int(id)*37%20000)
		for i := range b {
			b[i] = byte(i>>8) ^ byte(i) ^ byte(id) ^ byte(id>>8)
		}
		return b
	}
	var waiting [][]byte
	for id := uint16(0); d.Stats().Fragments.Joined < 3000 && id < 60000; id++ {
		x := craft.IPv4{Src: ann.IP, Dst: bob.IP, Proto: 253, ID: id, MF: true}
		if id%3 == 0 {
			waiting = append(waiting, x.Bytes([]byte("less"))) // under 8 bytes: nothing to keep
		}
		x.MF = false
		waiting = append(waiting, x.Fragments(body(id), 1+r.IntN(9))...)
		for len(waiting) > 60 {
			i := r.IntN(len(waiting))
			p := waiting[i]
			waiting = slices.Delete(waiting, i, i+1)
			if r.IntN(20) == 0 {
				continue
			}
			if d.Decode(packet(101, p), &h) == OK && h.Frag && (h.Overlap || !bytes.Equal(h.Payload, body(h.IPID))) {
				t.Fatalf("datagram %d is not what was sent", h.IPID)
			}
		}
	}
	if s := d.Stats().Fragments; s.Joined < 3000 || s.Evicted == 0 {
		t.Errorf("%+v", s)
	}
}
