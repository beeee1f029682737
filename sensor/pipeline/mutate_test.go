package pipeline

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// mutated hands out the packets of a source damaged: bytes changed with a
// probability of 2 % each in half of the packets, some packets cut, some late.
type mutated struct {
	capture.Source
	r       *rand.Rand
	data    []byte
	late    []event.Packet
	packets uint64
}

func (m *mutated) Read(p *event.Packet) error {
	if len(m.late) > 0 && m.r.IntN(4) == 0 {
		number := p.Number // the reader's own
		*p = m.late[0]
		p.Number = number
		m.late = m.late[1:]
		return nil
	}
	if err := m.Source.Read(p); err != nil {
		return err
	}
	m.packets++
	m.data = append(m.data[:0], p.Data...)
	m.damage(p)
	if m.r.IntN(50) == 0 {
		copied := *p
		copied.Data = append([]byte(nil), p.Data...)
		m.late = append(m.late, copied)
	}
	return nil
}

func (m *mutated) damage(p *event.Packet) {
	first := 0
	switch m.r.IntN(4) {
	case 0:
		p.Data = m.data
		return
	case 1:
		first = min(34, len(m.data)) // the addresses stay, so that parsers see the damage
	case 2:
		first = min(54, len(m.data))
	}
	for i := first; i < len(m.data); i++ {
		if m.r.IntN(50) == 0 {
			m.data[i] = byte(m.r.IntN(256))
		}
	}
	if m.r.IntN(10) == 0 {
		m.data = m.data[:m.r.IntN(len(m.data)+1)]
	}
	p.Data = m.data
}

// TestMutatedReplay replays damaged traffic: nothing may panic, not even where it
// would be recovered. BRANDMELDER_MUTATED is how many packets it reads.
func TestMutatedReplay(t *testing.T) {
	want := uint64(30_000)
	if s := os.Getenv("BRANDMELDER_MUTATED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want = n
	}
	var seen uint64
	for seed := uint64(1); seen < want; seed++ {
		seen += mutate(t, open(t, pcap(t, mix(400, seed, -hour, day), 0)), seed)
	}
	t.Logf("%d damaged packets", seen)
}

// TestMutatedCaptures is the same over real traffic.
func TestMutatedCaptures(t *testing.T) {
	var seen uint64
	for i, path := range captures(t) {
		seen += mutate(t, openPath(t, path), uint64(i))
	}
	t.Logf("%d damaged packets", seen)
}

// mutate replays a damaged source and returns the number of its packets. The
// documents are not kept.
func mutate(t *testing.T, source capture.Source, seed uint64) uint64 {
	t.Helper()
	m := &mutated{Source: source, r: rand.New(rand.NewPCG(seed, 2))}
	line, err := New(settings(1, flow.Config{Flows: 8192, Streams: 2048}), func(event.Doc) {})
	if err != nil {
		t.Fatal(err)
	}
	account, err := line.Replay(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if account.Flow.Panics != 0 {
		t.Errorf("seed %d: %d parsers broke", seed, account.Flow.Panics)
	}
	return m.packets
}
