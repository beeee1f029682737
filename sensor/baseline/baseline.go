// Package baseline keeps what is usual: maps with a cap, an age limit and a count
// of what they had to forget.
package baseline

// Store makes the bounded maps of one run and knows them all by name, so that
// their sizes and evictions can be shown.
type Store struct{ maps []Gauge }

// Gauge is the state of one bounded map.
type Gauge interface {
	Name() string
	Len() int
	Cap() int
	Evicted() uint64
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{} }

// Gauges lists the maps in the order they were made.
func (s *Store) Gauges() []Gauge { return s.maps }
