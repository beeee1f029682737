package proto

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// segments feeds a recorded dialogue, one line for one TCP segment.
func segments(t *testing.T, file string, p Parser) (out []event.Record) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	emit := func(r event.Record) { out = append(out, r) }
	more := true
	for line := range strings.Lines(string(text)) {
		side, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		data, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		from := event.Client
		if side == "<" {
			from = event.Server
		}
		if s, ok := p.(Segmenter); ok && more {
			s.Segment(from, len(data))
		}
		more = more && p.Feed(from, data, emit)
	}
	p.(Ender).End(emit)
	return out
}

// Each recording is of a real server; its name says what was done.
func TestSSHOutcomeOfRealLogins(t *testing.T) {
	want := map[string][]event.Outcome{
		"password": {event.Success},
		"key":      {event.Success},
		"second":   {event.Failure, event.Success},
		"failed":   {event.Failure, event.Failure, event.Failure},
		"guessed":  {event.Failure, event.Failure, event.Success},
	}
	files, _ := filepath.Glob("testdata/ssh/*.hex")
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "miss") })
	if len(files) < 28 {
		t.Fatalf("%d recordings, want at least 28", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hex")
		t.Run(name, func(t *testing.T) {
			var got []event.Outcome
			for _, r := range segments(t, file, &sshParser{rec: &SSH{}}) {
				if l, ok := r.(*event.Login); ok {
					got = append(got, l.Outcome)
				}
			}
			kind := name[strings.LastIndex(name, "-")+1:]
			if d := cmp.Diff(want[kind], got); d != "" {
				t.Errorf("attempts (-want +got):\n%s", d)
			}
		})
	}
}

func TestSSHPacketSizes(t *testing.T) {
	for _, c := range []struct {
		cipher, mac string
		payload     int
		want        int
	}{
		{"chacha20-poly1305@openssh.com", "", sshSuccess, 4 + 8 + 16},
		{"aes256-gcm@openssh.com", "", sshSuccess, 4 + 16 + 16},
		{"aes128-ctr", "hmac-sha2-512", sshSuccess, 16 + 64},
		{"aes128-ctr", "hmac-sha2-256-etm@openssh.com", sshSuccess, 4 + 16 + 32},
		{"3des-cbc", "hmac-sha1", sshAccept, 32 + 20},
	} {
		if got := newSSHPackets(c.cipher, c.mac).size(c.payload); got != c.want {
			t.Errorf("%s %s: %d bytes, want %d", c.cipher, c.mac, got, c.want)
		}
	}
}

func TestSSHUnansweredTryIsUnknown(t *testing.T) {
	k := newSSHPackets("aes256-gcm@openssh.com", "")
	a := newSSHAuth("SSH-2.0-libssh", k, k)
	var got []event.Record
	emit := func(r event.Record) { got = append(got, r) }
	a.request(k.size(sshAccept), emit)
	a.reply(k.size(sshAccept), emit)
	a.request(k.size(60), emit)
	a.end(emit)
	want := []event.Record{&event.Login{Protocol: "ssh", Outcome: event.Unknown, Attempt: 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
