package proto

import (
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// DICOM is an association between two application entities, or one kind of
// operation in it: at its first request, at each doubling and at the end. Titles
// name machines. Nothing of a data set or an identifier is in it.
type DICOM struct {
	Kind            string // association, operation
	Calling, Called string // titles of the application entities
	Result          string // of an association: accepted, rejected, aborted, unanswered
	Reason          string
	Contents        []string // what it is about
	Software        string   // implementation version name of the caller

	Operation         string
	Destination       string // title that a C-MOVE sends to
	Requests          int64
	Succeeded, Failed int64
	Matches           int64 // answers to queries
	Images            int64 // sent by retrievals
	Lost              int64 // images that could not be sent
	Reversed          bool  // asked by the conversation's server

	told, toldFailed int64
}

func (*DICOM) Table() *event.Table { return dicomTable }

var dicomTable = event.NewTable("dicom", "DICOM associations, and their operations: each kind at its first time, at each doubling and at the end.", dicomFields()...).InBrief("brandmelder.dicom.operation", "brandmelder.dicom.calling_ae", "brandmelder.dicom.called_ae", "brandmelder.dicom.result")

func dicomFields() []event.Field {
	text := func(path, doc string, get func(*DICOM) string) event.Field {
		return event.String("brandmelder.dicom."+path, event.Technical, doc, func(d *DICOM) (string, bool) { s := get(d); return s, s != "" })
	}
	count := func(path, doc string, get func(*DICOM) int64) event.Field {
		return event.Int("brandmelder.dicom."+path, event.Technical, doc, func(d *DICOM) (int64, bool) { n := get(d); return n, n > 0 })
	}
	return []event.Field{
		text("kind", "association or operation", func(d *DICOM) string { return d.Kind }),
		text("calling_ae", "title of the caller: it names a machine", func(d *DICOM) string { return d.Calling }),
		text("called_ae", "title of the called", func(d *DICOM) string { return d.Called }),
		text("result", "accepted, rejected, aborted or unanswered", func(d *DICOM) string { return d.Result }),
		text("reason", "why it was rejected", func(d *DICOM) string { return d.Reason }),
		event.Strings("brandmelder.dicom.contents", event.Technical, "what the association is about, by its abstract syntaxes", func(d *DICOM) []string { return d.Contents }),
		text("software", "implementation version name of the caller", func(d *DICOM) string { return d.Software }),
		text("operation", "command", func(d *DICOM) string { return d.Operation }),
		text("move_destination", "title that images are sent to", func(d *DICOM) string { return d.Destination }),
		count("requests", "requests in this association", func(d *DICOM) int64 { return d.Requests }),
		count("succeeded", "of them answered well", func(d *DICOM) int64 { return d.Succeeded }),
		count("failed", "of them failed", func(d *DICOM) int64 { return d.Failed }),
		count("matches", "answers to queries", func(d *DICOM) int64 { return d.Matches }),
		count("images", "images sent by retrievals", func(d *DICOM) int64 { return d.Images }),
		count("images_lost", "images that could not be sent", func(d *DICOM) int64 { return d.Lost }),
		event.Bool("brandmelder.dicom.reversed", event.Technical, "the conversation's server asks its client", func(d *DICOM) (bool, bool) { return true, d.Reversed }),
	}
}

func (d *DICOM) tell(emit func(event.Record)) {
	d.told, d.toldFailed = d.Requests, d.Failed
	told := *d
	emit(&told)
}

var dicomCommands = map[uint16]string{
	0x01: "c-store", 0x10: "c-get", 0x20: "c-find", 0x21: "c-move", 0x30: "c-echo",
	0x100: "n-event-report", 0x110: "n-get", 0x120: "n-set", 0x130: "n-action", 0x140: "n-create", 0x150: "n-delete",
}

// dicomReason names a rejection (PS3.8, 9.3.4).
func dicomReason(source, reason uint8) string {
	switch [2]uint8{source, reason} {
	case [2]uint8{1, 2}:
		return "application-context-not-supported"
	case [2]uint8{1, 3}:
		return "calling-ae-not-recognized"
	case [2]uint8{1, 7}:
		return "called-ae-not-recognized"
	case [2]uint8{2, 2}:
		return "protocol-version-not-supported"
	case [2]uint8{3, 1}:
		return "temporary-congestion"
	case [2]uint8{3, 2}:
		return "local-limit-exceeded"
	}
	return "no-reason"
}

// dicomContent names an abstract syntax in the words of people (PS3.4, PS3.6).
func dicomContent(uid string) string {
	const root = "1.2.840.10008."
	switch rest, known := strings.CutPrefix(uid, root); {
	case !known:
		return "private"
	case rest == "1.1":
		return "verification"
	case strings.HasPrefix(rest, "5.1.4.1.1."):
		return "storage"
	case strings.HasPrefix(rest, "5.1.4.1.2."):
		return "query-retrieve"
	case rest == "5.1.4.31":
		return "worklist"
	case strings.HasPrefix(rest, "5.1.1."):
		return "print"
	case strings.HasPrefix(rest, "3.1.2.3."):
		return "procedure-step"
	case strings.HasPrefix(rest, "1.20."):
		return "storage-commitment"
	}
	return "other"
}
