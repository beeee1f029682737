package proto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStratum(t *testing.T) {
	for file, want := range map[string][]*Stratum{
		"hit-bitcoin": {
			{Method: "mining.subscribe", Agent: "rig/1.0", Accepted: true},
			{Method: "mining.authorize", Wallet: "ann.1", Accepted: true},
			{Method: "mining.submit", Accepted: true, Jobs: 1, Shares: 1},
		},
		"hit-cryptonote": {{Method: "login", Agent: "rig/6.1", Wallet: "44walletaddress", Accepted: true, Jobs: 1}},
	} {
		if d := cmp.Diff(want, hear[*Stratum](&stratumParser{}, readDialogue(t, "testdata/stratum/"+file+".hex"))); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

func TestStratumTellsOfSharesAtEachDoubling(t *testing.T) {
	var lines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&lines, `{"id":%d,"method":"submit","params":{}}`+"\n", i)
	}
	got := hear[*Stratum](&stratumParser{}, talk(lines.String()))
	if n := len(got); n != 11 || got[n-1].Shares != 1000 {
		t.Errorf("%d records, last %+v", n, got[n-1])
	}
}

func TestMinerCallsOverHTTP(t *testing.T) {
	for body, want := range map[string]string{
		`{"method": "getwork", "params": [], "id":0}`:                   "getwork",
		`{"id":1,"jsonrpc":"2.0","method" : "eth_getWork","params":[]}`: "eth_getWork",
		`{"method":"login","params":{"user":"ann"}}`:                    "",
		`{"method":`: "",
		`{"params":["\"method\""],"method":"getwork"}`: "getwork",
	} {
		ask := fmt.Sprintf("POST / HTTP/1.1\r\nAuthorization: Basic YW5uOng=\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		got := hearHTTP(ask, "<{\"no\":\"HTTP\"}\n")
		if len(got) != 1 || got[0].Miner != want {
			t.Fatalf("%s: %+v", body, got)
		}
		if l := got[0].login(); l.Clear != (want == "") {
			t.Errorf("%s: %+v", body, l)
		}
	}
}
