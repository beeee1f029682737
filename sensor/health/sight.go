package health

import (
	"fmt"
	"strings"
	"time"
)

// Sight says whether the network can be seen, so that quiet never looks like blind:
// that nothing was found means something only while it is Clear.
type Sight struct {
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"` // of Blind and Down
	Why   []string  `json:"why,omitempty"`  // a sentence each
}

// States of the sight.
const (
	Clear  = "clear"  // all that crosses the mirror is seen
	Partly = "partly" // some of it is lost: Why says what
	Blind  = "blind"  // nothing can be seen
	Down   = "down"   // nobody watches
)

const (
	// A port of a switch sends something within a minute whatever its hosts do: spanning
	// tree each 2 s, LLDP each 30 s, and each host asks for its router by ARP.
	silence = time.Minute
	// The line closes a minute of coverage each minute; behind by more, it does not work.
	stale = 3 * time.Minute
	// Shares of a minute above which a detector misses what it would have found.
	muchDropped = 0.001
	muchGap     = 0.01
	// A mirror of one direction gives every TCP conversation one side; scans have one by
	// nature, and in whatever goes on beside them both sides send.
	muchOneWay = 0.95
	fewPackets = 100 // of TCP in a minute, below which their share says nothing
)

// Judge fills the sight from the rest of the document.
func (s *Status) Judge() {
	r := s.Run
	switch {
	case r == nil:
		s.Sight = Sight{State: Down, Why: []string{"no run has left a word here; `brandmelder setup` prepares one, and `systemctl start brandmelder` starts it"}}
	case !s.Up && r.Ended:
		s.Sight = Sight{State: Down, Since: r.At, Why: []string{"run was ended in order; `systemctl start brandmelder` starts it"}}
	case !s.Up:
		s.Sight = Sight{State: Down, Since: r.At, Why: []string{"run does not answer, and did not end in order; `journalctl -u brandmelder` says why"}}
	default:
		s.Sight = r.sight(s.At)
	}
}

// sight is that of a run that answers.
func (r *Run) sight(now time.Time) Sight {
	var blind []string
	var since time.Time
	for _, i := range r.Line.Interfaces {
		if !i.Since.IsZero() {
			blind = append(blind, fmt.Sprintf("%s is %s", i.Name, i.Reason))
			if i.Since.After(since) {
				since = i.Since
			}
		}
	}
	switch n := len(r.Line.Interfaces); {
	case n > 0 && len(blind) == n:
		return Sight{State: Blind, Since: since, Why: append(blind, "see `brandmelder check`")}
	case !r.Silent.IsZero() && now.Sub(r.Silent) >= silence:
		return Sight{State: Blind, Since: r.Silent, Why: append(blind, "no packet comes, and a mirror port is never that silent: see `brandmelder check`")}
	}
	why := append(blind, r.losses(now)...)
	if len(why) > 0 {
		return Sight{State: Partly, Why: why}
	}
	return Sight{State: Clear}
}

// losses say what of the newest minute was not seen.
func (r *Run) losses(now time.Time) (why []string) {
	say := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	m := r.Minute
	if m == nil || m.End.Before(r.Since) {
		if now.Sub(r.Since) > stale {
			say("no minute of coverage since it began")
		}
		return why
	}
	if now.Sub(m.End) > stale {
		say("no minute of coverage since %s", m.End.Local().Format(time.TimeOnly))
	}
	if share := m.dropped(); share > muchDropped {
		say("the kernel dropped %.1f %% of the packets in the newest minute", 100*share)
	}
	if share := m.gap(); share > muchGap {
		say("%.0f %% of the bytes in the newest minute were never seen", 100*share)
	}
	if share := m.oneWay(); m.TCP >= fewPackets && share > muchOneWay {
		say("%.0f %% of the TCP packets in the newest minute are of conversations that show one direction only: see `brandmelder check`", 100*share)
	}
	if m.Evicted > 0 {
		say("%d flows had to make room in the newest minute", m.Evicted)
	}
	if m.Blind > 0 {
		say("%s of the newest minute could not be seen", time.Duration(m.Blind).Round(time.Second/10))
	}
	return why
}

func (m *Minute) dropped() float64 { return float64(m.Dropped) / float64(max(m.Seen, 1)) }
func (m *Minute) oneWay() float64  { return float64(m.TCPOneWay) / float64(max(m.TCP, 1)) }
func (m *Minute) gap() float64     { return float64(m.Gap) / float64(max(m.Bytes+m.Gap, 1)) }

// Code is the exit status for a script that asks: 0 all is seen, 1 not all, 2 nothing.
func (s Sight) Code() int {
	return map[string]int{Clear: 0, Partly: 1, Blind: 2, Down: 2}[s.State]
}

// String words it in one line.
func (s Sight) String() string {
	text := map[string]string{
		Clear: "clear: what crosses the mirror is seen", Partly: "PARTLY: not everything is seen",
		Blind: "BLIND: nothing can be seen", Down: "DOWN: nobody watches",
	}[s.State]
	if !s.Since.IsZero() {
		text += " since " + s.Since.Local().Format(time.DateTime)
	}
	if len(s.Why) > 0 {
		text += ": " + strings.Join(s.Why, "; ")
	}
	return text
}
