package pipeline

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

func TestClinical(t *testing.T) {
	for _, test := range []struct {
		shares []string
		share  string
		bare   bool
	}{
		{[]string{"Scans$"}, "SCANS$", true},
		{[]string{"scans$"}, "office", false},
		{[]string{"scans$"}, "", true}, // not seen: it may be that one
		{nil, "", false},
		{nil, "scans$", false},
	} {
		e := &event.Event{Kind: "smb", Data: &proto.SMB{Share: test.share, Path: `a\b.doc`, NewPath: `c.doc`}}
		got := newClinical(test.shares).strip(e).Data.(*proto.SMB)
		if bare := got.Path == "" && got.NewPath == ""; bare != test.bare {
			t.Errorf("%v: of %q is left %q %q", test.shares, test.share, got.Path, got.NewPath)
		}
		if e.Data.(*proto.SMB).Path == "" {
			t.Error("the event itself was changed")
		}
	}
	other := &event.Event{Kind: "dns", Data: &proto.DNS{}}
	if newClinical([]string{"scans$"}).strip(other) != other {
		t.Error("an event of another protocol was copied")
	}
}
