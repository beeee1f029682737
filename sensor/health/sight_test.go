package health

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// well is a run that sees all.
func well() *Status {
	return &Status{At: noon, Up: true, Run: &Run{
		Since: noon.Add(-time.Hour), At: noon,
		Line:   Line{Interfaces: []Interface{{Name: "eth1"}, {Name: "eth2"}}},
		Minute: &Minute{End: noon.Add(-10 * time.Second), Seen: 100_000, Packets: 100_000, Bytes: 1 << 26, TCP: 500, TCPOneWay: 100},
	}}
}

// Quiet and blind differ: nothing is called clear of which a part was not seen.
func TestSight(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Status)
		state  string
		why    string
	}{
		"all is seen":         {func(*Status) {}, Clear, ""},
		"none ever ran":       {func(s *Status) { s.Run = nil }, Down, "no run has left a word"},
		"ended":               {func(s *Status) { s.Up, s.Run.Ended = false, true }, Down, "in order"},
		"died":                {func(s *Status) { s.Up = false }, Down, "did not end in order"},
		"one is down":         {func(s *Status) { s.Run.Line.Interfaces[0].Since, s.Run.Line.Interfaces[0].Reason = noon, "down" }, Partly, "eth1 is down"},
		"both are gone":       {gone, Blind, "eth2 is gone"},
		"silent for a moment": {func(s *Status) { s.Run.Silent = noon.Add(-silence + 1) }, Clear, ""},
		"silent":              {func(s *Status) { s.Run.Silent = noon.Add(-silence) }, Blind, "no packet comes"},
		"dropped a little":    {func(s *Status) { s.Run.Minute.Dropped = 100 }, Clear, ""},
		"dropped":             {func(s *Status) { s.Run.Minute.Dropped = 200 }, Partly, "dropped 0.2 %"},
		"gaps":                {func(s *Status) { s.Run.Minute.Gap = 1 << 21 }, Partly, "3 % of the bytes"},
		"almost all gaps":     {func(s *Status) { s.Run.Minute.Gap = 99 * s.Run.Minute.Bytes }, Partly, "99 % of the bytes"},
		"one way":             {func(s *Status) { s.Run.Minute.TCPOneWay = 500 }, Partly, "one direction only"},
		"few packets":         {func(s *Status) { s.Run.Minute.TCPOneWay, s.Run.Minute.TCP = 30, 30 }, Clear, ""},
		"evicted":             {func(s *Status) { s.Run.Minute.Evicted = 1 }, Partly, "1 flows had to make room"},
		"was blind":           {func(s *Status) { s.Run.Minute.Blind = int64(5 * time.Second) }, Partly, "5s of the newest minute"},
		"stale":               {func(s *Status) { s.Run.Minute.End = noon.Add(-stale - 1) }, Partly, "no minute of coverage since"},
		"none yet":            {func(s *Status) { s.Run.Since, s.Run.Minute = noon.Add(-time.Minute), nil }, Clear, ""},
		"none ever":           {func(s *Status) { s.Run.Minute = nil }, Partly, "since it began"},
	} {
		s := well()
		test.change(s)
		s.Judge()
		if s.Sight.State != test.state || !strings.Contains(s.Sight.String(), test.why) || (test.why == "") != (len(s.Sight.Why) == 0) {
			t.Errorf("%s: %s", name, s.Sight)
		}
		if want := map[string]int{Clear: 0, Partly: 1, Blind: 2, Down: 2}[test.state]; s.Sight.Code() != want {
			t.Errorf("%s: exit code %d", name, s.Sight.Code())
		}
		if since := !s.Sight.Since.IsZero(); since != (test.state == Blind || test.state == Down && s.Run != nil) {
			t.Errorf("%s: since %v", name, s.Sight.Since)
		}
	}
}

func gone(s *Status) {
	for i := range s.Run.Line.Interfaces {
		s.Run.Line.Interfaces[i].Since, s.Run.Line.Interfaces[i].Reason = noon.Add(-time.Minute), "gone"
	}
}

func TestBoth(t *testing.T) {
	o := Output{Decisions: Account{Journaled: 3, Acknowledged: 2, Pending: 1, Adds: true}, Telemetry: Account{Journaled: 4, Dead: 4, Adds: true, Error: "refused", Since: "x"}}
	want := "7 journaled = 2 acknowledged + 1 pending + 4 dead letters + 0 expired; waiting since x: refused"
	if got := o.Both().String(); got != want {
		t.Error(got)
	}
}

func TestTallies(t *testing.T) {
	d := Drops{Kernel: 2, Undecoded: map[string]uint64{"short": 1, "none": 0}, Shed: map[string]uint64{"tls": 4, "dns": 3}, Broken: 1}
	want := []Tally{{"kernel", "", 2}, {"undecoded", "short", 1}, {"shed", "dns", 3}, {"shed", "tls", 4}, {"broken", "", 1}}
	if got := d.Tallies(); !slices.Equal(got, want) {
		t.Error(got)
	}
}
