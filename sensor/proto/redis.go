package proto

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "redis", Doc: "Redis: logins and the commands that change or take over a server",
		Source: "Redis serialization protocol (RESP 2 and 3)", IP: 6, Ports: []uint16{6379},
		Limit: 2*textMaxLine + 4*redisWord + 16<<10, Probe: probeRedis, New: func() Parser { return &redisParser{} },
		Tables: []*event.Table{redisTable, (*event.Login)(nil).Table()},
	})
}

const (
	redisWord    = 64  // kept of an argument, bytes
	redisWords   = 4   // arguments that are looked at
	redisPending = 256 // commands that wait for their answer
)

// redisKept are commands that become records: those by which servers are taken
// over or emptied. Of CONFIG and MODULE the second word is kept too.
var redisKept = []string{"CONFIG", "SLAVEOF", "REPLICAOF", "MODULE", "EVAL", "EVALSHA", "SCRIPT", "SAVE", "BGSAVE", "FLUSHALL", "FLUSHDB", "SHUTDOWN", "DEBUG", "MIGRATE", "ACL", "FUNCTION", "KEYS", "MONITOR"}

// redisWords2 are second words that may be kept.
var redisWords2 = []string{"SET", "GET", "REWRITE", "RESETSTAT", "LOAD", "LOADEX", "UNLOAD", "LIST", "SETUSER", "DELUSER", "WHOAMI", "FLUSH"}

// redisSettings are the settings of CONFIG SET by which files are written.
var redisSettings = []string{"dir", "dbfilename", "requirepass", "masterauth", "slaveof", "replicaof", "rdbcompression", "appendonly", "appendfilename"}

// Redis is one command of the list. Keys and values are not in it.
type Redis struct {
	Command string // "CONFIG SET", "EVAL"
	Setting string // of CONFIG SET and GET, where it is one of the list
	Error   bool   // the server refused
}

// probeRedis wants an array whose first string is a word: *n CRLF $n CRLF word.
func probeRedis(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return No
	}
	if len(data) > 0 && data[0] != '*' {
		return No
	}
	lines := bytes.SplitN(data, []byte("\r\n"), 4)
	for i, sign := range []byte("*$") {
		if i >= len(lines) || len(lines[i]) == 0 {
			return More
		}
		if lines[i][0] != sign || len(lines[i]) > 8 {
			return No
		}
		if n, err := strconv.Atoi(string(lines[i][1:])); i < len(lines)-1 && (err != nil || n < 1) {
			return No
		}
	}
	if len(lines) < 4 {
		return More
	}
	n, _ := strconv.Atoi(string(lines[1][1:]))
	for _, c := range lines[2] {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return No
		}
	}
	return yesIf(n == len(lines[2]) && n <= 20)
}

type redisParser struct {
	lines    [2]lineBuffer
	left     int      // arguments of the command still to come
	bulk     int64    // bytes of the argument still to come, with its line end
	size     int64    // of the argument
	words    []string // first ones of the command
	waiting  []redisAsked
	skip     int64 // bytes of an answer's string still to come
	nested   int64 // parts of an answer still to come
	attempts int64
	done     bool
}

type redisAsked struct {
	rec *Redis
	l   *event.Login
}

func (p *redisParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 && !p.done {
		left := &p.bulk
		if from == event.Server {
			left = &p.skip
		}
		if *left > 0 {
			n := min(*left, int64(len(data)))
			if from == event.Client {
				p.argument(data[:n])
			}
			*left -= n
			data = data[n:]
			if from == event.Client && *left == 0 {
				p.argumentEnd()
			}
			continue
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		switch {
		case !whole || len(line) == 0:
		case from == event.Client:
			p.ask(line)
		default:
			p.answer(line, emit)
		}
	}
	return !p.done
}

// ask reads the line before an array or a string. Commands in plain text, which
// people type, end the parsing: they have no bounds.
func (p *redisParser) ask(line []byte) {
	n, err := strconv.ParseInt(string(line[1:]), 10, 32)
	switch {
	case err != nil || n < 0:
		p.done = true
	case line[0] == '*':
		p.left, p.words = int(n), p.words[:0]
	case line[0] == '$' && p.left > 0:
		p.size, p.bulk = n, n+2
		if len(p.words) < redisWords {
			p.words = append(p.words, "")
		}
		p.left--
	default:
		p.done = true
	}
}

// argument takes the first bytes of an argument; they go with the command.
func (p *redisParser) argument(b []byte) {
	if len(p.words) == 0 || len(p.words) == redisWords {
		return
	}
	seen := p.size + 2 - p.bulk // of this argument, before b
	b = b[:max(0, min(int64(len(b)), p.size-seen, redisWord-seen))]
	p.words[len(p.words)-1] += string(b)
}

func (p *redisParser) argumentEnd() {
	if p.left > 0 {
		return
	}
	if len(p.waiting) == redisPending {
		p.done = true
		return
	}
	p.waiting = append(p.waiting, p.command())
	clear(p.words)
	p.words = p.words[:0]
}

func (p *redisParser) command() redisAsked {
	word := func(i int) string {
		if i < len(p.words) {
			return p.words[i]
		}
		return ""
	}
	verb := strings.ToUpper(word(0))
	switch {
	case verb == "AUTH":
		l := &event.Login{Protocol: "redis", Method: "password", Clear: word(1) != ""}
		if word(2) != "" {
			l.User = printable(word(1))
		}
		return redisAsked{l: l}
	case !slices.Contains(redisKept, verb):
		return redisAsked{}
	}
	r := &Redis{Command: verb}
	if second := strings.ToUpper(word(1)); slices.Contains(redisWords2, second) && (verb == "CONFIG" || verb == "MODULE" || verb == "ACL" || verb == "SCRIPT" || verb == "FUNCTION") {
		r.Command += " " + second
		if s := strings.ToLower(word(2)); verb == "CONFIG" && slices.Contains(redisSettings, s) {
			r.Setting = s
		}
	}
	return redisAsked{rec: r}
}

// answer reads a line of the server: one that begins an array or map is whole
// after its parts, which may be arrays themselves.
func (p *redisParser) answer(line []byte, emit func(event.Record)) {
	n, err := strconv.ParseInt(string(line[1:]), 10, 32)
	p.nested = max(0, p.nested-1)
	switch line[0] {
	case '$', '=', '!':
		if err == nil && n >= 0 {
			p.skip = n + 2
		}
	case '*', '~', '>':
		p.nested += max(0, n)
	case '%':
		p.nested += 2 * max(0, n)
	case '+', '-', ':', '_', '#', ',', '(':
	default:
		p.done = true
		return
	}
	if p.nested == 0 && len(p.waiting) > 0 {
		a := p.waiting[0]
		p.waiting[0] = redisAsked{}
		p.waiting = p.waiting[1:]
		p.tell(a, event.Outcome(2-btoi(line[0] != '-')), emit)
	}
}

func (p *redisParser) tell(a redisAsked, o event.Outcome, emit func(event.Record)) {
	if a.rec != nil {
		a.rec.Error = o == event.Failure
		emit(a.rec)
	}
	if a.l != nil {
		p.attempts++
		a.l.Outcome, a.l.Attempt = o, p.attempts
		emit(a.l)
	}
}

// End tells of commands without an answer.
func (p *redisParser) End(emit func(event.Record)) {
	for _, a := range p.waiting {
		p.tell(a, event.Unknown, emit)
	}
	p.waiting = nil
}

var redisTable = event.NewTable("redis", "Commands of Redis that change or take over a server.",
	event.String("brandmelder.redis.command", event.Technical, "command", func(r *Redis) (string, bool) { return r.Command, true }),
	event.String("brandmelder.redis.setting", event.Technical, "setting that CONFIG names, of those by which files are written", func(r *Redis) (string, bool) { return r.Setting, r.Setting != "" }),
	event.Bool("brandmelder.redis.error", event.Technical, "the server refused", func(r *Redis) (bool, bool) { return r.Error, true }),
).InBrief("brandmelder.redis.command", "brandmelder.redis.error")

func (*Redis) Table() *event.Table { return redisTable }
