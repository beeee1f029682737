package alert

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Actions of a decision.
const (
	Acknowledge = "alert-acknowledged"
	CloseAlert  = "alert-closed"
	Suppress    = "suppression-added"
	Unsuppress  = "suppression-ended"
)

// Verdicts on a closed alert: an attack, a false alarm, or what it says but allowed.
var Verdicts = []string{"true", "false", "benign"}

// Decision is what a person decided about alerts. It is a document like any other,
// is never changed, and is kept as long as the alerts. Owner is who decided.
type Decision struct {
	Action  string
	Time    int64 // ns
	Owner   string
	Reason  string
	Alert   string // id, of Acknowledge and CloseAlert
	Verdict string // of CloseAlert
	// Suppression is the id of what was added or ended; the rest is of Suppress.
	Suppression string
	Expiry      int64 // ns
	Scope       Scope
}

var decisionTable = event.NewTable("decision", "What a person decided.",
	decided("alert", "alert that it is about", func(d *Decision) string { return d.Alert }),
	decided("verdict", "true, false or benign", func(d *Decision) string { return d.Verdict }),
	decidedBy("owner", "who decided", func(d *Decision) string { return d.Owner }),
	decidedBy("reason", "why", func(d *Decision) string { return d.Reason }),
	decided("suppression", "suppression that it is about", func(d *Decision) string { return d.Suppression }),
	event.Time("brandmelder.decision.expiry", event.Technical, "end of the suppression", func(d *Decision) int64 { return d.Expiry }),
	decided("scope.detector", "detector that is suppressed", func(d *Decision) string { return d.Scope.Detector }),
	decided("scope.family", "family that is suppressed", func(d *Decision) string { return d.Scope.Family }),
	decided("scope.source", "network of the sources", func(d *Decision) string { return network(d.Scope.Source) }),
	decided("scope.destination", "network of the destinations", func(d *Decision) string { return network(d.Scope.Destination) }),
)

// Table names the fields of a decision's document.
func (*Decision) Table() *event.Table { return decisionTable }

func decided(name, doc string, get func(*Decision) string) event.Field {
	return event.String("brandmelder.decision."+name, event.Technical, doc, func(d *Decision) (string, bool) { s := get(d); return s, s != "" })
}

func decidedBy(name, doc string, get func(*Decision) string) event.Field {
	f := decided(name, doc, get)
	f.Privacy = event.Personal
	return f
}

func network(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func parseNetwork(s string) (netip.Prefix, error) {
	if s == "" {
		return netip.Prefix{}, nil
	}
	return netip.ParsePrefix(s)
}

var decisionLayout = event.NewLayout(event.HeaderTable, decisionTable)

// NewID is an id that no decision has had.
func NewID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Doc is the document of a decision.
func (d *Decision) Doc(o *event.Observer) event.Doc {
	h := &event.Header{
		Time: d.Time, Kind: "event", Dataset: "decision", Action: d.Action, ID: NewID(),
		Category: []string{"configuration"}, Type: []string{"change"}, Observer: o,
	}
	return event.Doc{
		Dataset: h.Dataset, ID: h.ID, Time: d.Time, Keep: event.Decisions,
		JSON: decisionLayout.Append(nil, h, d),
	}
}

// ParseDecision reads the document of a decision.
func ParseDecision(doc event.Doc) (d Decision, err error) {
	var in struct {
		Event       struct{ Action string }
		Brandmelder struct {
			Decision struct {
				Alert, Verdict, Owner, Reason, Suppression string
				Expiry                                     time.Time
				Scope                                      struct{ Detector, Family, Source, Destination string }
			}
		}
	}
	if err := json.Unmarshal(doc.JSON, &in); err != nil {
		return d, fmt.Errorf("decision %s: %w", doc.ID, err)
	}
	x := in.Brandmelder.Decision
	d = Decision{
		Action: in.Event.Action, Time: doc.Time, Owner: x.Owner, Reason: x.Reason,
		Alert: x.Alert, Verdict: x.Verdict, Suppression: x.Suppression,
		Scope: Scope{Detector: x.Scope.Detector, Family: x.Scope.Family},
	}
	if !x.Expiry.IsZero() {
		d.Expiry = x.Expiry.UnixNano()
	}
	var errs [2]error
	d.Scope.Source, errs[0] = parseNetwork(x.Scope.Source)
	d.Scope.Destination, errs[1] = parseNetwork(x.Scope.Destination)
	if err := errors.Join(errs[:]...); err != nil {
		return d, fmt.Errorf("decision %s: %w", doc.ID, err)
	}
	return d, nil
}

// Standing are the suppressions that were added and neither ended nor expired.
func Standing(list []Decision, now time.Time) []Suppression {
	var out []Suppression
	for _, d := range list {
		switch d.Action {
		case Suppress:
			out = append(out, Suppression{ID: d.Suppression, Owner: d.Owner, Reason: d.Reason, Expiry: d.Expiry, Scope: d.Scope})
		case Unsuppress:
			out = slices.DeleteFunc(out, func(s Suppression) bool { return s.ID == d.Suppression })
		}
	}
	return slices.DeleteFunc(out, func(s Suppression) bool { return s.Expiry <= now.UnixNano() })
}
