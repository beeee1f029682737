package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// notice is a kind of message that somebody acts on. Under systemd it goes to the journal
// with its id, which never changes, so that one can look for it and be called by it
// whatever the words are.
type notice struct {
	id       string // MESSAGE_ID, 128 bits
	name     string
	priority int    // of syslog: 2 critical, 3 error, 4 warning, 5 notice
	doc      string // for people, with what to do
}

// The notices. docs/watching.md lists them, which a test checks.
var (
	noticeBlind   = &notice{"b6d1f0c65ba94ad08e0a1f4f66c2b6a1", "blind", 2, "the network cannot be seen, or an interface of it: see `brandmelder check`"}
	noticePartly  = &notice{"2f0a7c1b4e3d4b5f9d1c8a7e60b9d3f4", "partly", 4, "not everything is seen: the message says what is lost"}
	noticeClear   = &notice{"7a4c93e2d1f84c6ab85e20c1f7d96b03", "clear", 5, "the network is seen again"}
	noticeAlert   = &notice{"d9e84f1a60c74f0bb3a25c7e91d80f46", "alert", 4, "an alert was raised: `brandmelder alerts list`"}
	noticeDisk    = &notice{"41c7b8e05d2f4e69a0b3d6f2c81e97a5", "disk", 2, "an alert or decision could not be put on disk: make room"}
	noticeShed    = &notice{"9c05e3d7f8b14a62b1d4c7a90e6f2385", "shed", 3, "the journal could not take all documents: the disk is full or slow"}
	noticeWaiting = &notice{"5e82d4b96fa04c17839ad1c6e07b4f2d", "output-waiting", 3, "an output takes nothing: the message says why; documents wait in the journal"}
	noticeFlows   = &notice{"c3f60a98e7d54b21a9f8027d5b4c61e3", "output-flows", 5, "the output takes documents again"}
	noticeDead    = &notice{"08b7d2f1c94e4d3aa6e5f7b1309c82d4", "dead-letter", 3, "an output will not take some documents: `brandmelder journal dead-letters`"}
	noticeLearn   = &notice{"e1a9c5d07b3f4826bd90f3e8a27c64b5", "learning-anew", 4, "what a detector had learned cannot be used: it begins anew"}
	noticeReload  = &notice{"6d3be97a20f548c1907e4b8dc5a1f306", "not-reloaded", 3, "the configuration was not taken: the message names the line"}
)

var notices = []*notice{
	noticeBlind, noticePartly, noticeClear, noticeAlert, noticeDisk, noticeShed,
	noticeWaiting, noticeFlows, noticeDead, noticeLearn, noticeReload,
}

// journalSocket is where the journal of systemd takes messages with fields; see
// systemd's "Native Journal Protocol".
const journalSocket = "/run/systemd/journal/socket"

// Messages of one kind that go to the journal in a minute; more are counted in the first
// of the next.
const noticesAMinute = 20

// noticeDesk sends notices to the journal of systemd; nil sends nothing.
type noticeDesk struct {
	w    io.Writer
	now  func() time.Time
	mu   sync.Mutex
	sent map[*notice]*tallied
}

type tallied struct {
	minute time.Time
	n      int
	held   int
}

// systemd is the desk of a process whose output goes to the journal.
var systemd = sync.OnceValue(func() *noticeDesk {
	if !underJournal() {
		return nil
	}
	conn, err := net.Dial("unixgram", journalSocket)
	if err != nil {
		return nil
	}
	return &noticeDesk{w: conn, now: time.Now, sent: map[*notice]*tallied{}}
})

// underJournal reports whether the output of this process goes to the journal of
// systemd, by the device and inode that it tells.
func underJournal() bool {
	want := os.Getenv("JOURNAL_STREAM")
	for _, fd := range []int{1, 2} {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil && want == fmt.Sprintf("%d:%d", st.Dev, st.Ino) {
			return true
		}
	}
	return false
}

// tell says a notice: to the journal with its id, else as any other line.
func (n *notice) tell(say func(string, ...any), format string, args ...any) {
	if d := systemd(); d == nil || !d.send(n, fmt.Sprintf(format, args...)) {
		say(format, args...)
	}
}

// send reports whether the journal has it, or is to be spared it.
func (d *noticeDesk) send(n *notice, text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.sent[n]
	if minute := d.now().Truncate(time.Minute); t == nil || t.minute != minute {
		held := 0
		if t != nil {
			held = t.held
		}
		t = &tallied{minute: minute}
		d.sent[n] = t
		if held > 0 {
			text += fmt.Sprintf(" (and %d more of these in the minutes before)", held)
		}
	}
	if t.n++; t.n > noticesAMinute {
		t.held++
		return true
	}
	_, err := d.w.Write(n.datagram(text))
	return err == nil
}

// datagram is a message in the native protocol: a field a line, or with its length where
// it has line breaks.
func (n *notice) datagram(text string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=brandmelder\nBRANDMELDER_NOTICE=%s\n", n.id, n.priority, n.name)
	if !strings.Contains(text, "\n") {
		fmt.Fprintf(&b, "MESSAGE=%s\n", text)
		return b.Bytes()
	}
	b.WriteString("MESSAGE\n")
	binary.Write(&b, binary.LittleEndian, uint64(len(text)))
	b.WriteString(text + "\n")
	return b.Bytes()
}
