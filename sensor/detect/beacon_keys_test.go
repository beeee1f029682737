package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// keyEval is what is found of one way to call: of timers by period and jitter, and of
// calls without a timer. Both look like an implant's but for their times.
type keyEval struct {
	Way    string       `json:"way"`
	Cells  []keyCell    `json:"cells"`
	Chance []keyOutcome `json:"chance"` // of the families that calibrate, and of those held out
}

type keyCell struct {
	Period, Jitter, Missed float64
	keyOutcome
}

// keyOutcome counts days, those told of at all, and those with an alarm.
type keyOutcome struct{ Days, Found, Alarm int }

func (o *keyOutcome) add(found []event.Finding, way beaconWay) {
	told := func(f event.Finding) bool { return f.Facts.(*beaconFacts).Calls == beaconWays[way] }
	o.Days++
	if slices.ContainsFunc(found, told) {
		o.Found++
	}
	if slices.ContainsFunc(detections(found), told) {
		o.Alarm++
	}
}

var keyWays = []beaconWay{beaconFromAll, beaconWithin, beaconAlike, beaconAsks, beaconPings}

// evalKeys runs the whole detector over days of calls of each way.
func evalKeys(t testing.TB, seeds, chance int) (out []keyEval) {
	for _, way := range keyWays {
		row := keyEval{Way: beaconWays[way]}
		for _, period := range []float64{60, 300, 900} {
			for _, k := range []struct{ jitter, missed float64 }{{0, 0}, {.2, 0}, {.5, 0}, {.2, .2}} {
				c, at := cell{Period: period, Jitter: k.jitter, Law: "symmetric", Missed: k.missed, Hours: 24}, keyCell{Period: period, Jitter: k.jitter, Missed: k.missed}
				for seed := range seeds {
					r := rand.New(rand.NewPCG(700+uint64(way), uint64(seed)))
					at.add(watchTalks(t, "beacon", keyEvents(way, c.beacon(r))), way)
				}
				row.Cells = append(row.Cells, at)
			}
		}
		for i, laws := range [][]law{calibrationLaws, freshLaws} {
			var o keyOutcome
			for seed := range chance * len(laws) {
				r := rand.New(rand.NewPCG(710+uint64(10*i)+uint64(way), uint64(seed)))
				o.add(watchTalks(t, "beacon", keyEvents(way, chanceDay(r, laws[seed%len(laws)]))), way)
			}
			row.Chance = append(row.Chance, o)
		}
		out = append(out, row)
	}
	return out
}

// keyEvents are calls in one way to a place without a name.
func keyEvents(way beaconWay, calls []checkIn) (out []*event.Event) {
	calls = calls[:min(len(calls), evalCalls)]
	k := talk{client: netip.MustParseAddr("10.1.0.5"), server: netip.MustParseAddrPort("203.0.113.9:443"), proto: 6, app: "tls", up: 300, down: 900, lasts: second, state: event.StateSF}
	if way == beaconWithin {
		return keyExchanges(k, calls)
	}
	for n, c := range calls {
		switch way {
		case beaconFromAll: // three hosts take turns
			k.client = netip.AddrFrom4([4]byte{10, 1, 0, byte(5 + n%3)})
			out = append(out, k.flow(c.at, uint16(20000+n%40000))...)
		case beaconPings: // a file in pieces of its own lengths
			p := k
			p.proto, p.app, p.server, p.up = protoICMP, "", netip.AddrPortFrom(k.server.Addr(), 0), uint64(64+n%5)
			out = append(out, p.flow(c.at, echoRequest)...)
		case beaconAlike:
			f := *k.flow(c.at, uint16(20000+n%40000))[0].Flow
			f.Server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(n % 250)}), 443)
			out = append(out, &event.Event{Kind: "tls", Time: c.at, Flow: &f, Data: newFactScene("tls", map[string]any{
				"brandmelder.tls.ja4": "t12d190800_d83cc789557e_7af1ed941c26", "tls.server.hash.sha256": strings.Repeat("AB", 32)}, n)})
		case beaconAsks:
			f := &event.Flow{Client: netip.AddrPortFrom(k.client, 40000), Server: netip.MustParseAddrPort("10.9.0.1:53"), Proto: 17, App: "dns", Start: c.at}
			out = append(out, &event.Event{Kind: "dns", Time: c.at, Flow: f, Data: newFactScene("dns", map[string]any{
				"dns.question.registered_domain": "cdn.example", "dns.question.subdomain": fmt.Sprintf("a%x", n*2654435761), "dns.response_code": "NOERROR"}, n)})
		}
	}
	return out
}

// keyExchanges are calls within one connection, as the flow room tells of them: each
// minute, at most so many.
func keyExchanges(k talk, calls []checkIn) (out []*event.Event) {
	f := k.flow(calls[0].at, 40000)[0].Flow
	var since []int64
	told := calls[0].at
	for _, c := range calls {
		for ; c.at-told > 60*second; told += 60 * second {
			out = append(out, &event.Event{Kind: "flow.alive", Time: told + 60*second, Flow: f, Data: &event.Traffic{Openings: since}})
			since = nil
		}
		if len(since) < 8 {
			since = append(since, c.at)
		}
	}
	return append(out, &event.Event{Kind: "flow.end", Time: calls[len(calls)-1].at, Flow: f, Data: &event.Traffic{Openings: since}})
}

func (o keyOutcome) String() string {
	return fmt.Sprintf("%.2f/%.2f", float64(o.Found)/float64(o.Days), float64(o.Alarm)/float64(o.Days))
}

func keysText(b *strings.Builder, rows []keyEval) {
	if len(rows) == 0 {
		return
	}
	b.WriteString("\nother ways to call: share of days told of / with an alarm on a fresh sensor\n")
	for _, row := range rows {
		fmt.Fprintf(b, "%s\n", row.Way)
		for _, c := range row.Cells {
			fmt.Fprintf(b, "  period %4.0f s  jitter %.1f  missed %.1f   %s\n", c.Period, c.Jitter, c.Missed, c.keyOutcome)
		}
		for i, what := range []string{"calibrate", "are held out"} {
			o := row.Chance[i]
			fmt.Fprintf(b, "  without a timer, families that %-12s %d of %d days told of, %d with an alarm\n", what, o.Found, o.Days, o.Alarm)
		}
	}
}

// Each way finds its timer and hardly anything else, small enough for every run.
func TestBeaconKeys(t *testing.T) {
	for _, row := range evalKeys(t, 1, 2) {
		if c := row.Cells[1]; c.Found != c.Days {
			t.Errorf("%s: %+v", row.Way, c)
		}
		if o := row.Chance[0]; o.Found > o.Days/10 {
			t.Errorf("%s: %+v without a timer", row.Way, o)
		}
	}
}
