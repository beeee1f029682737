package rights

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// families are the sockets that a capturing process opens: packets, the kernel's own,
// and those of this machine.
var families = []uint32{unix.AF_UNIX, unix.AF_NETLINK, unix.AF_PACKET, unix.AF_XDP}

// Where seccomp_data (linux/seccomp.h) holds what is tested.
const (
	dataNumber = 0
	dataArch   = 4
	dataFirst  = 16 // low half of the first argument, on little-endian machines
)

var errArch = errors.New("the filter is not known for this kind of processor")

// NoNetwork makes every socket of another family than those above fail with EPERM, in
// this process and all that it starts; so does io_uring, which could open one, and the
// system calls of another kind of processor.
func NoNetwork() error {
	if arch == 0 {
		return errArch
	}
	program := filter()
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	_, _, no := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f)))
	runtime.KeepAlive(program)
	if no != 0 {
		return fmt.Errorf("forbid network sockets: %w", no)
	}
	return nil
}

// filter is the program: a refusal and a permission stand at its end, which jumps count
// to.
func filter() []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	const refuse, permit = 250, 251 // marks, resolved below
	test := func(kind uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | kind | unix.BPF_K, K: k, Jt: yes, Jf: no}
	}
	p := []unix.SockFilter{
		load(dataArch), test(unix.BPF_JEQ, arch, 0, refuse),
		load(dataNumber), test(unix.BPF_JGE, foreign, refuse, 0),
		test(unix.BPF_JEQ, unix.SYS_IO_URING_SETUP, refuse, 0),
		test(unix.BPF_JEQ, unix.SYS_SOCKET, 0, permit),
		load(dataFirst),
	}
	for _, f := range families {
		p = append(p, test(unix.BPF_JEQ, f, permit, 0))
	}
	end := len(p)
	p = append(p, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW})
	for i := range p[:end] {
		for _, jump := range []*uint8{&p[i].Jt, &p[i].Jf} {
			if *jump >= refuse {
				*jump = uint8(end - i - 1 + int(*jump-refuse))
			}
		}
	}
	return p
}
