package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// smbLogins follows the session setups of a connection. One login takes several
// messages; it is an attempt when the server has decided.
type smbLogins struct {
	attempts int64
	open     few[uint64, *login] // by session: the client has proven itself, the server wants another message
}

// login is an authentication on its way.
type login struct {
	event.Login
	ntlm *NTLM
}

// loginOf reads the security token of a client, nil where it proves nothing yet.
func loginOf(protocol string, blob []byte) *login {
	if n := parseNTLM(blob); n != nil {
		if n.Type != ntlmAuthenticate {
			return nil
		}
		n.Protocol = protocol
		l := &login{ntlm: n}
		l.Login = event.Login{Protocol: protocol, Method: "ntlm", User: n.User, Domain: n.Domain, Workstation: n.Workstation}
		if n.Anonymous() {
			l.Method = "anonymous"
		}
		return l
	}
	realm, service, _, ok := ParseAPREQ(blob)
	if !ok {
		return nil
	}
	return &login{Login: event.Login{Protocol: protocol, Method: "kerberos", Domain: realm, Service: service}}
}

// done emits a login with the server's decision.
func (l *login) done(outcome event.Outcome, reason string, attempt int64, emit func(event.Record)) {
	l.Outcome, l.Reason, l.Attempt = outcome, reason, attempt
	if l.ntlm != nil {
		emit(l.ntlm)
	}
	emit(&l.Login)
}

// continued is the login that a client's next token belongs to. Of one that is
// begun anew nothing more will be known.
func (p *smbParser) continued(session uint64, l *login) *login {
	before, _ := p.logins.open.pop(session)
	switch {
	case l == nil && session != 0:
		return before
	case before != nil:
		p.attempt(before, event.Unknown, "")
	}
	return l
}

// decide takes the server's answer to a session setup. An answer where nothing
// was proven, such as to a method that the server does not know, is no attempt.
func (p *smbParser) decide(l *login, session uint64, status uint32, reason string, guest, null bool) {
	switch {
	case status == statusMoreProcessing:
		if l == nil {
			return
		}
		if old, evicted := p.logins.open.put(session, l, 8); evicted {
			p.attempt(old, event.Unknown, "")
		}
	case l == nil:
		p.say(SMB{Command: "session_setup", Status: reason})
	case status != statusOK:
		p.attempt(l, event.Failure, reason)
	case guest:
		p.attempt(l, event.Success, "guest")
	default:
		if null {
			l.Method = "anonymous"
		}
		p.attempt(l, event.Success, "")
	}
}

func (p *smbParser) attempt(l *login, o event.Outcome, reason string) {
	p.logins.attempts++
	l.done(o, reason, p.logins.attempts, p.emit)
}
