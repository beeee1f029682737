package output

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Pseudonyms rewrites documents for an output outside of the institution: what
// names a person becomes a keyed code, the same for the same name, so that a case
// can be followed without knowing whom it is about. Sentences are never edited:
// they are dropped, and worded anew from what is left. What no table names, as in a
// document of another version, is left out.
type Pseudonyms struct {
	key    []byte
	fields map[string]*event.Field // by path; personal where any table says so
	reword func(event.Document)
}

// NewPseudonyms takes the secret of the sensor, the tables of all documents that
// may come, and what words a document anew.
func NewPseudonyms(secret []byte, tables []*event.Table, reword func(event.Document)) (*Pseudonyms, error) {
	if len(secret) < 16 {
		return nil, fmt.Errorf("pseudonyms: a secret of %d bytes is too short", len(secret))
	}
	mac := hmac.New(sha256.New, secret) // the secret keys ids as well: each use has its own key
	mac.Write([]byte("pseudonyms"))
	p := &Pseudonyms{key: mac.Sum(nil), fields: map[string]*event.Field{}, reword: reword}
	for _, t := range tables {
		if t != nil { // a detector without facts
			p.learn("", t.Fields)
		}
	}
	return p, nil
}

func (p *Pseudonyms) learn(above string, fields []event.Field) {
	for i := range fields {
		f := &fields[i]
		path := above + f.Path
		if had := p.fields[path]; had == nil || had.Privacy != event.Personal {
			p.fields[path] = f
		}
		p.learn(path+".", f.Sub)
	}
}

// Doc is the document with codes for names. The original is not changed.
func (p *Pseudonyms) Doc(d event.Doc) (event.Doc, error) {
	object, err := event.ParseDocument(d.JSON)
	if err != nil {
		return d, fmt.Errorf("pseudonyms: %s: %w", d.ID, err)
	}
	p.object("", object)
	p.reword(object)
	d.JSON, err = json.Marshal(object)
	return d, err
}

// object rewrites the members of an object. The depth is that of our own documents.
func (p *Pseudonyms) object(above string, object map[string]any) {
	for name, value := range object {
		path := above + name
		if inner, ok := value.(map[string]any); ok {
			if p.object(path+".", inner); len(inner) == 0 {
				delete(object, name)
			}
			continue
		}
		f := p.fields[path]
		switch {
		case f == nil || f.Privacy == event.Personal && f.Type == event.TypeText:
			delete(object, name)
		case f.Type == event.TypeObject:
			list, _ := value.([]any)
			for _, x := range list {
				if inner, ok := x.(map[string]any); ok {
					p.object(path+".", inner)
				}
			}
		case f.Privacy == event.Personal:
			object[name] = p.coded(value)
		}
	}
}

// coded is a personal value, or a list of them, in codes.
func (p *Pseudonyms) coded(value any) any {
	list, ok := value.([]any)
	if !ok {
		return p.Code(fmt.Sprint(value))
	}
	for i := range list {
		list[i] = p.Code(fmt.Sprint(list[i]))
	}
	return list
}

// Code is 64 bits of the HMAC: enough to tell the names of an institution apart.
// Protocols write one name in many cases; a person has one code.
func (p *Pseudonyms) Code(name string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(strings.ToLower(name)))
	return "p-" + hex.EncodeToString(mac.Sum(nil)[:8])
}
