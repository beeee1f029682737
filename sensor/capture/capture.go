// Package capture is the shelf of packet sources: files, pipes and interfaces.
// A source hands out frames in the order they came and counts what it could not
// hand out; it understands nothing above the link type.
package capture

import (
	"fmt"
	"io"
	"log/slog"
	"sort"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Source hands out packets. One goroutine reads it.
type Source interface {
	// Read fills p. p.Data is valid until the next Read. io.EOF ends a source;
	// ErrIdle says that a live source had nothing for a while. p.Number is left alone:
	// whoever reads several sources numbers their packets.
	Read(p *event.Packet) error
	// Stats may be called from any goroutine.
	Stats() Stats
	// Close frees what the source holds. It must not overlap with Read, which a live
	// source leaves at least each 100 ms.
	Close() error
}

// Steerer is a Source that leaves the counting of what nobody reads to the kernel.
type Steerer interface {
	// Steer says how much is wanted of the side of a conversation that a packet with
	// this Entry belongs to. The reader's goroutine calls it.
	Steer(entry uint64, w event.Want)
}

// Lender is a Source that ends frames where they arrive, and can leave them to the host
// for a while: to whoever wants to look for himself.
type Lender interface{ Lend(yes bool) }

// Stopper is a live Source that ends in two steps: after Stop nothing more comes
// in, and Read hands out what had come, all counters included, and then io.EOF.
type Stopper interface{ Stop() error }

// ErrIdle is returned by a live source that saw no packet for its poll interval
// (100 ms), so that the reader can move its clock and look at its orders.
var ErrIdle = fmt.Errorf("capture: no packet yet")

// Stats is what a source knows about its own completeness.
type Stats struct {
	Interfaces []string // names as they were asked for, by event.Packet.Interface
	Called     []string // live: what they are called now
	Seen       uint64   // packets that reached the kernel's tap or stand in the file
	Delivered  uint64   // packets handed out
	Counted    uint64   // packets that nobody wanted: only their counters came, as event.FlowDelta
	Dropped    uint64   // packets the kernel had no room for: Seen = Delivered + Counted + Dropped + those still in the ring
	Freezes    uint64   // times the ring was full
	Bytes      uint64   // captured bytes handed out
	Unread     uint64   // bytes on the wire of Counted
	Notes      []string // sentences about what was wrong with the input: "trunk.pcap: last record cut after 31 of 54 bytes"
	Size, Pos  int64    // of the input in bytes, for a progress bar; 0 unknown

	Blind []Blindness // live: when nothing could be seen; the newest 256
}

// Blindness is a time in which an interface could not be seen, in ns since 1970.
type Blindness struct {
	From      int64
	To        int64 // 0: still blind
	Interface string
	Reason    Reason
}

// Reason is why an interface could not be seen.
type Reason string

const (
	Down      Reason = "down"
	Gone      Reason = "gone"
	NoCarrier Reason = "no-carrier" // nothing at the other end of the cable
)

// Options of a call.
type Options struct {
	Stdin  io.Reader
	Logger *slog.Logger
	Rings  int // live: rings per interface, one per packet shard
	Buffer int // live: bytes of one ring, 0 default

	Look bool // xdp: frames go on to the host
	Sets int  // xdp and filter: size of the flow cache in sets of four, a ring and processor; 0 default
}

// Spec describes a kind of source.
type Spec struct {
	Name string // "pcap", "ring" …
	Doc  string // one line for people
	Live bool
	// Match says whether this kind opens the name: a file (head holds its first
	// bytes, after decompression) or, where Live, an interface.
	Match func(name string, head []byte) bool
	// Open returns one Source per ring; a file has one.
	Open func(name string, o Options) ([]Source, error)
}

var registry []*Spec

// register puts a kind of source on the shelf: once per name, from an init function.
func register(s Spec) {
	for _, other := range registry {
		if other.Name == s.Name {
			panic(fmt.Sprintf("capture: %s registered twice", s.Name))
		}
	}
	registry = append(registry, &s)
	sort.Slice(registry, func(i, j int) bool { return registry[i].Name < registry[j].Name })
}

// All lists the kinds of sources by name. The slice is the caller's, the specs are not.
func All() []*Spec { return append([]*Spec(nil), registry...) }
