package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// checkup is what `check --json` says.
type checkup struct {
	Proposal        string
	Problems, Facts []finding
	code            int
}

// has reports a problem or note of a question, about something, that says all words.
func (f *checkup) has(check, about string, words ...string) bool {
	for _, p := range f.Problems {
		text := p.What + "\n" + p.Lost + "\n" + p.Mend + "\n" + p.Switch
		fits := p.Check == check && strings.HasPrefix(p.About, about)
		for _, w := range words {
			fits = fits && strings.Contains(text, w)
		}
		if fits {
			return true
		}
	}
	return false
}

// round makes the frames that are sent in one go; each round they are others.
type round func(n int) *craft.Trace

// sendRounds sends rounds of traffic into an interface until the function that it returns
// is called; nil sends nothing.
func sendRounds(t *testing.T, into string, traffic round) (stop func()) {
	t.Helper()
	if traffic == nil {
		return func() {}
	}
	end, done := make(chan struct{}), sync.WaitGroup{}
	to := craft.NewSender(t, into)
	done.Go(func() {
		defer to.Close()
		for n := 0; ; n++ {
			for _, p := range traffic(n).Packets() {
				to.Send(p.Data) // before the interface is up there is nobody to hear it
			}
			select {
			case <-end:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() {
		close(end)
		done.Wait()
	}
}

// checked runs check while rounds of traffic come in on right.
func checked(t *testing.T, traffic round, args ...string) (f checkup) {
	t.Helper()
	stop := sendRounds(t, "left", traffic)
	c := exec.Command(os.Args[0], append([]string{"check", "--json", "--for", "600ms"}, args...)...)
	c.Env = append(os.Environ(), beProgram+"=1")
	out, err := c.Output()
	stop()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	f.code = c.ProcessState.ExitCode()
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(strings.ToUpper(string(out)), "MEMLOCK") { // the library's word for a missing right
		t.Errorf("%s", out)
	}
	for _, p := range f.Problems {
		if p.What == "" || p.Lost == "" || p.Mend == "" {
			t.Errorf("half a problem: %+v", p)
		}
	}
	return f
}

// clinic is the traffic of a healthy mirror: conversations with both sides, names asked.
func clinic(n int) *craft.Trace {
	trace := craft.NewTrace()
	client, server := craft.NewHost("10.20.0.10"), craft.NewHost("10.20.0.20")
	port := 20000 + uint16(n)*3%30000
	for i := range uint16(3) {
		c := trace.Open(client, server, port+i, 8080)
		c.Ask(fmt.Sprintf("round %d\n", n))
		c.Answer("well\n")
		c.Close()
	}
	question := []byte{byte(n >> 8), byte(n), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'p', 'a', 'c', 0, 0, 1, 0, 1}
	answer := append(append([]byte{}, question...), 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 20, 0, 9)
	answer[2], answer[7] = 0x81, 1
	trace.Exchange(client, craft.NewHost("10.20.0.53"), port, 53, question, answer)
	return trace
}

// only are the packets of a trace that fit.
func only(trace *craft.Trace, fits func(frame []byte) bool) *craft.Trace {
	out := craft.NewTrace()
	for _, p := range trace.Packets() {
		if fits(p.Data) {
			out.Add(p.Data)
		}
	}
	return out
}

func fromServer(frame []byte) bool { return frame[29] == 20 } // last byte of the source address

// port is a prepared mirror port in a network of the test's own, and a configuration.
func port(t *testing.T, more string) (file string) {
	t.Helper()
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	for _, name := range []string{"left", "right"} {
		if out, code := typed(t, "iface", "prepare", name); code != 0 {
			t.Fatal(out)
		}
	}
	dir := t.TempDir()
	file = filepath.Join(dir, "c.yaml")
	text := "state_dir: " + filepath.Join(dir, "state") + "\nretention: {journal_gb: 1}\n" + more
	check(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestCheckOfAHealthyMirror(t *testing.T) {
	file := port(t, "mirror: [right]\nzones:\n  - {name: ward, networks: [10.20.0.0/16]}\n")
	f := checked(t, clinic, "-c", file)
	for _, p := range f.Problems {
		if p.Level != "note" {
			t.Errorf("%+v", p)
		}
	}
	if f.code != 0 || f.Proposal != "right" {
		t.Errorf("exit %d, proposal %q", f.code, f.Proposal)
	}
	facts := fmt.Sprintf("%+v", f.Facts)
	for _, words := range []string{"3 hosts, no VLAN tags, 100 % of ", "0 dropped, 0 duplicates, 0 sent", "seen: 1 DNS servers", "not seen: domain controllers", "driver veth, runs XDP itself"} {
		if !strings.Contains(facts, words) {
			t.Errorf("%q is not in %s", words, facts)
		}
	}
	if n := sent(t, "right"); n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

// A run that ends the frames of the port leaves them to check for as long as that looks.
func TestCheckOfAMirrorBesideARun(t *testing.T) {
	file := port(t, "mirror: [right]\n")
	program, s := started(t, "run", "--mirror", "right", "--capture", "xdp", "-c", file)
	s.within(t, says(" packets, "), func() {}) // it listens to who asks by then
	f := checked(t, clinic, "-c", file)
	for _, p := range f.Problems {
		if p.Level != "note" {
			t.Errorf("%+v", p)
		}
	}
	if facts := fmt.Sprintf("%+v", f.Facts); f.Proposal != "right" || !strings.Contains(facts, "3 hosts, no VLAN tags, 100 % of ") {
		t.Error(f.Proposal, facts)
	}
	check(t, program.Process.Signal(os.Interrupt))
	if err := program.Wait(); err != nil {
		t.Errorf("%v\n%s", err, s)
	}
}

// A tap has a port for each direction: two mirror ports that show half of each
// conversation are no fault.
func TestCheckJoinsTheHalvesOfATap(t *testing.T) {
	file := port(t, "mirror: [right, other]\n")
	craft.Cable(t, "back", "other")
	if out, code := typed(t, "iface", "prepare", "other"); code != 0 {
		t.Fatal(out)
	}
	back := craft.NewSender(t, "back")
	defer back.Close()
	answers := func(f []byte) bool { return fromServer(f) || f[29] == 53 }
	f := checked(t, func(n int) *craft.Trace {
		for _, p := range only(clinic(n), func(f []byte) bool { return !answers(f) }).Packets() {
			back.Send(p.Data)
		}
		return only(clinic(n), answers)
	}, "-c", file, "--for", "2s")
	if f.has("mirror-oneway", "") || f.code != 0 || !strings.Contains(fmt.Sprint(f.Facts), "seen: 1 DNS servers") {
		t.Errorf("exit %d, %+v\n%+v", f.code, f.Problems, f.Facts)
	}
}

// Without a name in the configuration the mirror port is proposed, and judged.
func TestCheckProposes(t *testing.T) {
	file := port(t, "")
	craft.Cable(t, "b0", "b1")
	f := checked(t, clinic, "-c", file)
	if f.Proposal != "right" || !f.has("sees", "right", "mirror: [right]") || f.code != 0 {
		t.Errorf("%+v", f)
	}
}

func TestCheckNamesOfInterfaces(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	out, code := typed(t, "check", "rihgt")
	if code != exitUse || !strings.Contains(out, "no such interface: rihgt; there are: left, lo, right") {
		t.Errorf("%d %s", code, out)
	}
	file, _ := stateFile(t)
	text, err := os.ReadFile(file)
	check(t, err)
	check(t, os.WriteFile(file, append(text, "mirror: [eth9]\n"...), 0o600))
	f := checked(t, clinic, "-c", file)
	if !f.has("names", "eth9", "there are: left, lo, right") || f.code != exitUse {
		t.Errorf("%+v", f)
	}
}

// The address of the card is as good as a name, wherever one is asked for.
func TestInterfacesByAddress(t *testing.T) {
	file := port(t, "")
	address := "mac:" + craft.Named(t, "right").Attrs().HardwareAddr.String()
	amend(t, file, "mirror: ['"+address+"']\n")
	f := checked(t, clinic, "-c", file)
	if f.code != 0 || !strings.Contains(fmt.Sprint(f.Facts), "right") {
		t.Errorf("%+v", f)
	}
	for _, c := range []struct {
		words string
		args  []string
	}{
		{"right: arp on (was off)", []string{"iface", "restore", address}},
		{"right: arp off (was on)", []string{"iface", "prepare", "-c", file}},
		{"watching right", []string{"run", "--for", "1s", "-c", file}},
		{"no such interface: mac:02:00:00:00:00:01; there are: left (mac:", []string{"check", "mac:02:00:00:00:00:01"}},
		{"as `ip link` shows", []string{"check", "mac:right"}},
		{"as lspci shows", []string{"check", "pci:right"}},
	} {
		if out, _ := typed(t, c.args...); !strings.Contains(out, c.words) {
			t.Errorf("%v: %s", c.args, out)
		}
	}
}

// What is wrong with a mirror, with what mends it and the switch's side of it.
func TestCheckOfAMirror(t *testing.T) {
	down := func(t *testing.T) { check(t, netlink.LinkSetDown(craft.Named(t, "right"))) }
	for name, c := range map[string]struct {
		config  string
		before  func(t *testing.T)
		traffic round
		check   string
		words   []string
	}{
		"one way": {traffic: func(n int) *craft.Trace { return only(clinic(n), fromServer) },
			check: "mirror-oneway", words: []string{"one direction only", "set both"}},
		"one way, Dutch": {config: "lang: nl\n", traffic: func(n int) *craft.Trace { return only(clinic(n), fromServer) },
			check: "mirror-oneway", words: []string{"maar één richting", "stel beide in"}},
		"VLAN one way": {traffic: func(n int) *craft.Trace {
			trace := clinic(n)
			for _, p := range only(retagged(n+5, 30), func(f []byte) bool { return f[33] == 20 }).Packets() {
				trace.Add(p.Data)
			}
			return plenty(trace, n)
		}, check: "mirror-oneway", words: []string{"in VLAN 30", "mirror VLAN 30 on ingress and egress"}},
		"VLAN missing": {traffic: func(n int) *craft.Trace {
			trace := clinic(n)
			trace.Add(craft.Ethernet([6]byte{2, 0, 0, 0, 0, 9}, [6]byte{255, 255, 255, 255, 255, 255}, 0x0806,
				craft.ARP(1, craft.NewHost("10.40.0.1"), craft.NewHost("10.40.0.2"))[14:], craft.VLAN(40)))
			return trace
		}, check: "mirror-vlan", words: []string{"of VLAN 40 only broadcasts", "add it to the session"}},
		"zone missing": {config: "zones:\n  - {name: radiology, networks: [10.77.0.0/16]}\n", traffic: clinic,
			check: "mirror-vlan", words: []string{"no host of zone radiology (10.77.0.0/16)"}},
		"duplicates": {traffic: func(n int) *craft.Trace {
			twice := craft.NewTrace()
			for _, p := range clinic(n).Packets() {
				twice.Add(p.Data)
				twice.Add(p.Data)
			}
			return twice
		}, check: "mirror-loss", words: []string{"came twice", "one direction (rx)"}},
		"cut": {traffic: func(n int) *craft.Trace {
			cut := clinic(n)
			cut.Add(longFrame(n)[:200])
			return cut
		}, check: "mirror-loss", words: []string{"are cut", "truncation"}},
		"nothing": {check: "mirror-quiet", words: []string{"not one packet", "make the mirror session active"}},
		"ordinary port": {traffic: func(n int) *craft.Trace {
			return only(clinic(n), func(f []byte) bool { copy(f, "\xff\xff\xff\xff\xff\xff"); return true })
		}, check: "mirror-quiet", words: []string{"an ordinary port, not a mirror"}},
		"down": {before: down, check: "mirror-quiet", words: []string{"is down", "iface prepare right"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := port(t, "mirror: [right]\n"+c.config)
			if c.before != nil {
				c.before(t)
			}
			f := checked(t, c.traffic, "-c", file)
			if !f.has(c.check, "right", c.words...) || f.code != exitBad {
				t.Errorf("exit %d, %+v\n%+v", f.code, f.Problems, f.Facts)
			}
		})
	}
}

// retagged is a round of the clinic in a VLAN.
func retagged(n int, vlan uint16) *craft.Trace {
	out := craft.NewTrace()
	for _, p := range clinic(n).Packets() {
		tagged := append(append([]byte{}, p.Data[:12]...), 0x81, 0, byte(vlan>>8), byte(vlan))
		out.Add(append(tagged, p.Data[12:]...))
	}
	return out
}

// plenty adds so much that is well that a part of it cannot spoil the whole.
func plenty(trace *craft.Trace, n int) *craft.Trace {
	for i := range 10 {
		for _, p := range clinic(10*n + i + 1000).Packets() {
			trace.Add(p.Data)
		}
	}
	return trace
}

func longFrame(n int) []byte {
	trace := craft.NewTrace()
	trace.Datagram(craft.NewHost("10.20.0.10"), craft.NewHost("10.20.0.20"), uint16(n), 9999, make([]byte, 1000))
	return trace.Packets()[0].Data
}
