package main

import (
	"encoding/json"
	"math"
	"time"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/view"
)

// paged is what the page reads of an alert's document.
type paged struct {
	Event struct {
		Risk float64 `json:"risk_score"`
	}
	Rule        struct{ ID, Name string }
	Observer    struct{ Name string }
	User        struct{ Name string }
	Source      struct{ IP, Domain string }
	Destination struct {
		IP, Domain string
		Port       int
	}
	Threat struct {
		Technique struct {
			ID           []string
			Subtechnique struct{ ID []string }
		}
	}
	Brandmelder struct {
		Observed, Baseline measured
		Risk               struct{ Reasons []string }
		Incident           struct{ ID string }
		Targets            []string
		FlowsTotal         int `json:"flows_total"`
		Flows              []struct {
			Start               time.Time
			Source, Destination string
			CommunityID         string `json:"community_id"`
		}
		Zone                struct{ Source, Destination string }
		Source, Destination struct{ Role, Owner, Contact string }
		Coverage            *pagedCoverage
		Learning            struct {
			Detectors []string
			Until     time.Time
		}
		Text map[string]struct {
			Title, Message, Why, Other string
			Steps                      []string
		}
	}
}

type pagedCoverage struct {
	Packets, Seen, Dropped uint64
	GapBytes               uint64  `json:"gap_bytes"`
	OneWayShare            float64 `json:"one_way_share"`
}

// measured is a number of an alert.
type measured struct {
	Value float64
	Unit  string
	Since time.Time
}

// chart shows what was measured beside what is usual, as bars.
type chart struct {
	Height int
	Head   string
	Label  string
	Bars   []bar
	Note   string
}

type bar struct {
	Name, Value, Fill       string
	Y, TextY, Width, ValueX int
}

// Widths of the drawing, in its own units: room for the name, for the longest bar and
// for the figure behind it.
const (
	barsFrom = 130
	barsLong = 380
	barStep  = 36
)

// chart is nil where nothing stands beside what was measured: the sentence has it.
func (p *page) chart(observed, usual *measured) *chart {
	if observed.Unit == "" || usual.Unit == "" {
		return nil
	}
	c := &chart{Head: p.Say("beside-usual"), Note: p.Say("since") + " " + stamp(usual.Since), Height: 2*barStep - 10}
	beside := p.Say("usual")
	if usual.Since.IsZero() {
		c.Head, c.Note, beside = p.Say("beside-limit"), p.Say("shipped"), p.Say("limit")
	}
	top := math.Abs(observed.Value)
	if usual.Unit == observed.Unit { // another unit is a figure beside it, and no bar
		top = math.Max(top, math.Abs(usual.Value))
	}
	for i, m := range []*measured{observed, usual} {
		b := bar{Name: p.Say("observed"), Fill: p.Colour, Y: i * barStep, TextY: i*barStep + 17}
		if m == usual {
			b.Name, b.Fill = beside, "#9aa7b5"
		}
		if top > 0 && m.Unit == observed.Unit {
			b.Width = max(int(barsLong*math.Abs(m.Value)/top), 2)
		}
		b.ValueX = barsFrom + b.Width + 10
		b.Value = alert.Quantity(p.Lang, m.Value, m.Unit)
		c.Label += b.Name + " " + b.Value + ". "
		c.Bars = append(c.Bars, b)
	}
	return c
}

// maxTimeline is how many alerts of its incident a page tells of.
const maxTimeline = 20

// incident are the alerts of the same incident, oldest first.
func (s *settings) incident(a *view.Alert) ([]view.Alert, error) {
	id := incidentOf(a)
	v, _, err := s.view()
	if err != nil || v == nil || id == "" {
		return nil, err
	}
	defer v.Close()
	all, err := v.Alerts(false, 10_000)
	if err != nil {
		return nil, err
	}
	var list []view.Alert
	for i := len(all) - 1; i >= 0 && len(list) < maxTimeline; i-- {
		if incidentOf(&all[i]) == id {
			list = append(list, all[i])
		}
	}
	return list, nil
}

func incidentOf(a *view.Alert) string {
	var d paged
	if json.Unmarshal([]byte(a.JSON), &d) != nil {
		return ""
	}
	return d.Brandmelder.Incident.ID
}
