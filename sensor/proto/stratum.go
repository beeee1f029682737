package proto

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "stratum", Doc: "Stratum: work for a mining pool",
		Source: "Stratum mining protocol (Bitcoin wiki), CryptoNote and EthereumStratum variants", IP: 6, Ports: []uint16{3333, 4444, 5555, 7777, 14444},
		Limit: 3 * textMaxLine, Probe: probeStratum, New: func() Parser { return &stratumParser{} },
		Tables: []*event.Table{stratumTable},
	})
}

// Stratum is a step of a miner's session: subscribe, login, work handed in.
type Stratum struct {
	Method   string
	Agent    string
	Wallet   string // account or address that is paid
	Accepted bool   // the pool agreed
	Jobs     int64  // handed out so far
	Shares   int64  // results handed in so far
}

// minerCalls are what miners call over HTTP, without a session.
var minerCalls = []string{"getwork", "getblocktemplate", "submitblock", "eth_getWork", "eth_submitWork", "eth_submitLogin", "eth_submitHashrate", "mining.subscribe", "mining.authorize", "mining.submit"}

// minerCall is the method of a call of JSON-RPC (the first 4 KiB of it) where it
// is a miner's.
func minerCall(head []byte) string {
	for rest := head; ; {
		_, after, ok := bytes.Cut(rest, []byte(`"method"`))
		if !ok {
			return ""
		}
		rest = after
		value := bytes.TrimLeft(after[:min(len(after), 64)], " \t:")
		_, value, _ = bytes.Cut(value, []byte(`"`))
		name, _, whole := bytes.Cut(value, []byte(`"`))
		if whole && slices.Contains(minerCalls, string(name)) {
			return string(name)
		}
	}
}

// probeStratum wants an object with one of the names that only miners use; login
// stands alone in no other protocol beside pass.
func probeStratum(_ event.Side, data []byte) Verdict {
	if len(data) == 0 {
		return More
	}
	if data[0] != '{' {
		return No
	}
	line, _, whole := bytes.Cut(data, []byte("\n"))
	for _, word := range []string{`"mining.`, `"eth_submitLogin"`, `"eth_getWork"`} {
		if bytes.Contains(line, []byte(word)) {
			return Yes
		}
	}
	compact := bytes.ReplaceAll(line, []byte(" "), nil)
	if bytes.Contains(compact, []byte(`"method":"login"`)) && bytes.Contains(compact, []byte(`"pass":`)) {
		return Yes
	}
	if whole || len(data) >= ProbeLimit {
		return No
	}
	return More
}

const stratumPending = 8

type stratumParser struct {
	lines   [2]lineBuffer
	waiting few[string, *Stratum] // by the call's id
	jobs    int64
	shares  int64
	told    int64 // shares at the latest record
}

type stratumCall struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

func (p *stratumParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if !whole {
			continue
		}
		var c stratumCall
		if json.Unmarshal(line, &c) != nil {
			if from == event.Server && bytes.Contains(line, []byte(`"mining.notify"`)) {
				p.jobs++ // a job is longer than what is kept of a line
			}
			continue
		}
		if from == event.Client {
			p.call(&c, emit)
		} else {
			p.answer(&c, emit)
		}
	}
	return true
}

func (p *stratumParser) call(c *stratumCall, emit func(event.Record)) {
	switch c.Method {
	case "mining.subscribe", "mining.hello", "mining.authorize", "eth_submitLogin", "login", "eth_getWork":
		r := &Stratum{Method: c.Method}
		r.params(c.Params)
		if old, evicted := p.waiting.put(string(c.ID[:min(len(c.ID), 32)]), r, stratumPending); evicted {
			p.tell(old, emit)
		}
	case "mining.submit", "submit", "eth_submitWork":
		p.shares++
		if p.shares >= 2*p.told {
			p.told = p.shares
			p.tell(&Stratum{Method: c.Method, Accepted: true}, emit)
		}
	}
}

// params reads who works for whom. Subscribe names the agent, authorize and
// eth_submitLogin the account; the login of CryptoNote is an object with both.
func (r *Stratum) params(raw json.RawMessage) {
	var list []any
	var object struct{ Login, Agent string }
	switch {
	case json.Unmarshal(raw, &list) == nil && len(list) > 0:
		first, _ := list[0].(string)
		if r.Method == "mining.subscribe" || r.Method == "mining.hello" {
			r.Agent = first
		} else {
			r.Wallet = first
		}
	case json.Unmarshal(raw, &object) == nil:
		r.Wallet, r.Agent = object.Login, object.Agent
	}
	r.Agent = printable(r.Agent[:min(len(r.Agent), 128)])
	r.Wallet = printable(r.Wallet[:min(len(r.Wallet), 128)])
}

func (p *stratumParser) answer(c *stratumCall, emit func(event.Record)) {
	switch c.Method {
	case "mining.notify", "job":
		p.jobs++
		return
	}
	r, ok := p.waiting.pop(string(c.ID[:min(len(c.ID), 32)]))
	if !ok {
		return
	}
	result := strings.TrimSpace(string(c.Result))
	r.Accepted = result != "" && result != "null" && result != "false"
	if r.Accepted && r.Method == "login" {
		p.jobs++ // the first one comes with it
	}
	p.tell(r, emit)
}

func (p *stratumParser) tell(r *Stratum, emit func(event.Record)) {
	r.Jobs, r.Shares = p.jobs, p.shares
	emit(r)
}

// End tells of calls without an answer, and of shares since the latest record.
func (p *stratumParser) End(emit func(event.Record)) {
	for _, w := range p.waiting.entries {
		p.tell(w.value, emit)
	}
	p.waiting.entries = nil
	if p.shares > p.told {
		p.tell(&Stratum{Method: "end", Accepted: true}, emit)
	}
}

var stratumTable = event.NewTable("stratum", "Steps of a miner's session with a pool.",
	event.String("brandmelder.stratum.method", event.Technical, "call", func(r *Stratum) (string, bool) { return r.Method, true }),
	event.String("user_agent.original", event.Technical, "mining software", func(r *Stratum) (string, bool) { return r.Agent, r.Agent != "" }),
	event.String("brandmelder.stratum.wallet", event.Personal, "account or address that is paid", func(r *Stratum) (string, bool) { return r.Wallet, r.Wallet != "" }),
	event.Bool("brandmelder.stratum.accepted", event.Technical, "the pool agreed", func(r *Stratum) (bool, bool) { return r.Accepted, true }),
	event.Int("brandmelder.stratum.jobs", event.Technical, "jobs handed out so far", func(r *Stratum) (int64, bool) { return r.Jobs, r.Jobs > 0 }),
	event.Int("brandmelder.stratum.shares", event.Technical, "results handed in so far", func(r *Stratum) (int64, bool) { return r.Shares, r.Shares > 0 }),
).InBrief("brandmelder.stratum.method", "user_agent.original")

func (*Stratum) Table() *event.Table { return stratumTable }
