package check

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/iface"
)

func init() {
	register(Spec{Name: "leftover", Doc: "what other programs left or do on a mirror port: XDP programs, filters, packet sockets", Run: leftovers})
}

func leftovers(e *Env) (found []Problem) {
	for _, name := range e.ports() {
		l, err := netlink.LinkByName(name)
		if err != nil {
			continue
		}
		if x := l.Attrs().Xdp; x != nil && x.Attached {
			if program := programName(x.ProgId); !ours(program) {
				found = append(found, Problem{
					About: name,
					What:  say("an XDP program of others is attached: %s (number %d)", "er hangt een XDP-programma van anderen aan: %s (nummer %d)", program, x.ProgId),
					Lost:  say("the packets that it drops, and the fast way in for this sensor", "de pakketten die het weggooit, en de snelle weg naar binnen voor deze sensor"),
					Mend:  fmt.Sprintf("sudo ip link set dev %s %s off", name, xdpMode(x.AttachMode)),
				})
			}
		}
		for _, kind := range filters(l) {
			found = append(found, Problem{
				About: name,
				What:  say("a tc filter of others is attached to what comes in: %s", "er hangt een tc-filter van anderen aan wat binnenkomt: %s", kind),
				Lost:  say("nothing yet, but it costs time for each packet and may send copies out", "nog niets, maar het kost tijd per pakket en kan kopieën versturen"),
				Mend:  fmt.Sprintf("sudo tc qdisc del dev %s clsact || sudo tc qdisc del dev %s ingress", name, name),
			})
		}
		for _, id := range tcx(l.Attrs().Index) {
			found = append(found, Problem{
				About: name,
				What:  say("a program of others looks at what comes in (tcx): %s (number %d)", "een programma van anderen kijkt naar wat binnenkomt (tcx): %s (nummer %d)", programName(id), id),
				Lost:  say("nothing yet, but it costs time for each packet and may send copies out", "nog niets, maar het kost tijd per pakket en kan kopieën versturen"),
				Mend:  fmt.Sprintf("sudo bpftool net show dev %s  # and stop the program that attached it", name),
			})
		}
		found = append(found, others(name, l.Attrs().Index)...)
		e.fact(name, say("driver %s, %s", "driver %s, %s", iface.Driver(name), native(l.Attrs().Index)))
	}
	return found
}

// tcx lists the programs attached to what comes in since Linux 6.6, by number.
func tcx(index int) (ids []uint32) {
	q, err := link.QueryPrograms(link.QueryOptions{Target: index, Attach: ebpf.AttachTCXIngress})
	if err != nil { // an older kernel, or no right to ask
		return nil
	}
	for _, p := range q.Programs {
		ids = append(ids, uint32(p.ID))
	}
	return ids
}

// ours reports a program of package bpf, or one that a check tries.
func ours(program string) bool {
	return program == "fanout" || program == "mirror" || strings.HasPrefix(program, "bm_")
}

// programName asks the kernel; without the right to, the name stays unknown.
func programName(id uint32) string {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return "?"
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil || info.Name == "" {
		return "?"
	}
	return info.Name
}

// xdpMode is the word of ip-link(8) for how a program is attached.
func xdpMode(mode uint32) string {
	switch mode {
	case 2: // XDP_ATTACHED_SKB
		return "xdpgeneric"
	case 3: // XDP_ATTACHED_HW
		return "xdpoffload"
	}
	return "xdpdrv"
}

// filters lists the kinds of filters on what comes in.
func filters(l netlink.Link) (kinds []string) {
	for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_INGRESS + 1} {
		list, err := netlink.FilterList(l, parent)
		if err != nil {
			continue
		}
		for _, f := range list {
			kinds = append(kinds, f.Type())
		}
		if len(kinds) > 0 {
			break
		}
	}
	return kinds
}
