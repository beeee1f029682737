package detect

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// rpcKnown are the operations by which machines and domains are explored, with
// their weights. What Explorer, Office or a logon ask too weighs little or nothing:
// names and SIDs one by one, the shares of one server.
var rpcKnown = map[string]map[string]question{
	"samr": {
		"SamrEnumerateUsersInDomain": {reconUsers, 10, false}, "SamrEnumerateGroupsInDomain": {reconGroups, 10, false}, "SamrEnumerateAliasesInDomain": {reconGroups, 6, false},
		"SamrQueryDisplayInformation": {reconUsers, 10, false}, "SamrQueryDisplayInformation2": {reconUsers, 10, false}, "SamrQueryDisplayInformation3": {reconUsers, 10, false},
		"SamrGetMembersInGroup": {reconMembers, 10, false}, "SamrGetMembersInAlias": {reconMembers, 6, false},
	},
	"lsarpc": {
		"LsarEnumerateAccounts": {reconRights, 5, false}, "LsarEnumerateAccountsWithUserRight": {reconRights, 5, false}, "LsarEnumeratePrivilegesAccount": {reconRights, 2, false},
		"LsarEnumerateTrustedDomains": {reconTrusts, 5, false}, "LsarEnumerateTrustedDomainsEx": {reconTrusts, 5, false},
		// Cycling through RIDs takes hundreds; a file server asks for those of its files.
		"LsarLookupSids": {reconSIDs, 0.1, true}, "LsarLookupSids2": {reconSIDs, 0.1, true},
	},
	"srvsvc": {
		"NetrSessionEnum": {reconSessions, 10, false}, "NetrConnectionEnum": {reconSessions, 5, false}, "NetrFileEnum": {reconSessions, 5, false},
		"NetrShareEnum": {reconShares, 2, false}, "NetrShareEnumSticky": {reconShares, 2, false},
	},
	"wkssvc":    {"NetrWkstaUserEnum": {reconLoggedOn, 10, false}},
	"winreg":    {"OpenUsers": {reconHives, 0, false}, "BaseRegEnumKey": {reconKeys, 10, false}},
	"epmapper":  {"ept_lookup": {reconEndpoints, 1, true}},
	"mgmt":      {"inq_if_ids": {reconEndpoints, 1, false}},
	"svcctl":    {"EnumServicesStatusA": {reconServices, 1, false}, "EnumServicesStatusW": {reconServices, 1, false}, "EnumServicesStatusExW": {reconServices, 1, false}},
	"DnsServer": {"DnssrvEnumRecords": {reconDNS, 10, false}, "DnssrvEnumRecords2": {reconDNS, 10, false}},
}

func rpcQuestions(r event.Record) []question {
	q, ok := rpcKnown[event.TextOf(r, "brandmelder.rpc.interface")][event.TextOf(r, "brandmelder.rpc.operation")]
	if !ok || refusedCall(r) {
		return nil
	}
	if q.kind == reconEndpoints && event.NumberOf(r, "brandmelder.rpc.response_bytes") >= wholeMap {
		q.weight = reconLimit
	}
	if q.kind == reconSIDs && event.NumberOf(r, "brandmelder.rpc.request_bytes") >= manySIDs {
		q = question{reconSIDs, reconLimit, false}
	}
	return []question{q}
}

// manySIDs is what 250 SIDs in one question come to, bytes: whoever reads the rights
// of a folder asks for a few, a tool that goes through all of them for a thousand.
const manySIDs = 250 * 36

// wholeMap is what the endpoints of a whole machine come to, bytes in one answer: a
// look-up of one interface is answered with a few hundred.
const wholeMap = 4096

// nameQuestions knows the request for all names that a host has. Old Windows asks
// it of hosts that it talks with, some firewalls of each of their users.
func nameQuestions(r event.Record) []question {
	if event.TextOf(r, "dns.question.type") != "NBSTAT" {
		return nil
	}
	return []question{{reconNames, 0.5, false}}
}

// telling are conditions of a filter that look for what can be attacked: no
// program that looks a user up needs them (userAccountControl in MS-ADTS 2.2.16).
var telling = []struct {
	text string
	kind int
}{
	{"(serviceprincipalname=*)", reconSPN}, {"(admincount=1)", reconAdmins}, {"(admincount=*)", reconAdmins},
	{":1.2.840.113556.1.4.803:=4194304)", reconPreauth}, {":1.2.840.113556.1.4.803:=524288)", reconDelegation}, {":1.2.840.113556.1.4.803:=16777216)", reconDelegation},
	{"(msds-allowedtodelegateto=*)", reconDelegation}, {"(msds-allowedtoactonbehalfofotheridentity=*)", reconDelegation},
	{"(objectclass=trusteddomain)", reconTrusts}, {"(objectcategory=trusteddomain)", reconTrusts}, {"(ms-mcs-admpwd", reconLAPS}, {"(mslaps-", reconLAPS},
	{"(objectclass=controlaccessright)", reconACL}, {"(schemaidguid=*)", reconACL},
}

// classes are the conditions that hold of all objects of a kind (sAMAccountType in
// MS-SAMR 2.2.1.9).
var classes = []struct {
	text   string
	kind   int
	weight float64
}{
	{"(samaccounttype=805306368)", reconUsers, peopleWeight}, {"(objectcategory=person)", reconUsers, peopleWeight}, {"(objectclass=user)", reconUsers, peopleWeight},
	{"(objectclass=person)", reconUsers, peopleWeight}, {"(objectcategory=user)", reconUsers, peopleWeight},
	{"(samaccounttype=805306369)", reconComputers, machineWeight}, {"(objectcategory=computer)", reconComputers, machineWeight}, {"(objectclass=computer)", reconComputers, machineWeight},
	{"(samaccounttype=268435456)", reconGroups, peopleWeight}, {"(samaccounttype=536870912)", reconGroups, peopleWeight}, {"(objectcategory=group)", reconGroups, peopleWeight}, {"(objectclass=group)", reconGroups, peopleWeight},
	{"(objectcategory=grouppolicycontainer)", reconPolicies, machineWeight}, {"(objectclass=grouppolicycontainer)", reconPolicies, machineWeight},
	{"(objectcategory=organizationalunit)", reconPolicies, machineWeight}, {"(objectclass=organizationalunit)", reconPolicies, machineWeight},
}

const (
	// Lists of all users and all groups are what every program that takes over people
	// from the directory asks for, again and again; those of machines and policies few
	// need. That of whoever has mail is an address book, and no question.
	peopleWeight  = 4
	machineWeight = 6
	// Descriptors of fewer objects are what the client of group policies reads.
	manyDescriptors = 20
	// As many objects without any condition are a copy of a branch.
	wholeDirectory = 200
)

// ldapQuestions reads what a search asks for.
func ldapQuestions(r event.Record) (out []question) {
	if event.TextOf(r, "brandmelder.ldap.operation") != "search" || event.TextOf(r, "brandmelder.ldap.scope") == "base" {
		return nil
	}
	filter := strings.ToLower(event.TextOf(r, "brandmelder.ldap.filter"))
	for _, t := range telling {
		if strings.Contains(filter, t.text) {
			out = append(out, question{t.kind, reconLimit, false})
		}
	}
	shape := readFilter(filter)
	if shape.scripted {
		out = append(out, question{reconScript, reconLimit, false})
	}
	results := event.NumberOf(r, "brandmelder.ldap.results")
	if results >= manyDescriptors && asksFor(r, "ntsecuritydescriptor") && !everyClients(r) {
		out = append(out, question{reconACL, reconLimit, false})
	}
	if shape.names || event.TextOf(r, "brandmelder.ldap.scope") != "sub" {
		return out
	}
	if filter == "(objectclass=*)" && results >= wholeDirectory {
		out = append(out, question{reconUsers, reconLimit, false})
	}
	for _, c := range classes {
		if strings.Contains(filter, c.text) && !strings.Contains(filter, "(mail=*)") && !strings.Contains(filter, "(proxyaddresses=*)") {
			out = append(out, question{c.kind, c.weight, false})
		}
	}
	return out
}

// everyClients reports whether a search begins where each Windows client reads
// whole branches with their descriptors: its policies and the templates of its
// certificates.
func everyClients(r event.Record) bool {
	base := strings.ToLower(event.TextOf(r, "brandmelder.ldap.base"))
	return strings.Contains(base, "cn=policies,cn=system") || strings.Contains(base, "cn=public key services")
}

func asksFor(r event.Record, attribute string) bool {
	return slices.ContainsFunc(event.TextsOf(r, "brandmelder.ldap.attributes"), func(a string) bool { return strings.EqualFold(a, attribute) })
}

// filterShape is what the structure of a filter tells.
type filterShape struct {
	names    bool // it asks for objects by a name or a value of their own
	scripted bool // a list with a single member: a script that puts filters together writes those
}

// naming are the attributes whose value picks single objects.
var naming = map[string]bool{"cn": true, "name": true, "samaccountname": true, "mail": true, "uid": true, "distinguishedname": true, "objectguid": true, "objectsid": true, "userprincipalname": true,
	"dnshostname": true, "displayname": true, "givenname": true, "sn": true, "proxyaddresses": true, "employeeid": true, "anr": true, "serviceprincipalname": true, "member": true, "memberof": true, "ou": true, "uidnumber": true, "gidnumber": true}

// readFilter walks a filter as the parser writes it, in lower case. A group is
// scripted where it is an & with one member that is a group or a class, or an |
// inside of an & with a single name: PowerView and its kin leave these.
func readFilter(filter string) (s filterShape) {
	type group struct {
		mark  byte
		count int
		group bool   // the latest member is one
		item  string // attribute of the latest member
	}
	open := []group{{}}
	for i := 0; i < len(filter); i++ {
		top := &open[len(open)-1]
		switch c := filter[i]; {
		case c == '(' && i+1 < len(filter) && strings.IndexByte("&|!", filter[i+1]) >= 0 && len(open) < 32:
			top.count, top.group = top.count+1, true
			open = append(open, group{mark: filter[i+1]})
			i++
		case c == '(':
			attribute, value, _ := strings.Cut(filter[i+1:], "=")
			value, _, _ = strings.Cut(value, ")")
			top.count, top.group, top.item = top.count+1, false, attribute
			s.names = s.names || naming[attribute] && value != "*"
			if end := strings.IndexByte(filter[i:], ')'); end > 0 {
				i += end
			}
		case c == ')' && len(open) > 1:
			above := open[len(open)-2]
			s.scripted = s.scripted || top.count == 1 && (top.mark == '&' && (top.group || isClass(top.item)) || top.mark == '|' && above.mark == '&' && isName(top.item))
			open = open[:len(open)-1]
		}
	}
	return s
}

func isClass(attribute string) bool {
	return attribute == "samaccounttype" || attribute == "objectcategory" || attribute == "objectclass"
}

func isName(attribute string) bool {
	return attribute == "samaccountname" || attribute == "name" || attribute == "dnshostname"
}
