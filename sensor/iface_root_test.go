package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// typed runs the program as a process of its own, and tells its exit code.
func typed(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), beProgram+"=1")
	b, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

// A run that was killed changes nothing about what restore sets back.
func TestIfaceRestoreAfterKill(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	flags := func() uint32 {
		return craft.Named(t, "right").Attrs().RawFlags & (unix.IFF_UP | unix.IFF_PROMISC | unix.IFF_NOARP)
	}
	before := flags()
	file, _ := stateFile(t)
	text, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, append(text, "mirror: [right]\n"...), 0o600))
	if out, code := typed(t, "iface", "prepare", "-c", file); code != 0 || !strings.Contains(out, "right: arp off (was on)\n") {
		t.Fatalf("%d %s", code, out)
	}
	if flags() != unix.IFF_UP|unix.IFF_PROMISC|unix.IFF_NOARP {
		t.Errorf("flags %#x", flags())
	}
	program, s := started(t, "run", "--mirror", "right", "-c", file)
	s.within(t, says("watching right"), func() {})
	check(t, program.Process.Kill())
	program.Wait()
	if out, code := typed(t, "iface", "restore"); code != 0 || !strings.Contains(out, "right: arp on (was off)\n") {
		t.Errorf("%d %s", code, out)
	}
	if flags() != before {
		t.Errorf("flags %#x, before %#x", flags(), before)
	}
	if n := sent(t, "right"); n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

// A mirror port that was renamed while a run watched it is prepared under its new name.
func TestIfacePreparesWhatTheRunSaw(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "other")
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	file, state := stateFile(t)
	amend(t, file, "mirror: [right]\n")
	check(t, os.MkdirAll(state, 0o700))
	check(t, os.WriteFile(noteIn(state), []byte(`{"right":"other"}`), 0o600))
	if out, code := typed(t, "iface", "prepare", "-c", file); code != 0 || !strings.Contains(out, "other: arp off (was on)\n") {
		t.Errorf("%d %s", code, out)
	}
}

func TestIfaceSaysWhatToType(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	t.Setenv(craft.Without, "CAP_NET_ADMIN")
	out, code := typed(t, "iface", "prepare", "right")
	if code != exitUse || !strings.Contains(out, "\ntype: sudo ") || !strings.Contains(out, " iface prepare right") {
		t.Errorf("%d %s", code, out)
	}
	out, code = typed(t, "iface", "prepare", "eth77")
	if code != exitUse || !strings.Contains(out, "no such interface: eth77; there are: left, lo, right") {
		t.Errorf("%d %s", code, out)
	}
}
