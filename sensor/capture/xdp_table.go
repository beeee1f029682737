package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// flowTable is one ring's part of the kernel's flow cache, on all processors. The
// kernel writes it; we write the orders.
type flowTable struct {
	rows  [][]bpf.Entry // by processor
	wide  [][][32]byte
	sums  []*bpf.Tally
	told  []told // by place: rows one behind the other
	ring  uint32
	rings uint32
	sets  uint32 // of a row
}

// told is what was said of a place already.
type told struct {
	bytes, payload uint64
	packets        uint32
	generation     uint32
}

// mapped is a map whose values are read where they stand.
func mapped(m *ebpf.Map) ([]byte, error) {
	page := int64(unix.Getpagesize())
	size := (int64(m.MaxEntries())*int64(m.ValueSize()) + page - 1) / page * page
	b, err := unix.Mmap(m.FD(), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", m, err)
	}
	return b, nil
}

// newFlowTable takes the rows of one ring out of the mapped tables.
func newFlowTable(table, wide, totals []byte, cpus, rings, ring, sets int) *flowTable {
	t := &flowTable{ring: uint32(ring), rings: uint32(rings), sets: uint32(sets), told: make([]told, cpus*sets*bpf.Ways)}
	n := sets * bpf.Ways
	all := unsafe.Slice((*bpf.Entry)(unsafe.Pointer(&table[0])), cpus*rings*n)
	addr := unsafe.Slice((*[32]byte)(unsafe.Pointer(&wide[0])), cpus*rings*n)
	sums := unsafe.Slice((*bpf.Tally)(unsafe.Pointer(&totals[0])), cpus*rings)
	for c := range cpus {
		row := c*rings + ring
		t.rows = append(t.rows, all[row*n:][:n])
		t.wide = append(t.wide, addr[row*n:][:n])
		t.sums = append(t.sums, &sums[row])
	}
	return t
}

// find turns the kernel's number of a place into ours.
func (t *flowTable) find(place uint32) (cpu, at uint32, ok bool) {
	set := place / bpf.Ways
	cpu = set / t.sets / t.rings
	at = set%t.sets*bpf.Ways + place%bpf.Ways
	return cpu, at, int(cpu) < len(t.rows) && set/t.sets%t.rings == t.ring
}

func (t *flowTable) toldOf(cpu, at uint32) *told { return &t.told[cpu*t.sets*bpf.Ways+at] }

// steer writes an order into an entry; the kernel obeys it while the entry holds
// what it held when the packet came.
func (t *flowTable) steer(entry uint64, w event.Want) {
	if cpu, at, ok := t.find(uint32(entry)); ok {
		generation := uint32(entry >> 32)
		atomic.StoreUint32(&t.rows[cpu][at].Order, generation<<2|uint32(w))
	}
}

// said is what a record in the ring adds to what was told of its place; false
// when that is nothing.
func (t *flowTable) said(r *bpf.Record, d *event.FlowDelta) bool {
	if r.Packets == 0 {
		return false
	}
	cpu, at, ok := t.find(r.Place)
	if !ok {
		return false
	}
	return t.toldOf(cpu, at).of(r.Generation).add(r.Packets, r.Bytes, r.Payload, r.High, d)
}

// of begins anew with a new generation: the counters of the one before were told
// by the record of its end.
func (o *told) of(generation uint32) *told {
	if o.generation != generation {
		*o = told{generation: generation}
	}
	return o
}

// add says what is new of an entry's counters, which only grow.
func (o *told) add(packets uint32, bytes, payload uint64, high uint32, d *event.FlowDelta) bool {
	n := int32(packets - o.packets)
	if n <= 0 {
		return false // a look at the table was ahead of the ring
	}
	*d = event.FlowDelta{Packets: uint64(n), Bytes: bytes - o.bytes, Payload: payload - o.payload, High: high}
	o.packets, o.bytes, o.payload = packets, bytes, payload
	return true
}

// generations count up to 2^30 and begin anew.
func older(a, b uint32) bool { return (a-b)&0x3fffffff > 1<<29 }

// glimpse is a copy of an entry that has something to say, to be told when the
// ring was read to where it was then.
type glimpse struct {
	entry   bpf.Entry
	wide    [32]byte
	cpu, at uint32
}

// look copies, of n sets from one on, the entries whose counters grew.
func (t *flowTable) look(from, n uint32, found []glimpse) []glimpse {
	for cpu, row := range t.rows {
		for at := from * bpf.Ways; at < min(from+n, t.sets)*bpf.Ways; at++ {
			e := &row[at]
			generation := atomic.LoadUint32(&e.Generation)
			if generation == 0 || e.Packets == 0 {
				continue
			}
			old := t.toldOf(uint32(cpu), at)
			if old.generation == generation && old.packets == e.Packets {
				continue
			}
			g := glimpse{entry: *e, wide: t.wide[cpu][at], cpu: uint32(cpu), at: at}
			if atomic.LoadUint32(&e.Generation) == generation {
				found = append(found, g)
			}
		}
	}
	return found
}

// elsewhere copies what other processors have counted of the set that a record is of.
func (t *flowTable) elsewhere(r *bpf.Record, found []glimpse) []glimpse {
	cpu, at, ok := t.find(r.Place)
	if !ok {
		return found
	}
	from := len(found)
	found = t.look(at/bpf.Ways, 1, found)
	here := func(g glimpse) bool { return g.cpu == cpu }
	return append(found[:from], slices.DeleteFunc(found[from:], here)...)
}

// tell says what is new of a copied entry. The ring has to be read to where it was
// at that time: only then were all records told that came before.
func (t *flowTable) tell(g *glimpse, d *event.FlowDelta) bool {
	old, e := t.toldOf(g.cpu, g.at), &g.entry
	if old.generation != 0 && older(e.Generation, old.generation) {
		return false // it made room meanwhile, which a record said
	}
	if !old.of(e.Generation).add(e.Packets, e.Bytes, e.Payload, e.High, d) {
		return false
	}
	name(e, &g.wide, d)
	return true
}

// name fills in whose counters they are.
func name(e *bpf.Entry, wide *[32]byte, d *event.FlowDelta) {
	var pair [8]byte
	binary.NativeEndian.PutUint64(pair[:], e.Pair)
	src, dst := netip.AddrFrom4([4]byte(pair[:4])), netip.AddrFrom4([4]byte(pair[4:]))
	if e.Version == 6 {
		src, dst = netip.AddrFrom16([16]byte(wide[:16])), netip.AddrFrom16([16]byte(wide[16:]))
	}
	var ports [4]byte
	binary.NativeEndian.PutUint32(ports[:], e.Ports)
	from, to := binary.BigEndian.Uint16(ports[:]), binary.BigEndian.Uint16(ports[2:])
	d.Key, d.FromA = event.NewKey(netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to), e.Proto)
	d.Tags = event.Tags{Known: true, N: uint8(e.Tags >> 24), ID: [2]uint16{uint16(e.Tags >> 12 & 0xfff), uint16(e.Tags & 0xfff)}}
}

// powerOfTwo is the greatest that is not more than n.
func powerOfTwo(n int) int { return 1 << (bits.Len(uint(n)) - 1) }
