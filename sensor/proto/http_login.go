package proto

import (
	"bytes"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// redirect is where a response leads, as far as it tells how a login ended.
type redirect uint8

const (
	redirectNone redirect = iota
	redirectOn
	redirectBack // to the form, or to a page that says what went wrong
)

func redirectOf(location string) redirect {
	if containsAny(strings.ToLower(location), []string{"login", "logon", "signin", "sign-in", "error", "fail", "denied", "invalid"}) {
		return redirectBack
	}
	return redirectOn
}

// formOutcome judges a login by a form. Interfaces that take JSON answer by status (RFC
// 9110, section 15); pages lead on, with a session's cookie, or back to the form. A
// page that is shown at once may be either.
func (r *HTTP) formOutcome() event.Outcome {
	switch {
	case r.json && r.Status >= 200 && r.Status < 300:
		return event.Success
	case r.json && (r.Status == 400 || r.Status == 404 || r.Status == 422 || r.Status == 429):
		return event.Failure
	case r.Status < 300 || r.Status >= 400:
		return event.Unknown
	case r.sent == redirectBack:
		return event.Failure
	case r.sent == redirectOn && r.fresh:
		return event.Success
	}
	return event.Unknown
}

// jsonLogin is formLogin for an object: it looks for the key of a password with a text
// that is not empty, which is not looked at, and names the user.
func jsonLogin(body []byte) (user string, found bool) {
	best := len(userNames)
	for at := 0; ; {
		key, value, next := jsonText(body, at)
		if next < 0 {
			return user, found
		}
		at = next
		name := strings.ToLower(string(key))
		found = found || slices.Contains(passwordNames, name) && len(value) > 0
		if i := slices.Index(userNames, name); i >= 0 && i < best {
			best, user = i, printable(string(value[:min(len(value), 64)]))
		}
	}
}

// jsonText is the next pair of a short key and a text from at on, and where to go on;
// -1 at the end.
func jsonText(body []byte, at int) (key, value []byte, next int) {
	open := bytes.IndexByte(body[at:], '"')
	if open < 0 {
		return nil, nil, -1
	}
	at += open + 1
	end := jsonQuote(body[at:])
	if end < 0 {
		return nil, nil, -1
	}
	key, at = body[at:at+end], at+end+1
	rest := bytes.TrimLeft(body[at:], " \t\r\n")
	if len(rest) == 0 || rest[0] != ':' || len(key) > 32 {
		return nil, nil, at
	}
	rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	if len(rest) == 0 || rest[0] != '"' {
		return nil, nil, at
	}
	from := len(body) - len(rest) + 1
	end = jsonQuote(body[from:])
	if end < 0 { // the first bytes end within it
		return key, body[from:], len(body)
	}
	return key, body[from : from+end], from + end + 1
}

// jsonQuote is where a text ends; -1 where it does not.
func jsonQuote(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
