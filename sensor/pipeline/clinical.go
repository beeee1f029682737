package pipeline

import (
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// clinical takes the names of files out of events of shares that hold patients'
// files, before anything else sees them: there a name is a patient's.
type clinical []string // names of shares, lower case, without the server

func newClinical(shares []string) clinical {
	c := make(clinical, len(shares))
	for i, s := range shares {
		c[i] = strings.ToLower(s)
	}
	return c
}

// holds reports whether a share may be one of them. One whose name was not seen,
// since the capture began later, may be any.
func (c clinical) holds(share string) bool {
	return len(c) > 0 && (share == "" || slices.Contains(c, strings.ToLower(share)))
}

// strip returns the event, or a copy without the names.
func (c clinical) strip(e *event.Event) *event.Event {
	r, ok := e.Data.(*proto.SMB)
	if !ok || !c.holds(r.Share) {
		return e
	}
	bare, record := *e, *r
	record.Path, record.NewPath = "", ""
	bare.Data = &record
	return &bare
}
