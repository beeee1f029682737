package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// beProgram makes the test's own binary the program, so that tests can start it.
const beProgram = "BRANDMELDER_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		if err := craft.Deprive(); err != nil {
			panic(err)
		}
		main()
		return
	}
	os.Exit(m.Run())
}

// within does something again and again until the screen shows what fits, for 5 s at
// most, or the test fails.
func (s *screen) within(t *testing.T, fits func(text string) bool, do func()) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if fits(s.String()) {
			return
		}
		do()
	}
	t.Fatalf("not within 5 s:\n%s", s)
}

func says(words string) func(string) bool {
	return func(text string) bool { return strings.Contains(text, words) }
}

// started is the program as a process of its own in the test's network namespace.
func started(t *testing.T, args ...string) (*exec.Cmd, *screen) {
	t.Helper()
	s := &screen{}
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), beProgram+"=1")
	c.Stdout, c.Stderr = s, s
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c, s
}

var packetCount = regexp.MustCompile(`(\d+) packets, `)

// packets is how many the newest line of status tells.
func packets(text string) int {
	all := packetCount.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1][1])
	return n
}

func sent(t *testing.T, name string) uint64 {
	t.Helper()
	return craft.Named(t, name).Attrs().Statistics.TxPackets
}

// confined reports whether the process that captures, a child of run, stands under the
// filter that forbids it sockets to the network, and holds none.
func confined(parent int) bool {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, task := range tasks {
		more, _ := os.ReadFile(task)
		children = append(children, more...)
	}
	for _, pid := range strings.Fields(string(children)) {
		status, _ := os.ReadFile("/proc/" + pid + "/status")
		if strings.Contains(string(status), "Seccomp:\t2\n") && len(inets(pid)) == 0 {
			return true
		}
	}
	return false
}

// inets are the sockets of a process in the tables of TCP, UDP and raw IP.
func inets(pid string) (found []string) {
	var tables string
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6"} {
		b, _ := os.ReadFile("/proc/" + pid + "/net/" + name)
		tables += string(b)
	}
	fds, _ := filepath.Glob("/proc/" + pid + "/fd/*")
	for _, fd := range fds {
		to, _ := os.Readlink(fd)
		if inode, ok := strings.CutPrefix(to, "socket:["); ok && strings.Contains(tables, " "+strings.TrimSuffix(inode, "]")+" ") {
			found = append(found, to)
		}
	}
	return found
}

// A run on a mirror port finds what crosses it and sends nothing. When the port goes
// down, is renamed, or is removed and made again, it sees packets again within 5 s
// and says from when to when it was blind.
func TestRunOnAMirror(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	file, _ := stateFile(t)
	program, s := started(t, "run", "--mirror", "right", "-c", file)
	s.within(t, says("watching right"), func() {})
	s.within(t, func(string) bool { return confined(program.Process.Pid) }, func() {})
	knock := knocking().Packets()
	send := func() {
		to := craft.NewSender(t, "left")
		defer to.Close()
		for _, p := range knock[:10] {
			check(t, to.Send(p.Data))
		}
	}
	to := craft.NewSender(t, "left")
	for _, p := range knock {
		check(t, to.Send(p.Data))
	}
	check(t, to.Close())
	s.within(t, says(" ALERT on right "), send)
	was := uint64(0)
	for i, change := range []struct{ away, back func() }{
		{func() { check(t, netlink.LinkSetDown(craft.Named(t, "right"))) }, func() { craft.Up(t, "right") }},
		{func() {
			check(t, netlink.LinkSetDown(craft.Named(t, "right")))
			check(t, netlink.LinkSetName(craft.Named(t, "right"), "other"))
		}, func() { craft.Up(t, "other") }},
		{func() {
			was = sent(t, "other")
			check(t, netlink.LinkDel(craft.Named(t, "other")))
		}, func() { craft.Cable(t, "left", "other") }},
	} {
		change.away()
		s.within(t, func(text string) bool { return strings.Count(text, "blind since") == i+1 }, func() {})
		before := packets(s.String())
		change.back()
		s.within(t, func(text string) bool { n := packets(text); return n > 0 && n != before }, send) // a new process counts anew
		s.within(t, func(text string) bool { return strings.Count(text, "blind from") == i+1 }, func() {})
	}
	check(t, program.Process.Signal(os.Interrupt))
	if err := program.Wait(); err != nil || strings.Contains(s.String(), "WRONG") {
		t.Errorf("%v\n%s", err, s)
	}
	if was += sent(t, "other"); was != 0 {
		t.Errorf("%d packets were sent by the mirror interface", was)
	}
	status := must(t, file, "status")
	for reason, n := range map[string]int{"it was down": 2, "it was gone": 1, "blind from": 3, "blind since": 0} {
		if strings.Count(strings.Join(strings.Fields(status), " "), reason) != n {
			t.Errorf("not %d times %q in\n%s", n, reason, status)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
