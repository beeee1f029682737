package health

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// full is a document in which everything has a value.
func full() *Status {
	s := well()
	s.Version, s.Minute = `1 "x"\`, s.Run.Minute
	s.Run.Line.Clock, s.Run.Silent = noon.Add(-2*time.Second), noon.Add(-3*time.Second)
	s.Run.Line.Kinds = map[string]uint64{"dns": 5, "flow.end": 2}
	s.Run.Line.Drops = Drops{Undecoded: map[string]uint64{"short": 1}, Shed: map[string]uint64{"dns": 1}, Evicted: map[string]uint64{"half-open": 1}}
	s.Run.LastAlert = &Alert{At: noon}
	s.Outputs = []Output{{Name: "soc", Decisions: Account{Pending: 3, Error: "no", Since: noon.Add(-time.Minute).Format(time.RFC3339)}}}
	s.Judge()
	return s
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"\})? [0-9.e+-]+$`)
	headLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) (.+)$`)
)

// The text is as Prometheus reads it: each metric once, with its help and type before
// its samples, and counters named so.
func TestMetrics(t *testing.T) {
	var text strings.Builder
	full().Metrics(&text)
	types := map[string]string{}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if m := headLine.FindStringSubmatch(line); m != nil {
			if m[1] == "TYPE" && types[m[2]] != "" {
				t.Errorf("%s twice", m[2])
			}
			if m[1] == "TYPE" {
				types[m[2]] = m[3]
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil || types[m[1]] == "" {
			t.Errorf("not a sample, or without a type: %s", line)
		} else if counts := strings.HasSuffix(m[1], "_total"); counts != (types[m[1]] == "counter") {
			t.Errorf("%s is a %s", m[1], types[m[1]])
		}
	}
	for _, want := range []string{
		`brandmelder_build_info{version="1 \"x\"\\"} 1`, `brandmelder_sight{state="clear"} 1`, `brandmelder_sight{state="down"} 0`,
		`brandmelder_events_total{kind="dns"} 5`, `brandmelder_silent_seconds 3`, `brandmelder_clock_lag_seconds 2`,
		`brandmelder_output_pending_documents{output="soc"} 3`, `brandmelder_output_waiting_seconds{output="soc"} 60`,
		`brandmelder_last_drill_timestamp_seconds 0`,
	} {
		if !strings.Contains(text.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, &text)
		}
	}
}

// Where nothing ever ran there are no figures of a run, and it says so.
func TestMetricsOfNothing(t *testing.T) {
	s := &Status{At: noon}
	s.Judge()
	var text strings.Builder
	s.Metrics(&text)
	if !strings.Contains(text.String(), `brandmelder_sight{state="down"} 1`) || strings.Contains(text.String(), "brandmelder_capture") {
		t.Error(text.String())
	}
}
