package output

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Pseudonyms rewrites documents for an output outside of the institution: what
// names a person becomes a keyed code, the same for the same name, so that a case
// can be followed without knowing whom it is about. Sentences are left out, for
// a name may stand in them..
type Pseudonyms struct {
	key      []byte
	personal map[string]event.Type // by path
}

// NewPseudonyms takes the key of the HMAC-SHA-256 and the tables of all documents
// that may come.
func NewPseudonyms(key []byte, tables []*event.Table) (*Pseudonyms, error) {
	if len(key) < 16 {
		return nil, fmt.Errorf("pseudonyms: a key of %d bytes is too short", len(key))
	}
	p := &Pseudonyms{key: key, personal: map[string]event.Type{}}
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
		if f.Privacy == event.Personal {
			p.personal[above+f.Path] = f.Type
		}
		p.learn(above+f.Path+".", f.Sub)
	}
}

// Doc is the document with codes for names. The original is not changed.
func (p *Pseudonyms) Doc(d event.Doc) (event.Doc, error) {
	decoder := json.NewDecoder(bytes.NewReader(d.JSON))
	decoder.UseNumber() // numbers keep their digits
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return d, fmt.Errorf("pseudonyms: document %s: %w", d.ID, err)
	}
	p.walk("", object)
	b, err := json.Marshal(object)
	d.JSON = b
	return d, err
}

// walk rewrites the personal members of an object. The depth is that of our own
// documents.
func (p *Pseudonyms) walk(above string, object map[string]any) {
	for name, value := range object {
		path := above + name
		kind, personal := p.personal[path]
		switch v := value.(type) {
		case map[string]any:
			p.walk(path+".", v)
		case []any:
			for i := range v {
				if inner, ok := v[i].(map[string]any); ok {
					p.walk(path+".", inner)
				} else if s, ok := v[i].(string); ok && personal {
					v[i] = p.code(s)
				}
			}
		case string:
			if personal {
				object[name] = p.code(v)
			}
		}
		if personal && kind == event.TypeText {
			delete(object, name)
		}
	}
}

// code is 64 bits of the HMAC: enough to tell the names of an institution apart.
func (p *Pseudonyms) code(name string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(name))
	return "p-" + hex.EncodeToString(mac.Sum(nil)[:8])
}
