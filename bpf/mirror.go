package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// Ways is how many entries a set of the flow cache has.
const Ways = 4

// Words of the tables of a mirror, as headers/table.h has them.
type (
	Entry  = xdpEntry
	Record = xdpRecord
	Tally  = xdpTally
)

// MirrorOptions of LoadMirror. Sizes are powers of two.
type MirrorOptions struct {
	Rings     int    // 1 to 64: packets come to the ring of their pair of addresses
	RingBytes int    // of one ring, at least a page
	Sets      int    // of the flow cache of one ring on one processor
	Seed      uint64 // of the flow cache
	Drop      bool   // frames end here; else the host gets them too
	Filter    bool   // the program is a filter for packet sockets, not for XDP
}

// Mirror is the program of a mirror port, loaded, with what it writes to. The
// tables have a row for each processor and, in it, each ring.
type Mirror struct {
	Program *ebpf.Program
	Rings   []*ebpf.Map
	Table   *ebpf.Map // sets of four Entry
	Wide    *ebpf.Map // IPv6 addresses of the same places
	Totals  *ebpf.Map
	CPUs    int

	all *ebpf.Collection
}

// LoadMirror loads the program; it is not attached yet.
func LoadMirror(o MirrorOptions) (*Mirror, error) {
	lift()
	m, err := loadMirror(o)
	if err != nil {
		return nil, errors.Join(readable(o.program(), err), m.Close())
	}
	return m, nil
}

// program is its name in the objects.
func (o *MirrorOptions) program() string {
	if o.Filter {
		return "filter"
	}
	return "mirror"
}

// verdict is what the program answers to every frame.
func (o *MirrorOptions) verdict() uint32 {
	const none, drop, pass = 0, 1, 2 // bytes for the socket; XDP_DROP, XDP_PASS
	switch {
	case o.Filter:
		return none
	case o.Drop:
		return drop
	}
	return pass
}

func loadMirror(o MirrorOptions) (*Mirror, error) {
	m := &Mirror{}
	load := loadXdp
	if o.Filter {
		load = loadFilter
	}
	spec, err := load()
	if err != nil {
		return m, err
	}
	if m.CPUs, err = ebpf.PossibleCPU(); err != nil {
		return m, err
	}
	rows := uint32(m.CPUs * o.Rings)
	spec.Maps["table"].MaxEntries = rows * uint32(o.Sets)
	spec.Maps["wide"].MaxEntries = rows * uint32(o.Sets)
	spec.Maps["totals"].MaxEntries = rows
	if o.Filter {
		spec.Maps["whole"].Contents = []ebpf.MapKV{{Key: uint32(0), Value: "counting"}}
	}
	inner := spec.Maps["rings"].InnerMap
	inner.MaxEntries = uint32(o.RingBytes)
	for i := range o.Rings {
		ring, err := ebpf.NewMap(inner.Copy())
		if err != nil {
			return m, fmt.Errorf("ring: %w", err)
		}
		m.Rings = append(m.Rings, ring)
		spec.Maps["rings"].Contents = append(spec.Maps["rings"].Contents, ebpf.MapKV{Key: uint32(i), Value: ring})
	}
	for name, value := range map[string]any{"ring_count": uint32(o.Rings), "set_count": uint32(o.Sets), "seed": o.Seed, "verdict_of_a_frame": o.verdict()} {
		if err := spec.Variables[name].Set(value); err != nil {
			return m, fmt.Errorf("%s: %w", name, err)
		}
	}
	if m.all, err = ebpf.NewCollection(spec); err != nil {
		return m, err
	}
	m.Program = m.all.Programs[o.program()]
	m.Table, m.Wide, m.Totals = m.all.Maps["table"], m.all.Maps["wide"], m.all.Maps["totals"]
	return m, nil
}

// Close gives all of it back; an attached program stays until its link ends.
func (m *Mirror) Close() error {
	var errs []error
	for _, ring := range m.Rings {
		errs = append(errs, ring.Close())
	}
	if m.all != nil {
		m.all.Close()
	}
	return errors.Join(errs...)
}
