package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// icsCommand finds what a master does not do all day. Polling and writing values
// is the work of a control system and never an alarm. Three things are:
//
//   - a command: stop, start, restart, silence, program, firmware, file; or one
//     that the device refused again and again;
//   - a search: addresses, units and functions that the device does not have;
//   - a new master, or the first write of one that only read. This rests until
//     the device has been known for two weeks.
type icsCommand struct {
	env     Env
	seen    *baseline.Map[icsKind, icsCount]
	stories *baseline.Map[icsKey, icsStory]
	pairs   *baseline.Map[icsPair, icsTried]
	devices *baseline.Map[icsDevice, icsMasters]
	waiting []icsKey // stories with commands that are not answered yet
}

const (
	icsEntries = 8192
	icsIdle    = 24 * 3600 * second
	icsNames   = 6  // operations that a story names
	icsHosts   = 64 // devices that it counts

	// A person mistypes a device's password twice.
	icsGuesses = 3
	// A scheduled backup of a device that cannot be backed up gives up after its
	// few retries and comes again the next night.
	icsDenied = 8
)

// icsEvent is one record of a parser, with who asks whom.
type icsEvent struct {
	asker, device    netip.Addr
	protocol         string
	class, operation string
	unit             int64
	status           string
	requests         int64 // more than at the record before
	accepted         int64
	refused          int64
	unknown          int64 // addresses that do not exist, so far
	flow             event.FlowRef
	port             uint16
	at               int64
}

// icsKind is what a parser counts together.
type icsKind struct {
	flow             event.Key
	start            int64
	operation, asker string
	unit             int64
}

type icsCount struct{ requests, accepted, refused int64 }

type icsKey struct {
	asker    netip.Addr
	protocol string
}

// icsStory is the commands of one host over one protocol.
type icsStory struct {
	onset                       int64
	operations                  []string
	devices                     []netip.Addr
	requests, accepted, refused int64
	guesses, denied             int64 // of the refused: for the password, and of a backup
	grave                       bool  // state or program
	told                        int64
	toldAccepted                bool
	waits                       bool
	flows                       []event.FlowRef
	port                        uint16
}

func newICSCommand(env Env, decode Decoder) (Detector, error) {
	env.State.Learn("ics-command", icsLearn)
	return &icsCommand{
		env:     env,
		seen:    baseline.NewMap[icsKind, icsCount](env.State, "ics-command.kinds", icsEntries, icsIdle),
		stories: baseline.NewMap[icsKey, icsStory](env.State, "ics-command.stories", icsEntries, icsIdle),
		pairs:   baseline.NewMap[icsPair, icsTried](env.State, "ics-command.pairs", icsEntries, icsIdle),
		devices: baseline.Keep(env.State, baseline.NewMap[icsDevice, icsMasters](env.State, "ics-command.devices", icsEntries, icsMemory)),
	}, decode(&struct{}{})
}

func (d *icsCommand) Observe(e *event.Event, report Report) {
	if e.Flow == nil || !event.Has(e.Data, "brandmelder.ot.class") {
		return
	}
	o := d.read(e)
	d.search(&o, report)
	switch {
	case o.class == "state" || o.class == "program" || o.class == "file":
		d.command(&o, report)
	case (o.class == "backup" || o.status == "password-failure") && o.refused > 0:
		d.command(&o, report)
	}
	d.master(&o, report)
}

// read turns a record around where the server asked, and takes what is new of its
// counts.
func (d *icsCommand) read(e *event.Event) icsEvent {
	o := icsEvent{
		asker: e.Flow.Client.Addr(), device: e.Flow.Server.Addr(), protocol: e.Flow.App, port: e.Flow.Server.Port(),
		class: event.TextOf(e.Data, "brandmelder.ot.class"), operation: event.TextOf(e.Data, "brandmelder.ot.operation"),
		status: event.TextOf(e.Data, "brandmelder.ot.status"), unit: -1,
		unknown: event.NumberOf(e.Data, "brandmelder.ot.unknown_addresses"), flow: e.Flow.Ref(), at: e.Time,
	}
	if event.Has(e.Data, "brandmelder.ot.unit") {
		o.unit = event.NumberOf(e.Data, "brandmelder.ot.unit")
	}
	if event.IsTrue(e.Data, "brandmelder.ot.reversed") {
		o.asker, o.device, o.port = o.device, o.asker, e.Flow.Client.Port()
	}
	if detail := event.TextOf(e.Data, "brandmelder.ot.detail"); detail != "" {
		o.operation += " " + detail
	}
	now := icsCount{event.NumberOf(e.Data, "brandmelder.ot.requests"), event.NumberOf(e.Data, "brandmelder.ot.accepted"), event.NumberOf(e.Data, "brandmelder.ot.refused")}
	c, _ := d.seen.Touch(icsKind{e.Flow.Key, e.Flow.Start, strings.Clone(o.operation), o.asker.String(), o.unit}, e.Time)
	o.requests, o.accepted, o.refused = max(now.requests-c.requests, 0), max(now.accepted-c.accepted, 0), max(now.refused-c.refused, 0)
	*c = now
	return o
}

// command adds to the story of the asker. It is told when the answer is known, or
// at the next tick: whether the device obeyed decides how grave it is.
func (d *icsCommand) command(o *icsEvent, report Report) {
	k := icsKey{o.asker, o.protocol}
	s, fresh := d.stories.Touch(k, o.at)
	if fresh {
		s.onset, s.port = o.at, o.port
	}
	s.add(o)
	switch {
	case !s.certain():
	case o.status != "":
		d.tell(k, s, o.at, report)
	case !s.waits:
		s.waits = true
		d.waiting = append(d.waiting, k)
	}
}

func (s *icsStory) add(o *icsEvent) {
	if o.class == "state" || o.class == "program" || o.class == "file" {
		s.grave = s.grave || o.class != "file"
		s.requests += o.requests
	} else if s.requests += o.refused; o.status == "password-failure" {
		s.guesses += o.refused
	} else {
		s.denied += o.refused
	}
	s.accepted, s.refused = s.accepted+o.accepted, s.refused+o.refused
	s.operations = keep(s.operations, o.operation, icsNames)
	s.devices = keep(s.devices, o.device, icsHosts)
	s.flows = keep(s.flows, o.flow, event.MaxRefs)
}

// certain leaves out a device's password that was mistyped, and a backup that the
// device does not support.
func (s *icsStory) certain() bool {
	vain := s.guesses + s.denied
	return s.requests > vain || s.guesses >= icsGuesses || vain >= icsDenied
}

// Tick tells of commands that nobody answered.
func (d *icsCommand) Tick(now int64, report Report) {
	for _, k := range d.waiting {
		if s := d.stories.Get(k); s != nil && s.waits {
			d.tell(k, s, now, report)
		}
	}
	d.waiting = d.waiting[:0]
}

// tell reports once, then when a command is accepted for the first time and at
// each doubling.
func (d *icsCommand) tell(k icsKey, s *icsStory, at int64, report Report) {
	s.waits = false
	news := s.accepted > 0 && !s.toldAccepted
	if s.told > 0 && s.requests < 2*s.told && !news {
		return
	}
	s.told, s.toldAccepted = s.requests, s.accepted > 0
	f := event.Finding{
		Key: k.asker.String() + " " + k.protocol, Time: at, Onset: s.onset,
		Subject: d.env.Know.Entity(k.asker), Port: s.port, Score: 85, Severity: event.High,
		Flows: slices.Clone(s.flows), FlowsTotal: len(s.flows),
		Observed: event.Measure{Value: float64(s.requests), Unit: "commands", N: int(s.requests)},
		Facts: &icsFacts{Protocol: k.protocol, Commands: s.requests, Operations: slices.Clone(s.operations),
			Accepted: s.accepted, Refused: s.refused, Devices: len(s.devices)},
	}
	if !s.grave || s.refused > 0 && s.accepted == 0 {
		f.Severity, f.Score = event.Medium, 70
	}
	if len(s.devices) == 1 {
		f.Peer = d.env.Know.Entity(s.devices[0])
	} else {
		f.Related = slices.Clone(s.devices)
	}
	if allowedFrom(d.env, k.asker, s.devices[0]) {
		f.Severity = event.Low
	}
	report(f)
}
