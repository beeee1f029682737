package bpf

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What the probe finds is what Linux 5.19 changed (c8644cd0efe7), where users may not use BPF.
func TestMapsNeedRight(t *testing.T) {
	p := program(t) // the right is there
	p.Close()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	disabled, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	old := major < 5 || major == 5 && minor < 19
	want := old && !bytes.HasPrefix(disabled, []byte("0"))
	if got := MapsNeedRight(); got != want {
		t.Errorf("%v on %s with unprivileged_bpf_disabled %s", got, u.Release, disabled)
	}
}
