package detect

import (
	"math"
	"math/bits"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Threshold random walk on first contacts (Jung, Paxson, Berger, Balakrishnan:
// Fast Portscan Detection Using Sequential Hypothesis Testing, 2004): a benign
// host's first contacts are answered with 0.8, a scanner's with 0.2.
var (
	walkFailed   = math.Log(0.8 / 0.2)
	walkAnswered = math.Log(0.2 / 0.8)
	walkLimit    = math.Log(0.99 / 0.01)
)

const (
	contactsKept = 64
	markBits     = 1 << 14
	scanFast     = 5 * minute
)

// scanGroup is the first contacts of one client that have a port, or a host, in
// common.
type scanGroup struct {
	walk     float64
	contacts []contact // ring, at most contactsKept
	next     int
	answered int
	flows    []event.FlowRef
	total    int // flows to targets that did not answer

	first, last int64
	alarmed     bool
	slow        bool
	counted     bool                   // in its story
	count       int                    // after the alarm: targets, roughly, to find the widest group
	marks       *[markBits / 64]uint64 // after the alarm: targets, by hash
}

type contact struct {
	target uint64 // address hash or port
	time   int64
	failed bool
}

// meet notes a contact and reports whether it is the first with its target.
func (g *scanGroup) meet(target uint64, failed bool, now int64) bool {
	if g.alarmed {
		if !failed {
			return false
		}
		i := mix(target) % markBits
		fresh := g.marks[i/64]>>(i%64)&1 == 0
		g.marks[i/64] |= 1 << (i % 64)
		g.last = max(g.last, now)
		return fresh
	}
	if i := slices.IndexFunc(g.contacts, func(c contact) bool { return c.target == target }); i >= 0 {
		return false
	}
	c := contact{target, now, failed}
	if len(g.contacts) < contactsKept {
		g.contacts = append(g.contacts, c)
	} else {
		g.contacts[g.next] = c
		g.next = (g.next + 1) % contactsKept
	}
	g.step(failed)
	g.last = max(g.last, now)
	return true
}

// answer takes back a failure: the target answered after all.
func (g *scanGroup) answer(target uint64) {
	for i := range g.contacts {
		if c := &g.contacts[i]; c.target == target && c.failed {
			c.failed = false
			g.walk = max(g.walk-walkFailed, 0)
			g.step(false)
			return
		}
	}
}

// step never goes below zero: long good conduct buys no scan.
func (g *scanGroup) step(failed bool) {
	if failed {
		g.walk = min(g.walk+walkFailed, 4*walkLimit)
		return
	}
	g.answered++
	g.walk = max(g.walk+walkAnswered, 0)
}

// failures counts the unanswered targets since a time, and finds the earliest.
func (g *scanGroup) failures(since int64) (n int, first int64) {
	for i := range g.contacts {
		c := &g.contacts[i]
		if !c.failed || c.time < since {
			continue
		}
		if n++; first == 0 || c.time < first {
			first = c.time
		}
	}
	return n, first
}

// judge decides: enough within minutes, or more within the long window.
func (g *scanGroup) judge(now int64, fast, slow int, window int64) bool {
	if g.alarmed || g.walk < walkLimit {
		return false
	}
	n, first := g.failures(now - scanFast)
	if n < fast {
		if n, first = g.failures(now - window); n < slow {
			return false
		}
		g.slow = true
	}
	g.first = first
	return true
}

// alarm turns to counting: what was kept moves to the marks.
func (g *scanGroup) alarm() {
	g.marks = new([markBits / 64]uint64)
	for _, c := range g.contacts {
		if c.failed {
			i := mix(c.target) % markBits
			g.marks[i/64] |= 1 << (i % 64)
		}
	}
	g.count, _ = g.failures(0)
	g.alarmed, g.contacts = true, nil
}

// targets estimates how many did not answer (linear counting, Whang 1990): within
// 2 % up to 65,536.
func (g *scanGroup) targets() int {
	set := 0
	for _, w := range g.marks {
		set += bits.OnesCount64(w)
	}
	free := max(float64(markBits-set), 0.5)
	return int(math.Round(markBits * math.Log(markBits/free)))
}

// mix spreads a target over the marks (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
