package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name:  "file",
		Doc:   "capture files and pipes: pcap and pcapng, plain, .gz or .zst",
		Match: func(_ string, head []byte) bool { _, _, ok := pcapOrder(head); return ok || isPcapng(head) },
		Open: func(name string, o Options) ([]Source, error) {
			s, err := Files([]string{name}, o)
			if err != nil {
				return nil, err
			}
			return []Source{s}, nil
		},
	})
}

// reader is what the two formats share.
type reader interface {
	next(p *event.Packet) error
}

// names is the table of interface names of a source. The empty name is of captures that tell none.
type names struct {
	mu   sync.Mutex
	list []string
}

// index finds or adds a name. A source shows at most 4096; further ones share the last.
func (n *names) index(name string) uint16 {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.list, name)
	if i < 0 && len(n.list) == maxInterfaces {
		i = maxInterfaces - 1
	}
	if i < 0 {
		i = len(n.list)
		n.list = append(n.list, name)
	}
	return uint16(i)
}

// file is one opened capture.
type file struct {
	name   string
	in     io.Closer
	size   int64
	pos    atomic.Int64 // bytes read from the disk, before decompression
	broken error        // of the disk or pipe: what stands after it is unknown, not absent
	unpack func()       // ends the decompression
	reader reader
	w      *window
}

// disk reads the bytes of a file as they are stored. It counts them, and keeps an
// error of reading apart from one that the decompression finds in them.
type disk struct {
	in io.Reader
	f  *file
}

func (d disk) Read(b []byte) (int, error) {
	n, err := d.in.Read(b)
	d.f.pos.Add(int64(n))
	if err != nil && err != io.EOF {
		d.f.broken = err
	}
	return n, err
}

// openFile opens a capture, or the pipe o.Stdin where name is "-". The error says
// what the thing is when it is no capture, and shows nothing of its content.
func openFile(name string, o Options, size int, names *names) (*file, error) {
	f := &file{name: name, unpack: func() {}}
	var in io.Reader
	if name == "-" {
		f.name = "standard input"
		if o.Stdin == nil {
			return nil, errors.New("capture: standard input is not connected")
		}
		in, f.in = o.Stdin, io.NopCloser(nil)
	} else {
		opened, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		in, f.in = opened, opened
		switch info, err := opened.Stat(); {
		case err != nil:
			opened.Close()
			return nil, fmt.Errorf("capture: %w", err)
		case info.IsDir():
			opened.Close()
			return nil, fmt.Errorf("capture: %s is a folder, not a capture file", name)
		case info.Mode().IsRegular():
			f.size = info.Size()
		}
	}
	if err := f.recognise(disk{in, f}, size, names); err != nil {
		f.close()
		if f.broken != nil {
			err = fmt.Errorf("read: %w", f.broken)
		}
		return nil, fmt.Errorf("capture: %s: %w", f.name, err)
	}
	return f, nil
}

// recognise finds compression and format by content.
func (f *file) recognise(in io.Reader, size int, names *names) error {
	f.w = newWindow(in, size)
	if err := f.decompress(size); err != nil {
		return err
	}
	head := f.w.peek(4)
	var err error
	if _, _, ok := pcapOrder(head); ok {
		f.reader, err = newPcap(f.w, names)
	} else if isPcapng(head) {
		f.reader, err = newPcapng(f.w, names)
	} else if err = f.w.failed(); err != nil { // of the decompression
		return err
	} else if len(head) == 0 {
		err = errors.New("the file is empty")
	} else {
		err = fmt.Errorf("not a capture file but %s", looks(f.w.peek(512)))
	}
	return err
}

func (f *file) decompress(size int) error {
	raw := f.w
	switch head := string(raw.peek(4)); {
	case len(head) >= 2 && head[:2] == "\x1f\x8b":
		z, err := gzip.NewReader(rest{raw})
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		f.w = newWindow(z, size)
	case head == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(rest{raw}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
		f.unpack = z.Close
		f.w = newWindow(z, size)
	}
	return nil
}

// rest reads on where a window stands.
type rest struct{ w *window }

func (r rest) Read(b []byte) (int, error) {
	got := r.w.peek(1)
	if len(got) == 0 {
		if err := r.w.failed(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	return copy(b, r.w.take(min(len(b), r.w.end-r.w.start))), nil
}

func (f *file) close() error {
	f.unpack()
	return f.in.Close()
}

// looks says what a file that is no capture seems to be.
func looks(head []byte) string {
	for _, kind := range []struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive: unpack it first"}, {"BZh", "bzip2: bzip2 -dc FILE | brandmelder replay -"},
		{"\xfd7zXZ", "xz: xz -dc FILE | brandmelder replay -"}, {"7z\xbc\xaf", "a 7z archive: unpack it first"},
		{"\x7fELF", "a program"}, {"%PDF", "a PDF"}, {"snoop\x00", "a snoop capture: editcap FILE NEW makes it pcapng"},
		{"GMBU", "a capture of Network Monitor: editcap FILE NEW makes it pcapng"}, {"RTSS", "a capture of Network Monitor: editcap FILE NEW makes it pcapng"},
	} {
		if len(head) >= len(kind.magic) && string(head[:len(kind.magic)]) == kind.magic {
			return kind.what
		}
	}
	if text(head) {
		return "text"
	}
	return "binary data of an unknown kind"
}

func text(head []byte) bool {
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) // the last rune may be cut
}
