package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// request reads what the client asks, nil where it is no operation with a result.
func (p *ldapParser) request(tag byte, op []byte) *LDAP {
	c := cursor{data: op}
	switch tag {
	case 0x60:
		return p.bind(&c)
	case 0x63:
		return search(&c)
	case 0x66:
		return changed("modify", &c)
	case 0x68:
		return changed("add", &c)
	case 0x4a:
		return &LDAP{Operation: "delete", Base: derText(op)}
	case 0x6c, 0x6e:
		_, base := c.element()
		name := map[byte]string{0x6c: "rename", 0x6e: "compare"}[tag]
		return &LDAP{Operation: name, Base: derText(base)}
	case 0x77:
		_, oid := c.element()
		return &LDAP{Operation: "extended", OID: derText(oid)}
	}
	return nil
}

func search(c *cursor) *LDAP {
	_, base := c.element()
	_, scope := c.element()
	for range 4 { // aliases, limits, types only
		c.element()
	}
	l := &LDAP{Operation: "search", Base: derText(base), Scope: "sub"}
	if n := derInt(scope); n == 0 || n == 1 {
		l.Scope = [...]string{"base", "one"}[n]
	}
	from := c.at
	c.element()
	l.Filter = filterText(c.data[from:c.at])
	_, list := c.element()
	for a := (cursor{data: list}); a.left() > 0 && len(l.Attributes) < ldapNames; {
		_, name := a.element()
		l.Attributes = append(l.Attributes, derText(short(name)))
	}
	return l
}

// changed reads the names of the attributes that a change is about, not their values.
func changed(operation string, c *cursor) *LDAP {
	_, base := c.element()
	l := &LDAP{Operation: operation, Base: derText(base)}
	_, list := c.element()
	for a := (cursor{data: list}); a.left() > 0 && len(l.Attributes) < ldapNames; {
		_, one := a.element()
		f := cursor{data: one}
		tag, name := f.element()
		if tag == 0x0a { // of a modification: what is done, then the attribute
			_, part := f.element()
			name = opened(part)
		}
		l.Attributes = append(l.Attributes, derText(short(name)))
	}
	return l
}

// bind reads a login. Its name is that of a user or of an object in the directory.
func (p *ldapParser) bind(c *cursor) *LDAP {
	c.element() // version
	_, name := c.element()
	tag, proof := c.element()
	l := &LDAP{Operation: "bind", Base: derText(name)}
	switch tag {
	case 0x80:
		l.Mechanism = "simple"
		p.login = simpleLogin(l.Base, len(proof) > 0)
	case 0xa3:
		f := cursor{data: proof}
		_, mechanism := f.element()
		_, token := f.element()
		l.Mechanism = derText(short(mechanism))
		p.sasl(strings.ToLower(l.Mechanism), token)
	case 0x89, 0x8a, 0x8b: // MS-ADTS 5.1.1.1.3
		l.Mechanism = "sicily"
		p.sasl("sicily", proof)
	}
	return l
}

// sasl keeps what one message of a login says; the first that proves something
// gives the login its name.
func (p *ldapParser) sasl(mechanism string, token []byte) {
	if l := loginOf("ldap", token); l != nil {
		p.login = l
		return
	}
	switch {
	case p.login != nil || mechanism == "gss-spnego" || mechanism == "sicily": // it proves nothing yet
	case mechanism == "plain":
		p.login = &login{Login: event.Login{Protocol: "ldap", Method: "plain", Clear: true}}
		if parts := bytes.SplitN(token, []byte{0}, 3); len(parts) == 3 {
			p.login.User = derText(parts[1])
		}
	default:
		p.login = &login{Login: event.Login{Protocol: "ldap", Method: mechanism}}
	}
}

func simpleLogin(name string, secret bool) *login {
	l := &login{Login: event.Login{Protocol: "ldap", Method: "simple", User: name, Clear: secret}}
	if domain, user, ok := strings.Cut(name, `\`); ok && !strings.Contains(domain, "=") {
		l.Domain, l.User = domain, user
	}
	if name == "" && !secret {
		l.Method = "anonymous"
	}
	return l
}
