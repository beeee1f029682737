package detect

import (
	"fmt"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// roasting finds tickets that are collected to guess passwords from: tickets for
// many services whose accounts people gave a password, and answers for accounts
// that need not prove themselves first.
type roasting struct {
	env    Env
	owners *baseline.Map[ticketOwner, roaster]
}

// roaster is what one principal at one client collected within roastWindow. Of the
// answers without a proof the client is the owner, since each is for another.
type roaster struct {
	first, last int64
	services    []uint64
	weak        []uint64 // those of them whose ticket is weak though AES was possible
	forced      []uint64 // those of them for which only weak types were offered
	told        int      // services at the latest finding
	flows       []event.FlowRef
	flowsTotal  int
}

const (
	roastOwners = 20_000
	roastMemory = 30 * 24 * 3600 * second
	roastWindow = 600 * second
	// A person who opens an application gets one to three such tickets at once and
	// keeps them for ten hours. Microsoft's own threshold for weak ones is lower
	// where a domain has gone over to AES; many hospitals have not.
	roastWeak     = 5
	roastServices = 10
	// Accounts that are asked for without a proof and with weak types alone.
	roastAsked = 5
	roastMany  = 3 // from here on it is more than one old account
)

func newRoasting(env Env, decode Decoder) (Detector, error) {
	return &roasting{env, baseline.NewMap[ticketOwner, roaster](env.State, "kerberos-roasting.owners", roastOwners, roastMemory)}, decode(&struct{}{})
}

func (x *roasting) Tick(int64, Report) {}

func (x *roasting) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch r := e.Data; event.TextOf(r, "brandmelder.kerberos.request") {
	case "TGS":
		x.service(e, report)
	case "AS":
		if !proven(r) && event.Has(r, "brandmelder.kerberos.request_bytes") && weakOnly(r) || unproven(r) {
			x.account(e, report)
		}
	}
}

// proven reports whether the client proved that it knows the password.
func proven(r event.Record) bool {
	return slices.ContainsFunc(event.TextsOf(r, "brandmelder.kerberos.preauth"), func(p string) bool {
		return p == "enc-timestamp" || p == "encrypted-challenge" || p == "pk-as-req" || p == "pk-as-req-old" || p == "fx-fast"
	})
}

// unproven reports whether a weak answer was given to who proved nothing.
func unproven(r event.Record) bool {
	return event.TextOf(r, "brandmelder.kerberos.message") == "AS-REP" && event.Has(r, "brandmelder.kerberos.request_bytes") && !proven(r) &&
		isWeak(event.TextOf(r, "brandmelder.kerberos.reply_etype"))
}

// turn is the roaster of an owner, begun anew where its window is over.
func (x *roasting) turn(o ticketOwner, e *event.Event) *roaster {
	w, _ := x.owners.Touch(o, e.Time)
	if w.first == 0 || e.Time-w.first > roastWindow {
		*w = roaster{first: e.Time, told: w.told}
	}
	w.last = e.Time
	if n := len(w.flows); n == 0 || w.flows[n-1].Key != e.Flow.Key {
		w.flowsTotal++
	}
	w.flows = noteFlow(w.flows, e.Flow)
	return w
}

// service enters a ticket for a service.
func (x *roasting) service(e *event.Event, report Report) {
	r := e.Data
	service := event.TextOf(r, "brandmelder.kerberos.service")
	if event.TextOf(r, "brandmelder.kerberos.message") != "TGS-REP" || service == "" || ofMachine(service) || slices.Contains(event.TextsOf(r, "brandmelder.kerberos.preauth"), "for-user") {
		return
	}
	w := x.turn(ownerOf(e), e)
	id := nameID(service)
	w.services = note(w.services, id)
	possible := isAES(event.TextOf(r, "brandmelder.kerberos.tgt_etype"))
	if isWeak(event.TextOf(r, "brandmelder.kerberos.ticket_etype")) && possible {
		if w.weak = note(w.weak, id); weakOnly(r) {
			w.forced = note(w.forced, id)
		}
	}
	n := len(w.services)
	if (len(w.forced) > 0 || len(w.weak) >= roastWeak || n >= roastServices) && (w.told == 0 || n >= 2*w.told) {
		w.told = n
		severity := event.Medium
		if len(w.forced) >= roastMany {
			severity = event.High
		}
		report(x.finding(e, w, "services", n, len(w.weak), severity))
	}
}

// account enters an account that was asked for without a proof.
func (x *roasting) account(e *event.Event, report Report) {
	o := ticketOwner{client: e.Flow.Client.Addr().As16()}
	w := x.turn(o, e)
	id := nameID(event.TextOf(e.Data, "brandmelder.kerberos.client"))
	w.services = note(w.services, id)
	if unproven(e.Data) {
		w.weak = note(w.weak, id)
	}
	n := len(w.services)
	if (len(w.weak) > 0 || n >= roastAsked) && (w.told == 0 || n >= 2*w.told) {
		w.told = n
		severity := event.Medium
		if len(w.weak) >= roastMany {
			severity = event.High
		}
		report(x.finding(e, w, "accounts", n, len(w.weak), severity))
	}
}

func (x *roasting) finding(e *event.Event, w *roaster, what string, n, weak int, severity event.Severity) event.Finding {
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	f := event.Finding{
		Key: fmt.Sprintf("%s %s", client, what), Time: e.Time, Onset: w.first,
		Subject: x.env.Know.Entity(client), Peer: x.env.Know.Entity(server), Port: e.Flow.Server.Port(),
		Flows: append([]event.FlowRef(nil), w.flows...), FlowsTotal: w.flowsTotal,
		Observed: event.Measure{Value: float64(n), Unit: "tickets", N: n},
		Facts:    &roastFacts{Kind: what, Tickets: n, Weak: weak}, Score: 75, Severity: severity,
	}
	if what == "services" {
		name := event.TextOf(e.Data, "brandmelder.kerberos.client")
		f.Key, f.Subject.User = fmt.Sprintf("%s %x", f.Key, nameID(name)), name
	}
	if allowedFrom(x.env, client, server) {
		f.Severity = event.Low
	}
	return f
}

// roastFacts is what a finding of kerberos-roasting rests on.
type roastFacts struct {
	Kind          string // "services", or "accounts" that need not prove themselves
	Tickets, Weak int
}

var roastTable = event.NewTable("kerberos-roasting", "Tickets collected to guess passwords from.",
	event.String("brandmelder.roasting.kind", event.Technical, "services, or accounts that were asked for without a proof", func(f *roastFacts) (string, bool) { return f.Kind, true }),
	event.Bool("brandmelder.roasting.services", event.Technical, "they are tickets for services", func(f *roastFacts) (bool, bool) { return true, f.Kind == "services" }),
	event.Int("brandmelder.roasting.tickets", event.Technical, "services or accounts within ten minutes, at most 64 are told apart", func(f *roastFacts) (int64, bool) { return int64(f.Tickets), true }),
	event.Int("brandmelder.roasting.weak", event.Technical, "those of them that were answered with RC4 or DES", func(f *roastFacts) (int64, bool) { return int64(f.Weak), true }),
)

func (*roastFacts) Table() *event.Table { return roastTable }

func init() {
	register(Spec{
		Name: "kerberos-roasting", Doc: "Kerberos tickets are collected to guess passwords from: many services, or accounts without a proof",
		Family: "kerberos-roasting", Technique: []string{"T1558.003", "T1558.004"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"kerberos"}, Facts: roastTable, New: newRoasting,
	})
}
