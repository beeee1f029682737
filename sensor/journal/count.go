package journal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Count is the accounting: Offered = Journaled + Dropped + Lost.
type Count struct {
	Offered, Journaled uint64
	Dropped            []event.Tally // by dataset: the queue was full
	Lost               []event.Tally // by dataset: the disk refused, or there is no room that telemetry may have
	Err                error         // the latest that went wrong
}

func (c Count) String() string {
	s := fmt.Sprintf("%d = %d journaled + %d dropped%s + %d lost%s", c.Offered, c.Journaled,
		sum(c.Dropped), list(c.Dropped), sum(c.Lost), list(c.Lost))
	if c.Err != nil {
		s += "; " + c.Err.Error()
	}
	return s
}

func tallies(m map[string]uint64) (out []event.Tally) {
	for name, n := range m {
		out = append(out, event.Tally{Name: name, Count: n})
	}
	slices.SortFunc(out, func(a, b event.Tally) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func sum(tallies []event.Tally) (n uint64) {
	for _, t := range tallies {
		n += t.Count
	}
	return n
}

func list(tallies []event.Tally) string {
	if len(tallies) == 0 {
		return ""
	}
	var parts []string
	for _, t := range tallies {
		parts = append(parts, fmt.Sprint(t.Name, " ", t.Count))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
