package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	second = int64(1e9)
	minute = 60 * second

	// window is the grid of packet time that ids stand on, and how long an alert
	// takes in further findings. A story that lasts one window from its first
	// finding is never followed by one in the same window.
	window = 60 * minute

	maxStories = 10_000
	maxFlows   = 10 // flows kept of a story, as many as a person looks at
	maxRelated = 64 // addresses kept of a story
)

// growth is how long after an alert was raised it is written again.
var growth = [...]int64{1 * minute, 5 * minute, 15 * minute, window}

type storyKey struct{ detector, key string }

// story is one alert while it goes on.
type story struct {
	key         storyKey
	id          string
	finding     event.Finding // the graver and later one, with the onset, flows and addresses of all
	raised      int64         // time of revision 0, ns
	times       int           // how often it was raised, from 1
	promoted    string        // id of the alert that this one took over from
	suppression string
	incident    string
	joined      bool // other alerts are in its incident
	findings    int  // all that it holds
	fresh       int  // of those, since it was last written
	revision    int
	step        int // next of growth
}

func newStory(key storyKey, f event.Finding) *story {
	if f.Onset == 0 || f.Onset > f.Time {
		f.Onset = f.Time
	}
	f.FlowsTotal = max(f.FlowsTotal, len(f.Flows))
	f.Flows = slices.Clone(f.Flows[:min(len(f.Flows), maxFlows)])
	f.Related = slices.Clone(f.Related[:min(len(f.Related), maxRelated)])
	return &story{key: key, finding: f, raised: f.Time, times: 1, findings: 1}
}

// covers reports whether a finding of this time belongs to the story. A clock
// that stepped back far begins anew.
func (s *story) covers(t int64) bool { return t > s.raised-window && t < s.raised+window }

// merge takes in a further finding. Detectors report running totals, so the
// later numbers stand for all.
func (s *story) merge(f event.Finding) {
	old := s.finding
	if f.Onset == 0 {
		f.Onset = f.Time
	}
	f.Onset = min(f.Onset, old.Onset)
	f.Time = max(f.Time, old.Time)
	f.Severity = max(f.Severity, old.Severity)
	f.Score = max(f.Score, old.Score)
	f.FlowsTotal = max(f.FlowsTotal, old.FlowsTotal, len(f.Flows))
	f.Flows = union(old.Flows, f.Flows, maxFlows)
	f.Related = union(old.Related, f.Related, maxRelated)
	s.finding = f
	s.findings++
	s.fresh++
}

// promote makes the story ready to be raised anew.
func (s *story) promote() {
	s.promoted = s.id
	s.raised = s.finding.Time
	s.times++
	s.fresh, s.revision, s.step = 0, 0, 0
}

// union is a and what b adds to it, up to n.
func union[T comparable](a, b []T, n int) []T {
	out := slices.Clone(a)
	for _, x := range b {
		if len(out) >= n {
			break
		}
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// admit opens a story; where there is no room the oldest makes it.
func (d *Desk) admit(s *story) {
	if len(d.open) >= maxStories {
		d.count.StoriesEvicted++
		d.end(d.open[0])
	}
	d.stories[s.key] = s
	d.open = append(d.open, s)
}

// end closes a story before its time.
func (d *Desk) end(s *story) {
	d.writeGrowth(s)
	delete(d.stories, s.key)
	if d.open[0] == s {
		d.open[0] = nil
		d.open = d.open[1:]
		return
	}
	if i := slices.Index(d.open, s); i >= 0 {
		d.open = slices.Delete(d.open, i, i+1)
	}
}

// grow writes a story that is due and reports whether it stays open.
func (d *Desk) grow(s *story, now int64) bool {
	due := false
	for s.step < len(growth) && now >= s.raised+growth[s.step] {
		s.step++
		due = true
	}
	if due {
		d.writeGrowth(s)
	}
	return s.step < len(growth) && now > s.raised-window
}

// writeGrowth writes a story again if there is anything new in it.
func (d *Desk) writeGrowth(s *story) {
	if s.fresh == 0 || d.c.AlertsOnly {
		return
	}
	s.revision++
	d.writeAlert(s)
	s.fresh = 0
}

// id is the same in every replay: a keyed hash of the sensor and what is named.
func (d *Desk) id(parts ...string) string {
	mac := hmac.New(sha256.New, d.c.Seed)
	mac.Write([]byte(d.c.Observer.Name))
	for _, p := range parts {
		// the length in front keeps "a","bc" apart from "ab","c"
		mac.Write([]byte("|" + strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// host names one end across its addresses.
func host(e *event.Entity) string {
	if e.Asset != "" {
		return string(e.Asset)
	}
	if e.Addr.IsValid() {
		return e.Addr.String()
	}
	return ""
}

// addresses are all that a finding is about, each once, the subject first.
func addresses(f *event.Finding) []netip.Addr {
	var out []netip.Addr
	for _, a := range append([]netip.Addr{f.Subject.Addr, f.Peer.Addr}, f.Related...) {
		if a.IsValid() && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}
