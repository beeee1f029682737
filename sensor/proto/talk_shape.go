package proto

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// talkTrait is a set of shapes that lines of text can have.
type talkTrait uint16

const (
	traitWindowsBanner talkTrait = 1 << iota
	traitWindowsPrompt
	traitPowerShell
	traitUnixPrompt
	traitUnixID
	traitShellStart
	traitShellError
	traitListing
	traitSurvey
	traitTickBar
	traitBotOrder
)

// talkTraits names them; those before "survey" are of a shell.
var talkTraits = [...]string{"windows-banner", "windows-prompt", "powershell-prompt", "unix-prompt", "unix-id", "shell-start", "shell-error", "listing", "survey", "tick-bar", "bot-order"}

const traitsOfShell = traitSurvey - 1

// names lists the set in its fixed order.
func (t talkTrait) names() []string {
	var out []string
	for i, name := range talkTraits {
		if t&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// shellStarts are what a shell says that was started on a socket (bash, dash,
// busybox), shellErrors what it says of a mistyped command.
var (
	shellStarts = []string{"no job control in this shell", "can't access tty", "cannot set terminal process group"}
	shellErrors = []string{"is not recognized as an internal or external command", ": command not found"}
)

// listings begin what the usual first commands answer (dir, ipconfig, uname -a,
// cat /etc/passwd, ls -l).
var listings = []string{" Volume Serial Number is ", " Directory of ", "Windows IP Configuration", "root:x:0:0:", "drwxr-xr-x", "drwxrwxr"}

// traitsOf judges one line, of the side's first message or of a later one. Bytes that
// are no text have none.
func traitsOf(line []byte, first bool) (t talkTrait) {
	if len(line) < 4 || !isText(line) {
		return 0
	}
	s := string(line)
	if strings.HasPrefix(s, "Microsoft Windows") && (strings.Contains(s, "[V") || strings.Contains(s, "[v")) {
		t |= traitWindowsBanner
	}
	if i := strings.Index(s, "uid="); i >= 0 && (i == 0 || s[i-1] == ' ') && strings.Contains(s[i:], "(") && strings.Contains(s[i:], ") gid=") {
		t |= traitUnixID
	}
	if containsAny(s, shellStarts) {
		t |= traitShellStart
	}
	if containsAny(s, shellErrors) {
		t |= traitShellError
	}
	for _, w := range listings {
		if strings.HasPrefix(s, w) {
			t |= traitListing
		}
	}
	if first && isSurvey(s) {
		t |= traitSurvey
	}
	if strings.Contains(s, "|'|'|") {
		t |= traitTickBar
	}
	if strings.HasPrefix(s, "!* ") && len(s) > 5 && s[3] >= 'A' && s[3] <= 'Z' || first && slices.Contains(botBuilds, s) {
		t |= traitBotOrder
	}
	return t
}

// botBuilds are first words of the bots of the Gafgyt family, whose source is public:
// what they were built for. Orders to them begin with "!* ".
var botBuilds = []string{"BUILD MIPS", "BUILD MIPSEL", "BUILD ARM", "BUILD X86", "BUILD SUPERH", "BUILD PPC", "BUILD SPARC", "BUILD M68K", "BUILD SERVER", "BUILD ROUTER"}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// isText allows what terminals are sent: tabs, bells, escapes, UTF-8, and NUL, which
// ends fields.
func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\r' && c != 0x1b && c != 0 && c != '\n' && c != 7 && c != 8 || c == 0x7f {
			return false
		}
	}
	return true
}

// isSurvey knows the check-in of an implant: fields that describe the machine it
// is on. HL7 messages and the logs of products (CEF, LEEF, syslog) have fields too.
func isSurvey(s string) bool {
	if strings.HasPrefix(s, "MSH|") || strings.HasPrefix(s, "<") || strings.Contains(s, "CEF:") || strings.Contains(s, "LEEF:") {
		return false
	}
	low := strings.ToLower(s)
	if strings.HasPrefix(low, "{") {
		logged := containsAny(low, []string{`"message"`, `"msg"`, `"@timestamp"`, `"short_message"`, `"level"`})
		return strings.Contains(low, `"platform"`) && containsAny(low, []string{`"pid"`, `"ppid"`, `"username"`, `"exe_name"`, `"executors"`}) ||
			!logged && strings.Contains(low, `"pid"`) && containsAny(low, []string{`"host"`, `"hostname"`, `"computer"`}) && containsAny(low, []string{`"user"`, `"username"`, `"os"`})
	}
	return strings.Count(s, "|") >= 4 && containsAny(low, []string{"windows", "microsoft", "win 7", "win 8", "win 10", "win 11", "linux", "administrator"})
}

// prompt looks at the end of a message that waits for the other side.
func (s *talkSide) prompt(line []byte) {
	if len(line) > 120 || !isText(line) {
		return
	}
	t := string(line)
	switch {
	case strings.HasPrefix(t, "PS ") && strings.HasSuffix(t, "> "):
		s.traits |= traitPowerShell
	case len(t) >= 4 && t[1:3] == `:\` && (t[0]|0x20) >= 'a' && (t[0]|0x20) <= 'z' && strings.HasSuffix(t, ">") && !strings.ContainsAny(t[:len(t)-1], `<>|"?*`):
		s.traits |= traitWindowsPrompt
	case unixPrompt(t):
		if s.prompts++; s.prompts >= 2 {
			s.traits |= traitUnixPrompt
		}
	}
}

// unixPrompt knows "$ ", "# ", and the two behind a name, a path or a shell's version.
func unixPrompt(t string) bool {
	if !strings.HasSuffix(t, "$ ") && !strings.HasSuffix(t, "# ") {
		return false
	}
	t = t[:len(t)-2]
	return t == "" || strings.HasPrefix(t, "sh-") || strings.HasPrefix(t, "bash-") || strings.HasPrefix(t, "/") ||
		strings.Contains(t, "@") && strings.ContainsAny(t, ":~")
}

// talkCommands are words that a person types into a shell and that no text
// protocol uses in lower case at the start of a line.
var talkCommands = [...]string{
	"whoami", "hostname", "ipconfig", "ifconfig", "net", "dir", "ls", "id", "uname", "cat", "pwd", "ps", "tasklist", "systeminfo",
	"netstat", "cd", "type", "wmic", "reg", "schtasks", "powershell", "cmd", "wget", "curl", "chmod", "mkdir", "copy", "start", "tftp",
	"arp", "route", "sudo", "python", "python3", "sc", "del", "rm", "cp", "mv", "nltest", "quser", "find", "env", "ip", "certutil", "bash", "sh",
}

// commandOf is the bit of the command that a line begins with, 0 if it is none.
func commandOf(line []byte) uint64 {
	word, _, _ := bytes.Cut(bytes.TrimRight(line[:min(len(line), 64)], "\r\n"), []byte(" "))
	word = bytes.TrimSuffix(word, []byte(".exe"))
	for i, c := range talkCommands {
		if string(word) == c {
			return 1 << i
		}
	}
	return 0
}

// talkClass names what a side begins with.
func talkClass(head []byte, printable float64) string {
	if len(head) >= 5 && head[0] >= tlsChangeCipher && head[0] <= 24 && head[1] == 3 && head[2] <= 4 && int(head[3])<<8|int(head[4]) <= tlsMaxRecord {
		return "tls-record"
	}
	if probeHTTP(event.Client, head) == Yes || probeHTTP(event.Server, head) == Yes {
		return "http"
	}
	for _, at := range []int{0, 2, 4, 8} {
		if at < len(head) && program(head[at:]) != "" {
			return program(head[at:])
		}
	}
	if c := fileMagic(head); c != "" && c != "exe-pe" && c != "elf" {
		return c
	}
	if c := namedProtocol(head); c != "" {
		return c
	}
	if printable > .9 {
		return "text"
	}
	return "binary"
}

// namedProtocol knows by its first bytes what has no parser here: a negotiation of
// Telnet (RFC 854), MQTT's CONNECT, the first packet of OpenVPN over TCP (a hard
// reset behind its length).
func namedProtocol(head []byte) string {
	switch {
	case len(head) > 0 && head[0] == 0xff:
		return "telnet"
	case len(head) > 8 && head[0] == 0x10 && (string(head[4:8]) == "MQTT" || string(head[4:8]) == "MQIs"):
		return "mqtt"
	case len(head) > 11 && head[0] == 0 && (head[2] == 7<<3 || head[2] == 8<<3 || head[2] == 10<<3) && head[1] >= 14:
		return "openvpn"
	}
	return ""
}

// program knows a PE by both of its marks (PE format, section 2: the offset of the
// header stands at 0x3c) and an ELF file by class, byte order and version.
func program(b []byte) string {
	switch {
	case len(b) >= 0x40 && b[0] == 'M' && b[1] == 'Z':
		if at := binary.LittleEndian.Uint32(b[0x3c:]); at >= 0x40 && at < 0x1000 {
			return "exe-pe"
		}
	case len(b) >= 7 && string(b[:4]) == "\x7fELF" && (b[4] == 1 || b[4] == 2) && (b[5] == 1 || b[5] == 2) && b[6] == 1:
		return "elf"
	}
	return ""
}

// frame says how a side tells the length of what it sends, by its first message of
// n bytes: "binary" (2 or 4 bytes, with or without themselves), "decimal" (digits
// and a separator), "" not.
func frame(head []byte, n int64) string {
	if n < 8 || len(head) < 8 {
		return decimalFrame(head, n)
	}
	le, be := binary.LittleEndian, binary.BigEndian
	for _, read := range []func([]byte) int64{
		func(b []byte) int64 { return int64(le.Uint32(b)) + 4 }, func(b []byte) int64 { return int64(be.Uint32(b)) + 4 },
		func(b []byte) int64 { return int64(le.Uint32(b)) }, func(b []byte) int64 { return int64(be.Uint32(b)) },
		func(b []byte) int64 { return int64(le.Uint16(b)) + 2 }, func(b []byte) int64 { return int64(be.Uint16(b)) + 2 },
		func(b []byte) int64 { return int64(le.Uint16(b)) }, func(b []byte) int64 { return int64(be.Uint16(b)) },
	} {
		if frameWalk(head, n, read) {
			return "binary"
		}
	}
	return decimalFrame(head, n)
}

// frameWalk follows the lengths as far as the first bytes show them; they must end
// where the message does.
func frameWalk(head []byte, n int64, size func([]byte) int64) bool {
	at := int64(0)
	for at+4 <= int64(len(head)) && at < n {
		step := size(head[at:])
		if step < 6 {
			return false
		}
		at += step
	}
	return at == n
}

func decimalFrame(head []byte, n int64) string {
	length, i := int64(0), 0
	for ; i < len(head) && i < 8 && head[i] >= '0' && head[i] <= '9'; i++ {
		length = 10*length + int64(head[i]-'0')
	}
	digits := i
	for ; i < len(head) && i < digits+4 && (head[i] == 0 || head[i] == '\r' || head[i] == '\n'); i++ {
	}
	if digits > 0 && i > digits && (length == n-int64(i) || n <= int64(i)) {
		return "decimal"
	}
	return ""
}

// stage is a program behind its own length: what a small first part of an implant
// fetches from its operator. text says that the bytes are text, as scripts are; n
// is the length of the first message, in which the first order may follow.
func stage(head []byte, n int64, text bool) bool {
	if len(head) < 8 {
		return false
	}
	le, be := int64(binary.LittleEndian.Uint32(head)), int64(binary.BigEndian.Uint32(head))
	return le > 4096 && program(head[4:]) != "" || text && n > 4096 && (le <= n-4 && le > n/4*3 || be <= n-4 && be > n/4*3)
}

// zlibFrame is a tag, two lengths (of the packet, of its content) and a zlib
// stream (RFC 1950): the packets of the Gh0st family, whatever their tag, plain or
// under one byte by exclusive or, which the highest byte of the lengths then shows.
func zlibFrame(head []byte, n int64) bool {
	for at := 12; at+2 <= len(head) && at <= 24; at++ {
		key := head[at-1]
		if level := head[at+1] ^ key; head[at]^key != 0x78 || level != 0x9c && level != 0xda && level != 0x01 {
			continue
		}
		mask := uint32(key) * 0x01010101
		packet, content := binary.LittleEndian.Uint32(head[at-8:])^mask, binary.LittleEndian.Uint32(head[at-4:])^mask
		if int64(packet) <= n && int(packet) > at && content > 0 && content < 16<<20 {
			return true
		}
	}
	return false
}

// botHello is how a bot of the Mirai family begins: its version, a name of up to 32
// bytes behind its length, and then nothing but heartbeats of two zeros, which the
// server returns.
func botHello(client, server []byte) bool {
	if len(client) < 9 || string(client[:4]) != "\x00\x00\x00\x01" || client[4] > 32 || len(server) < 2 {
		return false
	}
	beats := client[min(5+int(client[4]), len(client)):]
	for _, b := range beats {
		if b != 0 {
			return false
		}
	}
	return len(beats) >= 4 && len(beats)%2 == 0 && server[0] == 0 && server[1] == 0
}

// bareEndpoint knows the preamble of Microsoft's message framing (MC-NMF 2.2.3) with an
// address of net.tcp that is no name.
func bareEndpoint(head []byte) bool {
	const preamble = "\x00\x01\x00\x01\x02\x02"
	const scheme = "net.tcp://"
	at := len(preamble) + 1
	if !bytes.HasPrefix(head, []byte(preamble)) || len(head) < at || !bytes.HasPrefix(head[at:], []byte(scheme)) {
		return false
	}
	host, _, ok := strings.Cut(string(head[at+len(scheme):]), ":")
	_, err := netip.ParseAddr(host)
	return ok && err == nil
}
