// Command flood writes a capture that fills a state directory: so many hosts that each do what raises an alert of its
// own, evenly among so many that do not.
//
//	flood ALERTS OTHERS >FILE
package main

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

func main() {
	var alerts, others int
	if n, err := fmt.Sscan(strings.Join(os.Args[1:], " "), &alerts, &others); n != 2 || alerts+others > 1<<22 {
		fmt.Fprintln(os.Stderr, "flood ALERTS OTHERS: how many hosts, 4194304 at most:", err)
		os.Exit(2)
	}
	w := bufio.NewWriter(os.Stdout)
	err := flood(alerts, others).WritePcap(w, 0)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
}

func flood(alerts, others int) *craft.Trace {
	t := craft.NewTrace()
	for n := range alerts + others {
		name := "www.example.org"
		if n*alerts/(alerts+others) != (n+1)*alerts/(alerts+others) {
			name = "abcdefghij234567.onion" // of which the rule dns-onion makes an alert of each host
		}
		ask(t, n, name)
	}
	return t
}

var resolver = craft.NewHost("10.255.0.53")

// ask is the look-up of a name that there is not, by host n.
func ask(t *craft.Trace, n int, name string) {
	host := craft.NewHost(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String())
	question := []byte{byte(n >> 8), byte(n), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for label := range strings.SplitSeq(name, ".") {
		question = append(append(question, byte(len(label))), label...)
	}
	question = append(question, 0, 0, 1, 0, 1) // A, of the internet
	answer := slices.Clone(question)
	answer[2], answer[3] = 0x81, 0x83 // no such name
	from, to := netip.AddrPortFrom(host.IP, 40000), netip.AddrPortFrom(resolver.IP, 53)
	t.Send(host, resolver, craft.IP(host.IP, resolver.IP, 17, craft.UDP(from, to, question)))
	t.Send(resolver, host, craft.IP(resolver.IP, host.IP, 17, craft.UDP(to, from, answer)))
}
