package ingest

import (
	"fmt"
	"regexp"
)

// Tenant is an institution among others on one server.
type Tenant struct {
	Namespace string // last part of the names of its data streams
	Space     string // of Kibana
}

var (
	namespaces = regexp.MustCompile(`^[a-z0-9][a-z0-9_.]{0,99}$`)
	spaces     = regexp.MustCompile(`^[a-z0-9_-]*$`)
)

// Check refuses names that no data stream or space can have.
func (t *Tenant) Check() error {
	if !namespaces.MatchString(t.Namespace) {
		return fmt.Errorf("namespace %q: lower-case letters, digits, _ and . only: the name of a data stream ends with it", t.Namespace)
	}
	if !spaces.MatchString(t.Space) {
		return fmt.Errorf("space %q: lower-case letters, digits, _ and - only", t.Space)
	}
	return nil
}

// SpaceOf is the space of a tenant that names none: its namespace, with what a space
// cannot have replaced.
func SpaceOf(namespace string) string {
	b := []byte(namespace)
	for i := range b {
		if b[i] == '.' {
			b[i] = '-'
		}
	}
	return string(b)
}
