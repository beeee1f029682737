package proto

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// What several protocols made of text use.

// textMaxLine bounds a line of the text protocols, bytes. RFC 4954 lets a line of
// a login have 12288, but only those of Kerberos come near it.
const textMaxLine = 4096

// lineBuffer gathers the lines of one side, at most bound bytes of each: a longer one
// is cut and handed out as if it were whole.
type lineBuffer struct {
	buf  []byte
	lost bool // a part of the line was never seen: it is no line
}

// gap forgets the line at hand.
func (l *lineBuffer) gap() { l.buf, l.lost = l.buf[:0], true }

// next takes bytes up to a line's end and says how many, and the line when whole,
// without its CR and LF. The line is valid until the next call.
func (l *lineBuffer) next(data []byte, bound int) (n int, line []byte, whole bool) {
	end := bytes.IndexByte(data, '\n')
	n = end + 1
	if end < 0 {
		n = len(data)
	}
	l.buf = append(l.buf, data[:min(n, max(0, bound-len(l.buf)))]...)
	if end < 0 {
		return n, nil, false
	}
	line = bytes.TrimRight(l.buf, "\r\n")
	lost := l.lost
	l.buf, l.lost = l.buf[:0], false
	return n, line, !lost
}

// startsWith says More where data is the beginning of want.
func startsWith(data []byte, want string) Verdict {
	n := min(len(data), len(want))
	switch {
	case string(data[:n]) != want[:n]:
		return No
	case n < len(want):
		return More
	}
	return Yes
}

// openedBy reports whether a text's first byte is one of these letters, small or
// capital, or white space, or not there yet: what costs a probe least to ask.
func openedBy(data []byte, letters string) bool {
	if len(data) == 0 {
		return true
	}
	c := data[0]
	return c == ' ' || c == '\r' || c == '\n' || c == '\t' || c >= 'A' && strings.IndexByte(letters, c&^0x20) >= 0
}

// yesIf is Yes or No, where nothing that comes could change it.
func yesIf(b bool) Verdict {
	if b {
		return Yes
	}
	return No
}

// words cuts a line into its first word, in upper case and at most 16 bytes long,
// and the rest.
func words(line []byte) (verb, rest string) {
	v, r, _ := strings.Cut(string(line), " ")
	return strings.ToUpper(v[:min(len(v), 16)]), strings.TrimSpace(r)
}

// printable replaces what is no text: names are attacker's bytes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}
