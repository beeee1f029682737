package proto

import (
	"bytes"
	"slices"
	"strings"
)

const magicWindow = 16 // first bytes of a body that its class is known by

var magics = []struct{ prefix, class string }{
	{"MZ", "exe-pe"}, {"\x7fELF", "elf"}, {"\xcf\xfa\xed\xfe", "macho"}, {"\xca\xfe\xba\xbe", "java-class"},
	{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"}, {"%PDF-", "pdf"},
	{"\x1f\x8b", "gzip"}, {"Rar!\x1a\x07", "rar"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"MSCF", "cab"}, {"#!", "script"},
	{"\xac\xed\x00\x05", "java-serialized"}, {"\x89PNG", "image"}, {"GIF8", "image"}, {"\xff\xd8\xff", "image"}, {"BM", "image"},
	{"RIFF", "riff"}, {"BZh", "bzip2"}, {"\xfd7zXZ", "xz"}, {"{\\rtf", "rtf"}, {"CWS", "flash"}, {"FWS", "flash"}, {"ZWS", "flash"},
	{"L\x00\x00\x00\x01\x14\x02\x00", "lnk"},
}

// bodyClass names a file by its first bytes, "" when they say nothing.
func bodyClass(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.class
		}
	}
	text := strings.ToLower(strings.TrimLeft(string(head), " \t\r\n\xef\xbb\xbf"))
	switch {
	case strings.HasPrefix(text, "<?php"), strings.HasPrefix(text, "<%"):
		return "script"
	case strings.HasPrefix(text, "<!doctype"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<head"):
		return "html"
	case strings.HasPrefix(text, "<?xml"):
		return "xml"
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return "json"
	}
	return ""
}

// answerClass also tells unknown bytes from text.
func answerClass(head []byte) string {
	if c := bodyClass(head); c != "" || len(head) < 4 {
		return c
	}
	for _, b := range head {
		if b < 0x20 && b != '\t' && b != '\r' && b != '\n' {
			return "binary"
		}
	}
	return ""
}

// checksum8 is the sum of the bytes of a path that is one plain word of four bytes
// or more, modulo 256: staged implants are served by it. -1 where it is not.
func checksum8(path string) int64 {
	word := strings.TrimPrefix(path, "/")
	if len(word) < 4 || len(word) > 255 {
		return -1
	}
	sum := int64(0)
	for i := range len(word) {
		c := word[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return -1
		}
		sum += int64(c)
	}
	return sum % 256
}

// isBlob knows a cookie that is no list of names and values but one base64 text.
func isBlob(cookie string) bool {
	v := strings.TrimRight(cookie, "=")
	if len(v) < 32 {
		return false
	}
	for i := range len(v) {
		c := v[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// printableShare is the part of b that is ASCII text, 0 to 1.
func printableShare(b []byte) float64 {
	n := 0
	for _, c := range b {
		if c >= 0x20 && c < 0x7f || c == '\t' || c == '\r' || c == '\n' {
			n++
		}
	}
	return float64(n) / float64(max(1, len(b)))
}

// suspicion is a set of attack shapes.
type suspicion uint8

var shapes = [...]struct {
	name  string
	words []string
}{
	{"jndi", []string{"${jndi:", "${${", "${lower:", "${upper:", "${::-"}},
	{"sql", []string{"union select", "union all select", "sleep(", "benchmark(", "information_schema", "or 1=1", "' or '", "and 1=1", "waitfor delay", "xp_cmdshell", "extractvalue("}},
	{"traversal", []string{"../", `..\`}},
	{"cmd", []string{";cat ", "; cat ", "|cat ", "cmd.exe", "/bin/sh", "/bin/bash", "powershell ", "powershell.exe", "/etc/passwd", ";wget ", ";curl ", "() {", "busybox",
		"cd /tmp", "cd /var/tmp", ";chmod ", "; chmod ", "/dev/tcp/", "${ifs}", "$(id)", "`id`", ";id;", "|id|", "nc -e /"}},
	{"xss", []string{"<script", "javascript:", "onerror="}},
	// What servers evaluate: OGNL, SpEL and the class loader of Spring (CVE-2017-5638, CVE-2022-22963, CVE-2022-22965,
	// CVE-2022-26134), Java's objects in XML (CVE-2017-10271, CVE-2017-9805), FreeMarker, PHP (CVE-2017-9841, CVE-2018-20062,
	// CVE-2024-4577), Drupal's render arrays (CVE-2018-7600), the script of a web shell, and Exchange that is led to its own
	// back end (CVE-2021-34473).
	{"code", []string{"class.module.classloader", "_memberaccess", "ognl.ognlcontext", "@java.lang.runtime@", "java.lang.runtime", "java.lang.processbuilder",
		"java.beans.xmldecoder", "freemarker.template.utility.execute", "scriptenginemanager", "\\think\\app/invokefunction", "call_user_func_array", "allow_url_include",
		"auto_prepend_file", "[#post_render]", "#lazy_builder", "nashorn.internal.objects", "getruntime().exec(", "eval(system.text.encoding", "autodiscover.json?@", "php://input", "php://filter", "<?php", "eval(base64_decode", "shell_exec(", "passthru("}},
}

// names lists the shapes, in their fixed order.
func (s suspicion) names() []string {
	var out []string
	for i := range shapes {
		if s&(1<<i) != 0 {
			out = append(out, shapes[i].name)
		}
	}
	return out
}

// shellAnswers are lines that a server's answer has where a command was run on it, or a
// file of accounts read: what id, dir and type or cat say.
var shellAnswers = [...]struct {
	name  string
	words []string // all of them on one line
}{
	{"id", []string{"uid=", ") gid=", ") groups="}},
	{"accounts", []string{"root:x:0:0:"}},
	{"dir", []string{" Volume Serial Number is "}},
	{"system", []string{"nt authority\\system"}},
}

// shellAnswer names what the first lines of an answer are the output of.
func shellAnswer(head []byte) string {
	for line := range bytes.Lines(head) {
	answers:
		for _, a := range shellAnswers {
			for _, w := range a.words {
				if !bytes.Contains(line, []byte(w)) {
					continue answers
				}
			}
			return a.name
		}
	}
	return ""
}

// suspect looks for attack shapes in text as a server would decode it: percent
// signs twice, plus as space, comments as space, lower case.
func suspect(text []byte) suspicion {
	s := string(unescape(unescape(bytes.ToLower(text))))
	s = strings.ReplaceAll(s, "/**/", " ")
	var found suspicion
	for at := range len(s) {
		for _, w := range shapeWords[s[at]] {
			if strings.HasPrefix(s[at:], w.text) {
				found |= w.shape
			}
		}
	}
	return found
}

// shapeWords are the words of all shapes by their first byte: one walk through a
// text looks for all of them.
var shapeWords = func() (words [256][]shapeWord) {
	for i := range shapes {
		for _, w := range shapes[i].words {
			words[w[0]] = append(words[w[0]], shapeWord{w, 1 << i})
		}
	}
	return words
}()

type shapeWord struct {
	text  string
	shape suspicion
}

// unescape decodes %xx and + in place.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(b) && hexDigit(b[i+1]) >= 0 && hexDigit(b[i+2]) >= 0:
			c = byte(hexDigit(b[i+1])<<4 | hexDigit(b[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	return out
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// template replaces what names one thing or person in a path: numbers, UUIDs,
// long hex or base64, mail addresses. At most 32 parts of 64 bytes.
func template(path string) string {
	parts := strings.SplitN(path, "/", 33)
	parts = parts[:min(len(parts), 32)]
	for i, s := range parts {
		s, _, _ = strings.Cut(s, ";")
		ext := extension(s)
		stem := s
		if strings.Contains(s, "@") || strings.Contains(s, "%40") {
			ext = "" // it is the end of a domain
		} else if ext != "" {
			stem = s[:len(s)-len(ext)-1]
		}
		if isID(stem) {
			s = "{id}"
			if ext != "" && !isID(ext) {
				s += "." + ext
			}
		}
		parts[i] = printable(s)
	}
	return strings.Join(parts, "/")
}

func isID(s string) bool {
	var digits, hexes, upper, lower, other int
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		case c == '@':
			return true
		case c != '-':
			other++
		}
		if hexDigit(c) >= 0 || c == '-' {
			hexes++
		}
	}
	switch {
	case len(s) > 64, strings.Contains(s, "%40"):
		return true
	case digits > 0 && upper+lower+other == 0:
		return true
	case len(s) >= 8 && hexes == len(s) && digits > 0:
		return true
	}
	return len(s) >= 20 && digits > 1 && upper+lower > 0 && other <= 2
}

var userNames = []string{"username", "user", "login", "log", "email", "usr", "uname", "userid", "j_username", "user_login", "uid", "account", "name"}
var passwordNames = []string{"password", "passwd", "pass", "pwd", "pw", "j_password", "user_password", "user_pass", "passwort", "psw", "secret"}

// formLogin looks for a password field in a form and names the user; the value
// of the password is not looked at.
func formLogin(body []byte) (user string, found bool) {
	best := len(userNames)
	for field := range bytes.SplitSeq(body, []byte("&")) {
		key, value, _ := bytes.Cut(field, []byte("="))
		name := strings.ToLower(string(unescape(bytes.Clone(key[:min(len(key), 64)]))))
		if i := strings.LastIndexByte(name, '['); i >= 0 {
			name = strings.TrimSuffix(name[i+1:], "]")
		}
		found = found || slices.Contains(passwordNames, name) && len(value) > 0
		if i := slices.Index(userNames, name); i >= 0 && i < best {
			best, user = i, printable(string(unescape(bytes.Clone(value[:min(len(value), 64)]))))
		}
	}
	return user, found
}
