package proto

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "http", Doc: "HTTP/1.x requests with their responses",
		Source: "RFC 9110, RFC 9112", IP: 6, Ports: []uint16{80, 8080, 8000, 3128, 5985, 8888},
		Limit: 2 * tlsMaxMessage, Probe: probeHTTP, New: func() Parser { return &httpParser{} },
		Tables: tunnelTables(),
	})
}

const (
	httpMaxLine    = 8 << 10
	httpMaxHeaders = 256
	httpPending    = 64      // requests of one connection that wait for a response
	httpBodyLook   = 4 << 10 // first bytes of a request body that are examined
	httpAnswerLook = 512     // and of a response's
)

var httpMethods = []string{
	"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "PROPPATCH", "MKCOL",
	"COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "DEBUG", "TRACK",
	"RPC_IN_DATA", "RPC_OUT_DATA", "BITS_POST",
}

// probeHTTP knows a method with a path or an http URL, and a status line.
func probeHTTP(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return startsWith(data, "HTTP/1.")
	}
	best := No
	for _, m := range httpMethods {
		if len(data) > 0 && data[0] != m[0] {
			continue
		}
		v := startsWith(data, m)
		if v == Yes {
			v = probeTarget(m, data[len(m):])
		}
		best = max(best, v)
	}
	return best
}

// probeTarget knows what follows a method.
func probeTarget(method string, data []byte) Verdict {
	if method == "CONNECT" {
		return startsWith(data, " ")
	}
	return max(startsWith(data, " /"), startsWith(data, " http://"), startsWith(data, " https://"), startsWith(data, " *"))
}

type httpParser struct {
	sides    [2]httpSide
	request  *HTTP   // whose headers or body the client is sending
	waiting  []*HTTP // sent, not answered yet, oldest first
	early    int     // records that were emitted because too many were waiting
	response *HTTP   // being answered
	attempts int64
	done     bool
	inside   *tunnelled // what a CONNECT opened
}

type httpState uint8

const (
	httpStart httpState = iota
	httpHeader
	httpBody  // left bytes
	httpChunk // the line with a chunk's size
	httpChunkData
	httpChunkEnd // line break after a chunk
	httpTrailer
	httpUntilClose
)

// httpSide reads one direction line by line, and passes bodies over by length.
type httpSide struct {
	state   httpState
	line    lineBuffer
	held    []byte // the last header line, which the next one may go on with
	headers int
	left    int64
	length  int64 // Content-Length; -1 none
	chunked bool
	head    []byte // first bytes of the body
	interim bool   // a 1xx response
	holed   bool   // bytes of the body were never seen
}

func (p *httpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.inside != nil {
		return p.inside.feed(from, data, emit)
	}
	s := &p.sides[from]
	for len(data) > 0 && !p.done {
		switch s.state {
		case httpBody, httpChunkData, httpUntilClose:
			n := len(data)
			if s.state != httpUntilClose {
				n = int(min(s.left, int64(n)))
			}
			p.body(from, data[:n])
			s.left -= int64(n)
			data = data[n:]
			p.bodyEnd(from, emit)
		default:
			n, line, whole := s.line.next(data, httpMaxLine)
			data = data[n:]
			if whole {
				p.text(from, line, emit)
			}
		}
	}
	if p.done { // no HTTP any more: what was asked so far is told
		p.End(emit)
	}
	if p.inside != nil {
		p.sides = [2]httpSide{}
		return p.inside.feed(from, data, emit)
	}
	return !p.done
}

// Gap goes on when what was lost lies within a body: its length says where the next
// message begins. Of bytes behind a hole the kind of the body is not told.
func (p *httpParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if p.inside != nil {
		return p.inside.gap(from, n, emit)
	}
	s := &p.sides[from]
	body := s.state == httpBody || s.state == httpChunkData
	lost := int64(n)
	if body {
		lost = min(lost, s.left)
		s.left -= lost
	}
	if !p.done && (body || s.state == httpUntilClose) {
		s.holed = true
		p.count(from, lost)
		p.bodyEnd(from, emit)
	}
	if p.done || lost < int64(n) || !body && s.state != httpUntilClose {
		p.done = true
		p.End(emit)
	}
	return !p.done
}

func (p *httpParser) bodyEnd(from event.Side, emit func(event.Record)) {
	s := &p.sides[from]
	if s.state == httpUntilClose || s.left > 0 {
		return
	}
	if s.state == httpChunkData {
		s.state = httpChunkEnd
		return
	}
	p.finish(from, emit)
}

func (p *httpParser) text(from event.Side, line []byte, emit func(event.Record)) {
	s := &p.sides[from]
	switch s.state {
	case httpStart:
		p.startLine(from, line, emit)
	case httpHeader:
		p.headerLine(from, line, emit)
	case httpChunk:
		digits, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 40)
		s.left, s.state = int64(n), httpChunkData
		if err != nil {
			p.done = true
		} else if n == 0 {
			s.state = httpTrailer
		}
	case httpChunkEnd:
		s.state = httpChunk
	case httpTrailer:
		if len(line) == 0 {
			p.finish(from, emit)
		}
	}
}

// headerLine joins lines that were folded (RFC 9112, section 5.2): a header is
// whole when the next line does not begin with space.
func (p *httpParser) headerLine(from event.Side, line []byte, emit func(event.Record)) {
	s := &p.sides[from]
	if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && len(s.held) > 0 {
		s.held = append(s.held, line[:min(len(line), httpMaxLine-len(s.held))]...)
		return
	}
	if len(s.held) > 0 {
		p.header(from, s.held)
	}
	s.held = append(s.held[:0], line...)
	if len(line) == 0 {
		p.headersEnd(from, emit)
	} else if s.headers++; s.headers > httpMaxHeaders {
		p.done = true
	}
}

func (p *httpParser) startLine(from event.Side, line []byte, emit func(event.Record)) {
	if len(line) == 0 {
		return // tolerated between messages (RFC 9112, section 2.2)
	}
	s := &p.sides[from]
	*s = httpSide{state: httpHeader, line: s.line, held: s.held[:0], length: -1, head: s.head[:0]}
	if from == event.Server {
		p.statusLine(string(line), emit)
		return
	}
	method, rest, ok := strings.Cut(string(line), " ")
	target, version, _ := cutLast(rest, " ")
	if !ok || len(method) > 20 {
		p.done = true
		return
	}
	r := newHTTP(printable(method))
	r.Version = httpVersion(version)
	if !strings.HasPrefix(version, "HTTP/") {
		target = rest
	}
	r.target(target)
	r.shapes |= suspect([]byte(target))
	p.request = r
	if len(p.waiting) == httpPending {
		p.emit(p.waiting[0], emit)
		p.waiting = p.waiting[1:]
		p.early++
	}
	p.waiting = append(p.waiting, r)
}

// httpVersion is "1.1" of "HTTP/1.1"; "" of what is no version.
func httpVersion(s string) string {
	v, ok := strings.CutPrefix(s, "HTTP/")
	if !ok || len(v) != 3 || v[0] < '0' || v[0] > '9' || v[1] != '.' || v[2] < '0' || v[2] > '9' {
		return ""
	}
	return v
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (p *httpParser) statusLine(line string, emit func(event.Record)) {
	version, rest, _ := strings.Cut(line, " ")
	status, err := strconv.Atoi(rest[:min(3, len(rest))])
	if err != nil || !strings.HasPrefix(version, "HTTP/") {
		p.done = true
		return
	}
	p.sides[event.Server].interim = status >= 100 && status < 200 && status != 101
	if p.sides[event.Server].interim {
		p.response = newHTTP("")
		return
	}
	p.response = newHTTP("")
	if p.early > 0 {
		p.early-- // its request is gone
	} else if len(p.waiting) > 0 {
		p.response, p.waiting = p.waiting[0], p.waiting[1:]
	}
	p.response.Status = int64(status)
	if p.response.Version == "" {
		p.response.Version = httpVersion(version)
	}
}

// of is the record that a side's bytes belong to; nil when it was emitted already.
func (p *httpParser) of(from event.Side) *HTTP {
	if from == event.Client {
		return p.request
	}
	return p.response
}

func (p *httpParser) header(from event.Side, line []byte) {
	s, r := &p.sides[from], p.of(from)
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	v := strings.TrimSpace(string(value))
	key := strings.ToLower(string(name))
	switch key {
	case "content-length":
		if n, err := strconv.ParseInt(v, 10, 62); err == nil && n >= 0 {
			s.length = n
		}
	case "transfer-encoding":
		s.chunked = strings.Contains(strings.ToLower(v), "chunked")
	}
	if r == nil {
		return
	}
	if from == event.Client {
		r.requestHeader(key, v)
	} else {
		r.responseHeader(key, v)
	}
}

// headersEnd decides how the body is framed (RFC 9112, section 6.3).
func (p *httpParser) headersEnd(from event.Side, emit func(event.Record)) {
	s, r := &p.sides[from], p.of(from)
	if from == event.Server && r != nil && p.tunnels(r) {
		p.finish(from, emit)
		p.done = true
		if r.Method == "CONNECT" {
			p.inside = &tunnelled{}
		}
		return
	}
	none := from == event.Server && r != nil && (s.interim || r.Status == 204 || r.Status == 304 || r.Method == "HEAD")
	switch {
	case none:
		p.finish(from, emit)
	case s.chunked:
		s.state = httpChunk
	case s.length > 0:
		s.state, s.left = httpBody, s.length
	case s.length == 0 || from == event.Client:
		p.finish(from, emit)
	default:
		s.state = httpUntilClose
	}
}

func (p *httpParser) tunnels(r *HTTP) bool {
	return r.Status == 101 || r.Method == "CONNECT" && r.Status >= 200 && r.Status < 300
}

func (p *httpParser) body(from event.Side, b []byte) {
	p.count(from, int64(len(b)))
	s := &p.sides[from]
	bound := httpAnswerLook
	if from == event.Client {
		bound = httpBodyLook
	}
	if !s.holed {
		s.head = append(s.head, b[:min(len(b), bound-len(s.head))]...)
	}
}

func (p *httpParser) count(from event.Side, n int64) {
	if r := p.of(from); r != nil {
		r.Body[from] += n
	}
}

// finish ends a message. A request's record waits for its response.
func (p *httpParser) finish(from event.Side, emit func(event.Record)) {
	s := &p.sides[from]
	s.state = httpStart
	r := p.of(from)
	if from == event.Client {
		if r != nil {
			r.lookAt(s.head)
		}
		p.request, s.head = nil, s.head[:0]
		return
	}
	p.response = nil
	if r == nil || s.interim {
		return
	}
	r.Class[event.Server] = answerClass(s.head[:min(len(s.head), magicWindow)])
	r.Shell, r.Coded[event.Server] = shellAnswer(s.head), isCoded(s.head)
	if kind := r.Type[event.Server]; r.Class[event.Server] == "" && kind != "text/html" && !strings.HasSuffix(kind, "javascript") && isScript(s.head) {
		r.Class[event.Server] = "script"
	}
	s.head = s.head[:0]
	p.emit(r, emit)
}

func (p *httpParser) emit(r *HTTP, emit func(event.Record)) {
	if r == p.request { // answered before it was all sent
		r.lookAt(p.sides[event.Client].head)
		p.request = nil
	}
	emit(r)
	if l := r.login(); l != nil {
		p.attempts++
		l.Attempt = p.attempts
		emit(l)
	}
}

// End tells of responses that lasted until the close, and of unanswered requests.
func (p *httpParser) End(emit func(event.Record)) {
	if p.response != nil {
		p.finish(event.Server, emit)
	}
	for _, r := range p.waiting {
		p.emit(r, emit)
	}
	p.waiting = nil
	if p.inside != nil {
		p.inside.end(emit)
	}
}
