package capture

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/bpf"
)

// join puts a ring into the fanout group of the interface. The first ring of a
// group makes it, with a number that the kernel picks: a used one stays bound to
// its kind for a while.
func (l *link) join(fd int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.group != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, l.group); err == nil {
			return nil
		}
		l.group = 0 // its interface is gone
	}
	err := l.spreadByPair(fd)
	if err == nil {
		return nil
	}
	l.note(l.name + ": packets are spread by the kernel's own hash, which does not look into tunnels: " + err.Error())
	return l.begin(fd, unix.PACKET_FANOUT_HASH)
}

// spreadByPair makes a group with the program of package bpf.
func (l *link) spreadByPair(fd int) error {
	program, err := bpf.LoadFanout()
	if err != nil {
		return err
	}
	defer program.Close()
	if err := l.begin(fd, unix.PACKET_FANOUT_EBPF); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, program.FD()); err != nil {
		return os.NewSyscallError("set the fanout program", err)
	}
	return nil
}

// begin makes a group of the given kind and remembers how others join it.
func (l *link) begin(fd, kind int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, (kind|unix.PACKET_FANOUT_FLAG_UNIQUEID)<<16); err != nil {
		return fmt.Errorf("capture on %s: make a fanout group: %w", l.name, err)
	}
	group, err := unix.GetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return fmt.Errorf("capture on %s: read the fanout group: %w", l.name, err)
	}
	// UNIQUEID is not among what a joiner may say.
	l.group = group&0xffff | kind<<16
	return nil
}
