package detect

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// The split was written down before any habit was scored: what had been looked at
// while the score was made calibrates, and of the habits the four whose name has the
// smallest SHA-256 are held out. Neither the tails nor the bar were chosen
// with them; docs/eval-beacon.md counts each time that they were looked at, and the
// bar of slow timers was raised after one, so that lookedLaws, and
// after those freshLaws, took their place.
const habitsHeldOut = 4

var calibrationLaws, heldOutLaws = splitLaws()

func splitLaws() (calibration, heldOut []law) {
	habits := slices.Clone(habitLaws)
	slices.SortFunc(habits, func(a, b law) int {
		x, y := sha256.Sum256([]byte(a.name)), sha256.Sum256([]byte(b.name))
		return bytes.Compare(x[:], y[:])
	})
	return slices.Concat(chanceLaws, habits[habitsHeldOut:]), habits[:habitsHeldOut]
}
