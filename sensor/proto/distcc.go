package proto

import (
	"path"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "distcc", Doc: "distcc: which program a compile server is asked to run, and how that ended",
		Source: "distcc 3.4 protocol-1.txt to protocol-4.txt", IP: 6, Ports: []uint16{3632}, Limit: 2 * (distccHead + distccName),
		Probe: probeDistcc, New: func() Parser { return &distccParser{rec: Distcc{Status: -1}} }, Tables: []*event.Table{distccTable},
	})
}

const (
	distccHead = 12 // a token of four letters and a number of eight hexadecimal digits
	distccName = 256
)

// Distcc is one job. Source and arguments are not in it.
type Distcc struct {
	Program   string // name of the first argument, without its folder
	Arguments int64
	Status    int64 // as wait gives it: 0 the program succeeded; -1 no answer
}

// probeDistcc wants the token and a version that exists.
func probeDistcc(from event.Side, data []byte) Verdict {
	token := "DIST0000000"
	if from == event.Server {
		token = "DONE0000000"
	}
	switch v := startsWith(data, token); {
	case v != Yes:
		return v
	case len(data) < distccHead:
		return More
	}
	return yesIf(data[distccHead-1] >= '1' && data[distccHead-1] <= '4')
}

type distccParser struct {
	sides [2]distccSide
	rec   Distcc
	named bool
}

// distccSide keeps a token, and behind that of the first argument its text.
type distccSide struct {
	buf  []byte
	pass int64
	want int // of the buffer
}

func (p *distccParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 {
		if s.pass > 0 {
			n := min(s.pass, int64(len(data)))
			s.pass, data = s.pass-n, data[n:]
			continue
		}
		s.want = max(s.want, distccHead)
		n := min(s.want-len(s.buf), len(data))
		s.buf, data = append(s.buf, data[:n]...), data[n:]
		if len(s.buf) == s.want && !p.token(from, s) {
			p.End(emit)
			return false
		}
	}
	return true
}

// token reads what is whole. It reports whether there is more to come.
func (p *distccParser) token(from event.Side, s *distccSide) bool {
	word, number := string(s.buf[:4]), string(s.buf[4:distccHead])
	n, err := strconv.ParseUint(number, 16, 32)
	if err != nil {
		return false
	}
	size := int64(n)
	if name := s.buf[distccHead:]; len(name) > 0 {
		word, _, _ := strings.Cut(string(name), " ")
		p.rec.Program, p.named = printable(path.Base(word)), true
		size -= int64(len(name))
	} else if from == event.Client && word == "ARGV" && !p.named && size > 0 {
		s.want = distccHead + int(min(size, distccName))
		return true
	}
	s.buf, s.want = s.buf[:0], 0
	switch {
	case from == event.Server && word == "STAT":
		p.rec.Status = size
		return false
	case word == "DIST" || word == "DONE" || word == "NFIL":
	case word == "ARGC":
		p.rec.Arguments = size
	default:
		s.pass = size
	}
	return true
}

// Gap goes on where what was lost is passed over.
func (p *distccParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if s := &p.sides[from]; s.pass >= int64(n) {
		s.pass -= int64(n)
		return true
	}
	p.End(emit)
	return false
}

// End tells of a job, with or without an answer.
func (p *distccParser) End(emit func(event.Record)) {
	if p.named {
		r := p.rec
		p.named = false
		emit(&r)
	}
}

func (*Distcc) Table() *event.Table { return distccTable }

var distccTable = event.NewTable("distcc", "Jobs of compile servers.",
	event.String("brandmelder.distcc.program", event.Technical, "program that is to be run", func(d *Distcc) (string, bool) { return d.Program, d.Program != "" }),
	event.Int("brandmelder.distcc.arguments", event.Technical, "number of its arguments", func(d *Distcc) (int64, bool) { return d.Arguments, d.Arguments > 0 }),
	event.Int("brandmelder.distcc.status", event.Technical, "how it ended, as wait gives it: 0 is success", func(d *Distcc) (int64, bool) { return d.Status, d.Status >= 0 }),
).InBrief("brandmelder.distcc.program", "brandmelder.distcc.status")
