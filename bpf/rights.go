package bpf

import (
	"errors"
	"runtime"
	"syscall"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// MapsNeedRight finds out whether this kernel wants CAP_BPF for every look into a map
// that is open already (before 5.19 it does where users may not use BPF), so that a
// process cannot give that right up. A thread that ends with the question gives its own
// rights up and looks. It is false where no map can be made at all.
func MapsNeedRight() bool {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "bm_try", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		return false
	}
	defer m.Close()
	answer := make(chan bool)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the function
		header, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
		if unix.Capset(&header, &none[0]) != nil {
			answer <- true
			return
		}
		var value uint32
		answer <- errors.Is(m.Lookup(uint32(0), &value), syscall.EPERM)
	}()
	return <-answer
}
