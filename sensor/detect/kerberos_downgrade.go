package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// downgrade finds weak encryption where both ends know better: a login with RC4
// alone, as who has a password's hash makes it; accounts and machines answered with
// RC4, as a controller with a skeleton key does; and tickets of the domain itself
// in RC4, as who forges them with the hash of krbtgt does. And tickets that are asked
// for without the list of groups: who brings his own list, or leaves it to be made up
// under another name, asks so (MS14-068, CVE-2021-42287); what logs people on never does.
// And tickets that were carried from one host to another (kerberos_carried.go).
type downgrade struct {
	env     Env
	realms  *baseline.Map[netip.Addr, struct{}] // controllers that give tickets of the domain in AES
	clients *baseline.Map[netip.Addr, struct{}] // clients that offer AES
	tickets *baseline.Map[uint64, ticketHolder] // tickets of the domain by their mark
	weak    *baseline.Map[ticketOwner, int64]   // who was answered with RC4 though it offered AES
	told    *baseline.Map[downgradeKey, int]
}

type downgradeKey struct {
	owner ticketOwner
	how   int
}

// Places in downgradeWords.
const (
	downLogin = iota
	downLegacy
	downAnswers
	downForged
	downNoGroups
	downCarried
)

var downgradeWords = []string{"login with RC4 alone", "login without AES", "account and machine answered with RC4", "ticket of the domain in RC4", "ticket without the list of groups asked for", "ticket that another host holds, used by other software"}

// Old machines offer no AES at all, a list of several old types: a note. A list of
// RC4 alone is written by tools, and by a few servers that were set up so by hand.
var downgradeSeverity = []event.Severity{event.Medium, event.Low, event.Medium, event.High, event.Medium, event.Medium}

const (
	downClients = 20_000
	downRealms  = 4096
	downMemory  = 30 * 24 * 3600 * second
	// A person's first tickets follow the login at once.
	downWindow = 600 * second
)

func newDowngrade(env Env, decode Decoder) (Detector, error) {
	return &downgrade{
		env:     env,
		realms:  baseline.Keep(env.State, baseline.NewMap[netip.Addr, struct{}](env.State, "kerberos-downgrade.realms", downRealms, downMemory)),
		clients: baseline.Keep(env.State, baseline.NewMap[netip.Addr, struct{}](env.State, "kerberos-downgrade.clients", downClients, downMemory)),
		tickets: baseline.NewMap[uint64, ticketHolder](env.State, "kerberos-downgrade.tickets", downTickets, downTicket),
		weak:    baseline.NewMap[ticketOwner, int64](env.State, "kerberos-downgrade.weak", downClients, downMemory),
		told:    baseline.NewMap[downgradeKey, int](env.State, "kerberos-downgrade.told", downClients, downMemory),
	}, decode(&struct{}{})
}

func (d *downgrade) Tick(int64, Report) {}

func (d *downgrade) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	r := e.Data
	if offersAES(r) {
		d.clients.Touch(e.Flow.Client.Addr(), e.Time)
	}
	how, ok := 0, false
	switch event.TextOf(r, "brandmelder.kerberos.message") {
	case "AS-REP":
		how, ok = d.login(e)
	case "TGS-REP":
		if how, ok = d.ticket(e); !ok {
			how, ok = downCarried, d.carried(e)
		}
	}
	if !ok && event.IsTrue(r, "brandmelder.kerberos.no_pac") && event.Has(r, "brandmelder.kerberos.ticket_etype") {
		how, ok = downNoGroups, true
	}
	if !ok {
		return
	}
	n, _ := d.told.Touch(downgradeKey{ownerOf(e), how}, e.Time)
	if *n++; *n == 1 {
		report(d.finding(e, how))
	}
}

// login judges the answer to a login. The ticket in it is for the domain, so its
// encryption is the domain's own.
func (d *downgrade) login(e *event.Event) (how int, ok bool) {
	r := e.Data
	server, client := e.Flow.Server.Addr(), e.Flow.Client.Addr()
	strong := isAES(event.TextOf(r, "brandmelder.kerberos.ticket_etype"))
	if strong {
		d.realms.Touch(server, e.Time)
	}
	if !strong || !isWeak(event.TextOf(r, "brandmelder.kerberos.reply_etype")) || !proven(r) {
		return 0, false
	}
	switch offered := event.TextsOf(r, "brandmelder.kerberos.etypes"); {
	case offersAES(r):
		at, _ := d.weak.Touch(ownerOf(e), e.Time)
		*at = e.Time
		return 0, false
	case weakOnly(r) && (slices.Equal(offered, []string{"rc4-hmac"}) || d.clients.Get(client) != nil):
		return downLogin, true
	}
	return downLegacy, weakOnly(r)
}

// ticket judges a ticket for a service, and the one that it was asked with.
func (d *downgrade) ticket(e *event.Event) (how int, ok bool) {
	r := e.Data
	stands := event.TextOf(r, "brandmelder.kerberos.tgt_etype")
	if isWeak(stands) && !event.IsTrue(r, "brandmelder.kerberos.referral") && d.realms.Get(e.Flow.Server.Addr()) != nil {
		return downForged, true
	}
	if !isAES(stands) || !offersAES(r) || !isWeak(event.TextOf(r, "brandmelder.kerberos.ticket_etype")) || !ofMachine(event.TextOf(r, "brandmelder.kerberos.service")) {
		return 0, false
	}
	at := d.weak.Get(ownerOf(e))
	return downAnswers, at != nil && e.Time-*at <= downWindow
}

func (d *downgrade) finding(e *event.Event, how int) event.Finding {
	client, server := e.Flow.Client.Addr(), e.Flow.Server.Addr()
	name := event.TextOf(e.Data, "brandmelder.kerberos.client")
	f := event.Finding{
		Key: fmt.Sprintf("%s %x %s", client, nameID(name), downgradeWords[how]), Time: e.Time, Onset: e.Time,
		Subject: d.env.Know.Entity(client), Peer: d.env.Know.Entity(server), Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: 1, Unit: "tickets", N: 1},
		Facts:    &downgradeFacts{How: downgradeWords[how]}, Score: 70, Severity: downgradeSeverity[how],
	}
	f.Subject.User = name
	return f
}

// downgradeFacts is what a finding of kerberos-downgrade rests on.
type downgradeFacts struct{ How string }

var downgradeTable = event.NewTable("kerberos-downgrade", "Weak Kerberos encryption where both ends know better.",
	event.String("brandmelder.downgrade.how", event.Technical, "what was weak", func(f *downgradeFacts) (string, bool) { return f.How, true }),
)

func (*downgradeFacts) Table() *event.Table { return downgradeTable }

func init() {
	register(Spec{
		Name: "kerberos-downgrade", Doc: "Kerberos with RC4 where both ends know AES, without the list of groups, or with a ticket of another host: logins with a hash, skeleton key, forged and stolen tickets",
		Family: "kerberos-downgrade", Technique: []string{"T1550.002", "T1550.003", "T1556.001", "T1558.001"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"kerberos"}, Facts: downgradeTable, New: newDowngrade,
	})
}
