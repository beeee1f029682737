// Package output is the shelf of consumers of documents. Each reads the journal
// at its own pace with its own cursor; what it could not deliver stays pending.
package output

import (
	"context"
	"fmt"
	"io"
	"sort"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// Sink takes documents. One goroutine writes to it.
type Sink interface {
	// Write delivers all of docs or none of them that matter: after an error the
	// same documents are offered again, and a sink must bear that.
	Write(ctx context.Context, docs []event.Doc) error
	Close() error
}

// Resumer is a sink that can find out what was delivered already. Documents that an
// earlier process may have written come to Resume instead of Write.
type Resumer interface {
	Resume(ctx context.Context, docs []event.Doc) error
}

// Doubter is a sink that counts the documents that it may have delivered twice.
type Doubter interface{ Doubtful() uint64 }

// Dead is a document that the other side will never take.
type Dead = ingest.Dead

// Env is what an output may use.
type Env struct {
	Stdout    io.Writer
	Namespace string // tenant
	Lang      string // of what it says itself: en or nl
	Observer  string // name of this sensor
	// Dead keeps documents that will never be taken; they are on disk when it returns.
	Dead func([]Dead) error
	// Note is told what holds the output up, and nil when it goes on.
	Note func(error)
}

// What an output gets.
const (
	Alerts     = "alerts"    // each new alert once, without those that people suppressed
	Incidents  = "incidents" // that are opened or closed
	Everything = "all"       // the datasets of its choice
)

// Settings are what people write for one output: a pointer to a struct with the
// yaml keys that it has.
type Settings interface {
	// Where says in a few words where it writes to, without a secret.
	Where() string
}

// Spec describes a kind of output.
type Spec struct {
	Name      string
	Doc       string // one line for people
	Remote    bool   // it needs the network, so ship runs it and never the process that captures
	What      string // without a setting
	PerMinute int    // messages at most, without a setting; 0 is no limit
	Single    bool   // each document is a message of its own, and acknowledged by itself
	Settings  func() Settings
	Open      func(Env, Settings) (Sink, error)
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

// Find is the kind of a name, nil for none.
func Find(name string) *Spec {
	for _, s := range registry {
		if s.Name == name {
			return s
		}
	}
	return nil
}
