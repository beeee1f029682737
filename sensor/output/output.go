// Package output is the shelf of consumers of documents. Each reads the journal
// at its own pace with its own cursor; what it could not deliver stays pending.
package output

import (
	"fmt"
	"io"
	"sort"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Sink takes documents. One goroutine writes to it.
type Sink interface {
	// Write delivers all of docs or none of them that matter: after an error the
	// same documents are offered again, and a sink must bear that.
	Write(docs []event.Doc) error
	Close() error
}

// Decoder decodes the output's own section of the configuration strictly onto
// defaults that the output has set in into.
type Decoder func(into any) error

// Env is what an output may use.
type Env struct {
	Stdout   io.Writer
	StateDir string
}

// Spec describes a kind of output.
type Spec struct {
	Name string
	Doc  string // one line for people
	Open func(Env, Decoder) (Sink, error)
}

var registry []*Spec

// register puts a kind of output on the shelf: once per name, from an init function.
func register(s Spec) {
	for _, other := range registry {
		if other.Name == s.Name {
			panic(fmt.Sprintf("output: %s registered twice", s.Name))
		}
	}
	registry = append(registry, &s)
	sort.Slice(registry, func(i, j int) bool { return registry[i].Name < registry[j].Name })
}

// All lists the kinds of outputs by name. The slice is the caller's, the specs are not.
func All() []*Spec { return append([]*Spec(nil), registry...) }
