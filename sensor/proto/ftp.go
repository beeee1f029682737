package proto

import (
	"bytes"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "ftp", Doc: "FTP commands, logins and transfers",
		Source: "RFC 959, RFC 2428, RFC 4217", IP: 6, Ports: []uint16{21, 2121},
		Limit: 2*ftpMaxLine + 64<<10, Probe: probeFTP, New: func() Parser { return &ftpParser{} },
		Tables: []*event.Table{ftpTable, (*event.Login)(nil).Table()},
	})
	register(Spec{
		Name: "ftp-data", Doc: "FTP data connections, found by what the control connection says",
		Source: "RFC 959", IP: 6, Limit: 64,
		Probe: func(event.Side, []byte) Verdict { return No },
		New:   func() Parser { return &ftpDataParser{} }, Tables: []*event.Table{ftpDataTable},
	})
}

const (
	ftpMaxLine = 1024
	ftpPending = 16 // commands that wait for their reply
)

// FTP is one command of interest with its reply.
type FTP struct {
	Command   string // upper case
	Path      string
	Reply     int64 // 0: none was seen
	Size      int64 // bytes, as the reply of a transfer names them; -1 unknown
	Banner    string
	Data      netip.Addr // that PORT or EPRT asks the server to call
	Encrypted bool       // AUTH was granted: nothing more is readable
}

// ftpVerbs are the commands a client may begin with, and those of later use.
var ftpVerbs = map[string]bool{
	"USER": true, "PASS": true, "ACCT": true, "AUTH": true, "FEAT": true, "HELP": true, "SYST": true, "QUIT": true,
	"OPTS": true, "HOST": true, "CLNT": true, "NOOP": true, "STOR": true, "RETR": true, "LIST": true, "NLST": true,
	"MLSD": true, "DELE": true, "APPE": true, "STOU": true, "RNFR": true, "RNTO": true, "MKD": true, "RMD": true,
	"SITE": true, "PORT": true, "EPRT": true, "PASV": true, "EPSV": true,
}

// ftpKept are the commands that become records.
var ftpKept = map[string]bool{
	"STOR": true, "RETR": true, "LIST": true, "NLST": true, "MLSD": true, "DELE": true, "APPE": true, "STOU": true,
	"RNFR": true, "RNTO": true, "MKD": true, "RMD": true, "SITE": true, "AUTH": true,
}

// probeFTP wants what only FTP says: SMTP greets with 220 too, and POP3 has USER
// and PASS. Where the greeting does not name FTP, the reply to the first command
// tells; where only the client is seen, a command that the others lack.
func probeFTP(from event.Side, data []byte) Verdict {
	judge := probeFTPCommand
	if from == event.Client && !openedBy(data, "UPAQNHSFECO") {
		return No
	}
	if from == event.Server {
		judge = probeFTPReply
		code := data[:min(len(data), 3)]
		if !strings.HasPrefix("220", string(code)) && !strings.HasPrefix("331", string(code)) { // 331: the greeting was missed
			return No
		}
	}
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if v := judge(bytes.ToUpper(bytes.TrimSpace(line)), whole); v != More {
			return v
		}
		data = rest
	}
	return More
}

// probeFTPReply judges one line of the server: of a greeting that began with 220,
// or of a reply after it.
func probeFTPReply(line []byte, whole bool) Verdict {
	switch {
	case !whole:
		return More
	case bytes.Contains(line, []byte("SMTP")):
		return No
	case bytes.Contains(line, []byte("FTP")):
		return Yes
	}
	switch string(line[:min(3, len(line))]) {
	case "331", "230", "234", "215":
		return Yes
	case "250", "221", "354":
		return No
	}
	return More
}

func probeFTPCommand(line []byte, whole bool) Verdict {
	verb, arg, _ := bytes.Cut(line, []byte(" "))
	if len(verb) > 6 {
		return No
	}
	if !whole {
		return More
	}
	switch string(verb) {
	case "USER", "PASS", "ACCT", "QUIT", "NOOP", "HOST":
		return More
	case "SYST", "FEAT", "PASV", "EPSV", "PORT", "EPRT", "CWD", "PWD", "CLNT", "OPTS":
		return Yes
	case "AUTH":
		return yesIf(bytes.HasPrefix(arg, []byte("TLS")) || bytes.HasPrefix(arg, []byte("SSL")))
	}
	return No
}

type ftpParser struct {
	lines    [2]lineBuffer
	waiting  []ftpCommand // in the order they were sent
	user     string
	attempts int64
	greeted  bool
	banner   string // last line of the greeting
	skip     int    // replies to come for commands that were not kept
	inReply  string // code of a reply of several lines
	expect   []Expectation
	unsure   bool // a reply may have been lost with others
	done     bool
}

type ftpCommand struct {
	verb  string
	user  string // of USER and PASS
	rec   *FTP   // nil for what is no record
	port  uint16
	after int // commands after this one that were too many to keep
}

func (p *ftpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 && !p.done {
		n, line, whole := p.lines[from].next(data, ftpMaxLine)
		data = data[n:]
		switch {
		case !whole:
		case from == event.Client:
			p.command(string(line), emit)
		default:
			p.replyLine(string(line), emit)
		}
	}
	return !p.done
}

// Gap goes on with the next whole line. What waits has no reply that is certainly its
// own; one that comes before the client's next command is nobody's.
func (p *ftpParser) Gap(from event.Side, _ int, emit func(event.Record)) bool {
	if p.done {
		return false
	}
	p.End(emit)
	p.lines[from].gap()
	p.skip, p.inReply, p.unsure = 0, "", true
	if from == event.Client {
		p.user = ""
	}
	return true
}

func (p *ftpParser) command(line string, emit func(event.Record)) {
	if p.unsure { // clients wait for a reply: what still waits lost its own
		p.End(emit)
	}
	verb, arg, _ := strings.Cut(line, " ")
	c := ftpCommand{verb: strings.ToUpper(strings.TrimLeft(verb, "\xff\xf4\xf2"))}
	if !ftpVerbs[c.verb] {
		c.verb = ""
	}
	switch {
	case c.verb == "USER":
		p.user = printable(strings.TrimSpace(arg[:min(len(arg), 64)]))
	case c.verb == "PORT":
		p.port(&c, portArgument(arg))
	case c.verb == "EPRT":
		p.port(&c, eprtArgument(arg))
	case ftpKept[c.verb]:
		c.rec = &FTP{Command: c.verb, Size: -1}
		if c.verb != "AUTH" && c.verb != "SITE" {
			c.rec.Path = printable(arg)
		}
	}
	c.user = p.user
	if n := len(p.waiting); n < ftpPending {
		p.waiting = append(p.waiting, c)
	} else {
		p.waiting[n-1].after++
	}
}

// port expects the server to call the client back. The parser does not know the
// client's address, so the record names the asked one for the reader to compare.
func (p *ftpParser) port(c *ftpCommand, to netip.AddrPort) {
	if !to.IsValid() {
		return
	}
	c.rec = &FTP{Command: c.verb, Size: -1, Data: to.Addr()}
	c.port = to.Port()
}

// portArgument reads h1,h2,h3,h4,p1,p2.
func portArgument(arg string) netip.AddrPort {
	var n [6]byte
	parts := strings.Split(strings.TrimSpace(arg), ",")
	if len(parts) != len(n) {
		return netip.AddrPort{}
	}
	for i, s := range parts {
		v, err := strconv.ParseUint(s, 10, 8)
		if err != nil {
			return netip.AddrPort{}
		}
		n[i] = byte(v)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[:4])), uint16(n[4])<<8|uint16(n[5]))
}

// eprtArgument reads |family|address|port| (RFC 2428).
func eprtArgument(arg string) netip.AddrPort {
	parts := strings.Split(strings.TrimSpace(arg), "|")
	if len(parts) != 5 {
		return netip.AddrPort{}
	}
	addr, err := netip.ParseAddr(parts[2])
	port, err2 := strconv.ParseUint(parts[3], 10, 16)
	if err != nil || err2 != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr.WithZone(""), uint16(port))
}

// replyLine finds the last line of a reply (RFC 959, section 4.2).
func (p *ftpParser) replyLine(line string, emit func(event.Record)) {
	code, err := strconv.Atoi(line[:min(3, len(line))])
	switch {
	case p.inReply != "":
		if !strings.HasPrefix(line, p.inReply+" ") && line != p.inReply {
			return
		}
		p.inReply = ""
	case err != nil || code < 100 || code > 699:
		return
	case len(line) > 3 && line[3] == '-':
		p.inReply = line[:3]
		return
	}
	p.reply(code, line, emit)
}

func (p *ftpParser) reply(code int, line string, emit func(event.Record)) {
	if !p.greeted && code >= 200 {
		p.greeted = true
		if code == 220 { // else the beginning was not seen
			p.banner = printable(strings.TrimSpace(line[3:]))
			return
		}
	}
	if p.skip > 0 || len(p.waiting) == 0 {
		if code >= 200 {
			p.skip = max(0, p.skip-1)
		}
		return
	}
	c := p.waiting[0]
	if code < 200 {
		if c.rec != nil && c.rec.Size < 0 {
			c.rec.Size = sizeIn(line)
		}
		return
	}
	p.waiting, p.skip, p.unsure = p.waiting[1:], c.after, false
	p.login(c, code, emit)
	p.learnPort(c, code, line)
	if c.verb == "AUTH" && code == 234 {
		c.rec.Encrypted, p.done = true, true
	}
	p.flush(c, int64(code), emit)
}

func (p *ftpParser) flush(c ftpCommand, code int64, emit func(event.Record)) {
	if c.rec != nil {
		c.rec.Reply, c.rec.Banner = code, p.banner
		emit(c.rec)
	}
}

// sizeIn finds "(123 bytes)".
func sizeIn(line string) int64 {
	i := strings.LastIndexByte(line, '(')
	digits, _, ok := strings.Cut(line[i+1:], " bytes")
	n, err := strconv.ParseInt(digits, 10, 64)
	if i < 0 || !ok || err != nil || n < 0 {
		return -1
	}
	return n
}

// login judges USER and PASS: 230 lets in, 331 asks for more, 421 and 5xx refuse.
func (p *ftpParser) login(c ftpCommand, code int, emit func(event.Record)) {
	tried := c.verb == "PASS" && code != 503 // 503: no USER was accepted before
	if !tried && !(c.verb == "USER" && (code == 230 || code == 530)) {
		return
	}
	l := &event.Login{Protocol: "ftp", Method: "password", User: c.user}
	if code > 0 {
		l.Reason = strconv.Itoa(code)
	}
	switch {
	case code == 230 || code == 202 || code == 232:
		l.Outcome = event.Success
	case code >= 400:
		l.Outcome = event.Failure
	}
	l.Clear = c.verb == "PASS" && !isAnonymous(c.user)
	p.attempts++
	l.Attempt = p.attempts
	emit(l)
}

func isAnonymous(user string) bool {
	return strings.EqualFold(user, "anonymous") || strings.EqualFold(user, "ftp")
}

// learnPort keeps where the data connection will go.
func (p *ftpParser) learnPort(c ftpCommand, code int, line string) {
	on, port := event.Client, c.port
	switch {
	case code == 227:
		on = event.Server
		port = pasvPort(line)
	case code == 229:
		on = event.Server
		port = epsvPort(line)
	case code != 200:
		port = 0
	}
	if port != 0 && len(p.expect) < ftpPending {
		p.expect = append(p.expect, Expectation{Proto: "ftp-data", On: on, Port: port})
	}
}

// pasvPort reads the six numbers of a 227 reply, with or without brackets.
func pasvPort(line string) uint16 {
	digits := strings.FieldsFunc(line[3:], func(r rune) bool { return r != ',' && (r < '0' || r > '9') })
	for _, d := range digits {
		if a := portArgument(d); a.IsValid() {
			return a.Port()
		}
	}
	return 0
}

func epsvPort(line string) uint16 {
	_, rest, _ := strings.Cut(line, "|||")
	digits, _, _ := strings.Cut(rest, "|")
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// Expect hands out the data connections to come.
func (p *ftpParser) Expect() []Expectation {
	e := p.expect
	p.expect = nil
	return e
}

// End tells of commands without a reply.
func (p *ftpParser) End(emit func(event.Record)) {
	for _, c := range p.waiting {
		if c.verb == "PASS" {
			p.login(c, 0, emit)
		}
		p.flush(c, 0, emit)
	}
	p.waiting = nil
}

// extension is the lower-case ending of a file name without its dot, or "".
func extension(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if len(ext) > 8 {
		return ""
	}
	for i := range len(ext) {
		if !alphanumeric(ext[i]) {
			return ""
		}
	}
	return ext
}

var ftpTable = event.NewTable("ftp", "FTP commands that touch files, with their reply.",
	event.String("brandmelder.ftp.command", event.Technical, "command", func(r *FTP) (string, bool) { return r.Command, true }),
	event.Int("brandmelder.ftp.reply", event.Technical, "reply code", func(r *FTP) (int64, bool) { return r.Reply, r.Reply > 0 }),
	event.String("brandmelder.ftp.banner", event.Technical, "greeting of the server", func(r *FTP) (string, bool) { return r.Banner, r.Banner != "" }),
	event.String("file.path", event.Personal, "file or folder", func(r *FTP) (string, bool) { return r.Path, r.Path != "" }),
	event.String("file.name", event.Personal, "last part of the path", func(r *FTP) (string, bool) {
		return path.Base(strings.ReplaceAll(r.Path, `\`, "/")), r.Path != ""
	}),
	event.String("file.extension", event.Technical, "ending of the file name", func(r *FTP) (string, bool) { e := extension(r.Path); return e, e != "" }),
	event.Int("file.size", event.Technical, "bytes, as the server said", func(r *FTP) (int64, bool) { return r.Size, r.Size >= 0 }),
	event.IP("brandmelder.ftp.data_address", event.Technical, "address that PORT or EPRT asks the server to call; one that is not source.ip makes the server attack others (FTP bounce)", func(r *FTP) netip.Addr { return r.Data }),
	event.Bool("brandmelder.ftp.encrypted", event.Technical, "AUTH was granted", func(r *FTP) (bool, bool) { return true, r.Encrypted }),
).InBrief("brandmelder.ftp.command", "file.path", "brandmelder.ftp.reply")

func (*FTP) Table() *event.Table { return ftpTable }

// FTPData is what a data connection carries.
type FTPData struct {
	Class string     // of the first 16 bytes; "" unknown
	From  event.Side // side that sends
}

var ftpDataTable = event.NewTable("ftp-data", "FTP data connections.",
	event.String("brandmelder.ftp.content", event.Technical, "kind of file by its first bytes", func(r *FTPData) (string, bool) { return r.Class, r.Class != "" }),
	event.String("brandmelder.ftp.sender", event.Technical, "client or server of the data connection", func(r *FTPData) (string, bool) { return r.From.String(), true }),
).InBrief("brandmelder.ftp.sender", "brandmelder.ftp.content")

func (*FTPData) Table() *event.Table { return ftpDataTable }

type ftpDataParser struct {
	head []byte
	from event.Side
	done bool
}

func (p *ftpDataParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if p.done {
		return false
	}
	if len(p.head) == 0 {
		p.from = from
	}
	p.head = append(p.head, data[:min(len(data), magicWindow-len(p.head))]...)
	if len(p.head) == magicWindow {
		p.End(emit)
	}
	return !p.done
}

// End tells of files shorter than the window.
func (p *ftpDataParser) End(emit func(event.Record)) {
	if !p.done && len(p.head) > 0 {
		emit(&FTPData{Class: bodyClass(p.head), From: p.from})
	}
	p.done = true
}
