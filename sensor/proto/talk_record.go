package proto

import (
	"math/bits"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Talk is a conversation in a protocol that is not read: its counters and its
// shape so far. None of its bytes are in it.
type Talk struct {
	First    event.Side // who spoke first
	Turns    int64      // changes of the speaker
	Messages [2]int64   // runs of bytes of one side without a pause
	Bytes    [2]int64
	Gaps     int64 // distances between exchanges: what follows a pause of a second

	Class     [2]string  // what each side begins with
	Frame     [2]string  // how its first message tells its length
	Entropy   [2]float64 // bits per byte of the first 4 KiB
	Printable [2]float64 // share of text in them, 0 to 1
	Shapes    []string   // survey, tick-bar, bot-order, stage, zlib-frame, hex-text, bot-hello, bare-endpoint
	Shell     []string   // shapes of a shell
	ShellSide string     // who shows them
	Commands  [2]int64   // different commands that a side gave
	Sizes     []int64    // of the first messages
	Speakers  []string   // whose they are
	GapList   []int64    // the latest distances, ms, oldest first

	sizes    [talkSizes]int64
	speakers [talkSizes]event.Side
}

// describe fills in what is worked out from the parser's state.
func (t *Talk) describe(p *talkParser) {
	traits := talkTrait(0)
	for side := range p.sides {
		s := &p.sides[side]
		first := s.first
		if t.Messages[side] == 0 {
			first = t.Bytes[side]
		}
		if s.sample.n > 0 {
			t.Entropy[side], t.Printable[side] = s.sample.entropy(), s.sample.printable()
			t.Class[side], t.Frame[side] = talkClass(s.head, t.Printable[side]), frame(s.head, first)
		}
		t.Commands[side] = int64(bits.OnesCount64(s.words))
		traits |= s.traits &^ traitsOfShell
		text := t.First == event.Server && event.Side(side) == event.Server && t.Printable[side] > .9
		t.shapes(s, t.Bytes[side], stage(s.head, first, text))
	}
	if client, server := p.sides[event.Client].head, p.sides[event.Server].head; botHello(client, server) {
		t.Shapes = append(t.Shapes, "bot-hello")
	} else if bareEndpoint(client) {
		t.Shapes = append(t.Shapes, "bare-endpoint")
	}
	t.Shapes = append(traits.names(), t.Shapes...)
	slices.Sort(t.Shapes)
	t.Shapes = slices.Compact(t.Shapes)
	t.shell(&p.sides)
	t.series(p)
}

// shapes adds what the first bytes of a side show.
func (t *Talk) shapes(s *talkSide, n int64, stage bool) {
	if stage {
		t.Shapes = append(t.Shapes, "stage")
	}
	if zlibFrame(s.head, n) {
		t.Shapes = append(t.Shapes, "zlib-frame")
	}
	if isHexText(s.head) {
		t.Shapes = append(t.Shapes, "hex-text")
	}
}

// isHexText is ciphertext in letters: upper-case hex digits from the first byte on.
func isHexText(head []byte) bool {
	for _, c := range head {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(head) >= 12
}

// shell is what the side shows that looks most like one.
func (t *Talk) shell(sides *[2]talkSide) {
	c, s := sides[event.Client].traits&traitsOfShell, sides[event.Server].traits&traitsOfShell
	side, traits := event.Client, c
	if bits.OnesCount16(uint16(s)) > bits.OnesCount16(uint16(c)) {
		side, traits = event.Server, s
	}
	if t.Shell = traits.names(); len(t.Shell) > 0 {
		t.ShellSide = side.String()
	}
}

func (t *Talk) series(p *talkParser) {
	n := min(t.Messages[0]+t.Messages[1], talkSizes)
	for i := range n {
		t.Sizes, t.Speakers = append(t.Sizes, t.sizes[i]), append(t.Speakers, t.speakers[i].String())
	}
	for i := max(t.Gaps-talkGaps, 0); i < t.Gaps; i++ {
		t.GapList = append(t.GapList, int64(p.gaps[i%talkGaps]))
	}
}

// printable is the share of text, 0 to 1.
func (s *sample) printable() float64 {
	n := 0
	for c, k := range s.count {
		if c >= 0x20 && c < 0x7f || c == '\t' || c == '\r' || c == '\n' {
			n += int(k)
		}
	}
	return float64(n) / float64(max(s.n, 1))
}

var talkTable = event.NewTable("talk", "Conversations in protocols that are not read: counters and shape, no content.", talkFields()...).InBrief("brandmelder.talk.client.class", "brandmelder.talk.server.class", "brandmelder.talk.exchanges")

func (*Talk) Table() *event.Table { return talkTable }

func talkFields() []event.Field {
	const tech = event.Technical
	fields := []event.Field{
		event.String("brandmelder.talk.first", tech, "side that spoke first", func(t *Talk) (string, bool) { return t.First.String(), true }),
		event.Int("brandmelder.talk.turns", tech, "changes of the speaker so far", func(t *Talk) (int64, bool) { return t.Turns, true }),
		event.Int("brandmelder.talk.exchanges", tech, "times that somebody spoke after a second of silence", func(t *Talk) (int64, bool) { return t.Gaps, true }),
		event.Ints("brandmelder.talk.gaps", tech, "latest distances between those, ms, at most 32", func(t *Talk) []int64 { return t.GapList }),
		event.Ints("brandmelder.talk.sizes", tech, "bytes of the first messages, at most 8", func(t *Talk) []int64 { return t.Sizes }),
		event.Strings("brandmelder.talk.speakers", tech, "whose those are", func(t *Talk) []string { return t.Speakers }),
		event.Strings("brandmelder.talk.shapes", tech, "shapes of implants: survey, tick-bar, bot-order, stage, zlib-frame, hex-text, bot-hello, bare-endpoint", func(t *Talk) []string { return t.Shapes }),
		event.Strings("brandmelder.talk.shell", tech, "shapes of a command shell", func(t *Talk) []string { return t.Shell }),
		event.String("brandmelder.talk.shell_side", tech, "side that shows them", func(t *Talk) (string, bool) { return t.ShellSide, t.ShellSide != "" }),
	}
	for _, side := range []event.Side{event.Client, event.Server} {
		fields = append(fields, talkSideFields(side)...)
	}
	return fields
}

func talkSideFields(side event.Side) []event.Field {
	const tech = event.Technical
	path := func(name string) string { return "brandmelder.talk." + side.String() + "." + name }
	return []event.Field{
		event.Int(path("messages"), tech, "messages so far", func(t *Talk) (int64, bool) { return t.Messages[side], true }),
		event.Int(path("bytes"), tech, "bytes so far", func(t *Talk) (int64, bool) { return t.Bytes[side], true }),
		event.String(path("class"), tech, "what the side begins with", func(t *Talk) (string, bool) { return t.Class[side], t.Class[side] != "" }),
		event.String(path("frame"), tech, "how its first message tells its length: binary or decimal", func(t *Talk) (string, bool) { return t.Frame[side], t.Frame[side] != "" }),
		event.Float(path("entropy"), tech, "bits per byte of its first 4 KiB", func(t *Talk) (float64, bool) { return t.Entropy[side], t.Class[side] != "" }),
		event.Float(path("printable"), tech, "share of text in them, 0 to 1", func(t *Talk) (float64, bool) { return t.Printable[side], t.Class[side] != "" }),
		event.Int(path("commands"), tech, "different shell commands that it gave", func(t *Talk) (int64, bool) { return t.Commands[side], t.Commands[side] > 0 }),
	}
}
