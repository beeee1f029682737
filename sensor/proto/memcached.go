package proto

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "memcached", Doc: "memcached over TCP: commands by name, in its text protocol", Source: "memcached protocol.txt",
		IP: 6, Ports: []uint16{11211}, Limit: 2*textMaxLine + 4<<10, Probe: probeMemcached, New: func() Parser { return &memcachedParser{} }, Tables: []*event.Table{storeTable}})
	register(Spec{Name: "memcached", Doc: "memcached over UDP, which serves to flood others with answers", Source: "memcached protocol.txt",
		IP: 17, Ports: []uint16{11211}, Limit: textMaxLine + 4<<10, Probe: probeMemcachedUDP, New: func() Parser { return &memcachedParser{udp: true} }, Tables: []*event.Table{storeTable}})
}

// memcachedWords are the commands, with the fewest and most words behind them.
var memcachedWords = map[string][2]int{
	"get": {1, 100}, "gets": {1, 100}, "gat": {2, 100}, "gats": {2, 100}, "set": {4, 5}, "add": {4, 5}, "replace": {4, 5}, "append": {4, 5}, "prepend": {4, 5}, "cas": {5, 6},
	"delete": {1, 3}, "incr": {2, 3}, "decr": {2, 3}, "touch": {2, 3}, "stats": {0, 3}, "flush_all": {0, 2}, "version": {0, 0}, "verbosity": {1, 2},
	"lru_crawler": {1, 3}, "lru": {1, 4}, "slabs": {1, 4}, "cache_memlimit": {1, 2}, "shutdown": {0, 1}, "mg": {1, 20}, "ms": {2, 20}, "md": {1, 20}, "mn": {0, 0}, "quit": {0, 0},
}

// memcachedSeconds are the second words that tell what is asked for.
var memcachedSeconds = []string{"items", "slabs", "sizes", "settings", "cachedump", "conns", "reset", "detail", "metadump", "enable", "disable", "reassign"}

// memcachedStores are those that are followed by a value, with the place of its size.
var memcachedStores = map[string]int{"set": 4, "add": 4, "replace": 4, "append": 4, "prepend": 4, "cas": 4, "ms": 2}

// memcachedLine is the command of a line, "" where it is none.
func memcachedLine(line []byte) (command string, words [][]byte) {
	words = bytes.Fields(line)
	if len(words) == 0 {
		return "", nil
	}
	n, ok := memcachedWords[string(words[0])]
	if !ok || len(words)-1 < n[0] || len(words)-1 > n[1] {
		return "", nil
	}
	return string(words[0]), words
}

// probeMemcached wants a whole line; words that other servers know as well are
// for the answer to decide.
func probeMemcached(from event.Side, data []byte) Verdict {
	if from == event.Server {
		best := No
		for _, word := range []string{"STAT ", "VALUE ", "VERSION ", "STORED\r\n", "NOT_STORED\r\n"} {
			best = max(best, startsWith(data, word))
		}
		return best
	}
	if len(data) > 0 && (data[0] < 'a' || data[0] > 'v') {
		return No
	}
	line, _, whole := bytes.Cut(data, []byte("\r\n"))
	if word, _, second := bytes.Cut(line, []byte(" ")); second || whole {
		if _, ok := memcachedWords[string(word)]; !ok {
			return No
		}
	} else if len(line) > 14 {
		return No
	}
	if !whole {
		return More
	}
	command, words := memcachedLine(line)
	switch {
	case command == "" || command == "quit":
		return No
	case len(words) == 1 && command != "flush_all" || command == "delete" || command == "shutdown" || command == "touch":
		return More
	case memcachedStores[command] == 4:
		return yesIf(isNumber(words[2]) && isNumber(words[4]))
	}
	return Yes
}

func isNumber(b []byte) bool {
	_, err := strconv.ParseInt(string(b), 10, 64)
	return err == nil
}

// probeMemcachedUDP wants the frame's head (request, part, parts, zero) before it.
func probeMemcachedUDP(from event.Side, data []byte) Verdict {
	if len(data) < 10 || data[6]|data[7] != 0 || binary.BigEndian.Uint16(data[4:]) == 0 || binary.BigEndian.Uint16(data[2:]) >= binary.BigEndian.Uint16(data[4:]) {
		return No
	}
	if !openedBy(data[8:], "VSNGARPCDITFLMQ") {
		return No
	}
	line, _, whole := bytes.Cut(data[8:], []byte("\r\n"))
	if from == event.Server {
		return yesIf(probeMemcached(from, data[8:]) == Yes)
	}
	command, _ := memcachedLine(line)
	return yesIf(whole && command != "")
}

type memcachedParser struct {
	udp   bool
	line  lineBuffer
	value int64 // bytes of a value still to come
	tally storeTally
}

func (p *memcachedParser) End(emit func(event.Record)) { p.tally.end(emit) }

// Feed reads commands; answers are not looked at, since they say nothing but data.
func (p *memcachedParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if from == event.Server {
		return true
	}
	if p.udp {
		p.line, p.value = lineBuffer{}, 0
		data = data[min(8, len(data)):]
	}
	for len(data) > 0 {
		if p.value > 0 {
			n := min(p.value, int64(len(data)))
			p.value, data = p.value-n, data[n:]
			continue
		}
		n, line, whole := p.line.next(data, textMaxLine)
		data = data[n:]
		if whole && !p.command(line, emit) {
			p.tally.end(emit)
			return p.udp
		}
	}
	return true
}

func (p *memcachedParser) command(line []byte, emit func(event.Record)) bool {
	command, words := memcachedLine(line)
	if command == "" {
		return false
	}
	if at := memcachedStores[command]; at > 0 {
		n, err := strconv.ParseInt(string(words[at]), 10, 31)
		if err != nil || n < 0 {
			return false
		}
		p.value = n + 2
	}
	if len(words) > 1 && slices.Contains(memcachedSeconds, string(words[1])) && strings.Contains("stats lru_crawler slabs", command) {
		command += " " + string(words[1])
	}
	p.tally.count("memcached", command, false, emit)
	return true
}
