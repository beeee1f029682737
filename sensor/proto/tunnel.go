package proto

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// tunnelled reads what runs inside a tunnel that a proxy opened: the protocol is
// found by its first bytes, as that of any conversation. It is one of a few that
// carry names and logins; a tunnel within it is not followed.
type tunnelled struct {
	parser  Parser
	left    []*Spec
	begun   bool
	over    bool
	waiting [2][]byte
	came    []tunnelPiece
}

type tunnelPiece struct {
	from event.Side
	n    int
}

const tunnelPieces = 32

var tunnelProtocols = []string{"http", "rdp", "ssh", "tls"}

// tunnelTables are those of what may be emitted inside.
func tunnelTables(own ...*event.Table) []*event.Table {
	return append(own, (*event.Login)(nil).Table(), httpTable, rdpTable, sshTable, tlsTable)
}

func (t *tunnelled) feed(from event.Side, data []byte, emit func(event.Record)) (more bool) {
	if t.over || len(data) == 0 {
		return !t.over
	}
	if t.parser == nil && !t.find(from, data) {
		return !t.over
	} else if t.parser != nil && len(t.came) == 0 {
		t.over = !t.parser.Feed(from, data, emit)
		return !t.over
	}
	for _, p := range t.came { // recognised just now
		if t.over = t.over || !t.parser.Feed(p.from, t.waiting[p.from][:p.n], emit); t.over {
			break
		}
		t.waiting[p.from] = t.waiting[p.from][p.n:]
	}
	t.waiting, t.came = [2][]byte{}, nil
	return !t.over
}

// find keeps first bytes and asks whose they are.
func (t *tunnelled) find(from event.Side, data []byte) bool {
	if !t.begun {
		t.begun = true
		for _, s := range registry {
			if s.IP == 6 && slices.Contains(tunnelProtocols, s.Name) {
				t.left = append(t.left, s)
			}
		}
	}
	t.waiting[from] = append(t.waiting[from], data...)
	if n := len(t.came); n > 0 && t.came[n-1].from == from {
		t.came[n-1].n += len(data)
	} else {
		t.came = append(t.came, tunnelPiece{from, len(data)})
	}
	first := t.waiting[from][:min(len(t.waiting[from]), ProbeLimit)]
	t.left = slices.DeleteFunc(t.left, func(s *Spec) bool {
		v := No
		if t.parser == nil {
			v = s.Probe(from, first)
		}
		if v == Yes {
			t.parser = s.New()
		}
		return v == No
	})
	t.over = t.parser == nil && (len(t.left) == 0 || len(first) == ProbeLimit || len(t.came) == tunnelPieces)
	return t.parser != nil
}

func (t *tunnelled) end(emit func(event.Record)) {
	if e, ok := t.parser.(Ender); ok && !t.over {
		e.End(emit)
	}
}

func (t *tunnelled) gap(from event.Side, n int, emit func(event.Record)) (more bool) {
	g, ok := t.parser.(Gapper)
	t.over = t.over || !ok || !g.Gap(from, n, emit)
	return !t.over
}
