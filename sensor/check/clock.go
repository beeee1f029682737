package check

import (
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	register(Spec{Name: "clock", Doc: "is the clock kept by a time server, and does it jump while it is watched", Run: clock})
}

// clockState is what was seen of the clock.
type clockState struct {
	now    time.Time
	synced bool          // the kernel was told by a program that sets it
	off    time.Duration // most that the kernel thinks it is off
	jump   time.Duration // that steady time did not share, while it was watched
}

const (
	maxOff  = time.Second // Kerberos tolerates 5 minutes, and alerts of two sensors are put in order
	maxJump = time.Second
)

func clock(e *Env) []Problem {
	wall, steady := wallClock(), steadyClock()
	e.Sights() // takes its time, in which the clock may be set
	if e.For == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	c := clockState{
		now: time.Now(), synced: err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0,
		off: time.Duration(t.Maxerror) * time.Microsecond, jump: (wallClock() - wall) - (steadyClock() - steady),
	}
	e.fact("", say("the clock says %s", "de klok staat op %s", c.now.UTC().Format(time.RFC3339)))
	return c.judge()
}

func wallClock() time.Duration   { return clockOf(unix.CLOCK_REALTIME) }
func steadyClock() time.Duration { return clockOf(unix.CLOCK_BOOTTIME) }

func clockOf(id int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// written is when this question was: a clock before it has not been set.
var written = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (c clockState) judge() (found []Problem) {
	lost := say("times on alerts that agree with other logs, and certificates that are valid", "tijden op alarmen die kloppen met andere logs, en certificaten die geldig zijn")
	const mend = "sudo timedatectl set-ntp true || sudo apt-get install chrony"
	if c.jump.Abs() > maxJump {
		found = append(found, Problem{Lost: lost, Mend: "timedatectl timesync-status",
			What: say("the clock was set by %s while it was watched", "de klok is %s verzet terwijl ernaar gekeken werd", c.jump.Round(time.Millisecond))})
	}
	switch {
	case c.now.Before(written):
		found = append(found, Problem{Lost: lost, Mend: mend,
			What: say("the clock is in the past: %s", "de klok staat in het verleden: %s", c.now.UTC().Format(time.DateOnly))})
	case !c.synced:
		found = append(found, Problem{Lost: lost, Mend: mend, Note: true,
			What: say("no program keeps the clock by a time server", "geen programma houdt de klok gelijk met een tijdserver")})
	case c.off > maxOff:
		found = append(found, Problem{Lost: lost, Mend: mend,
			What: say("the clock may be off by %s", "de klok kan er %s naast zitten", c.off.Round(time.Millisecond))})
	}
	return found
}
