package craft

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Trace collects frames in the order in which they cross the wire.
type Trace struct {
	Now  int64 // time of the next frame, ns since 1970
	Step int64 // added to Now after each frame, ns; 0 stands still
	Tags []uint32

	frames []frame
}

type frame struct {
	time int64
	data []byte
}

// NewTrace starts at a fixed time, 2026-01-05 08:00 UTC, one millisecond a frame.
func NewTrace() *Trace { return &Trace{Now: 1767600000e9, Step: 1e6} }

// Add takes an Ethernet frame.
func (t *Trace) Add(data []byte) {
	t.frames = append(t.frames, frame{t.Now, data})
	t.Now += t.Step
}

// Send puts an IP packet on Ethernet, with the trace's Tags.
func (t *Trace) Send(src, dst Host, packet []byte) { t.Add(Frame(src, dst, packet, t.Tags...)) }

// Wait lets ns pass.
func (t *Trace) Wait(ns int64) { t.Now += ns }

// Packets hands the frames out as a source would: numbered from 1, Ethernet,
// nothing cut. The bytes are the trace's own.
func (t *Trace) Packets() []event.Packet {
	out := make([]event.Packet, len(t.frames))
	for i, f := range t.frames {
		out[i] = event.Packet{Data: f.data, Time: f.time, Number: uint64(i + 1), Wire: uint32(len(f.data)), Link: 1}
	}
	return out
}

// WritePcap writes a capture file with nanoseconds, in which frames are cut to
// snaplen bytes; 0 cuts nothing.
func (t *Trace) WritePcap(w io.Writer, snaplen int) error {
	if snaplen <= 0 {
		snaplen = 1 << 18
	}
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b23c4d)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(le.AppendUint32(b, uint32(snaplen)), 1)
	for _, f := range t.frames {
		kept := f.data[:min(len(f.data), snaplen)]
		b = le.AppendUint32(b, uint32(f.time/1e9))
		b = le.AppendUint32(b, uint32(f.time%1e9))
		b = le.AppendUint32(b, uint32(len(kept)))
		b = le.AppendUint32(b, uint32(len(f.data)))
		b = append(b, kept...)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("craft: write capture: %w", err)
	}
	return nil
}
