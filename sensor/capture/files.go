package capture

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Files opens captures and hands out their packets in order of time, as one
// source; at the same time the file named first goes first. Within a file packets
// keep their order, even where their times go back. "-" is o.Stdin, which need
// not seek. A capture that ends in damage is not an error: what stands before it
// counts and Stats.Notes says what is missing. A disk or pipe that cannot be read
// is an error of Read: nobody knows what would have come.
func Files(paths []string, o Options) (Source, error) {
	if len(paths) == 0 {
		return nil, errors.New("capture: no file named")
	}
	size := windowSize
	if len(paths) > manyFiles {
		size = windowMany
	}
	m := &merged{}
	for i, path := range paths {
		f, err := openFile(path, o, size, &m.names)
		if err != nil {
			m.Close()
			return nil, err
		}
		m.files = append(m.files, f)
		m.heads = append(m.heads, head{order: i, file: f})
	}
	return m, nil
}

// head is the next packet of a file.
type head struct {
	packet event.Packet
	order  int
	file   *file
}

func (a *head) before(b *head) bool {
	if a.packet.Time != b.packet.Time {
		return a.packet.Time < b.packet.Time
	}
	return a.order < b.order
}

// merged is a heap of files by their next packet.
type merged struct {
	files   []*file
	heads   []head // a heap once started
	started bool
	packets uint64
	bytes   uint64
	shown   struct{ packets, bytes atomic.Uint64 } // the two above, for Stats
	names   names
	mu      sync.Mutex
	notes   []string
	closed  sync.Once
	err     error
}

// showEvery is after how many packets Stats hears of them: an atomic store per packet would cost more than reading it.
const showEvery = 256

func (m *merged) Read(p *event.Packet) error {
	if err := m.advance(); err != nil {
		m.show()
		return err
	}
	m.packets++
	number := p.Number
	*p = m.heads[0].packet
	p.Number = number
	m.bytes += uint64(len(p.Data))
	if m.packets%showEvery == 0 {
		m.show()
	}
	return nil
}

func (m *merged) show() {
	m.shown.packets.Store(m.packets)
	m.shown.bytes.Store(m.bytes)
}

// advance brings the earliest packet to the root. The one handed out last stands
// there still: its file moves on only now, because its bytes were valid until now.
func (m *merged) advance() error {
	if m.err != nil {
		return m.err
	}
	if !m.started {
		m.started = true
		for i := len(m.heads) - 1; i >= 0; i-- {
			m.step(i)
		}
	} else if len(m.heads) > 0 {
		m.step(0)
	}
	if m.err == nil && len(m.heads) == 0 {
		m.err = io.EOF
	}
	return m.err
}

// step reads the next packet of heads[i] and puts it where it belongs.
func (m *merged) step(i int) {
	h := &m.heads[i]
	if err := h.file.reader.next(&h.packet); err != nil {
		m.ended(h.file, err)
		last := len(m.heads) - 1
		m.heads[i] = m.heads[last]
		m.heads = m.heads[:last]
	}
	m.sink(i)
}

func (m *merged) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heads); child++ {
			if m.heads[child].before(&m.heads[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heads[i], m.heads[least] = m.heads[least], m.heads[i]
		i = least
	}
}

// ended notes why a file ended.
func (m *merged) ended(f *file, err error) {
	if f.broken != nil {
		m.err = fmt.Errorf("capture: %s: read: %w", f.name, f.broken)
		return
	}
	failed := f.w.failed()
	if failed == nil && err == io.EOF {
		return
	}
	note := f.name + ": " + err.Error()
	if failed != nil {
		note = f.name + ": " + err.Error() + " (" + failed.Error() + " after " + strconv.FormatInt(f.w.passed, 10) + " bytes)"
	}
	m.mu.Lock()
	m.notes = append(m.notes, note)
	m.mu.Unlock()
}

func (m *merged) Stats() Stats {
	s := Stats{Delivered: m.shown.packets.Load(), Bytes: m.shown.bytes.Load()}
	s.Seen = s.Delivered
	m.names.mu.Lock()
	s.Interfaces = slices.Clone(m.names.list)
	m.names.mu.Unlock()
	m.mu.Lock()
	s.Notes = slices.Clone(m.notes)
	m.mu.Unlock()
	for _, f := range m.files {
		s.Pos += f.pos.Load()
		s.Size += f.size
	}
	return s
}

func (m *merged) Close() error {
	var errs []error
	m.closed.Do(func() {
		for _, f := range m.files {
			errs = append(errs, f.close())
		}
		m.err = io.EOF
	})
	return errors.Join(errs...)
}
