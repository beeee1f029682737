package detect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// evalReal is what was found in real calls: by pair of a client and a place, or of
// a client and all places, as a sensor behind a proxy would see it.
type evalReal struct {
	What   string             `json:"what"`
	Pairs  int                `json:"pairs"`
	Found  map[string]float64 `json:"found"` // share of the pairs
	Listed []string           `json:"listed,omitempty"`
}

// callRecord is what is read of a document of the replay: a conversation that is
// over, or a request.
type callRecord struct {
	Time        time.Time `json:"@timestamp"`
	Event       struct{ Start time.Time }
	Source      struct{ IP string }
	Destination struct {
		IP   string
		Port int
	}
	Network     struct{ Transport string }
	Brandmelder struct {
		Flow struct {
			Total struct {
				Source struct{ Payload uint32 }
			}
		}
	}
}

// at is when the conversation began, or the request was sent.
func (d *callRecord) at() int64 {
	if d.Event.Start.IsZero() {
		return d.Time.UnixNano()
	}
	return d.Event.Start.UnixNano()
}

// real measures the pairs of the replayed captures in dir/calls, and beacons laid
// over them.
func (ev *beaconEval) real(t *testing.T, dir string) {
	files, err := filepath.Glob(dir + "/calls/*.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	pairs, clients := map[string][]checkIn{}, map[string][]checkIn{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".ndjson")
		if err := readCalls(file, name, pairs, clients); err != nil {
			t.Fatal(err)
		}
	}
	ev.realPairs("pairs of benign captures", pairs)
	ev.realPairs("clients of benign captures, all places as one", clients)
	for _, ratio := range []float64{.25, .5, 1, 2} {
		ev.inject(ratio, clients)
	}
}

func readCalls(file, name string, pairs, clients map[string][]checkIn) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var d callRecord
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return err
		}
		c := checkIn{at: d.at(), up: d.Brandmelder.Flow.Total.Source.Payload}
		pair := fmt.Sprintf("%s %s %s:%d/%s", name, d.Source.IP, d.Destination.IP, d.Destination.Port, d.Network.Transport)
		pairs[pair] = append(pairs[pair], c)
		clients[name+" "+d.Source.IP] = append(clients[name+" "+d.Source.IP], c)
	}
	return lines.Err()
}

// kept are the series of eight calls and more that last beaconSpan, by name, moved
// to the beginning of the simulated day.
func kept(series map[string][]checkIn) (names []string, calls [][]checkIn) {
	for name, c := range series {
		if c = asKept(slices.Clone(c)); len(c) >= 8 && c[len(c)-1].at-c[0].at >= beaconSpan {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		c := asKept(slices.Clone(series[name]))
		shift := c[0].at - talkBegin
		for i := range c {
			c[i].at -= shift
		}
		calls = append(calls, c)
	}
	return names, calls
}

func (ev *beaconEval) realPairs(what string, series map[string][]checkIn) {
	names, calls := kept(series)
	row := evalReal{What: what, Pairs: len(calls), Found: map[string]float64{}}
	for _, rv := range rivals {
		for i, c := range calls {
			if rv.score(c) <= ev.Cut[rv.name] {
				continue
			}
			row.Found[rv.name] += 1 / float64(len(calls))
			if rv.name == "ours" {
				_, r := new(beaconScorer).score(c[max(0, len(c)-beaconRing):])
				row.Listed = append(row.Listed, fmt.Sprintf("%s: %d calls, period %.1f s", names[i], len(c), r.period))
			}
		}
	}
	ev.Real = append(ev.Real, row)
}

// inject lays a beacon with a jitter of a fifth over the calls of each client, with
// so many check-ins that the client's own calls are ratio of them.
func (ev *beaconEval) inject(ratio float64, series map[string][]checkIn) {
	row := evalReal{What: fmt.Sprintf("beacon laid over a client's calls, %.2f of them per check-in", ratio), Found: map[string]float64{}}
	_, all := kept(series)
	for i, own := range all {
		span := float64(own[len(own)-1].at-talkBegin) / second
		n := float64(len(own)) / ratio
		if ritaScore(own) > ev.Cut["rita"] || scoreOfLooks(own) > beaconLimit || n < 16 || span/n < 3 {
			continue
		}
		for seed := range uint64(10) {
			c := cell{Period: span / n, Jitter: .2, Law: "symmetric", Hours: span / 3600, Data: true}
			calls := asKept(append(c.beacon(rand.New(rand.NewPCG(400+seed, uint64(i)))), own...))
			row.Pairs++
			for _, rv := range rivals {
				if rv.score(calls) > ev.Cut[rv.name] {
					row.Found[rv.name]++
				}
			}
		}
	}
	for name := range row.Found {
		row.Found[name] /= float64(row.Pairs)
	}
	ev.Real = append(ev.Real, row)
}
