package rights

import "golang.org/x/sys/unix"

const (
	arch    = unix.AUDIT_ARCH_X86_64
	foreign = 1 << 30 // numbers from here on are of the x32 system calls
)
