package detect

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// talk is one row of a file of talks: n conversations between two ends, gap
// apart. Its columns:
//
//	start gap n jitter client server proto app up down lasts state
//
// jitter j spreads each gap evenly over gap·(1±j); up and down are payload bytes.
type talk struct {
	start, gap, lasts time.Duration
	n                 int
	jitter            float64
	client            netip.Addr
	server            netip.AddrPort
	proto             uint8
	app               string
	up, down          uint64
	state             event.TCPState
}

const talkBegin = 1_700_000_000_000_000_000

func readTalks(t testing.TB, path string) []talk {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []talk
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		out = append(out, parseTalk(t, line))
	}
	return out
}

func parseTalk(t testing.TB, line string) talk {
	t.Helper()
	var k talk
	var times [3]string
	var client, server, proto, state string
	_, err := fmt.Sscan(line, &times[0], &times[1], &k.n, &k.jitter, &client, &server, &proto, &k.app, &k.up, &k.down, &times[2], &state)
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for i, p := range []*time.Duration{&k.start, &k.gap, &k.lasts} {
		if *p, err = time.ParseDuration(times[i]); err != nil {
			t.Fatal(err)
		}
	}
	k.client, k.server = netip.MustParseAddr(client), netip.MustParseAddrPort(server)
	k.proto = map[string]uint8{"tcp": 6, "udp": 17}[proto]
	k.app = strings.TrimPrefix(k.app, "-")
	k.state = map[string]event.TCPState{"SF": event.StateSF, "S0": event.StateS0, "REJ": event.StateREJ}[state]
	return k
}

// events makes the flow events of talks, in order of time: a start with nothing
// in it, an alive each minute with its share, and an end with the rest.
func talkEvents(talks []talk, seed uint64) []*event.Event {
	random := rand.New(rand.NewPCG(seed, 1))
	var out []*event.Event
	for i, k := range talks {
		at := int64(talkBegin) + int64(k.start)
		for n := range k.n {
			out = append(out, k.flow(at, uint16(20000+1000*i+n%1000))...)
			at += int64(float64(k.gap) * (1 + k.jitter*(2*random.Float64()-1)))
		}
	}
	slices.SortStableFunc(out, func(a, b *event.Event) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return out
}

func (k talk) flow(at int64, port uint16) []*event.Event {
	f := &event.Flow{Client: netip.AddrPortFrom(k.client, port), Server: k.server, Proto: k.proto, App: k.app, Start: at}
	f.Key = event.Key{A: k.client.As16(), B: k.server.Addr().As16(), APort: port, BPort: k.server.Port(), Proto: k.proto}
	total, sent := [2]event.Count{{Packets: 4, Payload: k.up}, {Packets: 4, Payload: k.down}}, [2]event.Count{}
	if k.down == 0 && k.proto == 17 {
		total[event.Server].Packets = 0
	}
	var out []*event.Event
	emit := func(kind string, now int64, upTo [2]event.Count) {
		t := &event.Traffic{First: at, Last: now, Total: upTo, Delta: upTo}
		for s := range sent {
			t.Delta[s].Sub(sent[s])
		}
		if sent = upTo; kind == "flow.end" && k.proto == 6 {
			t.State = k.state
		}
		out = append(out, &event.Event{Kind: kind, Time: now, Flow: f, Data: t})
	}
	emit("flow.start", at, [2]event.Count{})
	for passed := time.Minute; passed < k.lasts; passed += time.Minute {
		part := total
		for s := range part {
			part[s].Payload = part[s].Payload * uint64(passed/time.Second) / uint64(k.lasts/time.Second)
		}
		emit("flow.alive", at+int64(passed), part)
	}
	emit("flow.end", at+int64(k.lasts), total)
	return out
}
