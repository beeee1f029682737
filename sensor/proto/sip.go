package proto

import (
	"bytes"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "sip", Doc: sipDoc, Source: "RFC 3261, RFC 3581", IP: 17, Ports: []uint16{5060}, Limit: sipLimit,
		Probe: probeSIP, New: func() Parser { return &sipDatagrams{} }, Tables: sipTables})
	register(Spec{Name: "sip", Doc: sipDoc, Source: "RFC 3261", IP: 6, Ports: []uint16{5060}, Limit: sipLimit,
		Probe: probeSIP, New: func() Parser { return &sipStream{} }, Tables: sipTables})
}

const (
	sipDoc   = "SIP: calls, registrations and their logins, without numbers"
	sipLimit = sipPending*2048 + 64*sipNames + 2*textMaxLine
)

var sipTables = []*event.Table{sipTable, (*event.Login)(nil).Table()}

var sipMethods = []string{"REGISTER", "INVITE", "OPTIONS", "ACK", "BYE", "CANCEL", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "PRACK"}

func probeSIP(_ event.Side, data []byte) Verdict {
	best := startsWith(data, "SIP/2.0 ")
	for _, m := range sipMethods {
		if len(data) > 0 && data[0] == m[0] || len(data) == 0 {
			best = max(best, startsWith(data, m+" sip:"), startsWith(data, m+" sips:"), startsWith(data, m+" tel:"))
		}
	}
	return best
}

const (
	sipPending = 16
	sipNames   = 1024 // names that one conversation asked for and that are told apart
	sipHeaders = 128
)

// sipMessage is what is kept of a message while its headers are read.
type sipMessage struct {
	method  string // of a request
	status  int64  // of a response
	agent   string
	call    string // Call-ID with the number and method of the request
	to      string // user it is for; only counted
	login   *event.Login
	stale   bool // the refusal is for the nonce's age alone
	length  int64
	headers int
	started bool
}

// line reads a line of the start or the headers and reports whether they ended.
func (m *sipMessage) line(line string) (over bool) {
	if !m.started {
		if line == "" {
			return false // keep-alive (RFC 5626)
		}
		m.started = true
		m.start(line)
		return false
	}
	name, value, _ := strings.Cut(line, ":")
	m.header(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
	m.headers++
	return line == "" || m.headers > sipHeaders
}

func (m *sipMessage) start(line string) {
	if rest, ok := strings.CutPrefix(line, "SIP/2.0 "); ok {
		m.status, _ = strconv.ParseInt(rest[:min(3, len(rest))], 10, 16)
		return
	}
	if verb, _ := words([]byte(line)); slices.Contains(sipMethods, verb) {
		m.method = verb
	}
}

func (m *sipMessage) header(name, value string) {
	switch name {
	case "call-id", "i":
		m.call = value[:min(len(value), 128)] + m.call
	case "cseq":
		m.call += " " + value[:min(len(value), 32)]
	case "to", "t":
		_, uri, _ := strings.Cut(value, ":")
		m.to, _, _ = strings.Cut(uri, "@")
		m.to = m.to[:min(len(m.to), 64)]
	case "user-agent", "server":
		m.agent = printable(value[:min(len(value), 128)])
	case "authorization", "proxy-authorization":
		m.login = &event.Login{Protocol: "sip", Method: "digest", User: sipUser(value)}
	case "www-authenticate", "proxy-authenticate":
		m.stale = strings.Contains(strings.ToLower(value), "stale=true")
	case "content-length", "l":
		m.length, _ = strconv.ParseInt(value, 10, 32)
	}
}

// sipUser is the name in a digest. One of digits is a telephone number and is
// left out.
func sipUser(value string) string {
	_, rest, _ := strings.Cut(value, `username="`)
	name, _, _ := strings.Cut(rest, `"`)
	for i := range len(name) {
		if c := name[i] | 0x20; c >= 'a' && c <= 'z' {
			return printable(name[:min(len(name), 64)])
		}
	}
	return ""
}

// sipTalk is what both transports share: requests that wait for their response.
type sipTalk struct {
	waiting  few[string, *sipAsked]
	names    map[uint64]bool
	attempts int64
}

type sipAsked struct {
	rec   *SIP
	login *event.Login
}

func (t *sipTalk) message(from event.Side, m *sipMessage, emit func(event.Record)) {
	switch {
	case m.method == "ACK" || m.method == "" && m.status < 200:
	case m.method != "":
		t.request(from, m, emit)
	default:
		if a, ok := t.waiting.pop(m.call); ok {
			a.rec.Status, a.rec.Server = m.status, m.agent
			t.tell(a, m, emit)
		}
	}
}

func (t *sipTalk) request(from event.Side, m *sipMessage, emit func(event.Record)) {
	if from == event.Client && m.to != "" && len(t.names) < sipNames {
		h := fnv.New64a()
		h.Write([]byte(m.to))
		if t.names == nil {
			t.names = map[uint64]bool{}
		}
		t.names[h.Sum64()] = true
	}
	if t.waiting.get(m.call) != nil {
		return // sent again
	}
	r := &SIP{Method: m.method, Agent: m.agent, Names: int64(len(t.names)), Reverse: from == event.Server}
	if old, evicted := t.waiting.put(m.call, &sipAsked{r, m.login}, sipPending); evicted {
		t.tell(old, nil, emit)
	}
}

// tell tells of a request with its answer, nil where none was seen.
func (t *sipTalk) tell(a *sipAsked, answer *sipMessage, emit func(event.Record)) {
	emit(a.rec)
	l := a.login
	if l == nil {
		return
	}
	t.attempts++
	l.Attempt = t.attempts
	if s := a.rec.Status; s > 0 {
		l.Reason = strconv.FormatInt(s, 10)
		switch {
		case s < 300:
			l.Outcome = event.Success
		case (s == 401 || s == 407 || s == 403) && !answer.stale:
			l.Outcome = event.Failure
		}
	}
	emit(l)
}

// End tells of requests without an answer.
func (t *sipTalk) End(emit func(event.Record)) {
	for _, w := range t.waiting.entries {
		t.tell(w.value, nil, emit)
	}
	t.waiting.entries = nil
}

// sipDatagrams reads SIP over UDP: one datagram is one message.
type sipDatagrams struct{ sipTalk }

func (p *sipDatagrams) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	var m sipMessage
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		if m.line(string(bytes.TrimRight(line[:min(len(line), textMaxLine)], "\r"))) {
			break
		}
	}
	p.message(from, &m, emit)
	return true
}

// sipStream reads SIP over TCP, where the length of a body stands in its headers.
type sipStream struct {
	sipTalk
	lines [2]lineBuffer
	open  [2]sipMessage
	body  [2]int64
}

func (p *sipStream) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		if left := &p.body[from]; *left > 0 {
			n := min(*left, int64(len(data)))
			*left -= n
			data = data[n:]
			continue
		}
		n, line, whole := p.lines[from].next(data, textMaxLine)
		data = data[n:]
		if m := &p.open[from]; whole && m.line(string(line)) {
			p.body[from] = max(0, m.length)
			p.message(from, m, emit)
			*m = sipMessage{}
		}
	}
	return true
}

// SIP is one request with its final response. Numbers, names and addresses of the
// parties are not in it.
type SIP struct {
	Method  string
	Status  int64 // 0: no final response was seen
	Agent   string
	Server  string
	Names   int64 // that the client asked for so far in this conversation
	Reverse bool  // the server asks
}

var sipTable = event.NewTable("sip", "Requests of SIP with their final response.",
	event.String("brandmelder.sip.method", event.Technical, "method", func(r *SIP) (string, bool) { return r.Method, true }),
	event.Int("brandmelder.sip.status", event.Technical, "status of the final response", func(r *SIP) (int64, bool) { return r.Status, r.Status > 0 }),
	event.String("user_agent.original", event.Technical, "software that the request names", func(r *SIP) (string, bool) { return r.Agent, r.Agent != "" }),
	event.String("brandmelder.sip.server", event.Technical, "software that the response names", func(r *SIP) (string, bool) { return r.Server, r.Server != "" }),
	event.Int("brandmelder.sip.names", event.Technical, "different names that the client has called or registered in this conversation, at most 1024", func(r *SIP) (int64, bool) { return r.Names, true }),
	event.Bool("brandmelder.sip.reverse", event.Technical, "the server of the conversation asks", func(r *SIP) (bool, bool) { return true, r.Reverse }),
).InBrief("brandmelder.sip.method", "brandmelder.sip.status", "user_agent.original")

func (*SIP) Table() *event.Table { return sipTable }
