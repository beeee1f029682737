package strict

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

func keysOf(fields map[string]reflect.Type) []string { return slices.Sorted(maps.Keys(fields)) }

// Unknown says that a name is not one of names, and which was probably meant.
func Unknown(what, name string, names []string) string {
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("unknown %s %q: did you mean %q?", what, name, near)
	}
	if len(names) == 0 {
		return fmt.Sprintf("unknown %s %q: there is none here", what, name)
	}
	return fmt.Sprintf("unknown %s %q: choose %s", what, name, strings.Join(names, ", "))
}

// nearest is the name with the fewest changes, "" when more than half of the
// letters differ.
func nearest(name string, names []string) (best string) {
	least := max(len(name)/2, 1) + 1
	for _, other := range names {
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	return best
}

// distance is the number of letters to add, drop or change (Levenshtein 1965).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
