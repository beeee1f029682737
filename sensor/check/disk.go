package check

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/journal"
)

func init() {
	register(Spec{Name: "disk", Doc: "the state directory: may it be written, and is there room for the journal", Run: disk})
}

// leastFree is what stays free beside a full state, for whatever else writes there, in bytes; beside a small state
// it is a quarter of that.
const leastFree = 256 << 20

func spare(gb float64) uint64 { return min(leastFree, uint64(gb*1e9)/4) }

// wanted is how many bytes a state of so many GB needs.
func wanted(gb float64) uint64 { return uint64(gb*1e9) + spare(gb) }

func disk(e *Env) []Problem {
	dir := standing(e.State)
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return []Problem{{
			About: e.State,
			What:  say("cannot be read: %v", "is niet te lezen: %v", err),
			Lost:  say("alerts are not kept, and what was learned is lost", "alarmen worden niet bewaard en wat geleerd is gaat verloren"),
			Mend:  "sudo install -d -m 0750 " + e.State,
		}}
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return []Problem{{
			About: e.State,
			What:  say("cannot be written by this user", "is niet te beschrijven door deze gebruiker"),
			Lost:  say("alerts are not kept, and what was learned is lost", "alarmen worden niet bewaard en wat geleerd is gaat verloren"),
			Mend:  e.Again,
		}}
	}
	free, used := s.Bavail*uint64(s.Bsize), sizeOf(e.State)
	e.fact(e.State, say("%.2f GB free, the state has %.2f of at most %v GB", "%.2f GB vrij, de toestand heeft %.2f van hoogstens %v GB",
		float64(free)/1e9, float64(used)/1e9, e.JournalGB))
	return crowded(dir, free, used, e.JournalGB)
}

// crowded judges the room, in bytes, for a state of so many GB. A state larger than it may be does not excuse a disk
// that has next to nothing free: it is not smaller until a run with this configuration has made it so.
func crowded(dir string, free, used uint64, gb float64) []Problem {
	small := free+used < wanted(gb)
	switch {
	case free < spare(gb)/16 || small && free < spare(gb):
		return []Problem{{
			About: dir,
			What:  say("the disk is full: %d MB free", "de schijf is vol: %d MB vrij", free>>20),
			Lost:  say("alerts may not be kept, and what is learned is not saved", "alarmen worden misschien niet bewaard, en wat geleerd wordt niet opgeslagen"),
			Mend:  "sudo du -xh --max-depth=2 " + dir + " | sort -h | tail",
		}}
	case small:
		return []Problem{{
			About: dir,
			What: say("the state may grow to %v GB, and there is room for %.2f", "de toestand mag groeien tot %v GB, en er is plaats voor %.2f",
				gb, float64(free+used)/1e9),
			Lost: say("the disk runs full before the journal forgets what is old", "de schijf loopt vol voordat het journaal vergeet wat oud is"),
			Mend: fmt.Sprintf("retention: {journal_gb: %v}", fits(free+used)),
		}}
	}
	return nil
}

// standing is the nearest directory above that there is.
func standing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// fits is how many GB of state go into so many bytes, with a fifth to spare, in hundredths.
func fits(room uint64) float64 {
	return max(journal.LeastGB, math.Floor(float64(room-min(room, leastFree))/1e9*80)/100)
}

// JournalGB is how far the state may grow where it is: as far as is wanted, unless
// the disk is too small for that.
func JournalGB(state string, gb float64) float64 {
	var s unix.Statfs_t
	if unix.Statfs(standing(state), &s) != nil {
		return gb
	}
	room := s.Bavail*uint64(s.Bsize) + sizeOf(state)
	if room >= wanted(gb) {
		return gb
	}
	return fits(room)
}

func sizeOf(dir string) (n uint64) {
	filepath.WalkDir(dir+"/", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += uint64(info.Size())
			}
		}
		return nil
	})
	return n
}
