package event

// Outcome of a login attempt. What the bytes do not show is Unknown, never
// guessed.
type Outcome uint8

const (
	Unknown Outcome = iota
	Success
	Failure
)

// Unheard is the reason of a login whose outcome is unknown because one side of the
// conversation was not seen at all.
const Unheard = "unheard"

var outcomes = [...]string{"unknown", "success", "failure"}

func (o Outcome) String() string { return outcomes[o] }

// Login is one attempt to log on, whatever the protocol: an attempt, not a
// connection. It never holds the secret or anything derived from it.
type Login struct {
	Protocol    string // "ssh", "ftp", "smb", "kerberos", "ldap", "http" …
	Method      string // "password", "ntlm", "kerberos", "basic", "simple" …
	User        string
	Domain      string // realm or NT domain
	Workstation string // name the client gave itself
	Service     string // SPN, share or target that was asked for
	Outcome     Outcome
	Reason      string // the protocol's own code by name: "STATUS_LOGON_FAILURE", "530", "KDC_ERR_PREAUTH_FAILED"
	Clear       bool   // the secret itself crossed the wire readable
	Attempt     int64  // n-th attempt of this connection, from 1; 0 where the protocol has no connection
}

var loginTable = NewTable("auth", "Login attempts of every protocol, with their outcome.",
	String("brandmelder.auth.protocol", Technical, "protocol of the login", func(l *Login) (string, bool) { return l.Protocol, true }),
	String("brandmelder.auth.method", Technical, "how the client proved itself", func(l *Login) (string, bool) { return l.Method, l.Method != "" }),
	String("user.name", Personal, "user who logged on", func(l *Login) (string, bool) { return l.User, l.User != "" }),
	String("user.domain", Personal, "realm or NT domain", func(l *Login) (string, bool) { return l.Domain, l.Domain != "" }),
	String("brandmelder.auth.workstation", Personal, "name the client gave itself", func(l *Login) (string, bool) { return l.Workstation, l.Workstation != "" }),
	String("brandmelder.auth.service", Personal, "principal, share or target that was asked for", func(l *Login) (string, bool) { return l.Service, l.Service != "" }),
	String("event.outcome", Technical, "success, failure or unknown", func(l *Login) (string, bool) { return l.Outcome.String(), true }),
	String("event.reason", Technical, "the protocol's own code, or unheard: one side of the conversation was not seen", func(l *Login) (string, bool) { return l.Reason, l.Reason != "" }),
	Bool("brandmelder.auth.clear_text", Technical, "the secret crossed the wire readable", func(l *Login) (bool, bool) { return l.Clear, l.Clear }),
	Int("brandmelder.auth.attempt", Technical, "n-th attempt of this connection", func(l *Login) (int64, bool) { return l.Attempt, l.Attempt > 0 }),
).InBrief("event.outcome", "user.name", "brandmelder.auth.method", "event.reason")

func (*Login) Table() *Table { return loginTable }
