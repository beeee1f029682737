package proto

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestSIP(t *testing.T) {
	for file, p := range map[string]Parser{"hit-udp": &sipDatagrams{}, "hit-tcp": &sipStream{}} {
		d := readDialogue(t, "testdata/sip/"+file+".hex")
		want := []*SIP{
			{Method: "REGISTER", Status: 401, Agent: "phone/1", Server: "pbx/2", Names: 1},
			{Method: "REGISTER", Status: 200, Agent: "phone/1", Server: "pbx/2", Names: 1},
			{Method: "OPTIONS", Status: 200, Names: 1, Reverse: true},
			{Method: "INVITE", Agent: "phone/1", Names: 2},
		}
		logins := []*event.Login{{Protocol: "sip", Method: "digest", User: "ann", Outcome: event.Success, Reason: "200", Attempt: 1}}
		var got []*SIP
		var in []*event.Login
		for _, r := range run(&Spec{New: func() Parser { return p }}, d) {
			switch r := r.(type) {
			case *SIP:
				got = append(got, r)
			case *event.Login:
				in = append(in, r)
			}
		}
		if d := cmp.Diff(want, got) + cmp.Diff(logins, in); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

func TestSIPNeverKeepsNumbers(t *testing.T) {
	for value, want := range map[string]string{`Digest username="4711", realm="x"`: "", `Digest username="+31 20 123", x`: "", `Digest username="ann"`: "ann", `x`: ""} {
		if got := sipUser(value); got != want {
			t.Errorf("%s: %q", value, got)
		}
	}
}

func TestSIPCountsNames(t *testing.T) {
	p := &sipDatagrams{}
	var last *SIP
	emit := func(r event.Record) { last, _ = r.(*SIP) }
	for i := range 2000 {
		p.Feed(event.Client, fmt.Appendf(nil, "REGISTER sip:pbx SIP/2.0\r\nTo: <sip:%d@pbx>\r\nCall-ID: %d\r\nCSeq: 1 REGISTER\r\n\r\n", i, i), emit)
	}
	if len(p.names) != sipNames || len(p.waiting.entries) != sipPending || last == nil || last.Names != sipNames {
		t.Errorf("%d names, %d waiting, last %+v", len(p.names), len(p.waiting.entries), last)
	}
}
