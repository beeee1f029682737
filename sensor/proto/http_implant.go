package proto

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
)

// machineFields are names of fields in which programs tell of the machine that they
// are on. The first machineStrong of them hardly occur elsewhere.
var machineFields = []string{
	"hwid", "botid", "bot_id", "machineid", "machine_id", "machineguid", "pcname", "pc_name", "computername", "computer_name", "compname", "antivirus", "avname", "proclist", "sysinfo",
	"av", "bot", "os", "osver", "os_version", "osname", "win", "windows", "user", "username", "hostname", "host", "name", "id", "uid", "guid", "ver", "version", "build", "arch", "bit", "bits", "cpu", "gpu", "ram", "hdd",
	"admin", "priv", "integrity", "pid", "ppid", "group", "config", "configid", "domain", "ip", "country", "install", "cmd", "act", "type",
}

const (
	machineStrong = 15
	codedLeast    = 32 // bytes: shorter ones are words and numbers
	cookieLeast   = 8  // bytes that a cookie spells in hexadecimal; by chance so many are text once in 2,800
)

// survey notes that a request describes the machine; a list says more than fields do.
func (r *HTTP) survey(how string, found bool) {
	if found && r.Survey != "list" {
		r.Survey = how
	}
}

// surveyFields reports whether a query or a form describes a machine: by one field
// that hardly occurs elsewhere and any other of the list.
func surveyFields(form []byte) bool {
	strong, n := false, 0
	for field := range bytes.SplitSeq(form, []byte("&")) {
		key, _, ok := bytes.Cut(field, []byte("="))
		if !ok || len(key) > 16 {
			continue
		}
		if i := slices.Index(machineFields, strings.ToLower(string(key))); i >= 0 {
			n++
			strong = strong || i < machineStrong
		}
	}
	return strong && n >= 2
}

// surveyParts is the same of a form in parts (RFC 7578), where one strong name is
// enough for a list of what runs.
func surveyParts(head []byte) bool {
	for _, name := range machineFields[:machineStrong] {
		if bytes.Contains(head, []byte(`name="`+name+`"`)) {
			return true
		}
	}
	return false
}

// surveyCookie knows a cookie in which names are spelled in hexadecimal, as texts that
// a machine describes itself by: 4445534B:75736572.
func surveyCookie(cookie string) bool {
	for field := range strings.SplitSeq(cookie, ";") {
		_, value, _ := strings.Cut(field, "=")
		value = strings.TrimSpace(value)
		parts, n := 0, 0
		for part := range strings.SplitSeq(value, ":") {
			plain, err := hex.DecodeString(part)
			if err != nil || len(plain) == 0 || printableShare(plain) < 1 {
				n = 0
				break
			}
			parts, n = parts+1, n+len(plain)
		}
		if parts >= 2 && n >= cookieLeast {
			return true
		}
	}
	return false
}

// partHead is the head of the first part of a form in parts, without its headers.
func partHead(head []byte) []byte {
	_, content, _ := bytes.Cut(head, []byte("\r\n\r\n"))
	return content
}

// scripts are words that programs in the languages of Windows begin with.
var scripts = []string{"wscript.shell", "wscript.createobject", "activexobject(", "new-object net.", "new-object system.net", "system.net.webclient", "invoke-expression", "invoke-webrequest", "frombase64string", "powershell -", "powershell.exe", "set-strictmode", "@echo off"}

// isScript knows a program in a language of Windows by its first lines.
func isScript(head []byte) bool {
	return containsAny(strings.ToLower(string(head)), scripts)
}

// surveyAgent knows a user agent that is a list of facts on the machine.
func surveyAgent(agent string) bool {
	return strings.Count(agent, "|") >= 4 && isSurvey(agent)
}

// isCoded knows a body that is one text in base64 or hexadecimal, behind the name of
// one field or none: what programs make of bytes that may not be read.
func isCoded(head []byte) bool {
	head = bytes.TrimSpace(head)
	if i := bytes.IndexByte(head, '='); i > 0 && i <= 16 && len(head) > 2*i+codedLeast {
		head = head[i+1:]
	}
	text := bytes.TrimRight(head, "=")
	if len(text) < codedLeast {
		return false
	}
	digits, upper, lower := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		case c == '%' && i+2 < len(text) && text[i+1] == '2' && (text[i+2]|0x20 == 'b' || text[i+2]|0x20 == 'f') || c == '%' && i+2 < len(text) && text[i+1] == '3' && text[i+2]|0x20 == 'd':
			i += 2 // plus, slash and equals sign of a form
		case c != '+' && c != '/' && c != '-' && c != '_' && c != '\r' && c != '\n':
			return false
		}
	}
	return digits > 0 && (upper > 0 && lower > 0 || upper == 0 != (lower == 0))
}
