package proto

import (
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Kerberos is one exchange with a key distribution centre: a request with its
// answer, or one of them alone. Neither keys nor tickets are in it, but a mark by
// which a ticket is known again.
type Kerberos struct {
	Request string // "AS" or "TGS"; "" where only an error was seen
	Answer  string // "AS-REP", "TGS-REP", "KRB-ERROR"; "" none was seen
	Client  string // principal without its realm
	Realm   string
	Service string // principal that a ticket is asked for

	Offered      []int32 // encryption types in the client's order, at most 16
	Ticket       int32   // encryption type of the ticket given, 0 none
	Reply        int32   // of the part of the answer that the client opens, 0 none
	TGT          int32   // of the ticket that a TGS request stands on, 0 none
	TGTMark      string  // of that ticket: 16 hex digits of its SHA-256
	Referral     bool    // that ticket is none for the realm that gave it: it leads to another
	Proof        int32   // of the encrypted timestamp that proves the password, 0 none
	Preauth      []int32 // types of the request's pre-authentication data, at most 16
	NoPAC        bool    // the request wants a ticket without its owner's groups
	Options      uint32  // KDC options, bit 0 is the highest
	Workstation  string  // NetBIOS name among the client's addresses
	Error        int32   // code, -1 none
	RequestBytes int
	AnswerBytes  int

	nonce int64
}

func (*Kerberos) Table() *event.Table { return kerberosTable }

var (
	etypeNames = map[int32]string{1: "des-cbc-crc", 2: "des-cbc-md4", 3: "des-cbc-md5", 16: "des3-cbc-sha1", 17: "aes128-cts-hmac-sha1-96", 18: "aes256-cts-hmac-sha1-96",
		19: "aes128-cts-hmac-sha256-128", 20: "aes256-cts-hmac-sha384-192", 23: "rc4-hmac", 24: "rc4-hmac-exp", 25: "camellia128-cts-cmac", 26: "camellia256-cts-cmac",
		-128: "rc4-md4", -133: "rc4-hmac-old", -135: "rc4-hmac-old-exp"}
	preauthNames = map[int32]string{1: "tgs-req", 2: "enc-timestamp", 3: "pw-salt", 11: "etype-info", 14: "pk-as-req-old", 16: "pk-as-req", 17: "pk-as-rep", 19: "etype-info2",
		128: "pac-request", 129: "for-user", 130: "for-x509-user", 133: "fx-cookie", 136: "fx-fast", 137: "fx-error", 138: "encrypted-challenge", 149: "req-enc-pa-rep", 150: "as-freshness", 167: "pac-options"}
	krbErrors = map[int32]string{1: "KDC_ERR_NAME_EXP", 2: "KDC_ERR_SERVICE_EXP", 3: "KDC_ERR_BAD_PVNO", 6: "KDC_ERR_C_PRINCIPAL_UNKNOWN", 7: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
		8: "KDC_ERR_PRINCIPAL_NOT_UNIQUE", 9: "KDC_ERR_NULL_KEY", 10: "KDC_ERR_CANNOT_POSTDATE", 11: "KDC_ERR_NEVER_VALID", 12: "KDC_ERR_POLICY", 13: "KDC_ERR_BADOPTION", 14: "KDC_ERR_ETYPE_NOSUPP",
		15: "KDC_ERR_SUMTYPE_NOSUPP", 16: "KDC_ERR_PADATA_TYPE_NOSUPP", 18: "KDC_ERR_CLIENT_REVOKED", 19: "KDC_ERR_SERVICE_REVOKED", 20: "KDC_ERR_TGT_REVOKED", 21: "KDC_ERR_CLIENT_NOTYET",
		23: "KDC_ERR_KEY_EXPIRED", 24: "KDC_ERR_PREAUTH_FAILED", 25: "KDC_ERR_PREAUTH_REQUIRED", 26: "KDC_ERR_SERVER_NOMATCH", 27: "KDC_ERR_MUST_USE_USER2USER", 29: "KDC_ERR_SVC_UNAVAILABLE",
		31: "KRB_AP_ERR_BAD_INTEGRITY", 32: "KRB_AP_ERR_TKT_EXPIRED", 33: "KRB_AP_ERR_TKT_NYV", 34: "KRB_AP_ERR_REPEAT", 36: "KRB_AP_ERR_BADMATCH", 37: "KRB_AP_ERR_SKEW", 41: "KRB_AP_ERR_MODIFIED",
		44: "KRB_AP_ERR_BADKEYVER", 52: "KRB_ERR_RESPONSE_TOO_BIG", 60: "KRB_ERR_GENERIC", 62: "KDC_ERR_CLIENT_NOT_TRUSTED", 66: "KDC_ERR_CERTIFICATE_MISMATCH", 68: "KDC_ERR_WRONG_REALM"}
)

// numbered is the name of a number, or the number.
func numbered(names map[int32]string, n int32) string {
	if s := names[n]; s != "" {
		return s
	}
	return strconv.Itoa(int(n))
}

func numberedAll(names map[int32]string, list []int32) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = numbered(names, n)
	}
	return out
}

// optionNames lists the KDC options of RFC 4120 5.4.1, RFC 6806 and MS-SFU that are set.
func (k *Kerberos) optionNames() []string {
	var out []string
	for _, o := range [...]struct {
		bit  uint
		name string
	}{{1, "forwardable"}, {2, "forwarded"}, {3, "proxiable"}, {4, "proxy"}, {5, "allow-postdate"}, {6, "postdated"}, {8, "renewable"}, {14, "constrained-delegation"}, {15, "canonicalize"},
		{26, "disable-transited-check"}, {27, "renewable-ok"}, {28, "enc-tkt-in-skey"}, {30, "renew"}, {31, "validate"}} {
		if k.Options>>(31-o.bit)&1 != 0 {
			out = append(out, o.name)
		}
	}
	return out
}

// message names the latest message of the exchange.
func (k *Kerberos) message() string {
	if k.Answer != "" {
		return k.Answer
	}
	return k.Request + "-REQ"
}

var kerberosTable = event.NewTable("kerberos", "Requests for Kerberos tickets, with their answers.", kerberosFields()...).InBrief("brandmelder.kerberos.message", "brandmelder.kerberos.client", "brandmelder.kerberos.service", "brandmelder.kerberos.error")

func kerberosFields() []event.Field {
	person := func(path, doc string, get func(*Kerberos) string) event.Field {
		return event.String("brandmelder.kerberos."+path, event.Personal, doc, func(k *Kerberos) (string, bool) { s := get(k); return s, s != "" })
	}
	etype := func(path, doc string, get func(*Kerberos) int32) event.Field {
		return event.String("brandmelder.kerberos."+path, event.Technical, doc, func(k *Kerberos) (string, bool) {
			n := get(k)
			return numbered(etypeNames, n), n != 0
		})
	}
	return []event.Field{
		event.String("brandmelder.kerberos.message", event.Technical, "latest message of the exchange", func(k *Kerberos) (string, bool) { return k.message(), true }),
		event.String("brandmelder.kerberos.request", event.Technical, "AS or TGS", func(k *Kerberos) (string, bool) { return k.Request, k.Request != "" }),
		person("client", "client's principal, without its realm", func(k *Kerberos) string { return k.Client }),
		person("realm", "realm", func(k *Kerberos) string { return k.Realm }),
		person("service", "principal that a ticket is asked for", func(k *Kerberos) string { return k.Service }),
		person("workstation", "NetBIOS name of the client", func(k *Kerberos) string { return k.Workstation }),
		event.Strings("brandmelder.kerberos.etypes", event.Technical, "encryption types offered, in order", func(k *Kerberos) []string { return numberedAll(etypeNames, k.Offered) }),
		etype("ticket_etype", "encryption of the ticket given", func(k *Kerberos) int32 { return k.Ticket }),
		etype("reply_etype", "encryption of the answer's own part", func(k *Kerberos) int32 { return k.Reply }),
		etype("tgt_etype", "encryption of the ticket that the request stands on", func(k *Kerberos) int32 { return k.TGT }),
		person("tgt", "mark of that ticket, of its SHA-256: the same ticket has the same", func(k *Kerberos) string { return k.TGTMark }),
		event.Bool("brandmelder.kerberos.referral", event.Technical, "the ticket that the request stands on was given by another realm", func(k *Kerberos) (bool, bool) { return true, k.Referral }),
		etype("proof_etype", "encryption of the timestamp that proves the password", func(k *Kerberos) int32 { return k.Proof }),
		event.Strings("brandmelder.kerberos.preauth", event.Technical, "types of pre-authentication data in the request", func(k *Kerberos) []string { return numberedAll(preauthNames, k.Preauth) }),
		event.Bool("brandmelder.kerberos.no_pac", event.Technical, "a ticket without its owner's groups is asked for", func(k *Kerberos) (bool, bool) { return true, k.NoPAC }),
		event.Strings("brandmelder.kerberos.options", event.Technical, "options of the request", (*Kerberos).optionNames),
		event.String("brandmelder.kerberos.error", event.Technical, "error by name", func(k *Kerberos) (string, bool) { return numbered(krbErrors, k.Error), k.Error >= 0 }),
		event.Int("brandmelder.kerberos.request_bytes", event.Technical, "size of the request, bytes", func(k *Kerberos) (int64, bool) { return int64(k.RequestBytes), k.RequestBytes > 0 }),
		event.Int("brandmelder.kerberos.answer_bytes", event.Technical, "size of the answer, bytes", func(k *Kerberos) (int64, bool) { return int64(k.AnswerBytes), k.AnswerBytes > 0 }),
	}
}
