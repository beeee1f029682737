package capture

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// countOn makes the test's binary a program that counts what comes in on an interface.
const countOn = "BRANDMELDER_TEST_COUNT_ON"

func TestMain(m *testing.M) {
	name := os.Getenv(countOn)
	if name == "" {
		os.Exit(m.Run())
	}
	err := craft.Deprive()
	if err == nil {
		name, way, _ := strings.Cut(name, " ")
		err = count(name, way)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

const (
	manyFlows = 1000
	perFlow   = 4 // packets, two each way
)

// count opens an interface, by rings on two of them, says how, and counts packets and
// pairs of addresses until all have come or none did for a while.
func count(name, way string) error {
	rings := 1
	if way == "ring" {
		rings = 2
	}
	sources, how, err := Open(way, []string{name}, Options{Rings: rings})
	if err != nil {
		return err
	}
	s := sources[0]
	if rings == 2 {
		s = Join(sources)
	}
	defer s.Close()
	fmt.Println(how)
	fmt.Println("ready")
	pairs, packets := map[string]int{}, 0
	var p event.Packet
	for last := time.Now(); packets < manyFlows*perFlow && time.Since(last) < 10*time.Second; {
		err := s.Read(&p)
		if errors.Is(err, ErrIdle) {
			continue
		}
		if err != nil {
			return err
		}
		last = time.Now()
		packets++
		a, b := string(p.Data[26:30]), string(p.Data[30:34])
		pairs[min(a, b)+max(a, b)]++
	}
	whole := 0
	for _, n := range pairs {
		if n == perFlow {
			whole++
		}
	}
	fmt.Printf("%d packets, %d conversations whole, %d dropped\n%s\n", packets, whole, s.Stats().Dropped, strings.Join(s.Stats().Notes, "\n"))
	return nil
}

// On every kernel a thousand conversations come in whole by the best way that there is,
// also where programs cannot be loaded or the kernel hides its types. It says which way
// and why; without the right to listen, what to do.
func TestAThousandFlows(t *testing.T) {
	const all = "4000 packets, 1000 conversations whole, 0 dropped\n"
	const xdp, filter, rings = "right by XDP\n", "right through a socket's filter, not by XDP: ", "right through rings, not by XDP: "
	for name, c := range map[string]struct {
		variable, value string
		how             map[string]string // by way
	}{
		"everything":       {how: map[string]string{"auto": xdp, "filter": "right through a socket's filter\n", "ring": "right through rings\n"}},
		"no BTF":           {craft.Hidden, "/sys/kernel/btf", map[string]string{"auto": xdp, "ring": "right through rings\n"}},
		"no CAP_BPF":       {craft.Without, "CAP_BPF", map[string]string{"auto": rings, "ring": "the kernel's own hash"}},
		"no CAP_NET_ADMIN": {craft.Without, "CAP_NET_ADMIN", map[string]string{"auto": filter, "ring": "through rings"}},
		"no CAP_PERFMON":   {craft.Without, "CAP_PERFMON", map[string]string{"auto": rings, "ring": "through rings"}},
		"no CAP_NET_RAW":   {craft.Without, "CAP_NET_RAW", map[string]string{"ring": "needs CAP_NET_RAW: run as root"}},
	} {
		for way, how := range c.how {
			t.Run(name+" "+way, func(t *testing.T) {
				if way == "filter" {
					modern(t)
				} else if way == "auto" && !isModern() {
					how = rings
				}
				craft.Namespace(t)
				craft.Cable(t, "left", "right")
				if c.variable != "" {
					t.Setenv(c.variable, c.value)
				}
				t.Setenv(countOn, "right "+way)
				out := counted(t)
				if !strings.Contains(out, how) || strings.Contains(out, all) == (c.value == "CAP_NET_RAW") {
					t.Error(out)
				}
				if strings.Contains(strings.ToLower(out), "memlock") { // the library's word for a missing right
					t.Error(out)
				}
			})
		}
	}
}

// isModern reports a kernel that can run the program of a mirror port, which is since
// Linux 5.18.
func isModern() bool { return features.HaveProgramHelper(ebpf.XDP, asm.FnXdpLoadBytes) == nil }

func modern(t *testing.T) {
	t.Helper()
	if !isModern() {
		t.Skip("this kernel cannot run the program of a mirror port")
	}
}

// counted runs the counting program, sends to it when it is ready, and returns what it said.
func counted(t *testing.T) string {
	t.Helper()
	program := exec.Command(os.Args[0])
	program.Env = os.Environ()
	pipe, err := program.StdoutPipe()
	must(t, err)
	must(t, program.Start())
	var said strings.Builder
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if lines.Text() == "ready" {
			thousand(t)
		}
	}
	program.Wait()
	return said.String()
}

func thousand(t *testing.T) {
	t.Helper()
	to := craft.NewSender(t, "left")
	defer to.Close()
	for n := range manyFlows {
		client, server := fmt.Sprintf("10.1.%d.%d", n/250, 1+n%250), "10.2.0.1"
		there, back := numbered(client, server, n), numbered(server, client, n)
		for _, frame := range [perFlow][]byte{there, back, there, back} {
			must(t, to.Send(frame))
		}
	}
}
