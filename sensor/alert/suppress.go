package alert

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Suppression is a person's decision that some alerts need no answer for a time.
// What it covers is still written, with the suppression's id, but it opens no
// incident.
type Suppression struct {
	ID     string
	Owner  string // who answers for it
	Reason string
	Expiry int64 // ns since 1970: from then on it no longer counts
	Scope  Scope
}

// Scope says which alerts are meant: all members that are set must match.
type Scope struct {
	Detector, Family    string
	Source, Destination netip.Prefix
}

// Validate says what a suppression lacks. One without end or without an owner is
// how sensors go blind, so neither is taken.
func (s *Suppression) Validate() error {
	var errs []error
	lacks := func(absent bool, what string) {
		if absent {
			errs = append(errs, fmt.Errorf("suppression %q: %s", s.ID, what))
		}
	}
	lacks(s.ID == "", "id is required")
	lacks(s.Owner == "", "owner is required")
	lacks(s.Reason == "", "reason is required")
	lacks(s.Expiry <= 0, "expiry is required")
	lacks(s.Scope.all(), "scope is required: detector, family, source or destination, and not every address")
	family := s.Scope.Family
	lacks(family != "" && !slices.Contains(event.Families, family), fmt.Sprintf("unknown family %q", family))
	return errors.Join(errs...)
}

// all reports whether nothing is left out: no detector, no family, and each address.
func (c *Scope) all() bool {
	every := func(p netip.Prefix) bool { return p.Bits() <= 0 }
	return c.Detector == "" && c.Family == "" && every(c.Source) && every(c.Destination)
}

func (s *Suppression) matches(f *event.Finding) bool {
	c := &s.Scope
	return *c != Scope{} && f.Time < s.Expiry &&
		(c.Detector == "" || c.Detector == f.Detector) &&
		(c.Family == "" || c.Family == f.Family) &&
		within(c.Source, f.Subject.Addr) &&
		within(c.Destination, f.Peer.Addr)
}

// within reports whether a is in p; an unset prefix holds all.
func within(p netip.Prefix, a netip.Addr) bool { return !p.IsValid() || p.Contains(a.Unmap()) }

// Suppress puts other suppressions in force, between two findings: for alerts that
// are raised from now on.
func (d *Desk) Suppress(list []Suppression) { d.c.Suppressions = list }

// suppression is the id of the first suppression that covers f, or "".
func (d *Desk) suppression(f *event.Finding) string {
	for i := range d.c.Suppressions {
		if s := &d.c.Suppressions[i]; s.matches(f) {
			return s.ID
		}
	}
	return ""
}
