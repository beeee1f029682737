package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// ofMachine is what may be wrong: how it is brought about, and what check says of it.
// OLD, BROKEN, RULES and SMALL stand for files of the test.
var ofMachine = map[string]struct {
	config string
	before func(t *testing.T, file string)
	check  string
	about  string
	words  []string
	note   bool
	code   int
}{
	"no BTF": {before: func(t *testing.T, _ string) { t.Setenv(craft.Hidden, "/sys/kernel/btf") },
		check: "kernel", about: "BTF", words: []string{"/sys/kernel/btf/vmlinux is not there"}, note: true},
	"no right to listen": {before: func(t *testing.T, _ string) { t.Setenv(craft.Without, "CAP_NET_RAW") },
		check: "capabilities", about: "CAP_NET_RAW", words: []string{"capture", "sudo ", " check "}, code: exitBad},
	"no right to load": {before: func(t *testing.T, _ string) { t.Setenv(craft.Without, "CAP_BPF") },
		check: "capabilities", about: "CAP_BPF", words: []string{"XDP"}, note: true},
	"no right to compute": {before: func(t *testing.T, _ string) { t.Setenv(craft.Without, "CAP_PERFMON") },
		check: "capabilities", about: "CAP_PERFMON", words: []string{"compute places"}, note: true},
	"full disk": {before: func(t *testing.T, file string) { t.Setenv(craft.Hidden, filepath.Dir(file)+"/small") },
		config: "state_dir: SMALL\n", check: "disk", words: []string{"the disk is full"}, code: exitBad},
	"small disk": {config: "retention: {journal_gb: 30000}\n",
		check: "disk", words: []string{"may grow to 30000 GB", "retention: {journal_gb: "}, code: exitBad},
	"unknown key": {config: "mirorr: [right]\n",
		check: "config", words: []string{`c.yaml:4:1: unknown key "mirorr": did you mean "mirror"?`}, code: exitUse},
	"old places": {config: "geo: {city: OLD}\n",
		check: "places", about: "OLD", words: []string{"days old", "geoipupdate"}, code: exitBad},
	"broken places": {config: "geo: {asn: BROKEN}\n",
		check: "places", about: "BROKEN", words: []string{"cannot be read"}, code: exitBad},
	"rules": {config: "rules_dir: RULES\n",
		check: "rules", words: []string{"do not load", "x.yml"}, code: exitBad},
	"journal": {before: damagedJournal, check: "journal", words: []string{"behind a damaged document cannot be read"}, code: exitBad},
	"wrong interface": {config: "mirror: [b1]\n", before: func(t *testing.T, _ string) { craft.Cable(t, "b0", "b1") },
		check: "sees", about: "b1", words: []string{"the wrong interface is named", "mirror: [right]"}, code: exitBad},
	"offload": {config: "mirror: [right]\n", before: func(t *testing.T, _ string) {
		if out, code := typed(t, "iface", "restore", "right"); code != 0 {
			t.Fatal(out)
		}
	}, check: "offload", about: "right", words: []string{"rx-vlan-hw-parse is on", "iface prepare right"}, code: exitBad},
	"the host's own": {config: "mirror: [right]\n", before: func(t *testing.T, _ string) {
		to, err := netlink.ParseAddr("192.0.2.1/24")
		check(t, err)
		check(t, netlink.AddrAdd(craft.Named(t, "right"), to))
	}, check: "host", about: "right", words: []string{"has the address 192.0.2.1/24", "ip address flush dev right"}, code: exitBad},
	"foreign XDP": {config: "mirror: [right]\n", before: foreignXDP,
		check: "leftover", about: "right", words: []string{"others", "ip link set dev right xdpgeneric off"}, code: exitBad},
	"foreign tcx": {config: "mirror: [right]\n", before: foreignTCX,
		check: "leftover", about: "right", words: []string{"tcx", "others", "bpftool net show dev right"}, code: exitBad},
	"another listener": {config: "mirror: [right]\n", before: listens,
		check: "leftover", about: "right", words: []string{"another program listens too: sleep"}, note: true},
	"foreign filter": {config: "mirror: [right]\n", before: foreignFilter,
		check: "leftover", about: "right", words: []string{"tc filter", "tc qdisc del dev right clsact"}, code: exitBad},
}

// What is wrong with the machine or the files: each is brought about, and found.
func TestCheckOfAMachine(t *testing.T) {
	dir := t.TempDir()
	old, broken, ruleless := filepath.Join(dir, "old.mmdb"), filepath.Join(dir, "broken.mmdb"), filepath.Join(dir, "rules")
	check(t, os.WriteFile(old, database(1500000000), 0o600))
	check(t, os.WriteFile(broken, []byte("nothing"), 0o600))
	check(t, os.MkdirAll(ruleless, 0o700))
	check(t, os.WriteFile(filepath.Join(ruleless, "x.yml"), []byte("titel: x\n"), 0o600))
	for name, c := range ofMachine {
		t.Run(name, func(t *testing.T) {
			file := port(t, "")
			check(t, os.MkdirAll(filepath.Dir(file)+"/small", 0o700))
			files := strings.NewReplacer("SMALL", filepath.Dir(file)+"/small/state", "OLD", old, "BROKEN", broken, "RULES", ruleless)
			amend(t, file, files.Replace(c.config))
			c.about = files.Replace(c.about)
			if c.before != nil {
				c.before(t, file)
			}
			f := checked(t, clinic, "-c", file)
			if !f.has(c.check, c.about, c.words...) || f.code != c.code {
				t.Errorf("exit %d, %+v\n%+v", f.code, f.Problems, f.Facts)
			}
			for _, p := range f.Problems {
				if p.Check == c.check && strings.HasPrefix(p.About, c.about) && (p.Level == "note") != c.note {
					t.Errorf("level %s of %+v", p.Level, p)
				}
			}
		})
	}
}

// amend adds to a configuration; a key that is there already is replaced.
func amend(t *testing.T, file, more string) {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	key, _, _ := strings.Cut(more, ":")
	lines := slices.DeleteFunc(strings.SplitAfter(string(b), "\n"), func(l string) bool {
		return more != "" && strings.HasPrefix(l, key+":")
	})
	check(t, os.WriteFile(file, []byte(strings.Join(lines, "")+"#\n"+more), 0o600))
}

// damagedJournal is one in which the second of three decisions is not what was written.
func damagedJournal(t *testing.T, file string) {
	t.Helper()
	dir := journalIn(filepath.Dir(file) + "/state")
	j, err := journal.Open(dir)
	check(t, err)
	for _, id := range []string{"first", "second", "third"} {
		check(t, j.Append([]event.Doc{{Dataset: "alert", ID: id, JSON: []byte(`{}`), Keep: event.Decisions}}))
	}
	check(t, j.Close())
	paths, err := filepath.Glob(dir + "/*/*.seg")
	check(t, err)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		check(t, err)
		check(t, os.WriteFile(path, []byte(strings.Replace(string(b), "second", "sekond", 1)), 0o600))
	}
}

func passing(t *testing.T, kind ebpf.ProgramType, verdict int32) *ebpf.Program {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "others", Type: kind, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, verdict), asm.Return()}})
	check(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func foreignXDP(t *testing.T, _ string) {
	const generic = 2 // XDP_FLAGS_SKB_MODE
	check(t, netlink.LinkSetXdpFdWithFlags(craft.Named(t, "right"), passing(t, ebpf.XDP, 2).FD(), generic))
}

func foreignTCX(t *testing.T, _ string) {
	held, err := link.AttachTCX(link.TCXOptions{Interface: craft.Named(t, "right").Attrs().Index,
		Program: passing(t, ebpf.SchedCLS, -1), Attach: ebpf.AttachTCXIngress})
	check(t, err)
	t.Cleanup(func() { held.Close() })
}

// listens starts a program of others that has a packet socket on the mirror port.
func listens(t *testing.T, _ string) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	socket := os.NewFile(uintptr(fd), "packets")
	defer socket.Close()
	check(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}),
		Ifindex: craft.Named(t, "right").Attrs().Index}))
	c := exec.Command("sleep", "60")
	c.ExtraFiles = []*os.File{socket}
	check(t, c.Start())
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

func foreignFilter(t *testing.T, _ string) {
	index := craft.Named(t, "right").Attrs().Index
	check(t, netlink.QdiscAdd(&netlink.GenericQdisc{QdiscType: "clsact",
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}))
	check(t, netlink.FilterAdd(&netlink.BpfFilter{Fd: passing(t, ebpf.SchedCLS, -1).FD(), Name: "others", DirectAction: true,
		FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: netlink.HANDLE_MIN_INGRESS, Handle: 1, Protocol: 3, Priority: 1}}))
}

// database is an empty one of places, built at a time in seconds since 1970 (MaxMind DB
// file format 2.0).
func database(built uint32) []byte {
	text := func(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }
	number := func(kind, n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{byte(kind<<5 | 4)}, n) }
	b := append([]byte{0, 0, 1, 0, 0, 1}, make([]byte, 16)...) // one node whose sides lead nowhere
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	b = append(b, 7<<5|9)
	const u16, u32 = 5, 6
	for _, pair := range [][2][]byte{
		{text("node_count"), number(u32, 1)}, {text("record_size"), {u16<<5 | 1, 24}}, {text("ip_version"), {u16<<5 | 1, 4}},
		{text("database_type"), text("GeoLite2-City")}, {text("languages"), append([]byte{1, 4}, text("en")...)},
		{text("binary_format_major_version"), {u16<<5 | 1, 2}}, {text("binary_format_minor_version"), {u16 << 5}},
		{text("build_epoch"), append([]byte{4, 2}, binary.BigEndian.AppendUint32(nil, built)...)},
		{text("description"), append([]byte{7<<5 | 1}, append(text("en"), text("test")...)...)},
	} {
		b = append(append(b, pair[0]...), pair[1]...)
	}
	return b
}
