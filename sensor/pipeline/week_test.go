package pipeline

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// weekZones is what people told the sensor: the zones, who may scan and who may
// watch. Nothing else of the hospital is known beforehand.
func weekZones(h *house) []know.Zone {
	p := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 32) }
	return []know.Zone{{Name: "hospital", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Scanners: []netip.Prefix{p(h.servers[scanner])}, Monitors: []netip.Prefix{p(h.servers[monitor])}},
		{Name: "guests", Role: "guest", Networks: []netip.Prefix{netip.MustParsePrefix("10.90.0.0/16")}}}
}

// seen is an alert or an incident as it came out.
type seen struct {
	at       int64
	detector string
	severity int64
	source   string
	message  string
}

// watchWeek is everything behind the merge, with what comes out of it.
type watchWeek struct {
	line      *Line
	alerts    []seen // from Medium on, when they were raised
	incidents []seen // when they were opened
	spent     time.Duration
	events    int
	heap      []uint64 // after each hour, bytes
}

func newWatchWeek(t testing.TB, h *house) *watchWeek {
	t.Helper()
	out := &watchWeek{}
	line, err := New(Config{Shards: 1, Know: know.Config{Zones: weekZones(h)},
		Alert: alert.Config{Observer: &event.Observer{Name: "week", Namespace: "default"}, Lang: "en", Seed: []byte("week")}}, out.take)
	if err != nil {
		t.Fatal(err)
	}
	line.after.document = nil // documents of events are measured elsewhere
	out.line = line
	return out
}

func (o *watchWeek) take(d event.Doc) {
	if d.Dataset != "alert" && d.Dataset != "incident" {
		return
	}
	var doc map[string]any
	if err := json.Unmarshal(d.JSON, &doc); err != nil {
		panic(err)
	}
	s := seen{at: d.Time, detector: text(doc, "brandmelder.detector"), severity: number(doc, "event.severity"), source: text(doc, "source.ip"), message: text(doc, "message")}
	if hosts, _ := get(doc, "related.ip").([]any); d.Dataset == "incident" && len(hosts) > 0 {
		s.source = fmt.Sprint(hosts[0]) // the one it began with
	}
	switch {
	case d.Dataset == "incident":
		if text(doc, "event.action") == "incident-opened" {
			o.incidents = append(o.incidents, s)
		}
	case text(doc, "event.action") == "" && s.severity >= int64(event.Medium):
		o.alerts = append(o.alerts, s)
	}
}

// hours runs the week from an hour on, for so many hours.
func (o *watchWeek) hours(w *week, n int, extra func(*week)) {
	for range n {
		w.officeHour()
		w.clinicHour()
		w.serverHour()
		w.voiceHour()
		w.guestHour()
		if extra != nil {
			extra(w)
		}
		o.run(w)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		o.heap = append(o.heap, m.HeapAlloc)
	}
}

// run hands on the events of this hour, in order, and keeps the later ones.
func (o *watchWeek) run(w *week) {
	sortEvents(w.events)
	w.begin += hour
	end, _ := slices.BinarySearchFunc(w.events, w.begin, func(e event.Event, at int64) int {
		if e.Place.Clock < at {
			return -1
		}
		return 1
	})
	began := threadTime()
	for i := range w.events[:end] {
		o.line.after.observe(&w.events[i])
	}
	o.spent += threadTime() - began
	o.events += end
	w.events = slices.Clone(w.events[end:])
}

// threadTime is what this thread used of a core.
func threadTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestWeek is `make eval-week`: a hospital's week with twenty intrusions. QUICK=1 is
// its first day with all of them.
func TestWeek(t *testing.T) {
	if os.Getenv("BRANDMELDER_WEEK") == "" {
		t.Skip("BRANDMELDER_WEEK is not set: make eval-week")
	}
	days := 7
	if os.Getenv("QUICK") != "" {
		days = 1
	}
	runtime.LockOSThread() // for threadTime
	defer runtime.UnlockOSThread()
	w := newWeek(1, 1)
	o := newWatchWeek(t, &w.house)
	begun := func(i *intrusion) int64 { return weekBegin + i.at%(int64(days)*day) }
	o.hours(w, days*24, func(w *week) {
		for i := range intrusions {
			if at := begun(&intrusions[i]); at >= w.begin && at < w.begin+hour {
				intrusions[i].play(w, at, w.office[intrusions[i].who])
			}
		}
	})
	o.line.after.close()
	o.tell(t, w, days, begun)
}
