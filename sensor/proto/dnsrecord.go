package proto

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// DNS is one exchange of names: a query, its answer, or both. It serves DNS and
// its relatives mDNS, LLMNR and NetBIOS names.
type DNS struct {
	ID        uint16
	Asked     bool // a query was seen
	Answered  bool // an answer was seen
	Local     bool // mDNS, LLMNR or NetBIOS: names of hosts and people
	Query     DNSName
	Questions int // questions in the message; Query is the first
	QType     string
	QClass    string
	OpCode    string
	RCode     string   // of an answer
	Flags     []string // AA, TC, RD, RA, AD, CD
	Truncated bool
	Answers   []DNSAnswer // of the answer section, at most maxAnswers
	Total     int         // answers that the message says it has
	Suffix    int         // last byte of a NetBIOS name, -1 none

	QueryBytes    int // size of the query's message
	ResponseBytes int // size of the answer's message
	DataBytes     int // bytes of the data of all answers
	PayloadBytes  int // of these, in types that can carry what the server likes: TXT, NULL, CNAME, MX, SRV, KEY, PRIVATE
	EDNS          int // largest UDP message that a side says it takes, 0 without EDNS
	Repeats       int // times that the same query was sent again before its answer
}

// DNSAnswer is one resource record.
type DNSAnswer struct {
	Name, Type, Class string
	TTL               uint32
	Addr              netip.Addr // of A and AAAA
	Data              string     // address or target name; of other types "", their data is payload
	Length            int        // bytes of data
}

func (d *DNS) Table() *event.Table {
	if d.Local {
		return localNameTable
	}
	return dnsTable
}

func (*DNSAnswer) Table() *event.Table { return dnsAnswerTable }

var dnsTable = event.NewTable("dns", "DNS exchanges: a query with its answer.", dnsFields(event.Technical)...).InBrief("dns.question.type", "dns.question.name", "dns.response_code", "dns.resolved_ip")

// A table of its own: names on the local network are those of people's devices.
var localNameTable = event.NewTable("localname", "Name look-ups on the local network: mDNS, LLMNR, NetBIOS.", dnsFields(event.Personal)...).InBrief("dns.question.type", "dns.question.name", "dns.response_code", "dns.resolved_ip")

var dnsAnswerTable = event.NewTable("dns.answer", "One resource record.",
	event.String("name", event.Technical, "owner", func(a *DNSAnswer) (string, bool) { return a.Name, a.Name != "" }),
	event.String("type", event.Technical, "type", func(a *DNSAnswer) (string, bool) { return a.Type, true }),
	event.String("class", event.Technical, "class", func(a *DNSAnswer) (string, bool) { return a.Class, true }),
	event.Int("ttl", event.Technical, "time to live, s", func(a *DNSAnswer) (int64, bool) { return int64(a.TTL), true }),
	event.String("data", event.Technical, "address or target name", func(a *DNSAnswer) (string, bool) { return a.Data, a.Data != "" }),
)

func dnsFields(names event.Privacy) []event.Field {
	answers := event.Table{Fields: slices.Clone(dnsAnswerTable.Fields)}
	for i := range answers.Fields {
		if path := answers.Fields[i].Path; path == "name" || path == "data" {
			answers.Fields[i].Privacy = names
		}
	}
	return append(dnsFigures(),
		event.String("dns.id", event.Technical, "id of the message", func(d *DNS) (string, bool) { return strconv.Itoa(int(d.ID)), true }),
		event.String("dns.type", event.Technical, "answer, or query when none was seen", func(d *DNS) (string, bool) {
			if d.Answered {
				return "answer", true
			}
			return "query", true
		}),
		event.String("dns.op_code", event.Technical, "kind of query", func(d *DNS) (string, bool) { return d.OpCode, true }),
		event.Strings("dns.header_flags", event.Technical, "header flags of the latest message", func(d *DNS) []string { return d.Flags }),
		event.String("dns.question.name", names, "name asked for", func(d *DNS) (string, bool) { return d.Query.Text, d.Questions > 0 }),
		event.String("dns.question.type", event.Technical, "type asked for", func(d *DNS) (string, bool) { return d.QType, d.QType != "" }),
		event.String("dns.question.class", event.Technical, "class asked for", func(d *DNS) (string, bool) { return d.QClass, d.QClass != "" }),
		event.String("dns.question.registered_domain", names, "registered domain", func(d *DNS) (string, bool) { return d.Query.Domain, d.Query.Domain != "" }),
		event.String("dns.question.top_level_domain", event.Technical, "public suffix", func(d *DNS) (string, bool) { return d.Query.TLD, d.Query.TLD != "" }),
		event.String("dns.question.subdomain", names, "what stands before the registered domain", func(d *DNS) (string, bool) { return d.Query.Subdomain, d.Query.Subdomain != "" }),
		event.String("dns.response_code", event.Technical, "outcome", func(d *DNS) (string, bool) { return d.RCode, d.Answered }),
		event.Objects("dns.answers", "resource records of the answer", &answers, func(d *DNS, yield func(event.Record)) {
			for i := range d.Answers {
				yield(&d.Answers[i])
			}
		}),
		event.IPs("dns.resolved_ip", event.Technical, "addresses in the answer", (*DNS).Addrs),
	)
}

func dnsFigures() []event.Field {
	figure := func(path, doc string, get func(*DNS) int) event.Field {
		return event.Int("brandmelder.dns."+path, event.Technical, doc, func(d *DNS) (int64, bool) { n := get(d); return int64(n), n > 0 })
	}
	return []event.Field{
		figure("name_length", "bytes of the name", func(d *DNS) int { return d.Query.Length }),
		figure("labels", "labels of the name", func(d *DNS) int { return d.Query.Labels }),
		figure("longest_label", "bytes of the longest label", func(d *DNS) int { return d.Query.Longest }),
		figure("questions", "questions in the message", func(d *DNS) int { return d.Questions }),
		figure("answer_count", "answers that the message says it has", func(d *DNS) int { return d.Total }),
		figure("query_bytes", "size of the query's message", func(d *DNS) int { return d.QueryBytes }),
		figure("response_bytes", "size of the answer's message", func(d *DNS) int { return d.ResponseBytes }),
		figure("data_bytes", "bytes of data in all answers", func(d *DNS) int { return d.DataBytes }),
		figure("payload_bytes", "bytes of data in answers of free content", func(d *DNS) int { return d.PayloadBytes }),
		figure("edns_size", "largest UDP message taken, bytes", func(d *DNS) int { return d.EDNS }),
		figure("repeats", "times the query was sent again", func(d *DNS) int { return d.Repeats }),
		event.Float("brandmelder.dns.entropy", event.Technical, "entropy of the subdomain, bits per byte", func(d *DNS) (float64, bool) { return d.Query.Entropy, d.Query.Entropy > 0 }),
		event.Bool("brandmelder.dns.truncated", event.Technical, "the answer did not fit", func(d *DNS) (bool, bool) { return true, d.Truncated }),
		event.Int("brandmelder.dns.netbios_suffix", event.Technical, "last byte of the NetBIOS name: kind of service", func(d *DNS) (int64, bool) { return int64(d.Suffix), d.Suffix >= 0 }),
	}
}

// Addrs lists the addresses in the answer.
func (d *DNS) Addrs() []netip.Addr {
	var out []netip.Addr
	for i := range d.Answers {
		if a := d.Answers[i].Addr; a.IsValid() {
			out = append(out, a)
		}
	}
	return out
}

var dnsTypes = map[uint16]string{1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB",
	24: "SIG", 25: "KEY", 28: "AAAA", 29: "LOC", 33: "SRV", 35: "NAPTR", 37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP", 46: "RRSIG",
	47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 64: "SVCB", 65: "HTTPS", 99: "SPF", 249: "TKEY", 250: "TSIG",
	251: "IXFR", 252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA"}

var dnsClasses = map[uint16]string{1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}

var dnsOps = map[uint16]string{0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}

// NetBIOS has its own types and operations under the same numbers.
var nbnsTypes = map[uint16]string{0x20: "NB", 0x21: "NBSTAT", 1: "A", 2: "NS", 10: "NULL"}

var nbnsOps = map[uint16]string{0: "QUERY", 5: "REGISTRATION", 6: "RELEASE", 7: "WACK", 8: "REFRESH", 9: "REFRESH", 15: "MULTIHOMED"}

var dnsRCodes = map[uint16]string{0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN",
	7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI"}

// called names a number, or says the number behind its kind.
func called(names map[uint16]string, n uint16, kind string) string {
	if s := names[n]; s != "" {
		return s
	}
	return kind + strconv.Itoa(int(n))
}
