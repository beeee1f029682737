package pipeline

import (
	"fmt"
	"io"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// Accounting says where everything went. Each line of it is an identity, so
// nothing is lost silently: Check names the lines that do not add up.
type Accounting struct {
	Capture   capture.Stats // sums over the sources
	Left      uint64        // live: packets that were still in a ring at the end
	Decoded   uint64
	Undecoded []event.Tally // fragments that wait for others among them
	Shards    []uint64      // packets by shard
	Flow      flow.Count
	Alert     alert.Count
	Events    uint64
	Documents uint64
	Shed      []event.Tally // live: events dropped by kind because detection was behind
	From, To  int64         // packet time, ns
}

func (l *Line) account() Accounting {
	var a Accounting
	for _, in := range l.intakes {
		s := in.source.Stats()
		a.Capture.Seen += s.Seen
		a.Capture.Delivered += s.Delivered
		a.Capture.Counted += s.Counted
		a.Capture.Dropped += s.Dropped
		a.Capture.Freezes += s.Freezes
		a.Capture.Bytes += s.Bytes
		a.Capture.Notes = append(a.Capture.Notes, s.Notes...)
		a.Decoded += in.decoded
		for reason, n := range in.undecoded {
			if n > 0 {
				a.Undecoded = event.AddTally(a.Undecoded, decode.Reason(reason).String(), n)
			}
		}
	}
	for _, s := range l.shards {
		a.Shards = append(a.Shards, s.packets)
		for _, t := range s.shedded {
			a.Shed = event.AddTally(a.Shed, t.Name, t.Count)
		}
		for _, lane := range s.lanes {
			if lane != nil {
				a.Flow.Add(lane.Count())
			}
		}
	}
	a.Alert = l.after.desk.Count()
	a.Events = l.after.events
	a.Documents = l.documents
	a.From, a.To = l.after.first, l.after.now
	return a
}

func sum(list []event.Tally) (n uint64) {
	for _, t := range list {
		n += t.Count
	}
	return n
}

// Check returns a sentence for each identity that does not hold; none is right.
func (a *Accounting) Check() []string {
	var wrong []string
	equal := func(what string, left, right uint64) {
		if left != right {
			wrong = append(wrong, fmt.Sprintf("%s: %d is not %d", what, left, right))
		}
	}
	var shards uint64
	for _, n := range a.Shards {
		shards += n
	}
	equal("seen = delivered + counted + dropped + left unread", a.Capture.Seen, a.Capture.Delivered+a.Capture.Counted+a.Capture.Dropped+a.Left)
	equal("delivered = decoded + undecoded", a.Capture.Delivered, a.Decoded+sum(a.Undecoded))
	equal("decoded = packets of the shards", a.Decoded, shards)
	equal("flows = live + ended + evicted", a.Flow.Created, a.Flow.Live+a.Flow.Ended()+a.Flow.Evicted())
	equal("findings = alerts + merged + suppressed", a.Alert.Findings, a.Alert.Alerts+a.Alert.Merged+a.Alert.Suppressed)
	return wrong
}

// Print writes the accounting for people.
func (a *Accounting) Print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-11s "+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintln(w, "accounting")
	line("packets", "%d seen = %d delivered + %d counted + %d dropped + %d left unread",
		a.Capture.Seen, a.Capture.Delivered, a.Capture.Counted, a.Capture.Dropped, a.Left)
	line("", "%d delivered = %d decoded + %d not decoded%s", a.Capture.Delivered, a.Decoded, sum(a.Undecoded), list(a.Undecoded))
	if len(a.Shards) > 1 {
		line("", "by shard: %s", strings.Trim(fmt.Sprint(a.Shards), "[]"))
	}
	line("flows", "%d = %d live + %d ended + %d evicted", a.Flow.Created, a.Flow.Live, a.Flow.Ended(), a.Flow.Evicted())
	if a.Flow.StolenStreams > 0 {
		line("", "%d of them read no further, to read newer ones", a.Flow.StolenStreams)
	}
	line("events", "%d, %d shed%s", a.Events, sum(a.Shed), list(a.Shed))
	line("findings", "%d = %d alerts + %d merged + %d suppressed", a.Alert.Findings, a.Alert.Alerts, a.Alert.Merged, a.Alert.Suppressed)
	line("documents", "%d", a.Documents)
	for _, note := range a.Capture.Notes {
		line("note", "%s", note)
	}
	for _, wrong := range a.Check() {
		line("WRONG", "%s: please report this", wrong)
	}
}

func list(tallies []event.Tally) string {
	if len(tallies) == 0 {
		return ""
	}
	parts := make([]string, len(tallies))
	for i, t := range tallies {
		parts[i] = fmt.Sprintf("%s %d", t.Name, t.Count)
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
