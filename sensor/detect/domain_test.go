package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// domain makes three weeks of logins of a hospital that does not exist: 300 people
// and 40 servers; docs/eval-logins.md says what is in it.
type domain struct {
	r       *rand.Rand
	events  []*event.Event
	people  []person
	strange []strangeLogin
}

const (
	domainDays   = 21
	domainLearn  = 14
	domainChange = 15                        // the day on which passwords change
	domainBegin  = 1_699_833_600_000_000_000 // Monday 2023-11-13 00:00 UTC
	domainHour   = 3600 * second
)

// person works somewhere, at hours of their own, with a few services.
type person struct {
	name     string
	kind     string
	desks    []string // addresses
	services []string
	shift    int  // hour at which an office day begins; wards go around the clock
	old      bool // sends NTLM to the old file server of its department
}

// strangeLogin is a login that nobody should have made.
type strangeLogin struct {
	kind, user, from string
	at               int64
	found            bool
}

// ticketScene is a ticket for a service, as a domain of today gives it.
type ticketScene struct{ user, service string }

var aesOnly = []string{"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"}

func ticketText(path, text string) event.Field {
	return event.String(path, event.Technical, "", func(*ticketScene) (string, bool) { return text, true })
}

var ticketSceneTable = event.NewTable("kerberos", "",
	ticketText("brandmelder.kerberos.request", "TGS"), ticketText("brandmelder.kerberos.message", "TGS-REP"),
	ticketText("brandmelder.kerberos.ticket_etype", aesOnly[0]), ticketText("brandmelder.kerberos.tgt_etype", aesOnly[0]),
	ticketText("brandmelder.kerberos.reply_etype", aesOnly[0]),
	event.String("brandmelder.kerberos.client", event.Personal, "", func(t *ticketScene) (string, bool) { return t.user, true }),
	event.String("brandmelder.kerberos.service", event.Personal, "", func(t *ticketScene) (string, bool) { return t.service, true }),
	event.Strings("brandmelder.kerberos.etypes", event.Technical, "", func(*ticketScene) []string { return aesOnly }),
	event.Strings("brandmelder.kerberos.preauth", event.Technical, "", func(*ticketScene) []string { return []string{"tgs-req"} }),
	event.Int("brandmelder.kerberos.request_bytes", event.Technical, "", func(*ticketScene) (int64, bool) { return 1500, true }),
)

func (*ticketScene) Table() *event.Table { return ticketSceneTable }

func serverAddr(n int) string { return fmt.Sprintf("10.0.0.%d", n) }

func (d *domain) emit(at int64, kind, from, to string, port uint16, r event.Record) {
	n := len(d.events)
	client, server := netip.MustParseAddr(from), netip.MustParseAddr(to)
	f := &event.Flow{
		Client: netip.AddrPortFrom(client, uint16(1024+n%60000)), Server: netip.AddrPortFrom(server, port), Proto: 6, Start: at, Number: uint64(n),
		Key: event.Key{A: client.As16(), B: server.As16(), APort: uint16(1024 + n%60000), BPort: port, Proto: 6},
	}
	d.events = append(d.events, &event.Event{Kind: kind, Time: at, Flow: f, Data: r})
}

// auth is one attempt.
func (d *domain) auth(at int64, l event.Login, from string, server int, port uint16) {
	d.emit(at, "auth", from, serverAddr(server), port, &l)
}

// session is an account that logs on at a client and fetches tickets.
func (d *domain) session(at int64, user, from string, services []string) {
	d.auth(at, event.Login{Protocol: "kerberos", Method: "password", User: user, Domain: "HOSPITAL.EXAMPLE", Service: "krbtgt/HOSPITAL.EXAMPLE", Outcome: event.Success}, from, 1, 88)
	for i, s := range services {
		d.emit(at+int64(1+3*i)*second+d.r.Int64N(second), "kerberos", from, serverAddr(1+i%2), 88, &ticketScene{user, s})
	}
}

// fails are mistyped passwords.
func (d *domain) fails(at int64, user, from string, n int) {
	for i := range n {
		d.auth(at+int64(i)*(8+d.r.Int64N(20))*second, event.Login{Protocol: "kerberos", Method: "password", User: user, Domain: "HOSPITAL.EXAMPLE", Service: "krbtgt/HOSPITAL.EXAMPLE", Outcome: event.Failure, Reason: "KDC_ERR_PREAUTH_FAILED"}, from, 1, 88)
	}
}

// old is a login with NTLM, as old file servers want it.
func (d *domain) old(at int64, user, from, station string, server int) {
	d.auth(at, event.Login{Protocol: "smb", Method: "ntlm", User: user, Domain: "HOSPITAL", Workstation: station, Outcome: event.Success}, from, server, 445)
}

func (d *domain) some(list []string, n int) []string {
	out := slices.Clone(list)
	d.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(n, len(out))]
}

func newDomain(seed uint64) *domain {
	d := &domain{r: rand.New(rand.NewPCG(seed, 2))}
	d.hire()
	for day := range domainDays {
		begin := domainBegin + int64(day)*24*domainHour
		for i := range d.people {
			d.work(&d.people[i], day, begin)
		}
		d.machines(day, begin)
		d.duty(day, begin)
		d.oddities(day, begin)
	}
	d.attack()
	slices.SortStableFunc(d.events, func(a, b *event.Event) int { return cmp.Compare(a.Time, b.Time) })
	return d
}

// hire makes the people: 160 nurses of 8 wards, 84 in 6 offices, 36 doctors, 12
// administrators and 8 of the helpdesk.
func (d *domain) hire() {
	common := []string{"ldap/dc1", "HTTP/mail", "HTTP/intranet", "cifs/fs1"}
	for i := range 160 {
		ward := 1 + i/20
		p := person{name: fmt.Sprintf("nurse%d", i), kind: "nurse", services: append([]string{"HTTP/epd", "HTTP/epd2", fmt.Sprintf("cifs/fs%d", 2+ward%2)}, common...)}
		for n := range 6 {
			p.desks = append(p.desks, fmt.Sprintf("10.1.%d.%d", ward, 10+n))
		}
		d.people = append(d.people, p)
	}
	special := []string{"MSSQLSvc/finance:1433", "HTTP/hr", "HTTP/pharmacy", "HTTP/lab", "cifs/fs4", "HTTP/planning"}
	for i := range 84 {
		office := 1 + i/14
		d.people = append(d.people, person{name: fmt.Sprintf("clerk%d", i), kind: "clerk", desks: []string{fmt.Sprintf("10.2.%d.%d", office, 10+i%14)},
			services: append([]string{special[office-1]}, common...), shift: 7 + d.r.IntN(3), old: office >= 3 && office <= 4})
	}
	for i := range 36 {
		p := person{name: fmt.Sprintf("doctor%d", i), kind: "doctor", shift: 7 + d.r.IntN(2), services: append([]string{"HTTP/epd", "HTTP/epd2", "HTTP/pacs", "HTTP/lab"}, common...)}
		p.desks = append(p.desks, fmt.Sprintf("10.2.7.%d", 10+i))
		for n := range 4 {
			p.desks = append(p.desks, fmt.Sprintf("10.1.%d.%d", 1+(i+n/2)%8, 10+d.r.IntN(6)))
		}
		d.people = append(d.people, p)
	}
	for i := range 12 {
		d.people = append(d.people, person{name: fmt.Sprintf("it%d", i), kind: "admin", desks: []string{fmt.Sprintf("10.3.1.%d", 10+i)}, services: common, shift: 7 + d.r.IntN(3)})
	}
	for i := range 8 {
		d.people = append(d.people, person{name: fmt.Sprintf("help%d", i), kind: "helpdesk", desks: []string{fmt.Sprintf("10.3.2.%d", 10+i)}, services: common, shift: 7 + d.r.IntN(4)})
	}
}
