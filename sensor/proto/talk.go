package proto

import (
	"bytes"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "talk", Doc: "what no other protocol here reads: who speaks, how much, in which rhythm and shape, without its words",
		Source: "none: counted, not parsed", IP: 6, Limit: 4 << 10, Fallback: true,
		Probe: probeTalk, New: func() Parser { return &talkParser{} }, Tables: []*event.Table{talkTable},
	})
	register(Spec{
		Name: "talk", Doc: "the same of datagrams",
		Source: "none: counted, not parsed", IP: 17, Limit: 4 << 10, Fallback: true,
		Probe: probeTalk, New: func() Parser { return &talkParser{datagrams: true} }, Tables: []*event.Table{talkTable},
	})
}

const (
	talkHead    = 72       // first bytes of a side, kept for its class: a PE header behind a length ends there
	talkLine    = 256      // bytes kept of the line at hand
	talkScan    = 64 << 10 // bytes of a side that are read as text
	talkMost    = 4 << 20  // bytes of both sides: what is longer is a transfer
	talkFew     = 64 << 10 // the same of datagrams, which are mostly media
	talkRecords = 12       // records of one conversation
	talkSizes   = 8        // messages whose size is kept
	talkGaps    = 32       // distances between exchanges that are kept
	// Silence that parts two messages of one side, and two exchanges, ns. Answers
	// of machines and their retransmissions come within a second (RFC 6298).
	talkPause = 1_000_000_000
)

// probeTalk takes anything: it is for what nobody else takes.
func probeTalk(_ event.Side, data []byte) Verdict {
	if len(data) == 0 {
		return More
	}
	return Yes
}

// talkParser counts. What it says depends on the order of the bytes and on the
// pauses between them, not on how they were cut: it speaks only where a line or a
// message ends.
type talkParser struct {
	datagrams bool // each is one message
	now       int64
	last      int64 // when the latest bytes came
	begin     int64 // of the exchange at hand
	speaker   event.Side
	spoken    bool
	size      int64 // of the message at hand
	sum       Talk
	sides     [2]talkSide
	gaps      [talkGaps]int32 // ms
	news      bool            // a shape was seen that no record has told
	next      [2]int64        // messages and exchanges at which a record is due
	records   int
}

// talkSide is what is kept of one side.
type talkSide struct {
	head    []byte // at most talkHead
	first   int64  // bytes of the first message
	sample  sample
	line    []byte // at most talkLine
	fresh   bool   // the line at hand opens a message
	long    bool   // the line went on behind what was kept
	scanned int
	traits  talkTrait
	prompts int
	words   uint64 // commands that were given, bits of talkCommands
}

func (p *talkParser) Clock(now int64) { p.now = now }

// left is how many bytes more are of interest.
func (p *talkParser) left() int {
	most := int64(talkMost)
	if p.datagrams {
		most = talkFew
	}
	return int(max(most-p.sum.Bytes[0]-p.sum.Bytes[1], 0))
}

func (p *talkParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.datagrams || !p.spoken || from != p.speaker || p.now-p.last >= talkPause {
		p.open(from, emit)
	}
	p.last = p.now
	for len(data) > 0 {
		n := min(len(data), p.left())
		p.take(from, data[:n], emit)
		data = data[n:]
		if p.left() == 0 {
			p.End(emit)
			return false
		}
	}
	return true
}

// Gap counts what was lost as if it had been said.
func (p *talkParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	s := &p.sides[from]
	p.sum.Bytes[from] += int64(n)
	p.size += int64(n)
	s.line, s.long = s.line[:0], true
	if p.left() == 0 {
		p.End(emit)
		return false
	}
	return true
}

// open begins a message, which ends the one before.
func (p *talkParser) open(from event.Side, emit func(event.Record)) {
	paused := !p.spoken || p.now-p.last >= talkPause
	if p.spoken {
		p.close()
		p.tellIfDue(emit)
		if from != p.speaker {
			p.sum.Turns++
		}
	} else {
		p.sum.First, p.next = from, [2]int64{4, 4}
	}
	if paused {
		if p.spoken {
			p.gaps[p.sum.Gaps%talkGaps] = int32(min((p.now-p.begin)/1e6, 1<<31-1))
			p.sum.Gaps++
		}
		p.begin = p.now
	}
	p.spoken, p.speaker, p.size = true, from, 0
	s := &p.sides[from]
	s.line, s.long, s.fresh = s.line[:0], false, true
}

// close ends the message at hand.
func (p *talkParser) close() {
	s, n := &p.sides[p.speaker], p.sum.Messages[0]+p.sum.Messages[1]
	if n < talkSizes {
		p.sum.sizes[n], p.sum.speakers[n] = p.size, p.speaker
	}
	if p.sum.Messages[p.speaker] == 0 {
		s.first = p.size
	}
	if len(s.line) > 0 && !s.long {
		p.judge(s, s.line, false)
	}
	p.sum.Messages[p.speaker]++
}

// take counts the next bytes of the message at hand and reads those that may be text.
func (p *talkParser) take(from event.Side, data []byte, emit func(event.Record)) {
	s := &p.sides[from]
	for len(data) > 0 {
		n := len(data)
		if room := talkScan - s.scanned; room > 0 {
			n = min(n, room)
			if i := bytes.IndexByte(data[:n], '\n'); i >= 0 {
				n = i + 1
			}
			s.read(data[:n])
		}
		p.sum.Bytes[from] += int64(n)
		p.size += int64(n)
		if s.scanned < talkScan && data[n-1] == '\n' {
			p.endLine(s)
			if p.news {
				p.tellIfDue(emit)
			}
		}
		data = data[n:]
	}
}

// read keeps what the side's facts are made of.
func (s *talkSide) read(b []byte) {
	s.scanned += len(b)
	s.head = append(s.head, b[:min(len(b), talkHead-len(s.head))]...)
	s.sample.add(1, b) // the magic is looked for in head
	room := min(len(b), talkLine-len(s.line))
	s.line = append(s.line, b[:room]...)
	s.long = s.long || room < len(b)
}

func (p *talkParser) endLine(s *talkSide) {
	if !s.long {
		p.judge(s, s.line, true)
	}
	s.line, s.long, s.fresh = s.line[:0], false, false
}

// judge looks for the shape of a shell or of an implant in a line, or in the rest
// of a message that has no line's end.
func (p *talkParser) judge(s *talkSide, line []byte, ended bool) {
	before, words := s.traits, s.words
	first := p.sum.Messages[p.speaker] == 0 // a survey opens the conversation
	if ended {
		s.traits |= traitsOf(bytes.TrimRight(line, "\r\n"), first)
		if s.fresh {
			s.words |= commandOf(line)
		}
	} else {
		s.traits |= traitsOf(line, first)
		s.prompt(line)
	}
	p.news = p.news || s.traits != before || s.words != words && s.words&(s.words-1) != 0
}

// tellIfDue gives a record at 4, 8, 16 … messages or exchanges, and when a shape
// appears.
func (p *talkParser) tellIfDue(emit func(event.Record)) {
	due := p.news
	for i, n := range [2]int64{p.sum.Messages[0] + p.sum.Messages[1], p.sum.Gaps} {
		for ; n >= p.next[i]; p.next[i] *= 2 {
			due = true
		}
	}
	if due && p.records < talkRecords-1 {
		p.tell(emit)
	}
}

// End tells of the whole.
func (p *talkParser) End(emit func(event.Record)) {
	if p.spoken {
		p.close()
		p.tell(emit)
		p.spoken = false
	}
}

func (p *talkParser) tell(emit func(event.Record)) {
	p.news = false
	p.records++
	t := p.sum
	t.describe(p)
	emit(&t)
}
