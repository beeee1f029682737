package check

import "github.com/brandmelder/brandmelder/sensor/rights"

func init() {
	register(Spec{Name: "capabilities", Doc: "the rights that capture needs at its start, and what the kernel allows without them", Run: capabilities})
}

// lostWithout is what each right is for.
var lostWithout = []struct {
	right rights.Set
	note  bool // capture goes on another way
	lost  Words
}{
	{rights.NetRaw, false, say("capture", "het opnemen")},
	{rights.NetAdmin, true, say("XDP, and preparing interfaces", "XDP, en het klaarmaken van interfaces")},
	{rights.BPF, true, say("programs in the kernel: XDP, and the spread of tunnels over processors", "programma's in de kernel: XDP, en het verdelen van tunnels over processors")},
	{rights.PerfMon, true, say("XDP: the kernel refuses programs that compute places in a packet", "XDP: de kernel weigert programma's die plaatsen in een pakket berekenen")},
}

func capabilities(e *Env) (found []Problem) {
	have, err := rights.Effective()
	if err != nil {
		have = rights.None
	}
	e.fact("", say("of the rights that capture needs: %s", "van de rechten die het opnemen nodig heeft: %s", (have&rights.All).String()))
	for _, l := range lostWithout {
		if have&l.right == 0 {
			found = append(found, Problem{
				About: l.right.String(), Note: l.note, Lost: l.lost,
				What: say("this process does not have it", "dit proces heeft het niet"),
				Mend: e.Again,
			})
		}
	}
	e.fact("", say("perf_event_paranoid %s, unprivileged_bpf_disabled %s", "perf_event_paranoid %s, unprivileged_bpf_disabled %s",
		sysctl("kernel.perf_event_paranoid"), sysctl("kernel.unprivileged_bpf_disabled")))
	if sysctl("kernel.unprivileged_bpf_disabled") == "0" {
		found = append(found, Problem{
			About: "unprivileged_bpf_disabled", Note: true,
			What: say("any user may load programs into the kernel", "elke gebruiker mag programma's in de kernel laden"),
			Lost: say("nothing of the sensor; it is a way into the machine", "niets van de sensor; het is een weg de machine in"),
			Mend: "sudo sysctl -w kernel.unprivileged_bpf_disabled=2",
		})
	}
	return found
}
