package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// spoken is a dialogue of the parsers' tests.
func spoken(t *testing.T, name string) (lines []string) {
	t.Helper()
	b, err := os.ReadFile("../proto/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "< ") {
			lines = append(lines, strings.TrimSpace(strings.ReplaceAll(line[:2]+strings.ReplaceAll(line[2:], " ", ""), "\n", "")))
		}
	}
	return lines
}

func say(t *testing.T, c *craft.Conversation, line string) {
	t.Helper()
	data, err := hex.DecodeString(line[2:])
	if err != nil {
		t.Fatal(err)
	}
	c.Say(line[0] == '>', data)
}

// readOf is a READ of SMB2 and its answer with so many bytes of a file (MS-SMB2
// 2.2.19, 2.2.20).
func readOf(bytes int, message uint64) (request, answer []byte) {
	header := func(flags uint32) []byte {
		h := make([]byte, 64)
		copy(h, "\xfeSMB\x40")
		h[12] = 8 // READ
		binary.LittleEndian.PutUint32(h[16:], flags)
		binary.LittleEndian.PutUint64(h[24:], message)
		return h
	}
	framed := func(b []byte) []byte {
		return append([]byte{0, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
	}
	ask := make([]byte, 49)
	ask[0] = 49
	binary.LittleEndian.PutUint32(ask[4:], uint32(bytes))
	say := make([]byte, 16+bytes)
	say[0], say[2] = 17, 80 // the data begin behind header and answer
	binary.LittleEndian.PutUint32(say[4:], uint32(bytes))
	return framed(append(header(0), ask...)), framed(append(header(1), say...))
}

// bulk is sessions of SMB, with a file in the middle, RPC and LDAP, which go on while eight
// encrypted transfers run.
func bulk(t *testing.T) []frame {
	const (
		port = 49152 // and above: of RPC
		wait = 20    // rounds of the transfers between two lines of a session
	)
	trace := craft.NewTrace()
	client, server := craft.NewHost("10.0.0.7"), craft.NewHost("10.0.0.8")
	of := map[*craft.Conversation][]string{}
	all := []*craft.Conversation{trace.Open(client, server, 50001, 445), trace.Open(client, server, 50002, port), trace.Open(client, server, 50003, 389)}
	for i, name := range []string{"smb/hit.hex", "dcerpc/hit.hex", "ldap/hit.hex"} {
		of[all[i]] = spoken(t, name)
	}
	most := 0
	for _, lines := range of {
		most = max(most, len(lines))
	}
	round := 0
	err := transfers(t, wait*most, func(frames [][]byte) error {
		for _, f := range frames {
			trace.Add(f)
		}
		for _, c := range all {
			if lines := of[c]; round%wait == 0 && round/wait < len(lines) {
				say(t, c, lines[round/wait])
			}
		}
		if round == wait*(len(of[all[0]])-2)+1 {
			request, answer := readOf(1<<20, 1000)
			all[0].Say(true, request)
			all[0].Say(false, answer)
		}
		round++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		c.Close()
	}
	list, why := frames(t, open(t, pcap(t, trace, 0)))
	if why != "" {
		t.Fatal(why)
	}
	return list
}

// numbered is the name of a document, which counts what else was told.
var numbered = regexp.MustCompile(`"id":"[0-9a-f]{24}",`)

// deep are the documents of the protocols that are read to their end.
func deep(documents string) (all []string) {
	for line := range strings.Lines(documents) {
		switch dataset, _, _ := strings.Cut(line, " "); dataset {
		case "smb", "rpc", "ldap", "auth":
			all = append(all, numbered.ReplaceAllString(ingress.ReplaceAllString(line, "$1"), ""))
		}
	}
	return all
}

// Sessions of SMB, RPC and LDAP are read whole beside transfers that stay below, also
// behind a file that one of them carries.
func TestLiveReadsSessionsInBulk(t *testing.T) {
	list := bulk(t)
	trace := craft.NewTrace()
	for _, f := range list {
		trace.Add(f.data)
	}
	want, _ := run(t, open(t, pcap(t, trace, 0)), settings(1, flow.Config{}))
	for _, way := range []string{"filter", "xdp"} {
		t.Run(way, func(t *testing.T) {
			craft.Namespace(t)
			craft.Cable(t, "left", "right")
			source, to := &steered{Source: watching(t, way, "right"), frames: list}, craft.NewSender(t, "left")
			failed := make(chan error, 1)
			go func() { failed <- onOneThread(func() error { return source.send(to) }) }()
			got, account := run(t, source, settings(1, flow.Config{Steer: source.Source.(capture.Steerer).Steer}))
			if err := errors.Join(<-failed, to.Close()); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(deep(want), deep(got)); diff != "" {
				t.Error(diff)
			}
			for _, kind := range []string{"smb ", "rpc ", "ldap "} {
				if !strings.Contains(strings.Join(deep(got), ""), kind) {
					t.Errorf("nothing of %s", kind)
				}
			}
			if c := account.Capture; c.Dropped != 0 || c.Counted < c.Seen/3 {
				t.Errorf("%+v", c)
			}
			t.Logf("%d documents, %d of %d packets stayed below", len(deep(got)), account.Capture.Counted, account.Capture.Seen)
		})
	}
}
