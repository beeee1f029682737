package ingest

import (
	"encoding/json"
	"regexp"
	"strings"
)

// fault is why the server refuses a document or a request.
type fault struct {
	Type   string
	Reason string // without values of the document
	Field  string // that is to blame, "" where the server names none
}

func (f fault) String() string {
	text := f.Type
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}

var (
	fieldNamed = regexp.MustCompile(`field \[([^\]]+)\]`)
	// What a server quotes of a document may name a person: it goes.
	quoted = regexp.MustCompile(`(?s)( in document with id '[^']*')?\.? Preview of field's value:.*|For input string: .*|: \[[^\]]*\] is not .*|'[^']*' is not an IP string literal.*`)
)

// parseFault reads an error object, or the plain text that old answers have.
func parseFault(raw json.RawMessage) (f fault) {
	type reason struct {
		Type, Reason string
		CausedBy     *struct{ Type, Reason string } `json:"caused_by"`
	}
	var in reason
	if err := json.Unmarshal(raw, &in); err != nil {
		json.Unmarshal(raw, &in.Reason)
	}
	f.Type, f.Reason = in.Type, in.Reason
	if m := fieldNamed.FindStringSubmatch(f.Reason); m != nil {
		f.Field = m[1]
	} else if in.CausedBy != nil {
		if m := fieldNamed.FindStringSubmatch(in.CausedBy.Reason); m != nil {
			f.Field = m[1]
		}
	}
	f.Reason = strings.TrimSpace(quoted.ReplaceAllString(f.Reason, ""))
	f.Reason = excerpt([]byte(f.Reason))
	return f
}
