// Package health is how the sensor is doing, in one document. Run and ship fill it, and
// status, top, support, the metrics and the index only render it: none of them has a
// figure of its own.
package health

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Status is how a sensor is doing. What run says of itself comes over its socket, and
// from the file that it leaves each few seconds where it does not answer; the rest is
// read from files, so that it can be told whichever process is away.
type Status struct {
	Sensor        string    `json:"sensor"`
	Version       string    `json:"version"`       // of the program that made this
	Configuration string    `json:"configuration"` // hash
	State         string    `json:"state"`         // directory
	At            time.Time `json:"at"`
	Sight         Sight     `json:"sight"`
	Up            bool      `json:"up"`            // run answers
	Run           *Run      `json:"run,omitempty"` // what it said last; absent: none ever ran here
	Minute        *Minute   `json:"minute,omitempty"`
	Detectors     Detectors `json:"detectors"`
	Journal       Journal   `json:"journal"`
	Outputs       []Output  `json:"outputs"`
	Ships         bool      `json:"ships"`   // some output needs the network
	Sending       bool      `json:"sending"` // ship runs
	Stored        *Stored   `json:"stored,omitempty"`
	Synchronised  *bool     `json:"synchronised,omitempty"` // the clock is kept by a time server; absent: unknown
	Blind         []string  `json:"blind,omitempty"`        // the newest times without sight, newest first
	Kept          Kept      `json:"kept"`
	Upgrade       *Upgrade  `json:"upgrade,omitempty"` // the latest
}

// Upgrade is a change of the version, as the package had it judged.
type Upgrade struct {
	From       string    `json:"from"` // "" where nothing ran
	To         string    `json:"to"`
	At         time.Time `json:"at"`
	Outcome    string    `json:"outcome"`              // begun, healthy or back
	Why        string    `json:"why,omitempty"`        // the version before came back
	Delivering []string  `json:"delivering,omitempty"` // outputs that worked before
}

func (u *Upgrade) String() string {
	text := fmt.Sprintf("to %s at %s: %s", u.To, u.At.Local().Format(time.DateTime), u.Outcome)
	if u.Why != "" {
		text += ", since " + u.Why
	}
	return text
}

// Run is what the process that captures says of itself.
type Run struct {
	PID       int               `json:"pid"`
	Version   string            `json:"version"`
	Since     time.Time         `json:"since"`
	At        time.Time         `json:"at"`
	Ended     bool              `json:"ended,omitempty"`  // in order: this was its last word
	Rights    string            `json:"rights,omitempty"` // that are left, and why
	Line      Line              `json:"line"`
	Silent    time.Time         `json:"silent,omitzero"` // since when no packet came; zero: they come
	Minute    *Minute           `json:"minute,omitempty"`
	Journaled uint64            `json:"journaled"`            // documents, since it began
	Shed      uint64            `json:"shed"`                 // documents that the journal could not take
	Alerts    map[string]uint64 `json:"alerts,omitempty"`     // by level of severity, since it began, without the exercise's
	LastAlert *Alert            `json:"last_alert,omitempty"` // of this run or one before
	LastDrill *Alert            `json:"last_drill,omitempty"` // the newest alert of the exercise
	Shipped   []Output          `json:"shipped,omitempty"`    // as ship told
	ShippedAt time.Time         `json:"shipped_at,omitzero"`
}

// Line is the live line. Its counts begin with the run.
type Line struct {
	Interfaces []Interface       `json:"interfaces"`
	Seen       uint64            `json:"seen"`    // packets that reached the tap
	Packets    uint64            `json:"packets"` // handed to the line, or counted in the kernel
	Bytes      uint64            `json:"bytes"`   // of these, on the wire
	Drops      Drops             `json:"drops"`
	Flows      Flows             `json:"flows"`
	Events     uint64            `json:"events"`
	Kinds      map[string]uint64 `json:"kinds,omitempty"` // events by kind: a protocol, flow.end, auth …
	Findings   uint64            `json:"findings"`
	Clock      time.Time         `json:"clock,omitzero"`  // of the packets, behind the merge
	Steps      uint32            `json:"steps,omitempty"` // times that the capture's clock was set
	Detectors  Detectors         `json:"detectors"`
	Canaries   []uint64          `json:"canaries,omitempty"` // that came out of detection, by capture
}

// Interface is one that is watched.
type Interface struct {
	Name   string    `json:"name"`
	Since  time.Time `json:"blind_since,omitzero"` // zero: it can be seen
	Reason string    `json:"reason,omitempty"`     // that it cannot
}

// Drops are what was lost, by where and why.
type Drops struct {
	Kernel    uint64            `json:"kernel"`  // packets that it had no room for
	Freezes   uint64            `json:"freezes"` // times a ring was full
	Undecoded map[string]uint64 `json:"undecoded,omitempty"`
	Shed      map[string]uint64 `json:"shed,omitempty"`    // events, by kind, because detection was behind
	Evicted   map[string]uint64 `json:"evicted,omitempty"` // flows that had to make room
	Unread    uint64            `json:"unread,omitempty"`  // conversations no longer read, to read newer ones
	Broken    uint64            `json:"broken,omitempty"`  // parsers that panicked; each cost one conversation's records
}

// Tallies lists what was lost, in order, without what was not.
func (d *Drops) Tallies() (list []Tally) {
	add := func(where, why string, n uint64) {
		if n > 0 {
			list = append(list, Tally{where, why, n})
		}
	}
	each := func(where string, counts map[string]uint64) {
		for _, why := range slices.Sorted(maps.Keys(counts)) {
			add(where, why, counts[why])
		}
	}
	add("kernel", "", d.Kernel)
	each("undecoded", d.Undecoded)
	each("shed", d.Shed)
	each("evicted", d.Evicted)
	add("unread", "", d.Unread)
	add("broken", "", d.Broken)
	return list
}

// Flows are the conversations.
type Flows struct {
	Live    uint64 `json:"live"`
	Created uint64 `json:"created"`
	Ended   uint64 `json:"ended"`
	Evicted uint64 `json:"evicted"`
}

// Detectors say who speaks and who still learns.
type Detectors struct {
	Total   int      `json:"total"`
	Lessons []Lesson `json:"lessons,omitempty"`
}

// Live is how many have nothing more to learn.
func (d *Detectors) Live() int {
	n := d.Total
	for i := range d.Lessons {
		if d.Lessons[i].Until != nil {
			n--
		}
	}
	return n
}

// Lesson is how far one detector is.
type Lesson struct {
	Detector string     `json:"detector"`
	Entries  int        `json:"entries,omitempty"` // that it keeps
	Saved    time.Time  `json:"saved,omitzero"`    // when they were last written
	Day      int        `json:"day,omitempty"`     // of Days, while it learns
	Days     int        `json:"days,omitempty"`    // that it has to learn; 0 it need not
	Until    *time.Time `json:"until,omitempty"`   // while it learns
	Again    string     `json:"again,omitempty"`   // why it had to begin anew
}

// String words it.
func (l Lesson) String() string {
	text := l.Detector
	if !l.Saved.IsZero() {
		text += fmt.Sprintf(" keeps %d, saved %s", l.Entries, l.Saved.Format(time.DateTime))
	}
	switch {
	case l.Until != nil:
		text += fmt.Sprintf("; learning until %s (day %d of %d)", l.Until.Format(time.DateTime), l.Day, l.Days)
	case l.Days > 0:
		text += fmt.Sprintf("; learned %d days", l.Days)
	}
	if l.Again != "" {
		text += "; began anew: " + strings.ReplaceAll(l.Again, "\n", "; ")
	}
	return text
}

// Minute is the newest whole minute of coverage.
type Minute struct {
	End        time.Time `json:"end"`
	Seen       uint64    `json:"seen"`
	Dropped    uint64    `json:"dropped"`
	Packets    uint64    `json:"packets"`
	Bytes      uint64    `json:"bytes"`
	Duplicates uint64    `json:"duplicates"`
	Gap        uint64    `json:"gap_bytes"`
	Opened     uint64    `json:"flows_opened"`
	Ended      uint64    `json:"flows_ended"`
	Evicted    uint64    `json:"flows_evicted"`
	OneWay     float64   `json:"one_way_share"` // of the ended flows, 0 to 1
	TCP        uint64    `json:"tcp_packets"`
	TCPOneWay  uint64    `json:"tcp_one_way"` // of those, in conversations of which only one side was seen
	Blind      int64     `json:"blind"`       // ns without an interface to look at
	Protocols  int       `json:"protocols"`
}

// Journal is what is on disk.
type Journal struct {
	Decisions Series `json:"decisions"`
	Telemetry Series `json:"telemetry"`
}

// Series is one of its two.
type Series struct {
	Documents uint64            `json:"documents"` // numbered so far
	Bytes     int64             `json:"bytes"`
	Oldest    time.Time         `json:"oldest,omitzero"`
	Expired   map[string]uint64 `json:"expired,omitempty"` // by reason
}

// Output is what one output gets to see, and how it stands.
type Output struct {
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	Where     string  `json:"where"`
	View      string  `json:"view"`
	What      string  `json:"what"`
	Decisions Account `json:"decisions"`
	Telemetry Account `json:"telemetry"`
}

// Account is how an output stands with one series of the journal.
type Account struct {
	Next         uint64 `json:"next"` // cursor: the first number without a fate
	Journaled    uint64 `json:"journaled"`
	Acknowledged uint64 `json:"acknowledged"`
	Pending      uint64 `json:"pending"`
	Dead         uint64 `json:"dead_letters"`
	Expired      uint64 `json:"expired"`
	Unasked      uint64 `json:"unasked"`
	HeldBack     uint64 `json:"held_back"`
	Doubtful     uint64 `json:"possible_duplicates"`
	Adds         bool   `json:"adds_up"`
	Error        string `json:"error,omitempty"` // what holds it up
	Since        string `json:"since,omitempty"` // when it began to, RFC 3339
}

// Both is the account of both series together; its cursor says nothing.
func (o *Output) Both() Account {
	a, b := o.Decisions, o.Telemetry
	sum := Account{
		Journaled: a.Journaled + b.Journaled, Acknowledged: a.Acknowledged + b.Acknowledged,
		Pending: a.Pending + b.Pending, Dead: a.Dead + b.Dead, Expired: a.Expired + b.Expired,
		Unasked: a.Unasked + b.Unasked, HeldBack: a.HeldBack + b.HeldBack,
		Doubtful: a.Doubtful + b.Doubtful, Adds: a.Adds && b.Adds, Error: a.Error, Since: a.Since,
	}
	if sum.Error == "" {
		sum.Error, sum.Since = b.Error, b.Since
	}
	return sum
}

// String is the identity that it must be.
func (a Account) String() string {
	text := fmt.Sprintf("%d journaled = %d acknowledged + %d pending + %d dead letters + %d expired",
		a.Journaled, a.Acknowledged, a.Pending, a.Dead, a.Expired)
	if a.Unasked > 0 {
		text += fmt.Sprintf(" + %d not asked for", a.Unasked)
	}
	if a.HeldBack > 0 {
		text += fmt.Sprintf(" + %d held back and counted in a message", a.HeldBack)
	}
	if a.Doubtful > 0 {
		text += fmt.Sprintf("; %d may be there twice", a.Doubtful)
	}
	if !a.Adds {
		text += " WRONG"
	}
	if a.Error != "" {
		text += "; waiting since " + a.Since + ": " + a.Error
	}
	return text
}

// Alert names an alert without saying whom it is about.
type Alert struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Severity int       `json:"severity"`
	Detector string    `json:"detector"`
}

// Stored is what people are told and have decided.
type Stored struct {
	Alerts       int    `json:"alerts"`
	Open         int    `json:"open"`
	Exercise     int    `json:"exercise"` // of the alerts
	Hour         int    `json:"hour"`     // alerts of the last hour, without the exercise's
	Incidents    int    `json:"incidents"`
	Decisions    int    `json:"decisions"`
	Minutes      int    `json:"minutes"` // of coverage
	Suppressions int    `json:"suppressions"`
	LastAlert    *Alert `json:"last_alert,omitempty"`
	LastDrill    *Alert `json:"last_drill,omitempty"`
}

// Kept is how long what is kept where, in days.
type Kept struct {
	Decisions int            `json:"decisions"` // alerts, incidents and what people decided
	Telemetry int            `json:"telemetry"` // logins, flows and health in the journal
	Coverage  int            `json:"coverage"`  // minutes of coverage in the view
	GB        float64        `json:"gb"`        // and no more than this of the whole state
	Index     map[string]int `json:"index"`     // in an index that documents go to
}
