package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/craft"
)

// unset is a machine that nobody has set up: a mirror port that is down, an interface
// of the host, and one that hears nothing.
func unset(t *testing.T) (file string) {
	t.Helper()
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	craft.Cable(t, "b0", "own")
	check(t, netlink.LinkSetDown(craft.Named(t, "right")))
	address, err := netlink.ParseAddr("192.0.2.1/24")
	check(t, err)
	check(t, netlink.AddrAdd(craft.Named(t, "own"), address))
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	t.Setenv("LANG", "C")
	return filepath.Join(t.TempDir(), "brandmelder.yaml")
}

// setUp types setup while traffic comes in on right.
func setUp(t *testing.T, traffic round, args ...string) (out string, code int) {
	t.Helper()
	defer sendRounds(t, "left", traffic)()
	return typed(t, append([]string{"setup", "--for", "600ms"}, args...)...)
}

// ofPort is what the mirror port is like.
func ofPort(t *testing.T) uint32 {
	t.Helper()
	return craft.Named(t, "right").Attrs().RawFlags & (unix.IFF_UP | unix.IFF_PROMISC | unix.IFF_NOARP)
}

func last(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

func unwrapped(out string) string { return strings.Join(strings.Fields(out), " ") }

func TestSetupWithoutATerminal(t *testing.T) {
	file := unset(t)
	before := ofPort(t)
	if out, code := setUp(t, clinic, "-c", file); code != exitUse || !strings.Contains(out, "--yes") {
		t.Errorf("without --yes: %d %s", code, out)
	}
	out, code := setUp(t, clinic, "--yes", "-c", file)
	if code != 0 {
		t.Fatal(code, out)
	}
	const verdict = "right: 3 hosts, 0 VLANs, 100 % two-way, 0 drops; not seen: domain controllers, DHCP servers, image archives (PACS), HL7 systems, file servers"
	if last(out) != verdict {
		t.Error(last(out))
	}
	for _, words := range []string{"the host's own: it has the address 192.0.2.1/24", "written: " + file, "run -c " + file} {
		if !strings.Contains(unwrapped(out), words) {
			t.Errorf("%q is not in %s", words, out)
		}
	}
	if strings.Contains(out, "PROBLEM") {
		t.Error(out)
	}
	text, err := os.ReadFile(file)
	check(t, err)
	if n := strings.Count(string(text), "\n"); n > 10 || !strings.Contains(string(text), "mirror: [right]\n") {
		t.Errorf("%d lines: %s", n, text)
	}
	if _, err := config.Load(file); err != nil {
		t.Error(err)
	}
	if after := ofPort(t); after != before {
		t.Errorf("the mirror port is left with flags %#x, not %#x", after, before)
	}
	again, code := setUp(t, clinic, "--yes", "-c", file)
	if code != exitUse || !strings.Contains(again, "filled in already") {
		t.Errorf("a second time: %d %s", code, again)
	}
	if anew, code := setUp(t, clinic, "--yes", "--replace", "-c", file, "--lang", "nl"); code != 0 || !strings.Contains(anew, file+".old") {
		t.Errorf("--replace: %d %s", code, anew)
	}
	old, err := os.ReadFile(file + ".old")
	check(t, err)
	if d := cmp.Diff(string(text), string(old)); d != "" {
		t.Error(d)
	}
}

// What is wrong with the mirror is said before the verdict; the file is written all
// the same, since the sensor works with it.
func TestSetupOfAHalfMirror(t *testing.T) {
	file := unset(t)
	out, code := setUp(t, func(n int) *craft.Trace { return only(clinic(n), fromServer) }, "--yes", "-c", file)
	if code != 0 || !strings.Contains(out, "show one direction only") || !strings.Contains(last(out), "0 % two-way") {
		t.Error(code, out)
	}
}

func TestSetupProposesNothing(t *testing.T) {
	file := unset(t)
	out, code := setUp(t, nil, "--yes", "-c", file)
	if code != exitBad || !strings.Contains(out, "no interface sees traffic between others") {
		t.Error(code, out)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("written")
	}
	for wrong, args := range map[string][]string{
		"no such interface: eth9": {"--mirror", "eth9"},
		"choose en or nl":         {"--lang", "fr"},
		"https://name:9200":       {"--elasticsearch", "elastic"},
		"/none: no such file":     {"--elastic-key-file", "/none"},
	} {
		if out, code := setUp(t, nil, append(args, "--yes", "-c", file)...); code != exitUse || !strings.Contains(out, wrong) {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
	out, code = setUp(t, nil, "--yes", "-c", file, "--mirror", "right")
	if code != 0 || last(out) != "right: sees no traffic between others" {
		t.Error(code, out)
	}
}

// A tunnel of the switch or the cloud ends at an interface of the host's own: the
// service prepares it so that the host notices nothing, and starts.
func TestSetupOfTheHostsOwnInterface(t *testing.T) {
	file := unset(t)
	if out, code := setUp(t, nil, "--yes", "-c", file, "--mirror", "own"); code != 0 {
		t.Fatal(code, out)
	}
	if out, code := typed(t, "iface", "prepare", "own"); code != exitUse {
		t.Errorf("by name: %d %s", code, out)
	}
	if out, code := typed(t, "iface", "prepare", "-c", file); code != 0 || out != "own: promiscuous on (was off)\n" {
		t.Errorf("%d %s", code, out)
	}
}

// At a terminal five questions are asked at most, and a wrong answer once more.
func TestSetupAsks(t *testing.T) {
	file := unset(t)
	key := filepath.Join(t.TempDir(), "key")
	check(t, os.WriteFile(key, []byte("id:secret"), 0o600))
	typing, terminal := onTerminal(t)
	_, err := typing.WriteString(strings.Join([]string{"eth9", "", "nl", "https://127.0.0.1:1", key, "", ""}, "\n"))
	check(t, err)
	c := exec.Command(os.Args[0], "setup", "--for", "600ms", "-c", file)
	c.Env, c.Stdin = append(os.Environ(), beProgram+"=1"), terminal
	defer sendRounds(t, "left", clinic)()
	b, err := c.CombinedOutput()
	out := string(b)
	if err != nil {
		t.Fatal(err, out)
	}
	if n := strings.Count(out, "]: "); n != 6 || !strings.Contains(out, "no such interface: eth9") || !strings.Contains(out, "mirror port") {
		t.Errorf("%d questions: %s", n, out)
	}
	if !strings.Contains(out, "gemist; niet gezien: domeincontrollers") || !strings.Contains(out, "curl -sv --max-time 5 https://127.0.0.1:1") {
		t.Error(out)
	}
	text, err := os.ReadFile(file)
	check(t, err)
	want := fmt.Sprintf("lang: nl\nmirror: [right]\noutputs:\n    - name: elasticsearch\n      hosts: ['https://127.0.0.1:1']\n      api_key_file: %s\n", key)
	if !strings.HasSuffix(string(text), want) {
		t.Error(string(text))
	}
}

// onTerminal is a new one: what is typed at one end is read at the other.
func onTerminal(t *testing.T) (typing, reading *os.File) {
	t.Helper()
	typing, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		craft.Refused(t, err) // a root without devpts
	}
	check(t, unix.IoctlSetPointerInt(int(typing.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(typing.Fd()), unix.TIOCGPTN)
	check(t, err)
	reading, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	t.Cleanup(func() {
		typing.Close()
		reading.Close()
	})
	return typing, reading
}
