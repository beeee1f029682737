package proto

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func recordsOf(t *testing.T, name, file string) []event.Record {
	t.Helper()
	for _, s := range All() {
		if s.Name == name {
			return run(s, readDialogue(t, "testdata/"+name+"/"+file))
		}
	}
	t.Fatalf("no protocol %s", name)
	return nil
}

func sayDICOM(records []event.Record) (out []string) {
	for _, r := range records {
		switch d := r.(type) {
		case *DICOM:
			out = append(out, strings.Join(strings.Fields(fmt.Sprint(d.Kind, " ", d.Calling, ">", d.Called, " ", d.Result, d.Reason, " ", strings.Join(d.Contents, ","), " ", d.Software, " ", d.Operation, " ", d.Destination,
				fmt.Sprintf(" %d/%d/%d matches=%d images=%d/%d", d.Requests, d.Succeeded, d.Failed, d.Matches, d.Images, d.Lost))), " "))
		case *event.Login:
			out = append(out, fmt.Sprint("login ", d.User, " ", d.Method, " ", d.Outcome, " ", d.Clear))
		}
	}
	return out
}

func TestDICOM(t *testing.T) {
	wantTold(t, sayDICOM(recordsOf(t, "dicom", "hit.hex")), `
association WS1>PACS accepted verification,query-retrieve OWN_TEST_1 0/0/0 matches=0 images=0/0
login anna password success true
operation WS1>PACS c-echo 1/0/0 matches=0 images=0/0
operation WS1>PACS c-find 1/0/0 matches=0 images=0/0
operation WS1>PACS c-move WS1 1/0/0 matches=0 images=0/0
operation WS1>PACS c-echo 1/1/0 matches=0 images=0/0
operation WS1>PACS c-find 1/1/0 matches=1 images=0/0
operation WS1>PACS c-move WS1 1/1/0 matches=0 images=12/1`)
	wantTold(t, sayDICOM(recordsOf(t, "dicom", "hit-rejected.hex")), `
association X>ARCHIVE rejectedcalled-ae-not-recognized verification,query-retrieve OWN_TEST_1 0/0/0 matches=0 images=0/0`)
}

func TestHL7(t *testing.T) {
	var out []string
	for _, r := range recordsOf(t, "hl7", "hit.hex") {
		h := r.(*HL7)
		out = append(out, fmt.Sprint(h.Sender, "@", h.SenderFacility, ">", h.Receiver, "@", h.ReceiverFacility, " ", h.Type, " ", h.Processing, " ", h.Version, fmt.Sprintf(" %d/%d/%d ", h.Messages, h.Accepted, h.Refused), h.Ack))
	}
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	wantTold(t, out, `
ADT1@WARD>LAB1@LAB ADT^A01 P 2.5 1/0/0
LAB1@LAB>ADT1@WARD ACK P 2.5 1/0/0
ADT1@WARD>LAB1@LAB ADT^A01 P 2.5 1/1/0 AA
ADT1@WARD>LAB1@LAB ADT^A01 P 2.5 2/1/0 AA
LAB1@LAB>ADT1@WARD ACK P 2.5 2/0/0
ADT1@WARD>LAB1@LAB ADT^A01 P 2.5 2/1/1 AE`)
}

// Of a message no more is kept than its header and the name of a segment.
func TestHL7KeepsNoSegment(t *testing.T) {
	p := &hl7Parser{}
	p.Feed(event.Client, []byte("\x0bMSH|^~\\&|A|B|C|D\rPID|1||"+strings.Repeat("9", 100_000)), func(event.Record) {})
	if n := len(p.sides[event.Client].buf); n != hl7Segment {
		t.Errorf("%d bytes are kept", n)
	}
}

// A command that stands behind much data in one message is seen, and the data is not
// kept.
func TestDICOMCommandBehindData(t *testing.T) {
	d := readDialogue(t, "testdata/dicom/hit.hex")
	echo := d[2].data[dicomHead:] // the value of an echo
	data := append([]byte{0, 0, 0x23, 0x2a, 1, 2}, make([]byte, 9000)...)
	message := append([]byte{dicomData, 0, 0, 0, 0, 0}, append(data, echo...)...)
	binary.BigEndian.PutUint32(message[2:], uint32(len(message)-dicomHead))
	p, n := newDICOM(), 0
	for _, piece := range [][]byte{d[0].data, message, d[2].data} {
		p.Feed(event.Client, piece, func(r event.Record) {
			if r.(*DICOM).Kind != "association" {
				n++
			}
		})
	}
	if k := p.counts.entries; len(k) != 1 || k[0].value.Requests != 2 || cap(p.sides[event.Client].buf) > 2*dicomMost {
		t.Errorf("%d kinds, %d records: %+v", len(k), n, k)
	}
}
