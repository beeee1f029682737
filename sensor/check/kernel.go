package check

import (
	"errors"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
)

func init() {
	register(Spec{Name: "kernel", Doc: "what of the kernel capture needs, one by one, tried and not looked up", Run: kernel})
}

// ability is something of the kernel, and what is lost without it.
type ability struct {
	name string
	try  func() error
	note bool // capture goes on another way
	lost Words
}

var slower = say("speed: packets are read through a ring of the kernel, at about four times the cost",
	"snelheid: pakketten worden via een ring van de kernel gelezen, voor ongeveer vier keer zo veel rekentijd")

var abilities = []ability{
	{"packet ring (TPACKET_V3)", tryRing, false, say("capture", "het opnemen")},
	{"spread by address pair (fanout, eBPF)", tryFanout, true, say("tunnels on several processors: the pair within is not looked at", "tunnels op meer processors: het paar erin wordt niet bekeken")},
	{"XDP programs", tryXDP, true, slower},
	{"BPF ring buffer", func() error { return features.HaveMapType(ebpf.RingBuf) }, true, slower},
	{"coarse clock in programs", func() error { return features.HaveProgramHelper(ebpf.XDP, asm.FnKtimeGetCoarseNs) }, true, slower},
}

func kernel(e *Env) (found []Problem) {
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		e.fact("", say("Linux %s", "Linux %s", unix.ByteSliceToString(u.Release[:])))
	}
	for _, a := range abilities {
		err := a.try()
		switch {
		case err == nil:
			e.fact("", say("%s: works", "%s: werkt", a.name))
		case forbidden(err):
			e.fact("", say("%s: not tried, the right to is missing", "%s: niet geprobeerd, het recht ontbreekt", a.name))
		default:
			found = append(found, Problem{
				About: a.name, Note: a.note, Lost: a.lost,
				What: say("this kernel does not have it", "deze kernel heeft het niet"),
				Mend: "sudo apt install linux-image-amd64",
			})
		}
	}
	return append(found, typesOfKernel()...)
}

// forbidden reports a missing right. The library that loads programs takes it for a
// limit on locked memory; capabilities tells which right it is.
func forbidden(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, os.ErrPermission)
}

func tryRing() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3)
}

func tryFanout() error {
	p, err := bpf.LoadFanout()
	if err != nil {
		return err
	}
	return p.Close()
}

// tryXDP loads a program that finds its place in a packet by what the packet says,
// as capture's own does: the verifier lets only some processes do that.
func tryXDP() error {
	const data, end, at, byteAt = asm.R2, asm.R3, asm.R4, asm.R0
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bm_try", Type: ebpf.XDP, License: "Dual BSD/GPL",
		Instructions: asm.Instructions{
			asm.LoadMem(data, asm.R1, 0, asm.Word),
			asm.LoadMem(end, asm.R1, 4, asm.Word),
			asm.Mov.Reg(at, data),
			asm.Add.Imm(at, 1),
			asm.JGT.Reg(at, end, "pass"),
			asm.LoadMem(byteAt, data, 0, asm.Byte),
			asm.And.Imm(byteAt, 15),
			asm.Add.Reg(data, byteAt),
			asm.Mov.Reg(at, data),
			asm.Add.Imm(at, 1),
			asm.JGT.Reg(at, end, "pass"),
			asm.LoadMem(byteAt, data, 0, asm.Byte),
			asm.Mov.Imm(asm.R0, 2).WithSymbol("pass"), // XDP_PASS
			asm.Return(),
		},
	})
	if err != nil {
		return err
	}
	return p.Close()
}

const btf = "/sys/kernel/btf/vmlinux"

// typesOfKernel looks for the kernel's own types, by which programs find fields.
func typesOfKernel() []Problem {
	if info, err := os.Stat(btf); err == nil && info.Size() > 0 {
		return nil
	}
	return []Problem{{
		About: "BTF", Note: true,
		What: say("the kernel does not tell its types: %s is not there", "de kernel vertelt zijn typen niet: %s is er niet", btf),
		Lost: say("nothing for mirrors; programs that look into the kernel, as for processes behind a flow, cannot be loaded",
			"niets voor mirrors; programma's die in de kernel kijken, zoals voor processen achter een gesprek, zijn niet te laden"),
		Mend: "sudo apt install linux-image-amd64",
	}}
}

// sysctl reads a setting of the kernel, "" where there is none.
func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
