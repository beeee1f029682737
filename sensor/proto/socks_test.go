package proto

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestSOCKS(t *testing.T) {
	ok := event.Login{Protocol: "socks", Method: "password", User: "proxy", Outcome: event.Success, Clear: true, Attempt: 1}
	refused := ok
	refused.Outcome = event.Failure
	page := newHTTP("GET")
	page.Version, page.Host, page.Path, page.Status, page.Body = "1.1", "intranet.example", "/start", 200, [2]int64{0, 2}
	page.Checksum, page.Target, page.TargetEntropy = checksum8("/start"), 6, entropy([]byte("/start"), -1)
	tests := map[string][]event.Record{
		"hit.hex":         {&ok, &SOCKS{Version: "5", Command: "connect", Method: "password", Domain: "intranet.example", Port: 80, Result: "ok"}, page},
		"hit-refused.hex": {&refused, &SOCKS{Version: "5", Method: "password"}},
		"hit-address.hex": {&SOCKS{Version: "5", Command: "connect", Method: "none", Addr: netip.MustParseAddr("2001:db8::1"), Port: 445, Result: "host-unreachable"}},
		"hit-name.hex":    {&SOCKS{Version: "4a", Command: "connect", Method: "none", Domain: "files.example", Port: 443, Result: "rejected"}},
	}
	for file, want := range tests {
		if d := cmp.Diff(want, run(specOf(t, "socks", 6), readDialogue(t, "testdata/socks/"+file)), same); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
	inside := run(specOf(t, "socks", 6), readDialogue(t, "testdata/socks/hit-four.hex"))
	if len(inside) != 2 || inside[0].(*SOCKS).User != "jan" || inside[1].Table() != sshTable {
		t.Errorf("%v", inside)
	}
}

// What nobody knows inside is given up after its first bytes, and nothing is kept.
func TestTunnelOfSomethingElse(t *testing.T) {
	var in tunnelled
	for range 64 {
		in.feed(event.Client, []byte("\x07\x07\x07"), func(event.Record) { t.Error("a record") })
	}
	if !in.over || len(in.waiting[0]) > 64*3 || in.parser != nil {
		t.Errorf("%+v", in)
	}
}

func TestInsideAConnect(t *testing.T) {
	records := run(specOf(t, "http", 6), readDialogue(t, "testdata/http/hit-connect.hex"))
	if len(records) != 2 || records[0].(*HTTP).Status != 200 || records[1].Table() != sshTable {
		t.Errorf("%v", records)
	}
}
