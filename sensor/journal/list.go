package journal

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// File is a segment as people see it.
type File struct {
	Name           string
	First, Next    uint64 // numbers of its first record and behind its last
	Records        uint64 // that are whole
	Size, Torn     int64  // bytes
	Oldest, Newest int64  // time of documents, ns; 0 without any
}

// List reads the segments of a series, every record of them.
func List(dir string, s event.Series) (out []File, err error) {
	list, err := segments(dir, s)
	if err != nil {
		return nil, err
	}
	for i, g := range list {
		f := File{Name: filepath.Base(g.path), First: g.first, Next: g.first, Size: g.size}
		end, err := g.read(s, func(e Entry) bool {
			f.Records, f.Next = f.Records+1, e.Seq+1
			if f.Oldest == 0 || e.Time < f.Oldest {
				f.Oldest = e.Time
			}
			f.Newest = max(f.Newest, e.Time)
			return true
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue // expired meanwhile
		}
		if err != nil {
			return nil, err
		}
		f.Torn = max(g.size-max(end, int64(headSize)), 0)
		if i+1 < len(list) {
			f.Next = list[i+1].first
		}
		out = append(out, f)
	}
	return out, nil
}
