package detect

import (
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// work is one person's day.
func (d *domain) work(p *person, day int, begin int64) {
	weekday := day % 7
	start, works := int64(0), weekday < 5 && d.r.Float64() > 0.12
	switch {
	case p.kind == "nurse": // 4 of 7 days: early, late or night
		works = d.r.Float64() < 4.0/7
		start = begin + []int64{7, 15, 23}[d.r.IntN(3)]*domainHour
	case works:
		start = begin + int64(p.shift)*domainHour
	case d.r.Float64() < 0.02: // an evening or a Saturday
		works, start = true, begin+(10+d.r.Int64N(11))*domainHour
	}
	if !works {
		return
	}
	start += d.r.Int64N(domainHour / 2)
	if day == domainChange && d.r.Float64() < 0.4 {
		d.fails(start-300*second, p.name, p.desks[0], 1+d.r.IntN(3))
	}
	for n := range 2 + d.r.IntN(2) { // mornings, after lunch, sometimes again
		at, desk := start+int64(n)*4*domainHour+d.r.Int64N(domainHour/2), p.desks[0]
		if p.kind == "nurse" || p.kind == "doctor" {
			desk = p.desks[d.r.IntN(len(p.desks))]
		}
		if d.r.Float64() < 0.04 {
			d.fails(at-60*second, p.name, desk, 1+d.r.IntN(2))
		}
		d.session(at, p.name, desk, d.some(p.services, 3+d.r.IntN(4)))
		if p.old {
			d.old(at+40*second, p.name, desk, "", 38)
		}
	}
	switch p.kind {
	case "admin":
		d.administer("adm-"+p.name, p.desks[0], start+domainHour)
	case "helpdesk": // logs on at other people's desks all day
		for range 8 {
			other := d.people[d.r.IntN(244)]
			d.session(start+d.r.Int64N(8*domainHour), "adm-"+p.name, other.desks[d.r.IntN(len(other.desks))], d.some(p.services, 2))
		}
	}
}

// administer is a round over a few of the 25 servers that have nothing else.
func (d *domain) administer(user, from string, at int64) {
	for range 2 + d.r.IntN(4) {
		at += d.r.Int64N(domainHour)
		n := 15 + d.r.IntN(25)
		d.session(at, user, from, []string{[]string{"TERMSRV", "WSMAN", "cifs"}[d.r.IntN(3)] + fmt.Sprintf("/srv%d", n)})
		if d.r.Float64() < 0.3 {
			d.auth(at+9*second, event.Login{Protocol: "rdp", Method: "tls", User: user, Outcome: event.Success}, from, n, 3389)
		}
	}
}

// machines are the service accounts: around the clock, nightly, on working days,
// and one each Sunday; and a telephone with an old password.
func (d *domain) machines(day int, begin int64) {
	for n := range 6 {
		for hour := range int64(24) {
			d.auth(begin+hour*domainHour+d.r.Int64N(domainHour), event.Login{Protocol: "ldap", Method: "simple", User: fmt.Sprintf("svc-app%d", n), Outcome: event.Success}, serverAddr(3+n), 1, 389)
		}
	}
	for n := range 4 {
		at := begin + int64(1+n)*domainHour + d.r.Int64N(600*second)
		d.session(at, fmt.Sprintf("svc-backup%d", n), serverAddr(30), []string{"cifs/fs1", "cifs/fs2", "cifs/fs3", "cifs/fs4"})
	}
	if day%7 < 5 {
		for n := range 3 {
			d.session(begin+6*domainHour+d.r.Int64N(300*second), fmt.Sprintf("svc-report%d", n), serverAddr(20+n), []string{"MSSQLSvc/finance:1433"})
		}
	}
	if day%7 == 6 {
		d.session(begin+3*domainHour, "svc-archive", serverAddr(31), []string{"cifs/fs4"})
	}
	if day >= domainChange {
		for n := range 4 { // telephones that nobody told of the new password
			for hour := range int64(16) {
				at := begin + (6+hour)*domainHour + d.r.Int64N(domainHour)
				d.auth(at, event.Login{Protocol: "imap", Method: "password", User: fmt.Sprintf("clerk%d", 5+11*n), Outcome: event.Failure}, fmt.Sprintf("10.8.0.%d", 10+n), 10, 143)
			}
		}
	}
}

// duty is who is on call this week: an administrator and two doctors, from the
// pool of the VPN, at night.
func (d *domain) duty(day int, begin int64) {
	week := day / 7
	pool := func() string { return fmt.Sprintf("10.9.1.%d", 10+d.r.IntN(200)) }
	for n := range 2 {
		if d.r.Float64() < 0.6 {
			p := d.people[244+(7*week+3*n)%36]
			d.session(begin+d.r.Int64N(5*domainHour), p.name, pool(), d.some(p.services, 4))
		}
	}
	if d.r.Float64() < 0.4 {
		at, from, user := begin+d.r.Int64N(5*domainHour), pool(), fmt.Sprintf("adm-it%d", (5*week+1)%12)
		d.session(at, user, from, []string{fmt.Sprintf("TERMSRV/srv%d", 15+d.r.IntN(25))})
	}
	for range 3 { // work from home
		p := d.people[160+d.r.IntN(84)]
		if day%7 < 5 {
			d.session(begin+int64(p.shift+1)*domainHour, p.name, pool(), d.some(p.services, 3))
		}
	}
}

// oddities are what happens without being an attack.
func (d *domain) oddities(day int, begin int64) {
	for range 2 { // an account that locks itself, and is freed
		p := d.people[d.r.IntN(300)]
		d.fails(begin+10*domainHour, p.name, p.desks[0], 5)
		d.session(begin+11*domainHour, p.name, p.desks[0], d.some(p.services, 3))
	}
	for range 3 { // a nurse who helps out elsewhere, a clerk at a colleague's desk
		n, c := d.people[d.r.IntN(160)], d.people[160+d.r.IntN(84)]
		other, desk := d.people[d.r.IntN(160)], d.people[160+d.r.IntN(84)].desks[0]
		d.session(begin+(7+d.r.Int64N(14))*domainHour, n.name, other.desks[d.r.IntN(6)], d.some(n.services, 4))
		d.session(begin+(9+d.r.Int64N(7))*domainHour, c.name, desk, d.some(c.services, 3))
	}
	if day%3 == 1 { // an administrator at the console of a server, and a new server of his
		n := d.r.IntN(12)
		d.session(begin+14*domainHour, fmt.Sprintf("adm-it%d", n), serverAddr(15+d.r.IntN(25)), []string{"WSMAN/srv15"})
		d.session(begin+15*domainHour, fmt.Sprintf("adm-it%d", n), fmt.Sprintf("10.3.1.%d", 10+n), []string{fmt.Sprintf("TERMSRV/new%d", day)})
	}
	if day >= 16 { // an application that everyone gets
		for range 40 {
			p := d.people[d.r.IntN(300)]
			d.session(begin+10*domainHour+d.r.Int64N(4*domainHour), p.name, p.desks[0], []string{"HTTP/newapp"})
		}
	}
	if day == 17 { // an office moves
		for i := 160 + 28; i < 160+42; i++ {
			d.people[i].desks[0] = fmt.Sprintf("10.2.20.%d", 10+i-188)
		}
	}
}
