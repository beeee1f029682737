package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Reasons for which entries are no longer there.
const (
	ByAge    = "age"
	BySize   = "size"
	ByDamage = "damage"
)

// Gone is a row of entries that expired, and why.
type Gone struct {
	First, Last uint64
	Reason      string
}

// Expire removes whole segments of a series, oldest first: those whose newest
// document is older than before (ns), and more while the series is larger than
// bytes. It returns the number of entries that went.
func (j *Journal) Expire(s event.Series, before, bytes int64) (gone uint64, err error) {
	names, err := segments(j.dir, s)
	if err != nil || len(names) == 0 {
		return 0, err
	}
	if last := names[len(names)-1]; last.size > int64(headSize) && (last.size > bytes || last.newest() < before) {
		if err := j.rotate(s); err != nil { // what is open goes too
			return 0, err
		}
		names = append(names, segment{first: j.next[s], size: int64(headSize)})
	}
	return j.letGo(s, names, before, bytes)
}

// letGo is Expire of the segments before the last of names.
func (j *Journal) letGo(s event.Series, names []segment, before, bytes int64) (gone uint64, err error) {
	total := sizeOf(names)
	for len(names) > 1 {
		reason := BySize
		if total <= bytes {
			if reason = ByAge; names[0].newest() >= before {
				break
			}
		}
		if err := j.remove(s, names[0], names[1].first, reason); err != nil {
			return gone, err
		}
		gone += names[1].first - names[0].first
		total -= names[0].size
		names = slices.Delete(names, 0, 1)
	}
	if gone == 0 {
		return 0, nil
	}
	return gone, j.disk.FlushFolder(filepath.Join(j.dir, series[s]))
}

// remove notes why a segment goes before it does, so that whoever misses its entries
// can tell.
func (j *Journal) remove(s event.Series, g segment, next uint64, reason string) error {
	list, err := Expired(j.dir, s)
	if err != nil {
		return err
	}
	if n := len(list); n > 0 && list[n-1].Reason == reason && list[n-1].Last+1 >= g.first {
		list[n-1].Last = next - 1
	} else {
		list = append(list, Gone{g.first, next - 1, reason})
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = j.disk.Place(expiredPath(j.dir, s), text)
	}
	if err == nil {
		err = os.Remove(g.path)
	}
	if err != nil {
		return fmt.Errorf("journal: expire %s: %w", g.path, err)
	}
	return nil
}

// Expired lists what is no longer in a series.
func Expired(dir string, s event.Series) (list []Gone, err error) {
	b, err := os.ReadFile(expiredPath(dir, s))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: what expired: %w", err)
	}
	return list, nil
}

// Why sorts entries that are missing, from one number to the one before another, by
// reason.
func Why(list []Gone, from, to uint64) map[string]uint64 {
	out := map[string]uint64{}
	left := to - from
	for _, g := range list {
		first, last := max(g.First, from), min(g.Last, to-1)
		if first <= last {
			out[g.Reason] += last - first + 1
			left -= last - first + 1
		}
	}
	if left > 0 {
		out[ByDamage] += left
	}
	return out
}

func expiredPath(dir string, s event.Series) string {
	return filepath.Join(dir, series[s], "expired.json")
}

// Size is what a series takes of the disk, in bytes.
func Size(dir string, s event.Series) (total int64, err error) {
	names, err := segments(dir, s)
	return sizeOf(names), err
}

func sizeOf(names []segment) (total int64) {
	for _, n := range names {
		total += n.size
	}
	return total
}
