package proto

import (
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// LDAP is one operation on a directory with its outcome. Values of attributes and
// secrets are not in it; a filter names whom it asks for.
type LDAP struct {
	Operation  string // bind, search, modify, add, delete, rename, compare, extended, sealed
	Base       string // name of the object, or where a search begins
	Scope      string // base, one, sub
	Filter     string // of a search, at most 512 bytes
	Attributes []string
	Results    int64  // entries that came back
	Code       int64  // result code, -1 no answer seen
	Mechanism  string // of a bind: simple, or the SASL mechanism
	OID        string // of an extended operation
	Signed     bool   // it stood in a SASL buffer with integrity only
	Sealed     bool   // what follows is encrypted
}

func (*LDAP) Table() *event.Table { return ldapTable }

var ldapCodes = map[int64]string{0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 5: "compareFalse", 6: "compareTrue",
	7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded", 12: "unavailableCriticalExtension", 13: "confidentialityRequired",
	14: "saslBindInProgress", 16: "noSuchAttribute", 18: "inappropriateMatching", 20: "attributeOrValueExists", 32: "noSuchObject", 34: "invalidDNSyntax",
	48: "inappropriateAuthentication", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform", 68: "entryAlreadyExists", 80: "other"}

func ldapCode(n int64) string {
	if s := ldapCodes[n]; s != "" {
		return s
	}
	return strconv.FormatInt(n, 10)
}

var ldapTable = event.NewTable("ldap", "Operations on a directory: searches, changes, binds.",
	event.String("brandmelder.ldap.operation", event.Technical, "kind of operation", func(l *LDAP) (string, bool) { return l.Operation, true }),
	event.String("brandmelder.ldap.base", event.Personal, "object, or where a search begins", func(l *LDAP) (string, bool) { return l.Base, l.Base != "" }),
	event.String("brandmelder.ldap.scope", event.Technical, "base, one or sub", func(l *LDAP) (string, bool) { return l.Scope, l.Scope != "" }),
	event.Wildcard("brandmelder.ldap.filter", event.Personal, "filter of a search", func(l *LDAP) (string, bool) { return l.Filter, l.Filter != "" }),
	event.Strings("brandmelder.ldap.attributes", event.Technical, "attributes asked for or changed", func(l *LDAP) []string { return l.Attributes }),
	event.Int("brandmelder.ldap.results", event.Technical, "entries that came back", func(l *LDAP) (int64, bool) { return l.Results, l.Operation == "search" }),
	event.String("brandmelder.ldap.result", event.Technical, "result code by name", func(l *LDAP) (string, bool) { return ldapCode(l.Code), l.Code >= 0 }),
	event.String("brandmelder.ldap.mechanism", event.Technical, "simple, or the SASL mechanism of a bind", func(l *LDAP) (string, bool) { return l.Mechanism, l.Mechanism != "" }),
	event.String("brandmelder.ldap.oid", event.Technical, "extended operation", func(l *LDAP) (string, bool) { return l.OID, l.OID != "" }),
	event.Bool("brandmelder.ldap.signed", event.Technical, "signed, not encrypted", func(l *LDAP) (bool, bool) { return true, l.Signed }),
	event.Bool("brandmelder.ldap.sealed", event.Technical, "what follows is encrypted", func(l *LDAP) (bool, bool) { return true, l.Sealed }),
).InBrief("brandmelder.ldap.operation", "brandmelder.ldap.base", "brandmelder.ldap.filter", "brandmelder.ldap.result")
