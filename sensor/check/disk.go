package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func init() {
	register(Spec{Name: "disk", Doc: "the state directory: may it be written, and is there room for the journal", Run: disk})
}

// leastFree is what decisions and state need whatever happens to telemetry: 10,000
// alerts of some kilobytes, and two generations of what detectors learned.
const leastFree = 256 << 20

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
	free, used := s.Bavail*uint64(s.Bsize), sizeOf(e.Journal)
	e.fact(e.State, say("%.1f GB free, the journal has %.1f of at most %d GB", "%.1f GB vrij, het journaal heeft %.1f van hoogstens %d GB",
		float64(free)/1e9, float64(used)/1e9, e.JournalGB))
	wanted := uint64(e.JournalGB)*1e9 + leastFree
	switch {
	case free < leastFree:
		return []Problem{{
			About: dir,
			What:  say("the disk is full: %d MB free", "de schijf is vol: %d MB vrij", free>>20),
			Lost:  say("alerts may not be kept, and what is learned is not saved", "alarmen worden misschien niet bewaard, en wat geleerd wordt niet opgeslagen"),
			Mend:  "sudo du -xh --max-depth=2 " + dir + " | sort -h | tail",
		}}
	case free+used < wanted:
		return []Problem{{
			About: dir,
			What: say("the journal may grow to %d GB, and there is room for %.1f", "het journaal mag groeien tot %d GB, en er is plaats voor %.1f",
				e.JournalGB, float64(free+used)/1e9),
			Lost: say("the disk runs full before the journal forgets what is old", "de schijf loopt vol voordat het journaal vergeet wat oud is"),
			Mend: fmt.Sprintf("retention: {journal_gb: %d}", fits(free+used)),
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

// fits is how many GB of journal go into so many bytes, with a fifth to spare.
func fits(room uint64) int { return int(max(1, (room-min(room, leastFree))/1e9*8/10)) }

// JournalGB is how far the journal may grow where the state is: as far as is wanted,
// unless the disk is too small for that.
func JournalGB(state string, wanted int) int {
	var s unix.Statfs_t
	if unix.Statfs(standing(state), &s) != nil {
		return wanted
	}
	room := s.Bavail*uint64(s.Bsize) + sizeOf(state)
	if room >= uint64(wanted)*1e9+leastFree {
		return wanted
	}
	return fits(room)
}

func sizeOf(dir string) (n uint64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += uint64(info.Size())
			}
		}
		return nil
	})
	return n
}
