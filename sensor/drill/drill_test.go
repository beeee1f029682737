package drill

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// The recording holds packets of every act, all between the players.
func TestRecordingHoldsEveryAct(t *testing.T) {
	source, err := Recording()
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	ports := map[string]int{"21": 0, "80": 0, "8080": 0, "53": 0}
	var p event.Packet
	from, to := int64(0), int64(0)
	for {
		err := source.Read(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if from == 0 {
			from = p.Time
		}
		to = p.Time
		if p.Link != 1 || len(p.Data) < 38 || p.Data[12] != 8 {
			t.Fatalf("a packet that is no IPv4 over Ethernet: % x", p.Data[:min(len(p.Data), 38)])
		}
		for _, a := range [][]byte{p.Data[26:30], p.Data[30:34]} {
			if !bytes.HasPrefix(a, []byte{172, 31, 250}) && !bytes.HasPrefix(a, []byte{203, 0, 113}) {
				t.Fatalf("a packet of %v, who is no player", net.IP(a))
			}
		}
		switch port := int(p.Data[36])<<8 | int(p.Data[37]); port {
		case 21, 80, 8080, 53:
			ports[map[int]string{21: "21", 80: "80", 8080: "8080", 53: "53"}[port]]++
		}
	}
	for port, n := range ports {
		if n < 10 {
			t.Errorf("%d packets to port %s", n, port)
		}
	}
	if seconds := (to - from) / 1e9; seconds < 20 || seconds > 60 {
		t.Errorf("it lasts %d s", seconds)
	}
}

// The players' addresses are of ranges that nobody routes, and the script is whole.
func TestPlayersAreNobodyElse(t *testing.T) {
	for _, a := range []net.IP{intruderHost.AsSlice(), fileServer.AsSlice()} {
		if !a.IsPrivate() {
			t.Errorf("%s is not private", a)
		}
	}
	_, reserved, err := net.ParseCIDR("203.0.113.0/24") // RFC 5737
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []net.IP{beaconHost.AsSlice(), dropHost.AsSlice(), nameServer.AsSlice()} {
		if !reserved.Contains(a) {
			t.Errorf("%s is not reserved for documentation", a)
		}
	}
	names, detectors := map[string]bool{}, map[string]bool{}
	for _, a := range Acts() {
		names[a.Name], detectors[a.Detector] = true, true
		if a.Doc == "" || a.play == nil {
			t.Errorf("%s is not whole", a.Name)
		}
	}
	if len(names) != 4 || len(detectors) != 4 {
		t.Errorf("acts %v, detectors %v", names, detectors)
	}
}

// Names of the tunnel are new each time and as long as they may be carried.
func TestTunnelNames(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		name := tunnelName()
		for label := range strings.SplitSeq(name, ".") {
			if len(label) == 0 || len(label) > 63 {
				t.Errorf("a label of %d bytes in %s", len(label), name)
			}
		}
		if seen[name] || !strings.HasSuffix(name, "."+tunnelZone) || len(name) < 100 || len(name) > 253 {
			t.Errorf("%s", name)
		}
		seen[name] = true
	}
}

// Questions and answers are what a DNS library of others reads.
func TestNamesAreDNS(t *testing.T) {
	name := tunnelName()
	query := question(7, name)
	for what, message := range map[string][]byte{"question": query, "answer": answerTXT(query)} {
		var m dnsmessage.Message
		if err := m.Unpack(message); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if m.ID != 7 || len(m.Questions) != 1 || m.Questions[0].Name.String() != name+"." || m.Questions[0].Type != dnsmessage.TypeTXT {
			t.Errorf("%s: %+v", what, m)
		}
		if m.Response != (what == "answer") || len(m.Answers) != map[string]int{"question": 0, "answer": 1}[what] {
			t.Errorf("%s: %+v", what, m)
		}
	}
}

// The file server refuses every login and ends when it is asked to.
func TestFileServerRefuses(t *testing.T) {
	client, server := net.Pipe()
	go refuse(server)
	defer client.Close()
	lines := bufio.NewReader(client)
	for _, step := range [][2]string{{"", "220"}, {"USER beheer", "331"}, {"PASS zomer1", "530"}, {"SITE x", "500"}} {
		if step[0] != "" {
			io.WriteString(client, step[0]+"\r\n")
		}
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, step[1]) {
			t.Errorf("%q: %q, %v", step[0], line, err)
		}
	}
	io.WriteString(client, "QUIT\r\n")
	if _, err := lines.ReadString('\n'); !errors.Is(err, io.EOF) {
		t.Errorf("after QUIT: %v", err)
	}
}

// The loot is as large as the detector asks for, and zeros.
func TestLoot(t *testing.T) {
	got := int64(0)
	place := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.Copy(io.Discard, r.Body) }))
	defer place.Close()
	res, err := http.Post(place.URL, "application/zip", io.LimitReader(loot{}, 1e6))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got != 1e6 || uploadSize < 200e6 {
		t.Errorf("%d bytes came of 1000000; the whole is %d", got, uploadSize)
	}
	full := []byte{1, 2, 3}
	if n, err := (loot{}).Read(full); n != 3 || err != nil || !bytes.Equal(full, make([]byte, 3)) {
		t.Errorf("%d %v % x", n, err, full)
	}
}

func TestSleepEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	if !sleep(ctx, 1) {
		t.Error("it did not sleep")
	}
	stop()
	if sleep(ctx, 1<<60) {
		t.Error("it slept")
	}
}
