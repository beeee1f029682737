// Package rights is what this process may do: which capabilities it has, and how it
// gives them up on every one of its threads.
package rights

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Set is a set of capabilities, as the kernel writes it: a bit each.
type Set uint64

// The rights that capture needs at its start (capabilities(7)).
const (
	NetAdmin Set = 1 << unix.CAP_NET_ADMIN // change interfaces, attach XDP
	NetRaw   Set = 1 << unix.CAP_NET_RAW   // packet sockets
	PerfMon  Set = 1 << unix.CAP_PERFMON   // programs that compute addresses in packets
	BPF      Set = 1 << unix.CAP_BPF       // load programs

	None Set = 0
	All  Set = NetAdmin | NetRaw | PerfMon | BPF
)

var names = map[Set]string{NetAdmin: "CAP_NET_ADMIN", NetRaw: "CAP_NET_RAW", PerfMon: "CAP_PERFMON", BPF: "CAP_BPF"}

// Names lists those of All that are in the set, in the order of their numbers.
func (s Set) Names() (list []string) {
	for bit := Set(1); bit != 0; bit <<= 1 {
		if s&bit != 0 && names[bit] != "" {
			list = append(list, names[bit])
		}
	}
	return list
}

func (s Set) String() string {
	if list := s.Names(); len(list) > 0 {
		return strings.Join(list, " ")
	}
	if s != None {
		return "others"
	}
	return "none"
}

// Named is the set of these names; it panics at one that it does not know.
func Named(list ...string) (s Set) {
	for _, name := range list {
		bit, err := bitOf(name)
		if err != nil {
			panic(err)
		}
		s |= bit
	}
	return s
}

func bitOf(name string) (Set, error) {
	for bit, other := range names {
		if other == strings.ToUpper(name) {
			return bit, nil
		}
	}
	return 0, fmt.Errorf("rights: unknown capability %q", name)
}

// Effective is what the calling thread may do now.
func Effective() (Set, error) {
	data, err := capget()
	return Set(data[0].Effective) | Set(data[1].Effective)<<32, err
}

func capget() (data [2]unix.CapUserData, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err = unix.Capget(&header, &data[0]); err != nil {
		err = fmt.Errorf("rights: read own capabilities: %w", err)
	}
	return data, err
}

// ErrThreads says that this binary was built with cgo, whose threads Go cannot reach.
var ErrThreads = errors.New("rights: a build with cgo cannot give up rights on all threads; build with CGO_ENABLED=0")

// Keep gives up every capability but those in keep, on every thread and for good: no
// program that the process starts gets them back.
func Keep(keep Set) error {
	data, err := capget()
	if err != nil {
		return err
	}
	for i := range data {
		low := uint32(keep >> (32 * i))
		data[i] = unix.CapUserData{Effective: data[i].Effective & low, Permitted: data[i].Permitted & low}
	}
	if err := everyThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return everyThread(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
}

func everyThread(call, a, b, c uintptr) error {
	_, _, no := syscall.AllThreadsSyscall6(call, a, b, c, 0, 0, 0)
	switch {
	case no == syscall.ENOTSUP:
		return ErrThreads
	case no != 0:
		return fmt.Errorf("rights: %w", no)
	}
	return nil
}

// OfThreads is what each thread of a process may do, by its number.
func OfThreads(pid int) (map[int]Set, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all := map[int]Set{}
	for _, task := range tasks {
		b, err := os.ReadFile(dir + "/" + task.Name() + "/status")
		if errors.Is(err, os.ErrNotExist) {
			continue // it ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		_, rest, _ := strings.Cut(string(b), "\nCapEff:")
		text, _, _ := strings.Cut(rest, "\n")
		set, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: CapEff: %w", task.Name(), err)
		}
		number, _ := strconv.Atoi(task.Name())
		all[number] = Set(set)
	}
	return all, nil
}
