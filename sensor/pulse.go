package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/output"
)

const (
	beat = time.Second
	// Run leaves a word in a file this often: so exactly is known since when it is down.
	wordEvery = 10 * time.Second
	// A document about the sensor goes out this often, as run begins and ends, and when its
	// sight changes.
	documentEvery = 5 * time.Minute
)

// wordIn is where run leaves what it said last.
func wordIn(state string) string { return filepath.Join(state, "run.json") }

// lastWord reads it; nil where there is none.
func lastWord(state string) (*health.Run, error) {
	b, err := os.ReadFile(wordIn(state))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r := &health.Run{}
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err != nil {
		err = fmt.Errorf("what run said last: %s: %w; the next run writes it anew", wordIn(state), err)
	}
	return r, err
}

// pulse is what run knows of itself.
type pulse struct {
	state string
	look  func() health.Line
	count func() (journaled, shed uint64)
	tell  func(*health.Run) // where its sight changed, or it is due
	say   func(format string, args ...any)

	putting   sync.Mutex // of the line and of the pulse
	record    func(event.Doc)
	documents uint64 // of its own

	mu       sync.Mutex
	run      health.Run
	packets  uint64 // when it was last looked
	moved    time.Time
	told     time.Time
	sight    string
	shed     uint64 // documents, as was told
	toldShed time.Time
}

func newPulse(state string) *pulse {
	now := time.Now()
	p := &pulse{state: state, moved: now, run: health.Run{PID: os.Getpid(), Version: version, Since: now, Alerts: map[string]uint64{}}}
	if before, err := lastWord(state); err == nil && before != nil {
		p.run.LastAlert, p.run.LastDrill = before.LastAlert, before.LastDrill
	}
	return p
}

// word is how the run is doing, at this moment.
func (p *pulse) word() health.Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fresh(time.Now())
}

func (p *pulse) fresh(now time.Time) health.Run {
	p.run.At, p.run.Line = now, p.look()
	p.run.Journaled, p.run.Shed = p.count()
	if p.run.Line.Packets != p.packets {
		p.packets, p.moved, p.run.Silent = p.run.Line.Packets, now, time.Time{}
	} else if now.Sub(p.moved) > 2*beat {
		p.run.Silent = p.moved
	}
	r := p.run
	r.Alerts = map[string]uint64{}
	for level, n := range p.run.Alerts {
		r.Alerts[level] = n
	}
	return r
}

// saw takes what concerns the sensor out of a document of the line.
func (p *pulse) saw(d event.Doc) {
	switch d.Dataset {
	case "coverage":
		if m, err := minuteOf(d.JSON); err == nil {
			p.mu.Lock()
			p.run.Minute = m
			p.mu.Unlock()
		}
	case "alert":
		if isAlert(d) {
			p.alert(d)
		}
	}
}

func (p *pulse) alert(d event.Doc) {
	var a shownAlert
	if json.Unmarshal(d.JSON, &a) != nil {
		return
	}
	one := &health.Alert{ID: d.ID, At: a.Time, Severity: a.Event.Severity, Detector: a.Rule.ID}
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(a.Tags, event.ExerciseTag) {
		p.run.LastDrill = one
		return
	}
	p.run.LastAlert = one
	p.run.Alerts[strings.ToLower(output.Level(one.Severity))]++
}

// put offers the journal a document of the line.
func (p *pulse) put(d event.Doc) {
	p.putting.Lock()
	defer p.putting.Unlock()
	p.record(d)
}

// document offers it one about the sensor.
func (p *pulse) document(d event.Doc) {
	p.putting.Lock()
	defer p.putting.Unlock()
	p.documents++
	p.record(d)
}

// shipped takes what ship tells of its outputs.
func (p *pulse) shipped(list []health.Output) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run.Shipped, p.run.ShippedAt = list, time.Now()
}

// beat looks each second until ctx ends, and leaves the last word.
func (p *pulse) beat(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r := p.word()
		if n%int(wordEvery/beat) == 0 {
			p.leave(r)
		}
		p.due(&r)
	}
}

// due tells of the sensor where its sight changed or enough time has passed.
func (p *pulse) due(r *health.Run) {
	s := health.Status{At: r.At, Up: true, Run: r}
	s.Judge()
	changed := p.sight != s.Sight.State && (p.sight != "" || s.Sight.State != health.Clear)
	if changed {
		sightNotices[s.Sight.State].tell(p.say, "sight %s", s.Sight)
	}
	if r.Shed > p.shed && r.At.Sub(p.toldShed) >= wordEvery {
		noticeShed.tell(p.say, "the journal could not take %d documents, %d since it began", r.Shed-p.shed, r.Shed)
		p.shed, p.toldShed = r.Shed, r.At
	}
	if changed || r.At.Sub(p.told) >= documentEvery {
		p.told = r.At
		p.tell(r)
	}
	p.sight = s.Sight.State
}

var sightNotices = map[string]*notice{health.Clear: noticeClear, health.Partly: noticePartly, health.Blind: noticeBlind}

// end leaves the last word of a run that ends in order, in the journal too.
func (p *pulse) end() {
	r := p.word()
	r.Ended = true
	p.leave(r)
	p.tell(&r)
}

// leave puts a word where others find it. A disk that refuses is said by the journal.
func (p *pulse) leave(r health.Run) {
	b, err := json.Marshal(r)
	if err != nil {
		return
	}
	lasting.Disk{}.Place(wordIn(p.state), append(b, '\n'))
}

// minuteOf reads a document of coverage.
func minuteOf(text []byte) (*health.Minute, error) {
	var d struct {
		Brandmelder struct {
			Coverage struct {
				End                    time.Time
				Seen, Dropped, Packets uint64
				Bytes, Duplicates      uint64
				Blind                  int64
				OneWay                 float64 `json:"one_way_share"`
				Gap                    uint64  `json:"gap_bytes"`
				Flows                  struct{ Opened, Ended, Evicted uint64 }
				TCP                    struct {
					Packets uint64
					OneWay  uint64 `json:"one_way"`
				}
				Protocols []struct{}
			}
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	c := &d.Brandmelder.Coverage
	return &health.Minute{
		End: c.End, Seen: c.Seen, Dropped: c.Dropped, Packets: c.Packets, Bytes: c.Bytes, Duplicates: c.Duplicates, Gap: c.Gap,
		Opened: c.Flows.Opened, Ended: c.Flows.Ended, Evicted: c.Flows.Evicted, OneWay: c.OneWay,
		TCP: c.TCP.Packets, TCPOneWay: c.TCP.OneWay, Blind: c.Blind, Protocols: len(c.Protocols),
	}, nil
}
