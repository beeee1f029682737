package proto

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	smtpDomains = 16 // domains of recipients that a record names
	mimeKinds   = 16 // attachments that a record names
)

// SMTP is one message, or a session that had none. Addresses, subject, names of
// files and content are not in it.
type SMTP struct {
	Helo       string
	From       string // domain of the envelope's sender
	To         []string
	Recipients int64 // accepted
	Refused    int64
	Bytes      int64 // of the message, as sent
	Reply      int64 // to its end; 0 none was seen
	Type       string
	Mailer     string
	Kinds      []string // media types of what is attached
	Classes    []string // what that looks like
	Auth       bool     // the client had logged on
	Encrypted  bool     // STARTTLS was granted: nothing more is readable

	Unknown, Known int64 // addresses that the server refused and confirmed so far
	Tried          int64 // of the confirmed: 8 and more an envelope, and no message was begun
}

// mime reads a message line by line: the headers of its parts, and the first
// line of each attachment.
type mime struct {
	text     lineBuffer // of chunks
	body     bool
	part     bool   // below the first boundary
	held     string // a header that the next line may go on with
	bounds   []string
	top      string // media type of the message
	kind     string // of this part
	attached bool
	base64   bool
	looked   bool
	mailer   string
	kinds    []string
	classes  []string
}

const (
	mimeBounds = 8
	mimeHeader = 1024
)

func (m *mime) line(line []byte) {
	if m.isBoundary(line) {
		m.end()
		m.body, m.part, m.kind, m.attached, m.base64, m.looked = false, true, "", false, false, false
		return
	}
	if !m.body {
		m.headerLine(string(line))
		return
	}
	if m.attached && !m.looked && len(line) > 0 {
		m.looked = true
		m.look(line)
	}
}

func (m *mime) isBoundary(line []byte) bool {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return false
	}
	text := strings.TrimSuffix(strings.TrimRight(string(line[2:]), " \t"), "--")
	return slices.Contains(m.bounds, text) || slices.Contains(m.bounds, text+"--")
}

// headerLine joins folded headers (RFC 5322, section 2.2.3).
func (m *mime) headerLine(line string) {
	if line != "" && (line[0] == ' ' || line[0] == '\t') {
		m.held += line[:min(len(line), max(0, mimeHeader-len(m.held)))]
		return
	}
	m.header(m.held)
	m.held = line[:min(len(line), mimeHeader)]
	if line == "" {
		m.body = true
		m.headersEnd()
	}
}

func (m *mime) header(line string) {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(name) {
	case "content-type":
		m.kind = mediaType(value)
		if b := parameter(value, "boundary"); b != "" && len(m.bounds) < mimeBounds {
			m.bounds = append(m.bounds, b)
		}
		m.attached = m.attached || parameter(value, "name") != ""
	case "content-disposition":
		m.attached = m.attached || strings.EqualFold(value[:min(len(value), 10)], "attachment") || parameter(value, "filename") != ""
	case "content-transfer-encoding":
		m.base64 = strings.EqualFold(value, "base64")
	case "x-mailer", "user-agent":
		if !m.part {
			m.mailer = printable(value[:min(len(value), 128)])
		}
	}
}

func (m *mime) headersEnd() {
	if !m.part {
		m.top = m.kind
	}
	if m.attached && len(m.kinds) < mimeKinds {
		m.kinds = append(m.kinds, m.kind)
	}
}

// look names an attachment by its first line, which is not kept.
func (m *mime) look(line []byte) {
	head := line
	if m.base64 {
		coded := line[:min(len(line), 4*magicWindow)]
		head = make([]byte, base64.StdEncoding.DecodedLen(len(coded)))
		n, _ := base64.StdEncoding.Decode(head, coded[:len(coded)/4*4])
		head = head[:n]
	}
	class := bodyClass(head[:min(len(head), magicWindow)])
	if class != "" && len(m.classes) < mimeKinds {
		m.classes = append(m.classes, class)
	}
}

// end is the end of a part, or of the message, maybe within its headers.
func (m *mime) end() {
	if !m.body && m.held != "" {
		m.header(m.held)
		m.headersEnd()
	}
	m.held = ""
}

// parameter is the value of a parameter of a header, without quotes.
func parameter(value, name string) string {
	for rest := value; ; {
		var field string
		_, rest, _ = strings.Cut(rest, ";")
		if rest == "" {
			return ""
		}
		field, _, _ = strings.Cut(rest, ";")
		key, v, ok := strings.Cut(strings.TrimSpace(field), "=")
		key, _, _ = strings.Cut(key, "*") // RFC 2231
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
}

var smtpTable = event.NewTable("smtp", "Messages that were sent, and sessions without one.", smtpFields()...).InBrief("brandmelder.smtp.from_domain", "brandmelder.smtp.to_domains", "brandmelder.smtp.bytes", "brandmelder.smtp.reply")

func (*SMTP) Table() *event.Table { return smtpTable }

func smtpFields() []event.Field {
	text := func(path string, p event.Privacy, doc string, get func(*SMTP) string) event.Field {
		return event.String("brandmelder.smtp."+path, p, doc, func(r *SMTP) (string, bool) { s := get(r); return s, s != "" })
	}
	count := func(path, doc string, get func(*SMTP) int64) event.Field {
		return event.Int("brandmelder.smtp."+path, event.Technical, doc, func(r *SMTP) (int64, bool) { n := get(r); return n, n > 0 })
	}
	return []event.Field{
		text("helo", event.Personal, "name the client gave itself", func(r *SMTP) string { return r.Helo }),
		text("from_domain", event.Personal, "domain of the sender", func(r *SMTP) string { return r.From }),
		event.Strings("brandmelder.smtp.to_domains", event.Personal, "domains of the recipients, at most 16", func(r *SMTP) []string { return r.To }),
		count("recipients", "recipients that were accepted", func(r *SMTP) int64 { return r.Recipients }),
		count("refused", "recipients that were refused", func(r *SMTP) int64 { return r.Refused }),
		count("bytes", "size of the message as sent, bytes", func(r *SMTP) int64 { return r.Bytes }),
		count("reply", "reply to its end", func(r *SMTP) int64 { return r.Reply }),
		text("type", event.Technical, "media type of the message", func(r *SMTP) string { return r.Type }),
		text("mailer", event.Technical, "software that the message names", func(r *SMTP) string { return r.Mailer }),
		event.Strings("brandmelder.smtp.attachment.types", event.Technical, "media types of what is attached, at most 16", func(r *SMTP) []string { return r.Kinds }),
		event.Strings("brandmelder.smtp.attachment.classes", event.Technical, "what that looks like by its first bytes", func(r *SMTP) []string { return r.Classes }),
		event.Bool("brandmelder.smtp.authenticated", event.Technical, "the client had logged on", func(r *SMTP) (bool, bool) { return true, r.Auth }),
		event.Bool("brandmelder.smtp.encrypted", event.Technical, "STARTTLS was granted", func(r *SMTP) (bool, bool) { return true, r.Encrypted }),
		count("unknown", "addresses that the server said there are none of, or did not confirm to VRFY, so far in this session", func(r *SMTP) int64 { return r.Unknown }),
		count("known", "addresses that it confirmed, told with the unknown ones", func(r *SMTP) int64 { return r.Known }),
		count("tried", "of the known, recipients of envelopes of 8 and more in a session that began no message", func(r *SMTP) int64 { return r.Tried }),
	}
}
