package rights

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const dropped = "BRANDMELDER_TEST_DROPPED"

// Rights are given up for good, so a process of its own does it.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(forbidden) != "":
		if err := tryNetwork(); err != nil {
			panic(err)
		}
	case os.Getenv(confined) != "":
		confine(os.Getenv(confined))
	case os.Getenv(dropped) != "":
		drop()
	default:
		os.Exit(m.Run())
	}
}

// drop gives up rights and tells what its threads and a program that it starts have left.
func drop() {
	for range 8 { // threads that are there already
		go func() { time.Sleep(time.Minute) }()
	}
	if err := Keep(Named(strings.Fields(os.Getenv(dropped))...)); err != nil {
		if errors.Is(err, ErrThreads) {
			os.Exit(77)
		}
		panic(err)
	}
	all, err := OfThreads(os.Getpid())
	if err != nil || len(all) < 2 {
		panic(err)
	}
	seen := Set(0)
	for _, s := range all {
		seen |= s
	}
	child, err := exec.Command("/bin/grep", "CapEff", "/proc/self/status").Output()
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(seen.String() + "\n" + string(child))
}

func TestKeep(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	for keep, want := range map[string]string{" ": "none\nCapEff:\t0000000000000000\n", "CAP_NET_RAW CAP_BPF": "CAP_NET_RAW CAP_BPF\nCapEff:\t0000008000002000\n"} {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), dropped+"="+keep)
		out, err := c.CombinedOutput()
		if c.ProcessState.ExitCode() == 77 {
			t.Skip(ErrThreads)
		}
		if err != nil || string(out) != want {
			t.Errorf("%q: %v %s", keep, err, out)
		}
	}
}

func TestNames(t *testing.T) {
	if s := All.String(); s != "CAP_NET_ADMIN CAP_NET_RAW CAP_PERFMON CAP_BPF" {
		t.Error(s)
	}
	if s := Set(1).String(); s != "others" {
		t.Error(s)
	}
	if Named("cap_bpf") != BPF {
		t.Error("name in lower case")
	}
}
