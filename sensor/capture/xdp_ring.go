package capture

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Bits of the word before each record of a ring (linux/bpf.h).
const (
	recordBusy    = 1 << 31
	recordDiscard = 1 << 30
	recordHeader  = 8
)

// giveBack is after how many read bytes the kernel hears of it: each time costs
// the processors that write a miss of their cache.
const giveBack = 64 << 10

// bpfRing reads a BPF_MAP_TYPE_RINGBUF where it stands, without a system call.
type bpfRing struct {
	front  []byte // one page: how far was read
	back   []byte // one page: how far was written; then the bytes, twice in a row
	data   []byte
	mask   uint64
	at     uint64 // of the next record
	given  uint64 // what the kernel knows of at
	behind uint64 // end of the record at hand
}

func openRing(m *ebpf.Map) (*bpfRing, error) {
	page, size := os.Getpagesize(), int(m.MaxEntries())
	front, err := unix.Mmap(m.FD(), 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map a ring: %w", err)
	}
	back, err := unix.Mmap(m.FD(), int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		unix.Munmap(front)
		return nil, fmt.Errorf("map a ring: %w", err)
	}
	return &bpfRing{front: front, back: back, data: back[page:], mask: uint64(size - 1)}, nil
}

func (r *bpfRing) close() {
	unix.Munmap(r.front)
	unix.Munmap(r.back)
}

func position(page []byte) *uint64 { return (*uint64)(unsafe.Pointer(&page[0])) }

// written is how far the kernel has written; at that reaches it, all was read.
func (r *bpfRing) written() uint64 { return atomic.LoadUint64(position(r.back)) }

// next is the next record, nil when there is none. It is valid until the next call.
func (r *bpfRing) next() []byte {
	r.at = r.behind
	for written := r.written(); r.at < written; {
		begin := r.at & r.mask
		word := atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.data[begin])))
		if word&recordBusy != 0 {
			break
		}
		size := uint64(word &^ recordDiscard)
		r.behind = r.at + (recordHeader+size+7)&^7
		if word&recordDiscard == 0 {
			if r.at-r.given >= giveBack {
				r.release()
			}
			return r.data[begin+recordHeader:][:size:size]
		}
		r.at = r.behind
	}
	r.release()
	return nil
}

func (r *bpfRing) release() {
	if r.given != r.at {
		r.given = r.at
		atomic.StoreUint64(position(r.front), r.at)
	}
}
