package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// execute runs a verb with arguments and returns what it printed.
func execute(t *testing.T, c *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(io.Discard)
	c.SetArgs(args)
	c.SilenceUsage, c.SilenceErrors = true, true
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// knocking is one host that knocks on 300 ports of another.
func knocking() *craft.Trace {
	trace := craft.NewTrace()
	trace.Now = time.Now().Truncate(day).Add(-day / 2).UnixNano() // what is old is not kept
	intruder, target := craft.NewHost("10.0.0.66"), craft.NewHost("10.0.0.1")
	for port := range uint16(300) {
		c := trace.Dial(intruder, target, 40000+port, 1+port)
		c.Segment(true, craft.SYN, nil)
		c.Segment(false, craft.RST|craft.ACK, nil)
		trace.Wait(20e6)
	}
	return trace
}

// recorded is a capture of knocking.
func recorded(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "knocks.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(knocking().WritePcap(f, 0), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplayTable(t *testing.T) {
	out, err := execute(t, replayCommand(), "--alerts-only", recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "  alert  ") {
		t.Errorf("no alert in: %s", out)
	}
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line) - 1; n > output.Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestReplayTakesZonesAndLanguage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	text := "lang: nl\nnamespace: hospital\nzones: [{name: everything, networks: [0.0.0.0/0, '::/0']}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, replayCommand(), "-c", file, "--alerts-only", "--output", "ndjson", recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(out, "\n")
	if !json.Valid([]byte(first)) {
		t.Fatalf("no JSON: %s", out)
	}
	for _, want := range []string{`"namespace":"hospital"`, `everything`, `"name":"replay"`} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	file := recorded(t)
	if _, err := execute(t, replayCommand(), "-c", "/nowhere", file); err == nil {
		t.Error("a missing configuration was taken")
	}
	if _, err := execute(t, replayCommand(), "--state", t.TempDir(), file); err == nil || !strings.Contains(err.Error(), "no sensor keeps") {
		t.Errorf("a state that is none: %v", err)
	}
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(kept, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--output", "fax"}, {"--shards", "65"}, {"--state", "/nowhere"}} {
		if _, err := execute(t, replayCommand(), append(args, "--out", kept, file)...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	if got, err := os.ReadFile(kept); string(got) != "kept" {
		t.Errorf("what was refused overwrote %q, %v", got, err)
	}
}

// The capture is evidence: no name of it, nor a link to it, is written to.
func TestReplaySparesItsCapture(t *testing.T) {
	file := recorded(t)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{file, link} {
		if _, err := execute(t, replayCommand(), "--out", out, file); err == nil || !strings.Contains(err.Error(), "the capture itself") {
			t.Errorf("%s: %v", out, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the capture has %d bytes in place of %d, %v", len(after), len(before), err)
	}
}

func TestReplayEndsWhereItCannotWrite(t *testing.T) {
	ctx, stop := interruptible(t.Context())
	defer stop(nil)
	full := errors.New("no space")
	write, _ := (&replay{output: "ndjson"}).writer(bufio.NewWriterSize(fullDisk{full}, 16), stop)
	if write(event.Doc{JSON: make([]byte, 64)}); context.Cause(ctx) != full {
		t.Errorf("it goes on: %v", context.Cause(ctx))
	}
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }

func TestReplayIsInterrupted(t *testing.T) {
	ctx, stop := interruptible(t.Context())
	defer stop(nil)
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var e *exitError
	if !errors.As(context.Cause(ctx), &e) || e.code != exitBad {
		t.Errorf("ended by %v", context.Cause(ctx))
	}
}
