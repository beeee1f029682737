package detect

import "fmt"

// attack puts twenty strange logins of eight kinds into the last week. Each is what
// an intruder does with one account; some are quiet on purpose.
func (d *domain) attack() {
	at := func(day, hour int) int64 {
		return domainBegin + int64(domainLearn+day)*24*domainHour + int64(hour)*domainHour + d.r.Int64N(domainHour/2)
	}
	do := func(kind, user, from string, when int64, services ...string) {
		d.strange = append(d.strange, strangeLogin{kind: kind, user: user, from: from, at: when})
		d.session(when, user, from, services)
	}
	clerk := func(n int) string { return d.people[160+n].desks[0] }
	do("machine's account on a desk", "svc-app1", clerk(3), at(0, 11), "ldap/dc1")
	do("machine's account on a desk", "svc-backup2", clerk(40), at(2, 3), "cifs/fs2")
	do("machine's account on a desk", "svc-report1", "10.1.4.12", at(4, 14), "MSSQLSvc/finance:1433")

	do("administrator from a desk", "adm-it2", clerk(20), at(0, 13), "cifs/fs1")
	do("administrator from a desk", "adm-it7", "10.1.2.11", at(3, 2), "TERMSRV/srv22")
	do("administrator from a desk", "adm-it9", clerk(61), at(5, 22), "WSMAN/srv31")

	for i, n := range []int{2, 30, 75} {
		do("stolen account at night, elsewhere", fmt.Sprintf("clerk%d", n), clerk((n+45)%84), at(1+2*i, 2), "cifs/srv35", "ldap/dc1")
	}
	do("other account on a person's desk", "nurse33", clerk(9), at(1, 10), "MSSQLSvc/finance:1433")
	do("other account on a person's desk", "clerk70", clerk(12), at(2, 15), "HTTP/epd")
	do("other account on a person's desk", "nurse120", clerk(50), at(4, 11), "HTTP/hr", "cifs/fs4")

	do("remote desktop at night from the own desk", "clerk25", clerk(25), at(3, 1), "TERMSRV/srv18")
	do("remote desktop at night from the own desk", "doctor8", "10.2.7.18", at(5, 3), "TERMSRV/srv29")

	for i, user := range []string{"adm-it4", "adm-it10"} {
		from, when := clerk(17+30*i), at(2+3*i, 12)
		d.strange = append(d.strange, strangeLogin{kind: "pass the hash", user: user, from: from, at: when})
		d.old(when, user, from, "KALI", 25+i)
	}
	do("outside through the VPN", "nurse77", "10.9.1.250", at(4, 3), "HTTP/hr", "MSSQLSvc/finance:1433")
	do("outside through the VPN", "clerk14", "10.9.1.251", at(6, 2), "cifs/fs3", "HTTP/epd")

	do("from host to host by day", "clerk44", clerk(44), at(1, 14), "WSMAN/srv16", "WSMAN/srv17", "TERMSRV/srv20", "TERMSRV/srv21")
	do("from host to host by day", "clerk80", clerk(80), at(6, 10), "cifs/srv16", "cifs/srv17", "cifs/srv18")
}
